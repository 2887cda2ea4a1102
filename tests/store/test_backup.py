"""Saving a database while others write into it, and putting it back."""

import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from types import FrameType
from typing import BinaryIO

import pytest
from sqlalchemy import create_engine, inspect, text

from tests.journeys.alert_world import World
from tests.store.moved import a_world, everything
from tests.store.samples import HOUR, NOON, page, post, pulled
from watcher import pipeline
from watcher.store import Store, StoreError, backup_postgresql, backup_sqlite
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


def killed(folder: Path, *ids: str) -> Path:
    """Return a database whose last posts are in its log only, as a killed service leaves it."""
    folder.mkdir()
    store = a_store(f"sqlite:///{folder / 'living'}", *ids)
    for suffix in ("", "-wal"):
        shutil.copyfile(folder / f"living{suffix}", folder / f"watcher.sqlite{suffix}")
    store.close()
    return folder / "watcher.sqlite"


def moved(old: Path, folder: Path) -> Path:
    """Copy a killed database into a folder of its own."""
    folder.mkdir()
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{old}{suffix}", folder / f"watcher.sqlite{suffix}")
    return folder / "watcher.sqlite"


def posts_in(file: Path) -> int:
    """Count the posts of a database that is there, and whole."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return int(opened.execute("SELECT count(*) FROM posts").fetchone()[0])


def asides(database: Path) -> list[Path]:
    """Return the databases that were put aside."""
    found = database.parent.glob(f"{database.name}.2*Z*")
    return [one for one in found if not one.name.endswith(("-wal", "-shm", "-journal"))]


def assert_nothing_is_lost(database: Path) -> bool:
    """Check that the old or the new one is whole at its path; return whether it is the new one."""
    if posts_in(database) == 3:
        return False
    assert posts_in(database) == 1
    assert [posts_in(one) for one in asides(database)] == [3]
    return True


def restore_as_far_as(line: int, saved: Path, database: Path) -> bool:
    """Restore in a process that is killed before a line; return whether it came to its end.

    The lines are counted from where the old database is first touched.
    """
    child = os.fork()
    if not child:
        lines = count(1)
        begun = False

        def step(frame: FrameType, event: str, _told: object) -> object:
            nonlocal begun
            begun = begun or frame.f_code is backup_sqlite._exchange.__code__
            if not begun or frame.f_code.co_filename != backup_sqlite.__file__:
                return None
            if event == "line" and next(lines) == line:
                os.kill(os.getpid(), signal.SIGKILL)
            return step

        sys.settrace(step)
        try:
            restore(saved, f"sqlite:///{database}", force=True)
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.drill
@pytest.mark.parametrize("links", [True, False])
def test_whoever_kills_a_restore_finds_the_old_or_the_new_one(
    links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    saved, old = killed(tmp_path / "saved", "p1"), killed(tmp_path / "old", "p2", "p3", "p4")
    exchanged = []
    for line in count(1):
        database = moved(old, tmp_path / str(line))
        ended = restore_as_far_as(line, saved, database)
        exchanged.append(assert_nothing_is_lost(database))
        if ended:
            break
    assert exchanged == sorted(exchanged)
    assert exchanged.count(False) > 20
    assert exchanged.count(True) > 3
    begun = tmp_path / str(line // 2) / "watcher.sqlite"
    restore(saved, f"sqlite:///{begun}", force=True)
    assert posts_in(begun) == 1


def no_links(*_names: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


CALLS = ("link", "replace", "fsync", "unlink", "open", "rename")


@pytest.mark.drill
@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("for_good", [False, True])
@pytest.mark.parametrize("damaged", [False, True])
def test_an_error_of_the_disk_leaves_the_old_or_the_new_one(
    links: bool, for_good: bool, damaged: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved, old = killed(tmp_path / "saved", "p1"), killed(tmp_path / "old", "p2", "p3", "p4")
    if damaged:
        old.write_bytes(b"no database")
        Path(f"{old}-wal").write_bytes(b"no log")
    for call in count(1):
        database = moved(old, tmp_path / str(call))
        with monkeypatch.context() as patched:
            disk = Failing(patched, call, for_good, links)
            try:
                restore(saved, f"sqlite:///{database}", force=True)
            except StoreError as error:
                told = f"{error} {error.help}"
            else:
                told = ""
        kept = [database, *asides(database)]
        if damaged:
            texts = {one: one.read_bytes() for one in kept}
            found = [one for one, text in texts.items() if text == b"no database"]
            assert database in found or Path(f"{found[0]}-wal").read_bytes() == b"no log"
            assert all(one in found or posts_in(one) == 1 for one in kept)
        else:
            found = [one for one in kept if posts_in(one) == 3]
            assert_nothing_is_lost(database)
        if told and not for_good:
            assert found == kept == [database]
            assert not Path(f"{database}.part").exists()
        assert not told or database in found or str(found[0]) in told
        if not disk.failed:
            break
    assert call > 10


class Failing:
    """A disk of which one call fails, or all from that one on."""

    def __init__(self, patched: pytest.MonkeyPatch, call: int, for_good: bool, links: bool) -> None:
        self.failed = False
        self._calls = count(1)
        self._bad = range(call, sys.maxsize) if for_good else range(call, call + 1)
        for name in CALLS:
            real = no_links if name == "link" and not links else getattr(os, name)
            patched.setattr(os, name, partial(self._call, real))

    def _call(self, real: Callable[..., object], *words: object, **named: object) -> object:
        if next(self._calls) in self._bad:
            self.failed = True
            raise OSError(errno.EIO, "Input/output error")
        return real(*words, **named)


def test_a_database_that_somebody_reads_is_not_replaced(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'watcher.sqlite'}"
    a_store(url, "p1").close()
    back_up(url, tmp_path / "saved")
    reader = a_store(url, "p2")
    with reader.reading() as connection:
        before = connection.execute(text("SELECT count(*) FROM posts")).scalar()
        with pytest.raises(StoreError, match="cannot be put aside: database is locked") as refused:
            restore(tmp_path / "saved", url, force=True)
        assert connection.execute(text("SELECT count(*) FROM posts")).scalar() == before == 2
    assert "end what has it open" in refused.value.help
    reader.close()
    assert stored(url)["posts"]
    assert asides(tmp_path / "watcher.sqlite") == []


def test_who_waited_for_the_old_one_writes_into_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "watcher.sqlite"
    url = f"sqlite:///{database}"
    a_store(url, "p1").close()
    back_up(url, tmp_path / "saved")
    a_store(url, "p2").close()
    waiting = sqlite3.connect(database, isolation_level=None, timeout=0)
    real = Path.replace

    def opened_before(part: Path, target: Path) -> Path:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            waiting.execute("PRAGMA journal_mode")
        return real(part, target)

    monkeypatch.setattr(Path, "replace", opened_before)
    aside = restore(tmp_path / "saved", url, force=True).aside
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        waiting.execute("PRAGMA journal_mode = WAL")
    waiting.close()
    assert aside
    assert (posts_in(database), posts_in(aside)) == (1, 2)


def test_what_lies_beside_a_damaged_database_never_meets_the_restored_one(tmp_path: Path) -> None:
    saved, old = killed(tmp_path / "saved", "p1"), killed(tmp_path / "old", "p2", "p3", "p4")
    old.write_bytes(b"no database of any kind" * 400)
    Path(f"{old}-wal").write_bytes(b"no log")
    aside = restore(saved, f"sqlite:///{old}", force=True).aside
    assert not Path(f"{old}-wal").exists()
    assert posts_in(old) == 1
    assert aside
    assert aside.read_bytes().startswith(b"no database")
    assert Path(f"{aside}-wal").read_bytes() == b"no log"


def test_the_log_of_a_database_that_was_removed_is_not_read_into_a_restored_one(
    tmp_path: Path,
) -> None:
    saved, old = killed(tmp_path / "saved", "p1"), killed(tmp_path / "old", "p2", "p3", "p4")
    old.unlink()
    assert restore(saved, f"sqlite:///{old}").aside is None
    assert posts_in(old) == 1


def test_a_link_to_the_database_stays_one(tmp_path: Path) -> None:
    database = killed(tmp_path / "large", "p2", "p3", "p4")
    link = tmp_path / "watcher.sqlite"
    link.symlink_to(database)
    aside = restore(killed(tmp_path / "saved", "p1"), f"sqlite:///{link}", force=True).aside
    assert link.readlink() == database
    assert posts_in(database) == posts_in(link) == 1
    assert aside
    assert aside.parent == database.parent
    assert posts_in(aside) == 3


def test_a_backup_that_cannot_be_brought_up_to_date_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved, old = killed(tmp_path / "saved", "p1"), killed(tmp_path / "old", "p2", "p3", "p4")

    def full(*_: object) -> None:
        raise StoreError("no room is left for the database")

    monkeypatch.setattr("watcher.store.database.is_up_to_date", lambda _: False)
    monkeypatch.setattr("watcher.store.database.upgrade", full)
    with pytest.raises(StoreError, match="no room is left"):
        restore(saved, f"sqlite:///{old}", force=True)
    assert posts_in(old) == 3
    assert asides(old) == []


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


@pytest.mark.server
def test_a_day_of_the_log_that_stands_by_itself_goes_with_the_rest(
    postgres_url: str, tmp_path: Path
) -> None:
    a_store(postgres_url, "p1").close()
    back_up(postgres_url, tmp_path / "saved")
    engine = create_engine(postgres_url)
    with engine.begin() as connection:  # who dropped it was killed after it was detached
        connection.execute(text("CREATE TABLE log_day_20260301 (LIKE log)"))
    restore(tmp_path / "saved", postgres_url, force=True)
    assert "log_day_20260301" not in inspect(engine).get_table_names()
    engine.dispose()


@pytest.mark.server
def test_what_another_program_built_on_our_tables_is_named_and_stays(
    postgres_url: str, tmp_path: Path
) -> None:
    a_store(postgres_url, "p1").close()
    back_up(postgres_url, tmp_path / "saved")
    a_store(postgres_url, "p2").close()
    before = stored(postgres_url)
    engine = create_engine(postgres_url)
    for made, told, dropped in (
        ("VIEW report AS SELECT count(*) FROM posts", "view report depends on", "VIEW report"),
        (
            "TABLE notes (post integer CONSTRAINT noted REFERENCES posts (rid))",
            "constraint noted on table notes depends on",
            "TABLE notes",
        ),
        (
            "TABLE own (); CREATE TRIGGER t AFTER UPDATE ON own EXECUTE FUNCTION refuse_change()",
            "trigger t on table own depends on",
            "TABLE own",
        ),
    ):
        with engine.begin() as connection:
            connection.execute(text(f"CREATE {made}"))
        with pytest.raises(StoreError, match=told) as refused:
            restore(tmp_path / "saved", postgres_url, force=True)
        assert "drop it" in refused.value.help
        assert stored(postgres_url) == before
        with engine.begin() as connection:
            connection.execute(text(f"DROP {dropped}"))  # it was there still
    engine.dispose()
    restore(tmp_path / "saved", postgres_url, force=True)
    assert len(stored(postgres_url)["posts"]) == 1


_FUNCTIONS = text(
    "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname LIKE 'refuse%' ORDER BY proname"
)
