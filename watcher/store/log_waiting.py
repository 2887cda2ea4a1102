"""What waits in the log: since when, of each source."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from watcher.store.schema import log, log_cursors, log_heads

_FEW = 500
"""Rows that wait in a partition, up to which these alone are read."""
_APART = timedelta(hours=1)
"""No row came so long before one with a lower number in its partition."""


def waiting_since(connection: Connection) -> dict[str, datetime]:
    """Return of each source when the oldest came of what waits in the log; none: nothing waits."""
    oldest: dict[str, datetime] = {}
    are_more = False
    waits = (
        select(log_cursors.c.partition, log_cursors.c.number)
        .join(log_heads, log_heads.c.partition == log_cursors.c.partition)
        .where(log_heads.c.number > log_cursors.c.number)
    )
    # Mostly little waits, and the log is what came in days: each partition from its cursor on.
    for partition, number in connection.execute(waits).all():
        query = (
            select(log.c.source, log.c.at)
            .where(log.c.partition == partition, log.c.last > number)
            .order_by(log.c.last)
        )
        rows = connection.execute(query.limit(_FEW)).all()
        are_more |= len(rows) == _FEW
        for source, at in rows:
            oldest[source] = min(at, oldest.get(source, at))
    if not are_more:
        return oldest
    # So much is read quickest in one go, and without the days before.
    everything = (
        select(log.c.source, func.min(log.c.at))
        .join(log_cursors, log_cursors.c.partition == log.c.partition)
        .where(log.c.last > log_cursors.c.number, log.c.at >= min(oldest.values()) - _APART)
        .group_by(log.c.source)
    )
    return {source: at for source, at in connection.execute(everything)}  # noqa: C416 - rows are not pairs to mypy
