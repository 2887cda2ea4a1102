"""Opening a database: new, old, newer, foreign, damaged, out of reach."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from tests.store.samples import post, pulled
from watcher.store import Store, StoreError, versions
from watcher.store.database import open_engine, parse
from watcher.store.schema import metadata


def run(url: str, *statements: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_a_new_database_is_made_and_found_again(empty_url: str) -> None:
    first = Store.open(empty_url)
    pulled(first, post("p1"))
    first.close()
    second = Store.open(empty_url)
    assert second.count_posts() == 1
    second.close()
    second.close()


_ADDED_LATER = {
    ("matches", "copy_of"),
    ("queue", "alarm"),
    ("queue", "event"),
    ("queue", "silence"),
    ("queue", "held"),
    ("digests", "escalation"),
}


def is_about_a_reference_added_later(difference: Any) -> bool:
    """Whether it is one that SQLAlchemy reads without its name and ON DELETE from SQLite."""
    what, constraint = difference[0], difference[1]
    columns = {(constraint.parent.name, *constraint.column_keys)} if what.endswith("_fk") else set()
    return bool(columns & _ADDED_LATER)


def test_references_added_later_act_as_those_of_the_first_day(store: Store) -> None:
    with store.reading() as connection:
        if connection.dialect.name == "sqlite":
            told = {
                (row[3], row[2], row[4], row[6])
                for table in ("matches", "queue", "digests")
                for row in connection.exec_driver_sql(f"PRAGMA foreign_key_list({table})")
            }
        else:
            told = {
                (key["constrained_columns"][0], key["referred_table"], key["referred_columns"][0],
                 key["options"].get("ondelete"))
                for table in ("matches", "queue", "digests")
                for key in inspect(connection).get_foreign_keys(table)
            }  # fmt: skip
    assert {
        ("copy_of", "matches", "row", "SET NULL"),
        ("alarm", "alarms", "id", "CASCADE"),
        ("event", "suspect_events", "row", "SET NULL"),
        ("silence", "silences", "id", "SET NULL"),
        ("held", "alarms", "id", "SET NULL"),
        ("escalation", "digests", "id", "SET NULL"),
    } <= told


def test_the_migrations_lead_to_the_tables_that_the_program_knows(empty_url: str) -> None:
    Store.open(empty_url).close()  # without tables that are made while it is used
    engine = create_engine(empty_url)
    with engine.connect() as connection:
        options = {"version_table": versions.VERSION_TABLE}
        context = MigrationContext.configure(connection, opts=options)
        differences = [
            one
            for one in compare_metadata(context, metadata)
            if engine.dialect.name != "sqlite" or not is_about_a_reference_added_later(one)
        ]
        assert differences == []
        partial = {
            index["name"]: str(index["dialect_options"])
            for table in ("accounts", "queue")
            for index in inspect(connection).get_indexes(table)
            if index.get("dialect_options", {}).get(f"{engine.dialect.name}_where") is not None
        }
    engine.dispose()
    assert set(partial) == {
        "ix_accounts_unexamined",
        "ix_accounts_alike",
        "ix_queue_waiting",
        "ix_queue_left_out",
    }


def test_the_newest_migration_is_the_one_the_program_asks_for() -> None:
    config = Config()
    folder = Path(versions.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    assert ScriptDirectory.from_config(config).get_current_head() == versions.HEAD


def test_a_database_newer_than_the_program_is_refused_and_left_alone(store_url: str) -> None:
    run(store_url, "UPDATE watcher_version SET version_num = '9999'")
    try:
        with pytest.raises(StoreError, match="newer than this program") as raised:
            Store.open(store_url)
        assert "9999" in raised.value.message
        assert "Upgrade" in raised.value.help
    finally:
        run(store_url, f"UPDATE watcher_version SET version_num = '{versions.HEAD}'")


def test_a_database_of_another_program_is_refused_and_left_alone(empty_url: str) -> None:
    run(empty_url, "CREATE TABLE posts (id INTEGER)")
    with pytest.raises(StoreError, match="belongs to another program"):
        Store.open(empty_url)
    engine = create_engine(empty_url)
    assert inspect(engine).get_table_names() == ["posts"]
    engine.dispose()


def test_without_leave_to_migrate_nothing_is_made(empty_url: str) -> None:
    with pytest.raises(StoreError, match=r"there is no database|is empty"):
        Store.open(empty_url, migrate=False)
    Store.open(empty_url).close()
    Store.open(empty_url, migrate=False).close()


@pytest.mark.drill
def test_making_the_tables_says_nothing_in_the_log(empty_url: str) -> None:
    code = (
        "import logging, sys; logging.basicConfig(level=logging.INFO); "
        "from watcher.store import Store; Store.open(sys.argv[1]).close(); "
        "assert 'alembic' in sys.modules"
    )
    command = [sys.executable, "-c", code, empty_url]
    assert subprocess.run(command, capture_output=True, check=True).stderr == b""


def test_several_may_open_a_new_database_at_once(empty_url: str) -> None:
    errors: list[Exception] = []

    def open_it() -> None:
        try:
            Store.open(empty_url).close()
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    # Threads have an engine each, as processes would.
    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_several_may_be_the_first_to_touch_a_file_at_once(tmp_path: Path) -> None:
    def touch(url: str, together: threading.Barrier) -> str:
        engine = open_engine(parse(url))
        together.wait()
        try:
            with engine.connect() as connection:
                return str(connection.exec_driver_sql("PRAGMA journal_mode").scalar())
        finally:
            engine.dispose()

    several = 6
    with ThreadPoolExecutor(several) as pool:
        for round_ in range(50):  # they meet in the same moment in every tenth round or so
            together = threading.Barrier(several)
            url = f"sqlite:///{tmp_path}/{round_}.sqlite"
            told = [pool.submit(touch, url, together) for _ in range(several)]
            assert {one.result() for one in told} == {"wal"}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "cannot be understood"),
        ("mysql://root@localhost/x", "not supported"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("postgresql://watcher:s3cret@127.0.0.1:1/watcher", "does not answer"),
    ],
)
def test_an_address_that_cannot_be_used_is_told(url: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as raised:
        Store.open(url)
    assert "s3cret" not in f"{raised.value} {raised.value.help} {raised.value.__cause__}"


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "watcher.sqlite"
    path.write_text("This is a letter to my aunt. " * 200)
    with pytest.raises(StoreError, match="damaged, or is not a database"):
        Store.open(f"sqlite:///{path}")
    assert path.read_text().startswith("This is a letter")


def test_a_damaged_database_is_told_when_it_is_met(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "watcher.sqlite"
    shutil.copy(sqlite_template, path)
    url = f"sqlite:///{path}"
    store = Store.open(url)
    pulled(store, *[post(f"p{n}", "x" * 500) for n in range(1200)])
    store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 2))
    damaged = Store.open(url)
    with pytest.raises(StoreError, match="damaged"):
        damaged.posts_after(0, 2000)
    damaged.close()


def test_a_folder_that_does_not_exist_yet_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "watcher.sqlite"
    Store.open(f"sqlite:///{path}").close()
    assert path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="only Linux has /proc")
def test_a_folder_nobody_may_write_to_is_told() -> None:
    with pytest.raises(StoreError, match="cannot be"):
        Store.open("sqlite:////proc/watcher.sqlite")
    with pytest.raises(StoreError, match="folder of the database cannot be made"):
        Store.open("sqlite:////proc/a/watcher.sqlite")


@contextmanager
def as_somebody_whom_permissions_bind() -> Iterator[None]:
    """Act as `nobody` where the tests run as root, who may write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def test_a_read_only_folder_is_told(sqlite_template: Path) -> None:
    # Not in tmp_path, which only its owner may enter.
    with TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(sqlite_template, folder / "watcher.sqlite")
        (folder / "watcher.sqlite").chmod(0o666)
        folder.chmod(0o555)
        with (
            as_somebody_whom_permissions_bind(),
            pytest.raises(StoreError, match="read-only for this user"),
        ):
            Store.open(f"sqlite:///{folder / 'watcher.sqlite'}")
        folder.chmod(0o700)


def test_opening_an_up_to_date_database_does_not_wait_for_a_writer(
    tmp_path: Path, sqlite_template: Path
) -> None:
    path = tmp_path / "watcher.sqlite"
    shutil.copy(sqlite_template, path)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    store = Store.open(f"sqlite:///{path}")
    assert store.count_posts() == 0
    store.close()
    writer.close()


def test_what_was_saved_is_on_disk_and_references_are_kept(
    tmp_path: Path, sqlite_template: Path
) -> None:
    path = tmp_path / "watcher.sqlite"
    shutil.copy(sqlite_template, path)
    store = Store.open(f"sqlite:///{path}")
    with store.reading() as connection:
        asked = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    store.close()
    full = 2
    assert asked == ["wal", full, 1, 30_000]


def test_alembic_is_not_loaded_where_nothing_is_to_upgrade(
    tmp_path: Path, sqlite_template: Path
) -> None:
    path = tmp_path / "watcher.sqlite"
    shutil.copy(sqlite_template, path)
    code = (
        "import sys; from watcher.store import Store; "
        f"Store.open('sqlite:///{path}').close(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path.cwd()).returncode == 0
