"""Every test of the store runs on both databases, each time on a fresh one."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers import Postgres
from watcher.store import Store

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.server)]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables and no rows: copying it is quicker than making it."""
    path = tmp_path_factory.mktemp("template") / "watcher.sqlite"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """The name of a database with all tables and no rows."""
    postgres.execute("CREATE DATABASE watcher_template TEMPLATE template0")
    Store.open(postgres.url("watcher_template")).close()
    return "watcher_template"


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
    make: Callable[..., str] = request.getfixturevalue("new_postgres_database")
    return make(request.getfixturevalue("postgres_template"))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An open store without rows."""
    opened = Store.open(store_url)
    yield opened
    opened.close()
