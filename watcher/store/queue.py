"""What waits for each channel: put in once, taken once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, and_, delete, insert, select, update

from watcher.store.raising import News
from watcher.store.schema import queue, routes

Routes = Mapping[str, Sequence[str]]
"""Names of channels by name of rule."""


def enqueue(
    connection: Connection,
    what: Literal["match", "suspect", "alarm"],
    found: Sequence[tuple[int, str]],
    to: Routes,
    now: datetime,
) -> int:
    """Queue rows just inserted, given with their rule's name, for their channels; count entries."""
    entries = [
        {"channel": channel, what: row, "queued": now}
        for row, rule in found
        for channel in dict.fromkeys(to.get(rule, ()))
    ]
    if entries:
        connection.execute(insert(queue), entries)
    return len(entries)


def enqueue_news(connection: Connection, news: Sequence[News], to: Routes, now: datetime) -> int:
    """Queue new suspects, and what is new about those known before; count entries.

    One entry for each suspect and channel: what waits already is told once, with all that is new.
    """
    fresh = [(one.suspect, one.rule) for one in news if one.event is None]
    queued = enqueue(connection, "suspect", fresh, to, now)
    for one in news:
        if one.event is not None:
            for channel in dict.fromkeys(to.get(one.rule, ())):
                queued += _requeue(connection, channel, one, now)
    return queued


def _requeue(connection: Connection, channel: str, news: News, now: datetime) -> int:
    of_suspect = and_(queue.c.channel == channel, queue.c.suspect == news.suspect)
    still = and_(of_suspect, queue.c.taken.is_(None))
    waits = connection.execute(select(queue.c.row).where(still)).first() is not None
    if waits:
        untold = and_(still, queue.c.event.is_(None))
        connection.execute(update(queue).where(untold).values(event=news.event))
        return 0
    # A number of its own, as everything that waits has: a digest being made must not take it.
    connection.execute(delete(queue).where(of_suspect))
    values = {"channel": channel, "suspect": news.suspect, "queued": now, "event": news.event}
    connection.execute(insert(queue), values)
    return 1


def remember_routes(connection: Connection, to: Routes, now: datetime) -> None:
    """Keep which rule feeds which channel and since when, for the volumes in a digest."""
    wanted = {(channel, rule) for rule, channels in to.items() for channel in channels}
    known = {(row.channel, row.rule) for row in connection.execute(select(routes))}
    for channel, rule in known - wanted:
        connection.execute(delete(routes).where(routes.c.channel == channel, routes.c.rule == rule))
    if wanted - known:
        connection.execute(
            insert(routes),
            [
                {"channel": channel, "rule": rule, "since": now}
                for channel, rule in sorted(wanted - known)
            ],
        )
