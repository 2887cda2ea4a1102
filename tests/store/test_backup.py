"""Saving a database while others write into it, and putting it back."""

import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import create_engine, inspect, text

from tests.journeys.alert_world import World
from tests.store.moved import a_world, everything
from tests.store.samples import HOUR, NOON, page, post, pulled
from watcher import pipeline
from watcher.store import Store, StoreError, backup_postgresql
from watcher.store.backup import back_up, restore
from watcher.store.copying import copy
from watcher.store.database import parse
from watcher.store.versions import HEAD


def stored(url: str) -> dict[str, list[tuple[object, ...]]]:
    store = Store.open(url, migrate=False)
    try:
        return everything(store)
    finally:
        store.close()


def a_store(url: str, *ids: str) -> Store:
    store = Store.open(url)
    pulled(store, *map(post, ids))
    return store


@contextmanager
def written_into(store: Store) -> Iterator[None]:
    """Have somebody write all the time, a page of posts after the other."""
    ended, begun = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            posts = [post(f"more-{number}-{one}") for one in range(5)]
            store.save_page("busy", page(*posts, cursor=str(number)), NOON)
            begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    begun.wait(20)
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_a_backup_is_of_one_moment_while_somebody_writes(empty_url: str, tmp_path: Path) -> None:
    store = a_store(empty_url, "p1")
    with written_into(store):
        made = back_up(empty_url, tmp_path / "saved")
        more = store.count_posts()
    assert made.octets == (tmp_path / "saved").stat().st_size > 0
    assert (tmp_path / "saved").stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir() if ".part" in one.name] == []
    store.close()
    restore(tmp_path / "saved", empty_url, force=True)
    store = Store.open(empty_url, migrate=False)
    found = store.count_posts()
    assert 6 <= found <= more + 5
    assert found % 5 == 1  # whole pages, and the cursor of the last of them
    (busy,) = (one for one in store.source_states() if one.name == "busy")
    assert busy.posts == found - 1
    store.close()


@pytest.mark.drill
@pytest.mark.parametrize("shared", [False, pytest.param(True, marks=pytest.mark.server)])
def test_elsewhere_the_watcher_goes_on_from_a_backup(
    shared: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    (tmp_path / "here").mkdir()
    world = a_world(tmp_path / "here")
    url = f"sqlite:///{tmp_path}/here/data/watcher.sqlite"
    there = f"sqlite:///{tmp_path}/there/watcher.sqlite"
    if shared:
        source, url = url, str(request.getfixturevalue("postgres_url"))
        copy(source, url, NOON + timedelta(days=9))
        there = _another(request, url)
    back_up(url, tmp_path / "saved")
    before = stored(url)
    assert restore(tmp_path / "saved", there).aside is None
    assert stored(there) == before
    world.app.store.close()
    world.app = replace(world.app, store=Store.open(there, migrate=False))
    told = {one.message_id for one in world.app.store.deliveries(limit=1000)}
    assert pipeline.pull(world.app, world.app.config.sources[0]).known == 0
    assert pipeline.match(world.app).posts == 0
    assert pipeline.deliver(world.app).sent == 0
    world.say("Nordelia after the move", "yan")
    world.now += 2 * HOUR
    assert one_new(world) > len(told)
    world.app.close()


def one_new(world: World) -> int:
    """Read one new post, and tell it; return how many messages there are."""
    assert pipeline.pull(world.app, world.app.config.sources[0]).new == 1
    pipeline.match(world.app)
    assert [one.channel for one in pipeline.plan(world.app) if one.mails] == ["now"]
    assert pipeline.deliver(world.app).sent == 2
    return len(world.app.store.deliveries(limit=1000))


def _another(request: pytest.FixtureRequest, url: str) -> str:
    """Make one more empty database on the server of a URL."""
    server = request.getfixturevalue("postgres")
    name = f"{parse(url).database}_there"
    server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    request.addfinalizer(lambda: server.execute(f"DROP DATABASE {name} WITH (FORCE)"))
    return str(server.url(name))


def test_what_is_there_is_left_alone(empty_url: str, tmp_path: Path) -> None:
    a_store(empty_url, "p1").close()
    back_up(empty_url, tmp_path / "saved")
    with pytest.raises(StoreError, match="there is a file already"):
        back_up(empty_url, tmp_path / "saved")
    store = a_store(empty_url, "p2")
    store.close()
    before = stored(empty_url)
    with pytest.raises(StoreError, match="is not empty") as refused:
        restore(tmp_path / "saved", empty_url)
    assert "--force" in refused.value.help
    assert stored(empty_url) == before


def test_with_force_what_was_there_is_replaced(empty_url: str, tmp_path: Path) -> None:
    a_store(empty_url, "p1").close()
    back_up(empty_url, tmp_path / "saved")
    store = a_store(empty_url, "p2", "p3")
    if empty_url.startswith("sqlite"):  # what was written last is not in the file itself yet
        shutil.copyfile(str(store._file), tmp_path / "killed.sqlite")
    store.close()
    done = restore(tmp_path / "saved", empty_url, force=True)
    store = Store.open(empty_url)
    assert store.count_posts() == 1
    store.save_page("square", page(post("p4"), cursor="3"), NOON)
    store.close()
    if empty_url.startswith("sqlite"):
        assert done.aside
        old = Store.open(f"sqlite:///{done.aside}")
        assert old.count_posts() == 3
        old.close()


def test_a_backup_of_the_other_kind_is_told(empty_url: str, tmp_path: Path) -> None:
    a_store(empty_url, "p1").close()
    other = tmp_path / "other"
    other.write_bytes(b"PGDMP" if empty_url.startswith("sqlite") else b"SQLite format 3\0")
    with pytest.raises(StoreError, match="is a backup of") as refused:
        restore(other, empty_url, force=True)
    assert "store copy" in refused.value.help
    other.write_bytes(b"something else")
    with pytest.raises(StoreError, match="no backup that the watcher can put back"):
        restore(other, empty_url, force=True)
    with pytest.raises(StoreError, match="cannot be read: No such file"):
        restore(tmp_path / "missing", empty_url)


def test_a_damaged_backup_changes_nothing(empty_url: str, tmp_path: Path) -> None:
    a_store(empty_url, *(f"p{number}" for number in range(500))).close()
    saved = tmp_path / "saved"
    back_up(empty_url, saved)
    whole = saved.read_bytes()
    before = stored(empty_url)
    third = len(whole) // 3
    for damaged in (whole[: 2 * third], whole[:third] + bytes(third) + whole[2 * third :]):
        saved.write_bytes(damaged)
        with pytest.raises(StoreError, match=r"damaged|failed"):
            restore(saved, empty_url, force=True)
        assert stored(empty_url) == before


def test_another_programs_file_and_a_half_copy_are_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'watcher.sqlite'}"
    with closing(sqlite3.connect(tmp_path / "other")) as other:
        other.execute("CREATE TABLE t (a)")
    a_store(f"sqlite:///{tmp_path / 'half'}", "p1").close()
    a_store(url, "p1", "p2").close()
    before = stored(url)
    with closing(sqlite3.connect(tmp_path / "half")) as half:
        half.execute("UPDATE watcher_version SET version_num = 'copying'")
        half.commit()
    shutil.copyfile(tmp_path / "half", tmp_path / "newer")
    with closing(sqlite3.connect(tmp_path / "newer")) as newer:
        newer.execute("UPDATE watcher_version SET version_num = '9999'")
        newer.commit()
    for name, told in (
        ("other", "other is damaged, or no database of the watcher"),
        ("half", "half copy"),
        ("newer", "newer than this program: .*newer has version 9999"),
    ):
        with pytest.raises(StoreError, match=told):
            restore(tmp_path / name, url, force=True)
    assert stored(url) == before
    assert [one.name for one in tmp_path.glob("watcher.sqlite.*")] == []


def test_what_lies_beside_a_file_is_restored_with_it(tmp_path: Path) -> None:
    store = a_store(f"sqlite:///{tmp_path / 'killed.sqlite'}", "p1", "p2")
    for suffix in ("", "-wal"):
        shutil.copyfile(tmp_path / f"killed.sqlite{suffix}", tmp_path / f"saved{suffix}")
    store.close()
    assert (tmp_path / "saved-wal").stat().st_size
    url = f"sqlite:///{tmp_path / 'watcher.sqlite'}"
    restore(tmp_path / "saved", url)
    store = Store.open(url, migrate=False)
    assert store.count_posts() == 2
    store.close()


def test_nothing_that_was_put_aside_is_overwritten(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'watcher.sqlite'}"
    a_store(url, "p1").close()
    back_up(url, tmp_path / "saved")
    asides = [restore(tmp_path / "saved", url, force=True).aside for _ in range(4)]
    assert len(set(asides)) == 4
    assert all(one and one.exists() for one in asides)


def test_a_file_that_appears_meanwhile_stays(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'watcher.sqlite'}"
    a_store(url, "p1").close()

    def appears(_done: int, _all: int) -> None:
        (tmp_path / "saved").write_text("somebody else's")

    with pytest.raises(StoreError, match="there is a file already"):
        back_up(url, tmp_path / "saved", appears)
    assert (tmp_path / "saved").read_text() == "somebody else's"
    assert not (tmp_path / "saved.part").exists()


def test_nothing_is_left_where_nothing_can_be_saved(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'watcher.sqlite'}"
    with pytest.raises(StoreError, match="there is no database"):
        back_up(url, tmp_path / "saved")
    a_store(url, "p1").close()
    with pytest.raises(StoreError, match="cannot be written"):
        back_up(url, tmp_path / "nowhere" / "saved")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["watcher.sqlite"]


PASSWORD = "pass word'\\"


def test_a_password_is_never_on_a_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def run(words: list[str], env: dict[str, str], **_: object) -> object:
        seen.update(words=words, env=env)
        return subprocess.CompletedProcess(words, 0, b"", b"")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(backup_postgresql.shutil, "which", lambda name: f"/bin/{name}")
    url = parse("postgresql://kim@db.acme.example:5433/watch?sslmode=verify-full")
    backup_postgresql._run("pg_dump", url.set(password=PASSWORD), "--format=custom")
    assert seen["env"]["PGPASSWORD"] == PASSWORD
    assert seen["words"] == [
        "/bin/pg_dump",
        "--dbname=host=db.acme.example dbname=watch user=kim port=5433 sslmode=verify-full",
        "--format=custom",
    ]


def test_several_hosts_reach_postgresqls_programs_as_they_are() -> None:
    words, _ = backup_postgresql._connection(
        parse("postgresql://kim@/watch?host=a:5432&host=b:5433")
    )
    assert words == ["--dbname=dbname=watch user=kim host=a,b port=5432,5433"]
    with pytest.raises(StoreError, match="says sslmode twice"):
        backup_postgresql._connection(
            parse("postgresql://kim@db/watch?sslmode=prefer&sslmode=verify-full")
        )


def test_a_secret_that_would_be_on_a_command_line_is_refused() -> None:
    with pytest.raises(StoreError, match="holds a secret") as refused:
        backup_postgresql._connection(parse("postgresql://db/watch?sslpassword=hidden"))
    assert "hidden" not in str(refused.value)


def test_without_postgresqls_programs_a_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_postgresql.shutil, "which", lambda _name: None)
    with pytest.raises(StoreError, match="pg_dump is not installed") as refused:
        backup_postgresql._run("pg_dump", None)
    assert "snapshots" in refused.value.help


@pytest.mark.server
def test_the_days_of_the_log_are_saved_and_replaced_too(postgres_url: str, tmp_path: Path) -> None:
    store = a_store(postgres_url, "p1")
    store.append("square", "1", page(post("logged"), cursor="2"), NOON)
    before = everything(store)
    assert before["log"]
    store.close()
    back_up(postgres_url, tmp_path / "saved")
    store = Store.open(postgres_url)
    store.append("square", "2", page(post("later"), cursor="3"), NOON + timedelta(days=1))
    store.close()
    restore(tmp_path / "saved", postgres_url, force=True)
    assert stored(postgres_url) == before
    store = Store.open(postgres_url)
    assert store.log_backlog() == 1
    store.append("square", "2", page(post("later"), cursor="3"), NOON + timedelta(days=1))
    assert store.log_backlog() == 2
    store.close()


@pytest.mark.server
def test_a_dump_of_something_else_changes_nothing(
    postgres_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    a_store(postgres_url, "p1").close()
    before = stored(postgres_url)
    engine = create_engine(_another(request, postgres_url))
    version = "CREATE TABLE watcher_version (version_num) AS VALUES "
    for statement, told in (
        ("CREATE TABLE customers (id int)", "no backup of the watcher"),
        ("CREATE TABLE watcher_version (version_num text)", "no backup of the watcher"),
        (f"{version} ('0001'), ('0002')", "no backup of the watcher"),
        (f"{version} ('9999')", "newer than this program: .* has version 9999"),
        (f"{version} ('copying')", "half copy"),
        (f"{version} ('{HEAD}')", "lacks tables"),
    ):
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE IF EXISTS watcher_version"))
            connection.execute(text(statement))
        other = f"--file={tmp_path / 'other'}"
        backup_postgresql._run("pg_dump", engine.url, "--format=custom", other)
        with pytest.raises(StoreError, match=told):
            restore(tmp_path / "other", postgres_url, force=True)
    assert stored(postgres_url) == before
    engine.dispose()


@pytest.mark.server
@pytest.mark.parametrize("ends", ["exit 1", "kill -9 $$"])
def test_a_restore_that_is_cut_off_changes_nothing(
    ends: str, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_store(postgres_url, "p1").close()
    before = stored(postgres_url)
    back_up(postgres_url, tmp_path / "saved")
    cut = tmp_path / "pg_restore"
    real = shutil.which("pg_restore")
    cut.write_text(
        f'#!/bin/sh\ncase $* in *--list*) exec {real} "$@";; esac\n'
        f'{real} "$@" | head -n 300\n{ends}\n'
    )
    cut.chmod(0o700)
    which = shutil.which
    monkeypatch.setattr(
        backup_postgresql.shutil,
        "which",
        lambda name: str(cut) if name == "pg_restore" else which(name),
    )
    with pytest.raises(StoreError, match="failed"):
        restore(tmp_path / "saved", postgres_url, force=True)
    assert stored(postgres_url) == before


@pytest.mark.server
def test_a_restore_that_is_interrupted_changes_nothing(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_store(postgres_url, "p1").close()
    before = stored(postgres_url)
    back_up(postgres_url, tmp_path / "saved")

    def interrupted(source: BinaryIO, target: BinaryIO) -> None:
        target.write(source.read(2000).rpartition(b";")[0] + b";")
        raise KeyboardInterrupt

    monkeypatch.setattr(backup_postgresql.shutil, "copyfileobj", interrupted)
    with pytest.raises(KeyboardInterrupt):
        restore(tmp_path / "saved", postgres_url, force=True)
    assert stored(postgres_url) == before


@pytest.mark.server
def test_tables_of_other_programs_stay(postgres_url: str, tmp_path: Path) -> None:
    a_store(postgres_url, "p1").close()
    before = stored(postgres_url)
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        functions = connection.execute(_FUNCTIONS).all()
        connection.execute(text("CREATE TABLE search_history AS SELECT 1 AS id"))
        connection.execute(text("CREATE TABLE search_0a1b2c3d AS SELECT 2 AS id"))
        connection.execute(text("CREATE FUNCTION theirs() RETURNS int LANGUAGE sql AS 'SELECT 1'"))
    back_up(postgres_url, tmp_path / "saved")
    listed = backup_postgresql._run("pg_restore", None, "--list", str(tmp_path / "saved")).decode()
    assert "search_" not in listed
    assert "theirs" not in listed
    restore(tmp_path / "saved", postgres_url, force=True)
    assert stored(postgres_url) == before
    with engine.begin() as connection:
        assert inspect(connection).has_table("search_history")
        assert not inspect(connection).has_table("search_0a1b2c3d")
        assert connection.execute(_FUNCTIONS).all() == functions
        assert len(functions) == 2
    engine.dispose()


_FUNCTIONS = text(
    "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname LIKE 'refuse%' ORDER BY proname"
)
