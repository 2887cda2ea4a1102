"""The days of the log, on PostgreSQL tables: made ahead of time, dropped whole when worked off.

From PostgreSQL 14 on a day's table is first detached, beside those who have the log in use: they go
on, and who comes then does not wait for it. The server does that in two steps and may be stopped
between them; whoever tries again begins with what is left of it. An older server lets all wait who
come to the log, until those who had it in use before are done.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    FromClause,
    Select,
    column,
    delete,
    func,
    select,
    table,
    text,
)
from sqlalchemy.exc import DBAPIError

from watcher.store.database import Database
from watcher.store.schema import log, log_cursors

DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MAKERS_LOCK = 0x77617463686C6F67
"""The number of the lock under which one process at a time makes or drops a day's table."""
_DETACHERS_LOCK = 0x77617463686C6F68
"""The number of the lock under which one process at a time detaches tables: that takes long, and
who makes one is not to wait for it."""
_PREFIX = "log_day_"
_NOT_AVAILABLE = "55P03"
"""The state of SQL that PostgreSQL tells when a lock was not to be had in time."""
_DETACHES = (14,)
"""The version of PostgreSQL from which on tables are detached while others use them."""
_TRIES = (timedelta(seconds=0.2), timedelta(seconds=1), timedelta(seconds=3))
"""So long each try to drop a day waits for those who have the log in use, on an older server: all
others wait too."""
_DETACH_PATIENCE = timedelta(seconds=10)
"""So long each try waits for each of them, where nobody else has to."""
_PARTS = text(
    "SELECT c.relname, i.inhdetachpending FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = 'log'::regclass ORDER BY 1"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class DroppedDays:
    """What became of days that were to be dropped.

    Neither number counts those of which some posts wait again, or that another process drops.
    """

    dropped: int
    in_use: int
    """Those that stayed because others had the log in use whenever it was tried."""


class LogDays(Database):
    """The part of the store that makes and drops days of the log."""

    _known_days: frozenset[datetime] = frozenset()

    def log_days(self, before: datetime) -> tuple[datetime, ...]:
        """Return the days, by when they began, that ended before a moment and are worked off."""
        with self.reading() as connection:
            found = days(connection, before)
            return tuple(day for day in found if is_worked_off(connection, day))

    def drop_log(self, days: Collection[datetime]) -> DroppedDays:
        """Drop these days whole, as `log_days` gave them; return what became of them.

        One that is not worked off stays, and so does one while the log is in use all the time.
        SQLite deletes the rows of such days.
        """
        dropped = in_use = 0
        for day in days:
            try:
                dropped += self._drop_day(day)
            except BusyError:
                in_use += 1
        self._known_days = frozenset()
        return DroppedDays(dropped=dropped, in_use=in_use)

    def _drop_day(self, day: datetime) -> bool:
        """Drop a day; whether it was. Raises `BusyError`."""
        *tries, last = _TRIES
        for patience in tries:
            with suppress(BusyError):
                return self._try_to_drop(day, patience)
        return self._try_to_drop(day, last)

    def _try_to_drop(self, day: datetime, patience: timedelta) -> bool:
        if self._file is None:
            by_itself = self._engine.execution_options(isolation_level="AUTOCOMMIT")
            with self._transaction(by_itself) as connection:
                if not _detach(connection, day):
                    return False
        # Without the writers' lock: a claim under way has the log in use and waits for it.
        with self._transaction(self._writers) as connection:
            return drop_day(connection, day, patience)

    def _make_days(self, wanted: set[datetime]) -> None:
        for day in sorted(wanted - self._known_days):
            with self._transaction(self._writers) as connection:
                make_day(connection, day)
        self._known_days = frozenset(wanted)


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
    connection.execute(text(f"CREATE TABLE {name} (LIKE log INCLUDING DEFAULTS INCLUDING INDEXES)"))
    _attach(connection, day)


def _attach(connection: Connection, day: datetime) -> None:
    first, last = _number(day), _number(day + DAY)
    connection.execute(
        text(f"ALTER TABLE log ATTACH PARTITION {_name(day)} FOR VALUES FROM ({first}) TO ({last})")
    )


def days(connection: Connection, before: datetime) -> Iterator[datetime]:
    """Yield the days of which the log holds something, those that ended before a moment."""
    if connection.dialect.name == "postgresql":
        query = text(  # by their names: one may be detached, and not dropped yet
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND pg_table_is_visible(oid)"
            " AND relname ~ :named ORDER BY 1"
        )
        names = connection.execute(query, {"named": f"^{_PREFIX}[0-9]{{8}}$"}).scalars()
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
    return connection.execute(_waiting(log).where(log.c.at < day + DAY)).first() is None


def _waiting(rows: FromClause) -> Select[Any]:
    return (
        select(rows.c.last)
        .join(log_cursors, log_cursors.c.partition == rows.c.partition)
        .where(rows.c.last > log_cursors.c.number)
        .limit(1)
    )


def _detach(connection: Connection, day: datetime) -> bool:
    """Take a day out of the log, where the server can do so while others use it.

    Return whether `drop_day` is to go on: not where another process is at it, nor where some of the
    day waits. The connection is in no transaction. Raises `BusyError` where somebody had the log in
    use for too long; the next try begins with what this one left.
    """
    version = connection.dialect.server_version_info
    if version is None or version < _DETACHES:
        return True
    with _as_the_only_one(connection) as alone:
        if not alone:
            return False
        with _busy_told():
            parts = {row.relname: row.inhdetachpending for row in connection.execute(_PARTS)}
            for name, pending in parts.items():
                if pending:  # nothing else can be detached before
                    connection.execute(text(f"ALTER TABLE log DETACH PARTITION {name} FINALIZE"))
            if parts.get(_name(day)) is not False:
                return True
            if not is_worked_off(connection, day):
                return False
            connection.execute(text(f"ALTER TABLE log DETACH PARTITION {_name(day)} CONCURRENTLY"))
    return True


@contextmanager
def _as_the_only_one(connection: Connection) -> Iterator[bool]:
    """Let nobody else detach tables meanwhile; yield whether it is our turn."""
    if not connection.execute(select(func.pg_try_advisory_lock(_DETACHERS_LOCK))).scalar():
        yield False
        return
    try:
        connection.execute(text(f"SET lock_timeout = {_milliseconds(_DETACH_PATIENCE)}"))
        yield True
    finally:
        if not connection.invalidated:  # with a connection goes all that it held
            connection.execute(text("RESET lock_timeout"))
            connection.execute(select(func.pg_advisory_unlock(_DETACHERS_LOCK)))


@contextmanager
def _busy_told() -> Iterator[None]:
    """Raise `BusyError` where a lock was not to be had in time."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _NOT_AVAILABLE:
            raise BusyError from error
        raise


def drop_day(connection: Connection, day: datetime, patience: timedelta) -> bool:
    """Drop all that came on a day, unless some of it waits; return whether it was.

    On an older PostgreSQL it waits for those who have the log in use, and whoever comes to it then
    waits behind it: for no longer than `patience`. Raises `BusyError` where that did not do. It is
    to hold nothing that they may wait for, the writers' lock least of all: a claim takes that last.
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
    detached = table(_name(day), column("partition"), column("last"))
    if connection.execute(_waiting(detached)).first() is not None:
        # It came to this day at the last moment. An older server has detached nothing.
        if _name(day) not in connection.execute(_PARTS).scalars():
            _attach(connection, day)
        return False
    connection.execute(text(f"SET LOCAL lock_timeout = {_milliseconds(patience)}"))
    with _busy_told():
        connection.execute(text(f"DROP TABLE {_name(day)}"))
    return True


def _milliseconds(time: timedelta) -> int:
    return time // timedelta(milliseconds=1)


def _name(day: datetime) -> str:
    return f"{_PREFIX}{day:%Y%m%d}"


def _number(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
