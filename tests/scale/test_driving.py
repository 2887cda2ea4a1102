"""A job goes on where it stopped, on both databases, and finds what it would have found at once."""

import json
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.scale.samples import BEGAN, Here, Silent, as_line, work, write_posts
from tests.store.conftest import Opened, opened, postgresql_opened, sqlite_opened, store
from watcher.scale import driving
from watcher.scale.driving import Asked, create, drive, finish, is_driven
from watcher.scale.engines import Ended, Failed, Hands, open_engine
from watcher.scale.model import Kind, ScaleError, Shard, ShardResult, Work
from watcher.scale.planning import plan
from watcher.scale.results import merged, open_results
from watcher.store import Store, StoreError
from watcher.store.copying import copy
from watcher.store.job_records import JobState

__all__ = ["opened", "postgresql_opened", "sqlite_opened", "store"]


def job_over(
    store: Store, *archives: Path, to: str = "store", kind: Kind = "backtest", size: int = 100
) -> int:
    asked = Asked(work=work(kind), to=to, rules="rules.toml", archives=tuple(map(str, archives)))
    return create(store, asked, plan([str(one) for one in archives], size), BEGAN)


def driven(store: Store, job: int, engine: Here | None = None) -> JobState:
    return drive(store, job, engine or Here(), Silent(), lambda: BEGAN)


def lines(store: Store, job: int, to: str = "store", kind: Kind = "backtest") -> list[str]:
    return [as_line(one) for one in merged(open_results(to, kind, store).hits(job))]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A thousand posts in about ten shards."""
    return write_posts(tmp_path / "posts.jsonl", *range(1000))


@pytest.mark.parametrize("place", ["store", "found.parquet"])
def test_a_job_that_broke_off_again_and_again_finds_the_same(
    store: Store, archive: Path, tmp_path: Path, place: str
) -> None:
    whole = job_over(store, archive)
    assert driven(store, whole) == "done"
    to = place if place == "store" else str(tmp_path / place)
    job = job_over(store, archive, to=to)
    worked: list[int] = []
    for expected in ("stopped", "stopped", "stopped", "done"):
        engine = Here(at_most=3)
        assert driven(store, job, engine) == expected
        worked += engine.done
    assert worked == list(range(1, 11))
    assert lines(store, job, to) == lines(store, whole)
    assert len(lines(store, job, to)) > 300
    assert store.job(job).hits == store.job(whole).hits


class _Breaking(Here):
    """An engine that is gone in the middle."""

    def run(self, work: Work, shards: Sequence[Shard], hands: Hands) -> Iterator[Ended]:
        for number, ended in enumerate(super().run(work, shards, hands)):
            if number == 4:
                raise ScaleError("the cluster is gone")
            yield ended


def test_when_the_engine_breaks_what_is_done_stays_done(store: Store, archive: Path) -> None:
    job = job_over(store, archive)
    with pytest.raises(ScaleError, match="the cluster is gone"):
        driven(store, job, _Breaking())
    assert (store.job(job).state, store.job(job).done) == ("stopped", 4)
    engine = Here()
    assert driven(store, job, engine) == "done"
    assert engine.done == list(range(5, 11))


class _Ahead(Here):
    """An engine that brings each shard twice, and the last ones first."""

    def run(self, work: Work, shards: Sequence[Shard], hands: Hands) -> Iterator[Ended]:
        yield from super().run(work, [*shards[5:], *shards], hands)


def test_shards_that_come_twice_and_in_another_order_change_nothing(
    store: Store, archive: Path
) -> None:
    one, other = job_over(store, archive), job_over(store, archive)
    driven(store, one)
    driven(store, other, _Ahead())
    assert lines(store, one) == lines(store, other)


def test_a_shard_whose_file_changed_fails_and_the_others_go_on(
    store: Store, archive: Path, tmp_path: Path
) -> None:
    second = write_posts(tmp_path / "later.jsonl", *range(2000, 2010))
    job = job_over(store, archive, second)
    octets = second.read_bytes()
    second.unlink()
    assert driven(store, job) == "failed"
    state = store.job(job)
    assert (state.done, state.failed, state.left) == (10, 1, 1)
    assert "cannot be read" in store.job_shards(job)[10].error
    second.write_bytes(octets)  # the same content, written later: not the file that was planned
    assert driven(store, job) == "failed"
    assert "has changed" in store.job_shards(job)[10].error


class _Cancelling(Silent):
    """Somebody cancels the job when its third shard is done."""

    def __init__(self, store: Store, job: int) -> None:
        self.store, self.job, self.seen = store, job, 0

    def ended(self, ended: ShardResult | Failed) -> None:
        self.seen += 1
        if self.seen == 3:
            self.store.cancel_job(self.job, BEGAN)


def test_a_cancelled_job_ends_and_keeps_what_it_found(store: Store, archive: Path) -> None:
    job = job_over(store, archive)
    watching = _Cancelling(store, job)
    assert drive(store, job, Here(), watching, lambda: BEGAN) == "cancelled"
    assert (store.job(job).done, watching.seen) == (3, 3)
    assert driven(store, job) == "done"


class _Removing(Silent):
    """Somebody cancels and removes the job when a shard of it is done."""

    def __init__(self, store: Store, job: int, at: int) -> None:
        self.store, self.job, self.at, self.seen = store, job, at, 0

    def ended(self, ended: ShardResult | Failed) -> None:
        self.seen += 1
        if self.seen == self.at:
            self.store.cancel_job(self.job, BEGAN)
            self.store.remove_job(self.job)


@pytest.mark.parametrize("at", [3, 10])
def test_a_job_that_is_removed_under_way_ends_as_cancelled(
    store: Store, archive: Path, at: int
) -> None:
    job = job_over(store, archive)
    assert drive(store, job, Here(), _Removing(store, job, at), lambda: BEGAN) == "cancelled"
    assert store.jobs() == ()


def test_a_job_whose_driver_went_before_it_could_end_it_is_ended_as_done(
    store: Store, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_over(store, archive)
    with monkeypatch.context() as gone:
        gone.setattr(store, "end_job", lambda *_: None)
        driven(store, job)
    assert (store.job(job).state, store.job(job).left) == ("running", 0)
    finish(store, job, BEGAN + timedelta(minutes=2))
    assert store.job(job).state == "done"
    store.take_job(job, "elsewhere:17", BEGAN)
    with pytest.raises(ScaleError, match="is being worked on by elsewhere:17"):
        finish(store, job, BEGAN)


def test_a_driver_that_saves_many_hits_gives_signs_of_life_meanwhile(
    store: Store, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving, "ASK_EVERY", 0.0)
    job = job_over(store, archive)
    times = (BEGAN + timedelta(seconds=n) for n in count())
    beats: list[datetime | None] = []
    save = store.save_shard

    def watched(*all_of: Any) -> None:
        *others, found, now = all_of
        seen = [(store.job(job).beat, one) for one in found]
        beats.extend(beat for beat, _ in seen)
        save(*others, [one for _, one in seen], now)

    monkeypatch.setattr(store, "save_shard", watched)
    drive(store, job, Here(), Silent(), lambda: next(times))
    assert len(set(beats)) == len(beats) > 1


def test_nobody_drives_a_job_that_another_one_drives(store: Store, archive: Path) -> None:
    job = job_over(store, archive)
    turn = store.take_job(job, "elsewhere:17", BEGAN)
    with pytest.raises(ScaleError, match="is being worked on by elsewhere:17"):
        driven(store, job)
    assert is_driven(store.job(job), BEGAN + timedelta(seconds=30))
    assert not is_driven(store.job(job), BEGAN + timedelta(minutes=2))
    assert store.beat_job(job, turn, BEGAN)


def test_a_number_that_another_program_bears_by_now_holds_no_job(
    store: Store, archive: Path
) -> None:
    job = job_over(store, archive)
    store.take_job(job, f"{socket.gethostname()}:{os.getppid()}", BEGAN)
    assert is_driven(store.job(job), BEGAN + timedelta(minutes=5))
    later = BEGAN + timedelta(hours=1)
    assert not is_driven(store.job(job), later)
    assert drive(store, job, Here(), Silent(), lambda: later) == "done"


class _Overtaking(Silent):
    """Somebody else takes the job over when its third shard is done."""

    def __init__(self, store: Store, job: int) -> None:
        self.store, self.job, self.seen = store, job, 0

    def ended(self, ended: ShardResult | Failed) -> None:
        self.seen += 1
        if self.seen == 3:
            self.store.take_job(self.job, "elsewhere:17", BEGAN)


def test_of_two_drivers_the_first_writes_no_more(store: Store, archive: Path) -> None:
    whole, job = job_over(store, archive), job_over(store, archive)
    driven(store, whole)
    watching = _Overtaking(store, job)
    assert drive(store, job, Here(), watching, lambda: BEGAN) == "running"
    assert (store.job(job).done, store.job(job).by) == (3, "elsewhere:17")
    later = BEGAN + timedelta(minutes=2)
    assert drive(store, job, Here(), Silent(), lambda: later) == "done"
    assert lines(store, job) == lines(store, whole)


def test_a_file_that_grows_meanwhile_fails_and_what_was_read_before_stays(
    store: Store, archive: Path
) -> None:
    class Growing(Silent):
        seen = 0

        def ended(self, ended: ShardResult | Failed) -> None:
            self.seen += 1
            if self.seen == 3:
                write_posts(archive, *range(1500))

    job = job_over(store, archive)
    assert drive(store, job, Here(), Growing(), lambda: BEGAN) == "failed"
    assert (store.job(job).done, store.job(job).failed) == (3, 7)
    assert "begin a new job for it" in store.job_shards(job)[3].error


def test_a_folder_of_results_belongs_to_one_job(
    store: Store, archive: Path, tmp_path: Path
) -> None:
    to = str(tmp_path / "found.parquet")
    first = job_over(store, archive, to=to)
    with pytest.raises(ScaleError, match=r"there is .* already"):
        job_over(store, archive, to=to)
    assert len(store.jobs()) == 1
    assert driven(store, first) == "done"


def test_of_two_jobs_begun_at_once_one_has_the_folder(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = open_results(str(tmp_path / "found.parquet"), "backtest", store)
    monkeypatch.setattr(Path, "exists", lambda _path: False)  # both looked before either made it
    results.begin()
    with pytest.raises(ScaleError, match=r"there is .* already"):
        results.begin()


def test_a_job_that_the_ledger_refuses_leaves_no_folder(
    store: Store, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise StoreError("the disk is full")

    to = tmp_path / "found.parquet"
    with monkeypatch.context() as patched:
        patched.setattr(store, "create_job", full)
        with pytest.raises(StoreError):
            job_over(store, archive, to=str(to))
    assert not to.exists()
    assert driven(store, job_over(store, archive, to=str(to))) == "done"


def test_a_copied_store_takes_its_jobs_along(opened: Opened, archive: Path, tmp_path: Path) -> None:
    address, store = opened
    job = job_over(store, archive)
    driven(store, job, Here(at_most=3))
    driven(store, job_over(store, archive))
    url = f"sqlite:///{tmp_path / 'copy.sqlite'}"
    copy(address, url, BEGAN)
    with closing(Store.open(url)) as other:
        assert (other.job(job).state, other.job(job).left) == ("stopped", 7)
        assert driven(other, job) == "done"
        assert lines(other, job) == lines(store, job + 1)
    assert store.job(job).left == 7


def test_an_account_in_several_shards_counts_once(store: Store, archive: Path) -> None:
    job = job_over(store, archive, kind="scan-accounts")
    assert driven(store, job) == "done"
    every = [one.subject for one in store.job_hits(job)]
    once = [one.subject for one in merged(store.job_hits(job))]
    assert len(every) == 10 * len(once)
    assert sorted(once) == sorted(set(every))


def test_a_parquet_folder_holds_what_the_store_would(
    store: Store, archive: Path, tmp_path: Path
) -> None:
    to = str(tmp_path / "found.parquet")
    job = job_over(store, archive, to=to, kind="scan-accounts")
    driven(store, job)
    other = job_over(store, archive, kind="scan-accounts")
    driven(store, other)
    assert lines(store, job, to, "scan-accounts") == lines(store, other, kind="scan-accounts")
    assert list(store.job_hits(job)) == []
    files = sorted(Path(to).iterdir())
    assert [one.name for one in files][:2] == ["shard-000001.parquet", "shard-000002.parquet"]
    assert {oct(one.stat().st_mode)[-3:] for one in files} == {"600"}


def test_nothing_to_do_is_told(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").touch()
    with pytest.raises(ScaleError, match="nothing in these archives"):
        job_over(store, tmp_path / "a.jsonl")


@pytest.mark.parametrize("to", ["found.csv", "s3://bucket/found.parquet", ""])
def test_a_place_that_cannot_be_is_told_before(store: Store, archive: Path, to: str) -> None:
    with pytest.raises(ScaleError, match="no place for results"):
        job_over(store, archive, to=to)


@pytest.mark.parametrize(
    "engine", ["local", "local:0", "local:9999", "local:x", "local:²", "local: 4", "ray://a", ""]
)
def test_an_engine_that_is_none_is_told(engine: str) -> None:
    with pytest.raises(ScaleError, match="no engine"):
        open_engine(engine)


def test_what_a_job_was_given_is_kept_whole() -> None:
    asked = Asked(
        work=work(since=BEGAN, until=BEGAN + timedelta(days=1)),
        to="store",
        rules="é.toml",
        archives=("a", "b"),
    )
    assert Asked.load(asked.dump()) == asked
    assert "then" not in json.loads(asked.dump())
