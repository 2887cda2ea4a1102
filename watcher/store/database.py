"""Opening the database, and its two kinds of transaction: reading and writing.

Both databases are used in the same way: *a reader sees one moment, and who writes what others read
by its numbers does so one at a time*. On PostgreSQL others write beside them, each in a transaction
of its own: those who append to the log, hold a claim of it, or drop a day of it, and those who come
in by `writing_aside`. No watermark counts what they write.

- SQLite runs in WAL mode; a writing transaction begins with `BEGIN IMMEDIATE`, so that it waits for
  its turn at the start and never fails in its middle. `synchronous = FULL`: when a transaction has
  ended, its content survives a power cut. NORMAL would be safe from damage only: a cut could take
  back the last minutes, and with them the record that a mail was sent. It costs one fsync for each
  transaction, and each transaction carries a whole page or batch.
- On PostgreSQL a writing transaction first takes one advisory lock, which it holds until it has
  committed. Numbers drawn from a sequence by two concurrent writers can become visible in the
  other order: a reader that remembers "read up to 7" would then miss a 6 that commits later. With
  the lock the order of numbers is the order of commits, and a watermark over them is safe. The
  level is READ COMMITTED: a stricter one would see the database as it was before it got the lock.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from watcher.address_secrets import SECRETS
from watcher.store.errors import StoreError, translate
from watcher.store.versions import is_up_to_date, out_of_date, upgrade

_PATIENCE = 30
"""Seconds to wait for another process's writing transaction."""
_OURS = {
    "connect_timeout": "10",
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",  # milliseconds
}
"""How our end finds out, within a minute, that the server or the network went without a word. What
an address says itself comes before it. A query may take as long as it likes: the server's kernel
answers meanwhile."""
_SERVERS = {
    "lock_timeout": f"{_PATIENCE}s",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""The same for the server's end: so long may a host that is gone hold its claims on the log, and
the writers' lock. What an address says in `options` comes before it, too. Of use to a socket in a
folder is the first alone, and no other is needed there."""
_WRITERS_PAUSE = timedelta(minutes=1)
"""For how long a writing transaction may ask nothing of a server, which then takes it back. A
process that is suspended, by itself or with its machine, keeps its connection, and all that it has
locked with it. The longest that is computed between two statements takes some seconds."""
_WRITERS_LOCK = 0x77617463686572
"""The number of the writers' lock on PostgreSQL: `watcher` in ASCII."""


class Database:
    """An open database. Safe to use from several threads."""

    def __init__(self, url: str, *, migrate: bool = True) -> None:
        parsed = parse(url)
        self._file = Path(parsed.database or "") if parsed.drivername.startswith("sqlite") else None
        self._where = shown(parsed)
        if parsed.get_backend_name() == "sqlite":
            self._engine = _open_sqlite(parsed, create=migrate)
            self._readers = self._engine
        else:
            self._engine = open_postgresql(parsed)
            self._readers = self._engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        self._writers = self._engine.execution_options(writes=True)
        try:
            self._bring_up_to_date(migrate=migrate)
        except BaseException:
            self._engine.dispose()
            raise
        self._identity = self._identify()

    def is_in_place(self) -> bool:
        """Whether the database is still where it was opened.

        A SQLite file that was removed or replaced goes on taking what is written, unseen by all.
        """
        return self._identify() == self._identity

    def _identify(self) -> tuple[int, int] | None:
        if self._file is None:
            return None
        try:
            status = self._file.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _bring_up_to_date(self, *, migrate: bool) -> None:
        # Most starts find nothing to do, and should not wait for another process's writing.
        with self.reading() as connection:
            if is_up_to_date(connection):
                return
            if not migrate:
                raise out_of_date(connection, self._where)
        with self.writing() as connection:
            upgrade(connection, self._where)

    def close(self) -> None:
        """Let go of all connections. Calling it twice is fine."""
        self._engine.dispose()

    def empty_log(self) -> None:
        """Write SQLite's log into the database and empty it: it holds what was there before.

        Whoever reads at the same time may prevent it; then a later one does, or the last `close`.
        """
        if self._file is not None:
            with suppress(sqlite3.Error), closing(self._engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a transaction that sees one moment of the database and changes nothing."""
        return self._transaction(self._readers)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open the only writing transaction; it is undone as a whole when its body raises."""
        with self._transaction(self._writers) as connection:
            take_writers_lock(connection)
            yield connection

    @property
    def on_server(self) -> bool:
        """Whether it is a PostgreSQL server, and no file."""
        return self._file is None

    @contextmanager
    def writing_aside(self, lock: int) -> Iterator[Connection]:
        """Open a writing transaction on a server, for what no watermark of posts counts.

        It waits for those who name the same lock, not for the other writers.
        """
        with self._transaction(self._writers) as connection:
            connection.execute(select(func.pg_advisory_xact_lock(lock)))
            yield connection

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        try:
            with engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise translate(error, self._where) from error


def take_writers_lock(connection: Connection) -> None:
    """Wait until nobody else writes; on SQLite a writing transaction has waited already.

    From then on it may pause no longer than all who write.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(
            select(func.pg_advisory_xact_lock(_WRITERS_LOCK), _allowed(_WRITERS_PAUSE))
        )


def allow_pauses(connection: Connection, longest: timedelta) -> None:
    """Let a writing transaction on a server ask nothing for so long; none: for as long as it likes.

    All that it has locked is kept from others meanwhile, also where its process is suspended.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(_allowed(longest)))


def _allowed(longest: timedelta) -> ColumnElement[str]:
    milliseconds = f"{longest / timedelta(milliseconds=1):.0f}"
    return func.set_config("idle_in_transaction_session_timeout", milliseconds, True)


def insert(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """Return an INSERT that knows ON CONFLICT in the connection's dialect."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def parse(url: str) -> URL:
    """Return a database's address in its parts. Raises `StoreError` for one that is of no use."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(
            "the database address cannot be understood",
            help='Write [store] url = "sqlite:///folder/watcher.db" or '
            '"postgresql+psycopg://user:password@host/database".',
        ) from None
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise StoreError("a database in memory keeps nothing", help="Name a file.")
        return parsed
    raise StoreError(
        f"databases of the kind {parsed.drivername!r} are not supported",
        help="Use sqlite:/// or postgresql+psycopg://.",
    )


def shown(url: URL) -> str:
    """Return a database's address as it may be shown: without what is secret in it."""
    return url.difference_update_query(SECRETS).render_as_string(hide_password=True)


def make_folder(folder: Path) -> None:
    """Make the folder of a SQLite database, if need be, for its owner only. Raises `StoreError`."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"the folder of the database cannot be made: {folder} ({error.strerror})",
            help="Check the address in [store] url, and who may write there.",
        ) from error


def _open_sqlite(url: URL, *, create: bool) -> Engine:
    path = Path(url.database or "")
    if not path.exists() and not create:
        raise StoreError(
            f"there is no database at {path}",
            help="Check its address; `watcher once` makes a new one.",
        )
    make_folder(path.parent)
    # WAL needs its two companion files, so the folder has to be writable too.
    for place in (path.parent, path):
        if place.exists() and not os.access(place, os.W_OK):
            raise StoreError(
                f"the database cannot be written: {place} is read-only for this user",
                help="Check who owns it, and whether its disk is mounted read-only.",
            )
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _PATIENCE})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver would begin transactions by itself, but late and not for every statement.
    connection.isolation_level = None
    cursor = connection.cursor()
    _use_wal(cursor)
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")  # what is forgotten is in no free page either
    cursor.execute("PRAGMA journal_size_limit = 67108864")
    cursor.execute("PRAGMA cache_size = -16384")
    cursor.close()


def _use_wal(cursor: sqlite3.Cursor) -> None:
    # SQLite does not wait for its turn here, as it does elsewhere: two who open a new file at once
    # both read it, and neither could ever write it if both waited for the other's reading to end.
    until = time.monotonic() + _PATIENCE
    while cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def open_engine(url: URL, *, create: bool = True) -> Engine:
    """Return an engine for a database of either kind, whatever is in it. Raises `StoreError`."""
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(url, create=create)
    return open_postgresql(url)


def open_postgresql(url: URL) -> Engine:
    """Return an engine, not connected yet. Raises `StoreError` without the library for it."""
    ours = (f"-c {name}={value}" for name, value in _SERVERS.items())
    try:
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",
            connect_args={
                "client_encoding": "utf8",
                # Of a setting that is named twice the last one holds.
                "options": " ".join([*ours, *url.normalized_query.get("options", ())]),
                **{name: value for name, value in _OURS.items() if name not in url.query},
            },
        )
    except ModuleNotFoundError as error:
        raise StoreError(
            "PostgreSQL needs the library psycopg, which is not installed",
            help="Install the watcher with its extra: brand-watcher[postgres].",
        ) from error
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("writes", False):
        allow_pauses(connection, _WRITERS_PAUSE)
