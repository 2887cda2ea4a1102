"""The log's tables of days on PostgreSQL: made ahead of time, dropped whole when worked off."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.exc import DBAPIError

from watcher.store.schema import log, log_cursors

DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MAKERS_LOCK = 0x77617463686C6F67
"""The number of the lock under which one process at a time makes or drops a day's table."""
_PREFIX = "log_day_"
_NOT_AVAILABLE = "55P03"
"""The state of SQL that PostgreSQL tells when a lock was not to be had in time."""


class BusyError(Exception):
    """Somebody reads the log or appends to it, and went on for longer than it was waited for."""


def day_of(moment: datetime) -> datetime:
    """Return when the day of a moment began, in UTC."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def make_day(connection: Connection, day: datetime) -> None:
    """Make the table of a day unless it is there; nobody who reads or appends waits for it.

    It is made beside the log and attached, which locks out neither of them; a table made as a part
    of the log would wait for all, and let all wait.
    """
    connection.execute(select(func.pg_advisory_xact_lock(_MAKERS_LOCK)))
    name = _name(day)
    if connection.execute(select(func.to_regclass(name))).scalar() is not None:
        return
    first, last = _number(day), _number(day + DAY)
    connection.execute(text(f"CREATE TABLE {name} (LIKE log INCLUDING DEFAULTS INCLUDING INDEXES)"))
    connection.execute(
        text(f"ALTER TABLE log ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({last})")
    )


def days(connection: Connection, before: datetime) -> Iterator[datetime]:
    """Yield the days of which the log holds something, those that ended before a moment."""
    if connection.dialect.name == "postgresql":
        query = text(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'log'::regclass"
        )
        names = sorted(connection.execute(query).scalars())
        found = [datetime.strptime(name[-8:], "%Y%m%d").replace(tzinfo=UTC) for name in names]
    else:
        first = connection.execute(select(func.min(log.c.at))).scalar()
        found = []
        while first is not None and day_of(first) + DAY <= before:
            found.append(day_of(first))
            query_ = select(func.min(log.c.at)).where(log.c.at >= day_of(first) + DAY)
            first = connection.execute(query_).scalar()
    yield from (day for day in found if day + DAY <= before)


def is_worked_off(connection: Connection, day: datetime) -> bool:
    """Whether every post that came on a day, or before, is worked off."""
    waits = (
        select(log.c.last)
        .join(log_cursors, log_cursors.c.partition == log.c.partition)
        .where(log.c.at < day + DAY, log.c.last > log_cursors.c.number)
    )
    return connection.execute(waits.limit(1)).first() is None


def drop_day(connection: Connection, day: datetime, patience: timedelta) -> bool:
    """Drop all that came on a day, unless some of it waits; return whether it was.

    On PostgreSQL it waits for those who have the log in use, and whoever comes to it then waits
    behind it: for no longer than `patience`. Raises `BusyError` where that did not do. It is to
    hold nothing that they may wait for, the writers' lock least of all: a claim takes that last.
    """
    on_server = connection.dialect.name == "postgresql"
    if on_server:  # before anything of the log is read: two who drop days would wait for each other
        connection.execute(select(func.pg_advisory_xact_lock(_MAKERS_LOCK)))
        if connection.execute(select(func.to_regclass(_name(day)))).scalar() is None:
            return False
    if not is_worked_off(connection, day):
        return False
    if not on_server:
        connection.execute(delete(log).where(log.c.at >= day, log.c.at < day + DAY))
        return True
    length = patience // timedelta(milliseconds=1)
    connection.execute(text(f"SET LOCAL lock_timeout = '{length}ms'"))
    try:
        connection.execute(text(f"DROP TABLE {_name(day)}"))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _NOT_AVAILABLE:
            raise BusyError from error
        raise
    return True


def _name(day: datetime) -> str:
    return f"{_PREFIX}{day:%Y%m%d}"


def _number(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
