"""Every test of the store runs on both databases, each time on an empty one.

One database of each kind serves the whole run and is emptied before each test: making one takes
many times as long, and so does opening one, since each opening compiles every statement again.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.servers import Postgres
from watcher.store import Store
from watcher.store.schema import metadata

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.server)]

Opened = tuple[str, Store]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables and no rows, to be copied."""
    path = tmp_path_factory.mktemp("template") / "watcher.sqlite"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def sqlite_opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A SQLite database for the whole run."""
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'watcher.sqlite'}"
    store = Store.open(url)
    yield url, store
    store.close()


@pytest.fixture(scope="session")
def postgresql_opened(postgres: Postgres) -> Iterator[Opened]:
    """A PostgreSQL database for the whole run; one for each file that imports this."""
    name = f"watcher_{time.monotonic_ns()}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    url = postgres.url(name)
    store = Store.open(url)
    yield url, store
    store.close()


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'watcher.sqlite'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(params=BOTH)
def opened(request: pytest.FixtureRequest) -> Opened:
    """An open store without rows, and its address."""
    url, store = request.getfixturevalue(f"{request.param}_opened")
    empty(store)
    return url, store


@pytest.fixture
def store(opened: Opened) -> Store:
    """An open store without rows."""
    return opened[1]


@pytest.fixture
def store_url(opened: Opened) -> str:
    """The address of a database with all tables and no rows."""
    return opened[0]


def empty(store: Store) -> None:
    """Remove every row, and begin to number rows from one again."""
    with store.writing() as connection:
        if connection.dialect.name == "postgresql":
            tables = ", ".join(table.name for table in metadata.sorted_tables)
            connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))
            return
        # What only grows is guarded by triggers: only one who drops these can empty it.
        guards = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        triggers = connection.execute(text(guards)).all()
        for trigger in triggers:
            connection.execute(text(f"DROP TRIGGER {trigger.name}"))
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
        for trigger in triggers:
            connection.execute(text(trigger.sql))
        connection.execute(text("DELETE FROM sqlite_sequence"))
