"""What waits for each channel: put in once, taken once."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, and_, delete, insert, select, update

from rules.model import Reason
from watcher.store.database import insert as insert_or
from watcher.store.raising import News
from watcher.store.schema import queue, routes

Routes = Mapping[str, Sequence[str]]
"""Names of channels by name of rule."""


class Place(NamedTuple):
    """A channel that something found is to go to."""

    channel: str
    route: Reason | None = None
    """What brought it there, where that is not its rule."""
    silence: int | None = None
    """The silence that keeps it from being told there."""


Places = Mapping[tuple[str, str], Sequence[Place]]
"""Where each finding goes, by its rule and the key of the post, the subject of the suspect, or the
group of the alarm. What is not in it goes where `Routes` say."""
NOWHERE_ELSE: Places = MappingProxyType({})


class Found(NamedTuple):
    """A row just inserted that channels are to be told of."""

    row: int
    rule: str
    key: str


def enqueue(
    connection: Connection,
    what: Literal["match", "suspect", "alarm"],
    found: Sequence[Found],
    to: Routes,
    now: datetime,
    places: Places = NOWHERE_ELSE,
    left_out: Mapping[tuple[str, str], str] = MappingProxyType({}),
) -> int:
    """Queue rows just inserted for their channels; count entries.

    What is silenced or left out is taken at once: it does not wait, the next digest counts it.
    """
    entries = [
        {"channel": place.channel, what: one.row, "queued": now}
        | _aside(place, left_out.get((one.rule, one.key)), now)
        for one in found
        for place in _places(one.rule, one.key, to, places)
    ]
    if entries:
        connection.execute(insert(queue), entries)
    return len(entries)


def _places(rule: str, key: str, to: Routes, places: Places) -> Iterator[Place]:
    """Yield where a finding goes, each channel once."""
    there = places.get((rule, key))
    if there is None:
        there = [Place(channel) for channel in to.get(rule, ())]
    yield from {place.channel: place for place in reversed(there)}.values()


def _aside(place: Place, left_out: str | None, now: datetime) -> dict[str, Any]:
    silence = place.silence if left_out is None else None
    taken = now if left_out or silence is not None else None
    return {"route": place.route, "silence": silence, "left_out": left_out, "taken": taken}


def enqueue_news(
    connection: Connection,
    news: Sequence[News],
    to: Routes,
    now: datetime,
    places: Places = NOWHERE_ELSE,
) -> int:
    """Queue new suspects, and what is new about those known before; count entries.

    One entry for each suspect and channel: what waits already is told once, with all that is new.
    """
    fresh = [Found(one.suspect, one.rule, one.subject) for one in news if one.event is None]
    queued = enqueue(connection, "suspect", fresh, to, now, places)
    for one in news:
        if one.event is not None:
            for place in _places(one.rule, one.subject, to, places):
                queued += _requeue(connection, place, one, now)
    return queued


def _requeue(connection: Connection, place: Place, news: News, now: datetime) -> int:
    channel = place.channel
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
    connection.execute(insert(queue), values | _aside(place, None, now))
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


def unknown_routes(connection: Connection, to: Routes) -> list[tuple[str, str]]:
    """Return those routes, as channel and rule, that are not kept."""
    known = {
        (row[0], row[1]) for row in connection.execute(select(routes.c.channel, routes.c.rule))
    }
    return sorted({(channel, rule) for rule, there in to.items() for channel in there} - known)


def keep_routes(connection: Connection, new: Sequence[tuple[str, str]], now: datetime) -> None:
    """Keep further routes; unlike `remember_routes` it gives up none."""
    values = [{"channel": channel, "rule": rule, "since": now} for channel, rule in new]
    connection.execute(insert_or(connection, routes).on_conflict_do_nothing(), values)
