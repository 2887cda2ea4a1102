"""Moving everything from one database to another, whichever of the two kinds each is.

Values travel as they are stored: what `columns` made of them holds in both databases. While a copy
goes on, the target's version reads `copying`, so that no program, of whatever age, takes a half
copy for a whole one. It becomes the true version in the very last step, when both sides were
counted and summed up alike.

- Numbers stay. What was the last number given stays too, also where its row has gone: a watermark
  stands on it, and nothing may come under it again.
- The sum over a table is that of its rows' BLAKE2b digests modulo 2**128, so it knows no order
  (Bellare and Micciancio, "A New Paradigm for Collision-Free Hashing", 1997: AdHash).
"""

import marshal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Boolean,
    Connection,
    Engine,
    Float,
    Table,
    Text,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.types import TypeDecorator

from watcher.store.columns import storable
from watcher.store.database import Database, open_engine, parse
from watcher.store.errors import StoreError, translate
from watcher.store.exclusive import shown_address
from watcher.store.log_days import day_of, make_day
from watcher.store.schema import log, log_cursors, log_heads, metadata, workers
from watcher.store.versions import COPYING, HEAD, VERSION_TABLE, version_of

_AT_A_TIME = 5000
_SILENT = timedelta(seconds=60)
"""A worker that gave no sign of life for so long is not at work any more."""
_FROM_THE_START = {"progress", "log_heads", "log_cursors"}
"""Tables that have rows before anything has happened."""
DERIVED = "search_"
"""How tables begin that are made from others on PostgreSQL, and made anew by who needs them."""
_MODULUS = 2**128

Progress = Callable[[int, int], None]
"""Is told how many rows of how many were copied or compared."""
Rows = Sequence[tuple[Any, ...]]


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
    meanwhile waits. Raises `StoreError` where workers are at work on the source, it is of another
    version, the target holds something, the two are one, or differ in the end; then the target
    stays marked as a half copy, and the next `copy` begins anew.
    """
    began = time.monotonic()
    _refuse_same(source_url, target_url)
    with ExitStack() as stack:
        source = stack.enter_context(closing(Database(source_url, migrate=False)))
        _refuse_at_work(source, now)
        begun_anew = _make_room(target_url)
        engine = open_engine(parse(target_url))
        stack.callback(engine.dispose)
        tables = _copy(source, engine, progress)
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


def is_empty(url: str) -> bool:
    """Whether a database holds nothing of ours: no tables, or tables without rows.

    False for a half copy. Raises `StoreError` where it cannot be opened.
    """
    parsed = parse(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        return True
    engine = open_engine(parsed)
    try:
        with engine.connect() as connection:
            known = set(inspect(connection).get_table_names())
            if VERSION_TABLE in known and version_of(connection) == COPYING:
                return False
            told = known - _FROM_THE_START
            ours = [table for table in metadata.sorted_tables if table.name in told]
            return all(_first(connection, table) is None for table in ours)
    except SQLAlchemyError as error:
        raise translate(error, shown_address(url)) from error
    finally:
        engine.dispose()


def _first(connection: Connection, table: Table) -> object:
    column = next(iter(table.primary_key.columns))
    return connection.execute(select(column).limit(1)).scalar()


def _refuse_same(source_url: str, target_url: str) -> None:
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


def _refuse_at_work(source: Database, now: datetime) -> None:
    here = workers.c.stopped.is_(None) & (workers.c.beat > now - _SILENT)
    with source.reading() as connection:
        at_work = connection.execute(select(workers.c.host, workers.c.pid).where(here)).first()
    if at_work:
        raise StoreError(
            f"a worker is at work on the database: process {at_work.pid} on {at_work.host}",
            help="stop `watcher run` and every `watcher work` first; one that was killed is "
            f"forgotten after {_SILENT.total_seconds():.0f} seconds",
        )


def _make_room(url: str) -> bool:
    """Make the target's tables and mark it; return whether a half copy was thrown away first."""
    half = _is_half(url)
    if half:
        _throw_away(url)
    elif not is_empty(url):
        raise StoreError(
            f"the database to copy to is not empty: {shown_address(url)}",
            help="name an empty one: CREATE DATABASE makes it on PostgreSQL, a file that does not "
            "exist yet is one on SQLite",
        )
    with closing(Database(url)) as target, target.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            if _first(connection, table) is not None:
                connection.execute(table.delete())
        for name in inspect(connection).get_table_names():
            if name.startswith(DERIVED):  # of posts that were here once
                connection.exec_driver_sql(f"DROP TABLE {_quoted(connection, name)} CASCADE")
        _mark(connection, COPYING)
    return half


def _is_half(url: str) -> bool:
    parsed = parse(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        return False
    engine = open_engine(parsed)
    try:
        with engine.connect() as connection:
            return version_of(connection) == COPYING
    except SQLAlchemyError as error:
        raise translate(error, shown_address(url)) from error
    finally:
        engine.dispose()


def _throw_away(url: str) -> None:
    parsed = parse(url)
    if parsed.get_backend_name() == "sqlite":
        for suffix in ("-wal", "-shm", ""):
            Path(f"{parsed.database}{suffix}").unlink(missing_ok=True)
        return
    engine = open_engine(parsed)
    try:
        with engine.begin() as connection:
            # Row triggers, which guard what only grows, have no say in this.
            names = ", ".join(_quoted(connection, table.name) for table in metadata.sorted_tables)
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
            _mark(connection, HEAD)
    except SQLAlchemyError as error:
        raise translate(error, shown_address(url)) from error
    finally:
        engine.dispose()


def _mark(connection: Connection, version: str) -> None:
    connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{version}'"))  # noqa: S608


# --- the copy itself ----------------------------------------------------------------------------


def _copy(source: Database, target: Engine, progress: Progress) -> tuple[CopiedTable, ...]:
    # The writing transaction writes nothing: it keeps writers out while the other one reads.
    with source.writing(), source.reading() as reading:
        tables = metadata.sorted_tables
        total = sum(_size(reading, table) for table in tables)
        steps = _Steps(progress, 2 * total)  # copied, then compared
        write = _to_postgresql if target.dialect.name == "postgresql" else _to_sqlite
        sums = {}
        with _told(target), write(target) as put:
            if target.dialect.name == "postgresql":
                _make_days(target, _days(reading))
            for table in tables:
                counted = _Sum()
                put(table, counted.over(_of_source(_rows(reading, table, steps), reading)))
                sums[table.name] = counted
        with _told(target), target.begin() as connection:
            for table in tables:
                _compare(connection, table, sums[table.name], steps)
        last = {table: _last_number(reading, table) for table in tables}
        with _told(target), target.execution_options(writes=True).begin() as connection:
            for table in tables:
                _go_on_numbering(connection, table, last[table])
            _mark(connection, HEAD)
    return tuple(
        CopiedTable(name=name, rows=one.rows, checksum=f"{one.total:032x}")
        for name, one in sums.items()
    )


@contextmanager
def _told(target: Engine) -> Iterator[None]:
    """Say of errors that they are the target's, also those of its bare driver."""
    driver: Any = target.dialect.dbapi
    where = target.url.render_as_string(hide_password=True)
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


class _Sum:
    """How many rows there were, and the sum of their digests."""

    def __init__(self) -> None:
        self.rows = self.total = 0

    def over(self, batches: Iterable[Rows]) -> Iterator[Rows]:
        """Pass the batches on, and sum up their rows."""
        for batch in batches:
            self.rows += len(batch)
            self.total = (self.total + sum(map(_digest, batch))) % _MODULUS
            yield batch


def _digest(row: tuple[Any, ...]) -> int:
    # In this form of marshal equal values have equal bytes; they are kept nowhere.
    return int.from_bytes(blake2b(marshal.dumps(row, 2), digest_size=16).digest())


def _size(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _rows(connection: Connection, table: Table, steps: _Steps) -> Iterator[Rows]:
    """Yield all rows of a table in batches, in the order of their keys, as they are stored."""
    columns = ", ".join(_quoted(connection, column.name) for column in table.columns)
    key = ", ".join(_quoted(connection, column.name) for column in table.primary_key.columns)
    name = _quoted(connection, table.name)
    query = f"SELECT {columns} FROM {name} ORDER BY {key}"  # noqa: S608 - names of our own
    to_plain = _plain(table)
    streamed = connection.execution_options(stream_results=True)
    with streamed.execution_options(yield_per=_AT_A_TIME).exec_driver_sql(query) as result:
        for part in result.partitions(_AT_A_TIME):
            yield [to_plain(row) for row in part]
            steps.forward(len(part))


def _plain(table: Table) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return what makes one value of what the two databases say in two ways."""
    turned: dict[int, Callable[[Any], Any]] = {}
    for at, column in enumerate(table.columns):
        kind = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
        if isinstance(kind, Boolean):
            turned[at] = bool
        elif isinstance(kind, Float):
            turned[at] = lambda value: float(value) + 0.0  # SQLite knows no -0.0
        elif isinstance(kind, Text):
            turned[at] = storable
    items = tuple(turned.items())

    def plain(row: Sequence[Any]) -> tuple[Any, ...]:
        values = list(row)
        for at, turn in items:
            if (value := values[at]) is not None:
                values[at] = turn(value)
        return tuple(values)

    return plain


@contextmanager
def _to_postgresql(engine: Engine) -> Iterator[Callable[[Table, Iterable[Rows]], None]]:
    """Write a table with one COPY: what refers to rows of its own is checked when it has ended."""
    with engine.connect() as connection:

        def put(table: Table, batches: Iterable[Rows]) -> None:
            names = ", ".join(_quoted(connection, column.name) for column in table.columns)
            name = _quoted(connection, table.name)
            driver: Any = connection.connection.driver_connection
            with connection.begin():
                connection.execute(select(1))  # lets the driver begin
                with (
                    driver.cursor() as cursor,
                    cursor.copy(f"COPY {name} ({names}) FROM STDIN") as rows,
                ):
                    for batch in batches:
                        for row in batch:
                            rows.write_row(row)

        yield put


@contextmanager
def _to_sqlite(engine: Engine) -> Iterator[Callable[[Table, Iterable[Rows]], None]]:
    """Write batches; what refers to rows that come later is checked when all are there."""
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys = OFF")
        driver.execute("PRAGMA synchronous = NORMAL")

        def put(table: Table, batches: Iterable[Rows]) -> None:
            names = ", ".join(_quoted(connection, column.name) for column in table.columns)
            places = ", ".join("?" for _ in table.columns)
            name = _quoted(connection, table.name)
            statement = f"INSERT INTO {name} ({names}) VALUES ({places})"  # noqa: S608
            for batch in batches:
                driver.execute("BEGIN IMMEDIATE")
                driver.executemany(statement, batch)
                driver.execute("COMMIT")

        try:
            yield put
            if broken := driver.execute("PRAGMA foreign_key_check").fetchone():
                raise StoreError(
                    f"the copy is not whole: a row of {broken[0]} refers to one of {broken[2]} "
                    "that is not there"
                )
        finally:
            connection.invalidate()  # its settings are not those of others


def _days(connection: Connection) -> list[datetime]:
    """Return on which days what is in the log came."""
    moments = connection.execute(select(log.c.at).distinct()).scalars()
    return sorted({day_of(moment) for moment in moments})


def _make_days(target: Engine, days: Sequence[datetime]) -> None:
    """Make the parts of PostgreSQL's log that rows of these days go to."""
    with target.begin() as connection:
        for day in days:
            make_day(connection, day)


def _compare(connection: Connection, table: Table, expected: _Sum, steps: _Steps) -> None:
    found = _Sum()
    for _ in found.over(_rows(connection, table, steps)):
        pass
    if (found.rows, found.total) != (expected.rows, expected.total):
        raise StoreError(
            f"the copy of the table {table.name} differs from what was copied: "
            f"{found.rows:,} rows instead of {expected.rows:,}"
            if found.rows != expected.rows
            else f"the copy of the table {table.name} differs from what was copied",
            help="run it once more, which begins anew; if it stays so, look after the disks",
        )


# --- numbers ------------------------------------------------------------------------------------


def _last_number(connection: Connection, table: Table) -> int:
    """Return the last number that a table gave by itself, whether or not its row is still there."""
    column = table.autoincrement_column
    if column is None:
        return 0
    largest = connection.execute(select(func.max(column))).scalar() or 0
    if connection.dialect.name == "sqlite":
        kept = "SELECT max(seq) FROM sqlite_sequence WHERE name = ?"
        given = connection.exec_driver_sql(kept, (table.name,)).scalar() or 0
    elif sequence := _sequence(connection, table):
        query = f"SELECT last_value, is_called FROM {sequence}"  # noqa: S608 - a name of ours
        last, used = connection.exec_driver_sql(query).one()
        given = last if used else last - 1
    else:
        given = 0
    return max(int(largest), int(given))


def _go_on_numbering(connection: Connection, table: Table, last: int) -> None:
    """Let a table give the number after `last` next."""
    if not last:
        return
    if connection.dialect.name == "postgresql":
        if sequence := _sequence(connection, table):
            connection.execute(select(func.setval(sequence, last)))
        return
    if table.dialect_options["sqlite"]["autoincrement"]:
        kept = (last, table.name)
        set_ = "UPDATE sqlite_sequence SET seq = ? WHERE name = ?"
        if not connection.exec_driver_sql(set_, kept).rowcount:
            connection.exec_driver_sql(
                "INSERT INTO sqlite_sequence (seq, name) VALUES (?, ?)", kept
            )


def _sequence(connection: Connection, table: Table) -> str | None:
    """Return the name of the sequence that numbers a table's rows on PostgreSQL, quoted."""
    column = table.autoincrement_column
    if column is None:
        return None
    of = select(func.pg_get_serial_sequence(_quoted(connection, table.name), column.name))
    return connection.execute(of).scalar()


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
