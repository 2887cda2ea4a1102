"""Moving everything from one database to another, whichever of the two kinds each is.

Values travel as they are stored: what `columns` made of them holds in both databases. While a copy
goes on, the target's version reads `copying`, so that no program, of whatever age, takes a half
copy for a whole one. It becomes the true version in the very last step, when both sides were
counted and summed up alike.

Numbers stay, and so does what was the last number given (`last_numbers`).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from watcher.store.at_work import keep_out, refuse_at_work
from watcher.store.copied_rows import (
    Rows,
    RowsSum,
    count_rows,
    into_postgresql,
    into_sqlite,
    stored_rows,
)
from watcher.store.copy_target import make_room, mark
from watcher.store.database import Database, allow_pauses, open_engine, parse, shown
from watcher.store.errors import StoreError, translate
from watcher.store.exclusive import shown_address
from watcher.store.last_numbers import go_on_numbering, last_number
from watcher.store.log_days import day_of, make_day
from watcher.store.schema import log, log_cursors, log_heads, metadata
from watcher.store.versions import HEAD

Progress = Callable[[int, int], None]
"""Is told how many rows of how many were copied or compared."""


@dataclass(frozen=True, kw_only=True)
class CopiedTable:
    """One table, the same on both sides."""

    name: str
    rows: int
    checksum: str
    """32 hexadecimal digits, the same for the same rows in whatever order."""


@dataclass(frozen=True, kw_only=True)
class Copied:
    """What was copied, and compared."""

    tables: tuple[CopiedTable, ...]
    seconds: float
    begun_anew: bool
    """Whether a half copy lay there before, which was thrown away."""
    waiting: int
    """Posts in the log that no worker has taken yet."""

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)

    def of(self, name: str) -> int:
        """Return how many rows a table has."""
        return next(table.rows for table in self.tables if table.name == name)


def copy(
    source_url: str,
    target_url: str,
    now: datetime,
    progress: Progress = lambda _done, _all: None,
) -> Copied:
    """Copy every table from one database to another, compare them, and give the copy free.

    Nobody else may work on either: the caller holds both. Whoever tries to write into the source
    meanwhile waits. Raises `StoreError` where somebody is at work on the source, it is of another
    version, the target holds something, the two are one, or differ in the end; then the target
    stays marked as a half copy, and the next `copy` begins anew.
    """
    began = time.monotonic()
    refuse_same(source_url, target_url)
    with ExitStack() as stack:
        source = stack.enter_context(closing(Database(source_url, migrate=False)))
        refuse_at_work(source_url, now)
        begun_anew = make_room(target_url)
        engine = open_engine(parse(target_url))
        stack.callback(engine.dispose)
        tables = _copy(source, engine, now, progress)
        seconds = time.monotonic() - began
        with source.reading() as reading:
            waiting = _waiting(reading)
        return Copied(tables=tables, seconds=seconds, begun_anew=begun_anew, waiting=waiting)


def _waiting(connection: Connection) -> int:
    done = func.coalesce(log_cursors.c.number, 0)
    left = select(func.sum(log_heads.c.number - done)).join_from(
        log_heads, log_cursors, log_cursors.c.partition == log_heads.c.partition, isouter=True
    )
    return int(connection.execute(left).scalar() or 0)


def refuse_same(source_url: str, target_url: str) -> None:
    """Raise `StoreError` where two addresses, however they are written, name one database."""

    def place(url: str) -> object:
        parsed = parse(url)
        if parsed.get_backend_name() == "sqlite":
            return Path(parsed.database or "").resolve()
        host = parsed.host or parsed.query.get("host")
        return (host, parsed.port or 5432, parsed.database)

    if place(source_url) == place(target_url):
        raise StoreError(
            f"the database would be copied onto itself: {shown_address(source_url)}",
            help="name another, empty database",
        )


def _copy(
    source: Database, target: Engine, now: datetime, progress: Progress
) -> tuple[CopiedTable, ...]:
    # The writing transaction writes nothing: it keeps writers out while the other one reads.
    with source.writing() as alone, source.reading() as reading:
        allow_pauses(alone, timedelta())
        keep_out(alone, now)
        tables = metadata.sorted_tables
        total = sum(count_rows(reading, table) for table in tables)
        steps = _Steps(progress, 2 * total)  # copied, then compared
        write = into_postgresql if target.dialect.name == "postgresql" else into_sqlite
        sums = {}
        with _told(target), write(target) as put:
            if target.dialect.name == "postgresql":
                _make_days(target, _days(reading))
            for table in tables:
                sums[table.name] = counted = RowsSum()
                rows = stored_rows(reading, table, steps.forward)
                put(table, counted.over(_of_source(rows, reading)))
        with _told(target), target.begin() as connection:
            for table in tables:
                _compare(connection, table, sums[table.name], steps)
        last = {table: last_number(reading, table) for table in tables}
        with _told(target), target.execution_options(writes=True).begin() as connection:
            for table in tables:
                go_on_numbering(connection, table, last[table])
            mark(connection, HEAD)
    return tuple(
        CopiedTable(name=name, rows=one.rows, checksum=f"{one.total:032x}")
        for name, one in sums.items()
    )


@contextmanager
def _told(target: Engine) -> Iterator[None]:
    """Say of errors that they are the target's, also those of its bare driver."""
    driver: Any = target.dialect.dbapi
    where = shown(target.url)
    try:
        yield
    except SQLAlchemyError as error:
        raise translate(error, where) from error
    except driver.Error as error:
        raise translate(DBAPIError(None, None, error), where) from error


def _of_source(rows: Iterator[Rows], source: Connection) -> Iterator[Rows]:
    with _told(source.engine):
        yield from rows


class _Steps:
    """Tells of progress."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def forward(self, rows: int) -> None:
        self._done += rows
        self._progress(self._done, max(self._total, self._done))


def _days(connection: Connection) -> list[datetime]:
    """Return on which days what is in the log came."""
    moments = connection.execute(select(log.c.at).distinct()).scalars()
    return sorted({day_of(moment) for moment in moments})


def _make_days(target: Engine, days: Sequence[datetime]) -> None:
    """Make the parts of PostgreSQL's log that rows of these days go to."""
    with target.begin() as connection:
        for day in days:
            make_day(connection, day)


def _compare(connection: Connection, table: Table, expected: RowsSum, steps: _Steps) -> None:
    found = RowsSum()
    for _ in found.over(stored_rows(connection, table, steps.forward)):
        pass
    if (found.rows, found.total) != (expected.rows, expected.total):
        raise StoreError(
            f"the copy of the table {table.name} differs from what was copied: "
            f"{found.rows:,} rows instead of {expected.rows:,}"
            if found.rows != expected.rows
            else f"the copy of the table {table.name} differs from what was copied",
            help="run it once more, which begins anew; if it stays so, look after the disks",
        )
