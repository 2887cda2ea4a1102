"""Where a copy goes: an empty database, or what a half copy left there.

While a copy goes on, its version reads `copying`, so that no program, of whatever age, takes a half
copy for a whole one.
"""

from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Table, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from watcher.store.database import Database, open_engine, parse
from watcher.store.errors import StoreError, translate
from watcher.store.exclusive import shown_address
from watcher.store.full_text_tables import is_derived
from watcher.store.last_numbers import quoted
from watcher.store.schema import metadata
from watcher.store.versions import COPYING, HEAD, VERSION_TABLE, version_of

_FROM_THE_START = {"progress", "log_heads", "log_cursors"}
"""Tables that have rows before anything has happened."""


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


def make_room(url: str) -> bool:
    """Make the target's tables and mark it; return whether a half copy was thrown away first.

    Raises `StoreError` where it holds something else.
    """
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
        derived = [name for name in inspect(connection).get_table_names() if is_derived(name)]
        for name in derived:  # of posts that were here once
            connection.exec_driver_sql(f"DROP TABLE {quoted(connection, name)}")
        mark(connection, COPYING)
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
            names = ", ".join(quoted(connection, table.name) for table in metadata.sorted_tables)
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
            mark(connection, HEAD)
    except SQLAlchemyError as error:
        raise translate(error, shown_address(url)) from error
    finally:
        engine.dispose()


def mark(connection: Connection, version: str) -> None:
    """Say what version a database has, or that it is a half copy."""
    connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{version}'"))  # noqa: S608


def _first(connection: Connection, table: Table) -> object:
    column = next(iter(table.primary_key.columns))
    return connection.execute(select(column).limit(1)).scalar()
