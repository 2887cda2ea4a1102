"""Whatever happens to the index, `catch_up` makes it whole: nothing missing, nothing twice."""

import errno
import importlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rules.language import parse
from tests.search_samples import MINUTE, NOON, Shelf, found, post, rids_held
from watcher.search import FolderIndex, SearchError, disk

whoosh = disk.whoosh  # imported there, where its warnings are kept quiet
writing = importlib.import_module("whoosh.writing")

# What fails leaves Whoosh's files open until they are collected.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test here cuts the power, so none needs to wait for the disk."""
    monkeypatch.setattr(disk, "_flush", lambda _path: None)


class Crash(BaseException):
    """The process ends here."""


def shelf(count: int = 30, first_rid: int = 99_990) -> Shelf:
    return Shelf([post(f"acme {n}", NOON + n * MINUTE) for n in range(count)], first_rid=first_rid)


def assert_whole(index: FolderIndex, store: Shelf) -> None:
    assert rids_held(index) == sorted(store.posts)
    expected = sorted(store.posts.values(), key=lambda one: one.posted_at, reverse=True)
    assert found(index, store, "acme", limit=9_999) == [one.text for one in expected]
    assert index.lag(store) == 0


BOUNDARIES: list[tuple[type, str]] = [
    (writing.SegmentWriter, "add_document"),
    (writing.SegmentWriter, "add_reader"),
    (writing.SegmentWriter, "commit"),
    (writing.SegmentWriter, "_finalize_segment"),
    (writing.SegmentWriter, "_commit_toc"),
    (writing.SegmentWriter, "_finish"),
    (whoosh.codec.whoosh3.W3PerDocWriter, "close"),
    (whoosh.codec.whoosh3.W3FieldWriter, "close"),
    (whoosh.index.TOC, "write"),
    (whoosh.filedb.filestore.FileStorage, "create_file"),
    (whoosh.filedb.filestore.FileStorage, "rename_file"),
    (whoosh.filedb.filestore.FileStorage, "delete_file"),
    (Path, "rename"),
    (shutil, "rmtree"),
]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("boundary", BOUNDARIES, ids=lambda pair: f"{pair[0].__name__}.{pair[1]}")
@pytest.mark.parametrize("error", [Crash(), OSError(errno.ENOSPC, "No space left on device")])
def test_a_crash_at_any_call_loses_nothing_and_doubles_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    boundary: tuple[Any, str],
    after: bool,
    error: BaseException,
) -> None:
    monkeypatch.setattr(disk, "FAN", 2)
    store = shelf(14, first_rid=99_994)
    owner, name = boundary
    real = getattr(owner, name)
    for count in itertools.count(1):
        folder = tmp_path / str(count)
        index = FolderIndex.open(folder)
        calls = itertools.count(1)

        def failing(*args: Any, calls: Iterator[int] = calls, at: int = count, **more: Any) -> Any:
            if next(calls) != at:
                return real(*args, **more)
            if after:
                real(*args, **more)
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(owner, name, failing)
            with suppress(Crash, SearchError):
                index.catch_up(store, batch=4)
        same, fresh = index, FolderIndex.open(folder)
        for one in (same, fresh):
            one.catch_up(store, batch=4)
            assert_whole(one, store)
        if next(calls) <= count or count == 4:
            break


def test_a_full_disk_is_told_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = shelf()
    index = FolderIndex.open(tmp_path / "index")
    index.catch_up(store)
    store.put(post("acme more", NOON - MINUTE))

    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(whoosh.filedb.structfile.StructFile, "write", full)
        for _ in range(3):
            with pytest.raises(SearchError, match="No space left") as told:
                index.catch_up(store)
            assert "room on the disk" in told.value.help
            assert len(found(index, store, "acme", limit=99)) == 30
    index.catch_up(store)
    assert_whole(index, store)


def test_a_really_full_disk_too(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", disk], check=False
    )
    if mounted.returncode:
        pytest.skip("this machine does not let us mount a small disk")
    try:
        store = shelf(1_500, first_rid=1)
        index = FolderIndex.open(disk / "index")
        with pytest.raises(SearchError, match="No space left"):
            index.catch_up(store, batch=100)
        before = index.documents()
        assert len(found(index, store, "acme", limit=9999)) == before
        subprocess.run(["mount", "-o", "remount,size=20m", disk], check=True)
        index.catch_up(store, batch=100)
        assert_whole(index, store)
        index.close()
        del index
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def _truncate(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])


def _garble(path: Path) -> None:
    size = path.stat().st_size
    path.unlink()
    path.write_bytes(bytes((n * 37 + 11) % 251 for n in range(size)))


def _empty(path: Path) -> None:
    path.unlink()
    path.touch()


HARMS = [
    (harm, suffix)
    for harm in (_truncate, _garble, _empty, Path.unlink)
    for suffix in (".toc", ".trm", ".pst", ".place.col", ".posted.col")
    # Other times are as good as the true ones: nothing tells them apart.
    if (harm, suffix) != (_garble, ".posted.col")
]


@pytest.mark.parametrize(("harm", "suffix"), HARMS)
@pytest.mark.parametrize("number", [0, 1])
def test_damaged_files_are_noticed_and_built_again(
    tmp_path: Path, harm: Callable[[Path], None], suffix: str, number: int
) -> None:
    store = shelf()
    FolderIndex.open(tmp_path).catch_up(store, batch=5)
    for path in sorted(tmp_path.glob(f"{number:06d}-*/*{suffix}"))[:1]:
        harm(path)
    index = FolderIndex.open(tmp_path)
    with suppress(SearchError):  # where the harm is not noticed on the way
        found(index, store, "acme", limit=99)
    index.catch_up(store)
    assert_whole(index, store)
    assert index.notes
    again = FolderIndex.open(tmp_path)
    assert again.catch_up(store) == 0
    assert again.notes == ()


def test_a_commit_is_on_the_disk_before_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    events: list[str] = []
    real_fsync, real_rename = os.fsync, os.rename

    def fsync(descriptor: int) -> None:
        events.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        real_fsync(descriptor)

    def rename(old: str, new: str) -> None:
        events.append("rename")
        real_rename(old, new)

    index = FolderIndex.open(tmp_path)
    index.catch_up(shelf(5, first_rid=1))
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", rename)
    index.catch_up(shelf(6, first_rid=1))
    commit = events.index("rename")
    kinds = {Path(name).suffix for name in events[:commit]}
    assert {".trm", ".pst", ".col"} <= kinds
    assert any(".toc" in name for name in events[:commit])
    assert len(events) == commit + 2  # the folder itself


def test_damage_found_while_searching_is_mended_by_another_process(tmp_path: Path) -> None:
    store = shelf()
    FolderIndex.open(tmp_path).catch_up(store)
    for path in tmp_path.glob("000000-*/*.pst"):
        _garble(path)
    with pytest.raises(SearchError, match="damaged") as told:
        found(FolderIndex.open(tmp_path), store, "acme", limit=99)
    assert "No post is lost" in told.value.help
    service = FolderIndex.open(tmp_path)
    assert service.catch_up(store) == 10
    assert_whole(service, store)
    assert "was found damaged" in service.notes[0]


def test_a_partition_that_vanished_is_built_again(tmp_path: Path) -> None:
    store = shelf()
    FolderIndex.open(tmp_path).catch_up(store)
    for path in tmp_path.glob("000000-*"):
        shutil.rmtree(path)
    index = FolderIndex.open(tmp_path)
    assert index.catch_up(store) == 10
    assert_whole(index, store)
    assert "is missing" in index.notes[0]


def test_a_partition_with_fewer_posts_than_the_store_is_built_again(tmp_path: Path) -> None:
    store = shelf()
    index = FolderIndex.open(tmp_path)
    index.catch_up(store)
    store.put(post("acme late", NOON - MINUTE), at=99_000)
    store.put(post("acme latest", NOON - 2 * MINUTE), at=100_005 - 5)
    store.put(post("acme in between", NOON - 3 * MINUTE), at=99_001)
    again = FolderIndex.open(tmp_path)
    again.catch_up(store)
    assert rids_held(again) == sorted(store.posts)
    assert "holds 10 of 12 posts" in again.notes[0]


def test_another_database_under_the_same_index_is_noticed(tmp_path: Path) -> None:
    index = FolderIndex.open(tmp_path)
    index.catch_up(shelf(30, first_rid=1))
    restored = Shelf([post(f"acme other {n}", NOON - n * MINUTE) for n in range(20)])
    index = FolderIndex.open(tmp_path)
    index.catch_up(restored)
    assert_whole(index, restored)
    grown = Shelf([post(f"acme new {n}", NOON + timedelta(days=n)) for n in range(50)])
    index = FolderIndex.open(tmp_path)
    index.catch_up(grown)
    assert_whole(index, grown)


def test_what_another_version_wrote_is_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = shelf()
    with monkeypatch.context() as patched:
        patched.setattr("watcher.search.folder._version", lambda: "0" * 8)
        FolderIndex.open(tmp_path).catch_up(store)
    index = FolderIndex.open(tmp_path)
    assert index.documents() == 0
    index.catch_up(store)
    assert_whole(index, store)
    assert not list(tmp_path.glob("*-00000000*"))


def test_rebuilding_leaves_nothing_behind_and_answers_meanwhile(tmp_path: Path) -> None:
    store = shelf()
    index = FolderIndex.open(tmp_path)
    index.catch_up(store)
    other = FolderIndex.open(tmp_path)
    answers: list[int] = []
    index.rebuild(store, lambda *_: answers.append(len(found(other, store, "acme", limit=99))))
    assert answers == [30, 30]
    assert_whole(index, store)
    assert_whole(other, store)
    assert len(list(tmp_path.iterdir())) == 3  # two partitions and the lock


def test_posts_that_left_the_store_leave_the_index(tmp_path: Path) -> None:
    store = shelf()
    index = FolderIndex.open(tmp_path)
    index.catch_up(store)
    for rid in range(99_990, 100_000):  # all of partition 0
        del store.posts[rid]
    assert index.forget(store) == 10
    assert_whole(index, store)
    for rid in range(100_000, 100_008):  # a part of partition 1
        del store.posts[rid]
    assert len(found(index, store, "acme", limit=99)) == 12
    assert index.forget(store) == 8
    assert_whole(index, store)
    assert index.catch_up(store) == 0
    store.posts.clear()
    assert index.forget(store) == 12
    assert index.documents() == 0
    store.put(post("acme", NOON), at=100_100)
    assert index.catch_up(store) == 1
    assert_whole(index, store)


def test_a_few_forgotten_posts_are_not_found_and_cost_no_rebuilding(tmp_path: Path) -> None:
    store = shelf(100, first_rid=1)
    index = FolderIndex.open(tmp_path)
    index.catch_up(store)
    del store.posts[50]
    assert index.forget(store) == 0
    assert len(found(index, store, "acme", limit=200)) == 99
    assert FolderIndex.open(tmp_path).catch_up(store) == 0


def test_threads_search_while_one_catches_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "FAN", 3)
    store = Shelf()
    index = FolderIndex.open(tmp_path)
    known = 0
    problems: list[BaseException] = []
    done = threading.Event()

    def search() -> None:
        try:
            while not done.is_set():
                least = known
                texts = found(index, store, "acme", limit=10_000)
                assert len(texts) == len(set(texts))
                assert len(texts) >= least
        except BaseException as error:  # noqa: BLE001
            problems.append(error)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for n in range(40):
        store.put(*(post(f"acme {n} {m}", NOON + n * MINUTE) for m in range(5)))
        known += index.catch_up(store)
    done.set()
    for thread in threads:
        thread.join()
    assert not problems
    assert len(found(index, store, "acme", limit=10_000)) == 200


def test_only_one_process_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watcher.search.folder._PATIENCE", 0.0)
    store = shelf()
    index = FolderIndex.open(tmp_path)
    with index._folder.writing(), pytest.raises(SearchError, match="Another process"):
        FolderIndex.open(tmp_path).catch_up(store)
    assert FolderIndex.open(tmp_path).catch_up(store) == 30


WORKER = """
import sys
from pathlib import Path
from tests.test_search_crash import shelf
from watcher.search import FolderIndex, disk
disk.FAN = 3
disk._flush = lambda path: None
index = FolderIndex.open(Path(sys.argv[1]))
def said(done, total):
    print(f"{done} of {total}", flush=True)
    if done == 200:
        sys.stdin.read()  # nothing comes: however late the signal is, it finds work undone
index.catch_up(shelf(900, first_rid=99_500), batch=20, progress=said)
"""


@pytest.mark.drill
@pytest.mark.parametrize("round", range(2))
def test_a_process_killed_while_it_indexes_loses_nothing(tmp_path: Path, round: int) -> None:
    """Killed thrice: each time some batches further, while it works on the next one."""
    store = shelf(900, first_rid=99_500)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    before = 0
    for _ in range(3):
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        assert worker.stdin
        assert worker.stdout
        for _ in range(3 + round):
            assert b" of " in worker.stdout.readline()
        worker.send_signal(signal.SIGKILL)
        assert worker.wait() == -signal.SIGKILL, "it was still at work"
        worker.stdin.close()
        worker.stdout.close()
        index = FolderIndex.open(tmp_path)
        held = rids_held(index)
        assert before < len(held) < 900
        assert held == list(range(99_500, 99_500 + len(held)))
        assert len(found(index, store, "acme", limit=9_999)) == len(held)
        before = len(held)
    index.catch_up(store)
    assert rids_held(index) == sorted(store.posts)
    assert not index.search(parse("nothing"), store).hits
