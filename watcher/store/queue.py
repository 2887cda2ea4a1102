"""What waits for each channel: put in once, taken once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, delete, insert, select

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
