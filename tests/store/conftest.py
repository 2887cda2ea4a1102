"""Every test of the store runs on both databases, each time on a fresh one."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.servers import Postgres
from watcher.store import Store
from watcher.store.schema import metadata

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.server)]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables and no rows: copying it is quicker than making it."""
    path = tmp_path_factory.mktemp("template") / "watcher.sqlite"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def postgres_with_tables(postgres: Postgres) -> str:
    """The address of a database with all tables: emptying it is quicker than making another."""
    postgres.execute("CREATE DATABASE with_tables TEMPLATE template0")
    url = postgres.url("with_tables")
    Store.open(url).close()
    return url


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'watcher.sqlite'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(params=BOTH)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with all tables and no rows."""
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        path = shutil.copy(template, tmp_path / "watcher.sqlite")
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgres_with_tables")
    engine = create_engine(url)
    tables = ", ".join(table.name for table in metadata.sorted_tables)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))
    engine.dispose()
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An open store without rows."""
    opened = Store.open(store_url)
    yield opened
    opened.close()
