"""The ledger of batch jobs: a shard is done together with its hits, and only for one driver."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, func, select

from rules.model import Account
from watcher.store import NoSuchRecordError, Store
from watcher.store import jobs as ledger
from watcher.store.job_records import Found, ShardCounts
from watcher.store.jobs import OvertakenError
from watcher.store.schema import hits

NOW = datetime(2026, 3, 10, 7, 30, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)
COUNTS = ShardCounts(records=10, skipped=1, hits=2, notes=[("a.jsonl:3", "not JSON")])


def hit(subject: str, author: str = "town:zoe") -> Found:
    return "acme", subject, NOW, {"author_key": author, "text": "caf\u00e9 \ud83d\0"}


def begun(store: Store, shards: int = 3) -> tuple[int, int]:
    job = store.create_job("backtest", "{}", ["{}"] * shards, NOW)
    return job, store.take_job(job, "host:1", NOW)


def subjects(store: Store, job: int) -> list[tuple[int, str]]:
    return [(one.shard, one.subject) for one in store.job_hits(job)]


def test_a_shard_is_done_together_with_its_hits(store: Store) -> None:
    job, turn = begun(store)
    store.save_shard(job, turn, 2, COUNTS, [hit("town:1"), hit("town:2")], LATER)
    assert subjects(store, job) == [(2, "town:1"), (2, "town:2")]
    saved = store.job(job)
    assert (saved.done, saved.left, saved.records, saved.skipped, saved.hits) == (1, 2, 10, 1, 2)
    assert {type(one) for one in (saved.records, saved.skipped, saved.hits)} == {int}  # for JSON
    shard = store.job_shards(job)[1]
    assert shard.number == 2
    assert (shard.done, shard.notes) == (LATER, (("a.jsonl:3", "not JSON"),))


def test_what_fails_in_its_middle_leaves_nothing(store: Store) -> None:
    job, turn = begun(store)

    def breaking() -> list[Found]:
        yield hit("town:1")  # type: ignore[misc]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.save_shard(job, turn, 1, COUNTS, breaking(), LATER)
    assert subjects(store, job) == []
    assert store.job(job).done == 0


@pytest.fixture
def portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hits come and go by tens."""
    monkeypatch.setattr(ledger, "_PORTION", 10)


def test_others_write_while_the_hits_of_a_shard_come_in(store: Store, portions: None) -> None:
    job, turn = begun(store)
    other = store.create_job("backtest", "{}", ["{}"], NOW)

    def coming() -> Iterator[Found]:
        for number in range(25):
            yield hit(f"town:{number}")
            assert store.beat_job(job, turn, LATER + timedelta(seconds=number))
            assert subjects(store, job) == []

    store.save_shard(job, turn, 1, COUNTS, coming(), LATER)
    assert subjects(store, job) == [(1, f"town:{number}") for number in range(25)]
    assert store.cancel_job(other, LATER)


def test_a_driver_that_is_overtaken_amid_its_hits_brings_no_more(
    store: Store, portions: None
) -> None:
    job, first = begun(store)

    def coming() -> Iterator[Found]:
        for number in range(100):
            if number == 25:
                second = store.take_job(job, "other:2", LATER)
                store.save_shard(job, second, 1, COUNTS, [hit("town:new")], LATER)
            assert number < 40
            yield hit(f"town:{number}")

    with pytest.raises(OvertakenError):
        store.save_shard(job, first, 1, COUNTS, coming(), LATER)
    assert subjects(store, job) == [(1, "town:new")]
    assert store.job(job).done == 1


@contextmanager
def meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]
) -> Iterator[None]:
    """Let somebody else act between the first transaction and the second."""
    writing = store.writing
    before: list[int] = []

    @contextmanager
    def watched() -> Iterator[Connection]:
        before.append(1)
        if len(before) == 2:
            act()
        with writing() as connection:
            yield connection

    with monkeypatch.context() as patch:
        patch.setattr(store, "writing", watched)
        yield


def test_a_driver_that_is_overtaken_before_it_removes_hits_removes_none(
    store: Store, portions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, first = begun(store)

    def goes_on() -> None:
        monkeypatch.undo()
        monkeypatch.setattr(ledger, "_PORTION", 10)
        second = store.take_job(job, "other:2", LATER)
        store.save_shard(job, second, 1, COUNTS, [hit("town:new")], LATER)

    with meanwhile(store, monkeypatch, goes_on), pytest.raises(OvertakenError):
        store.save_shard(job, first, 1, COUNTS, [hit("town:old")], LATER)
    assert subjects(store, job) == [(1, "town:new")]
    assert store.job(job).done == 1


def test_a_job_that_somebody_goes_on_with_is_not_removed(
    store: Store, portions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, turn = begun(store)
    store.save_shard(job, turn, 1, COUNTS, [hit("town:old")], LATER)

    def goes_on() -> None:
        monkeypatch.undo()
        second = store.take_job(job, "other:2", LATER)
        store.save_shard(job, second, 1, COUNTS, [hit("town:new")], LATER)

    with meanwhile(store, monkeypatch, goes_on), pytest.raises(OvertakenError):
        store.remove_job(job)
    assert subjects(store, job) == [(1, "town:new")]


def test_a_job_whose_removal_breaks_off_has_found_nothing(
    store: Store, portions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, turn = begun(store)
    store.save_shard(job, turn, 1, COUNTS, [hit(f"town:{n}") for n in range(35)], LATER)
    removed: list[int] = []
    writing = store.writing

    @contextmanager
    def breaking() -> Iterator[Connection]:
        if len(removed) == 3:
            raise ZeroDivisionError
        with writing() as connection:
            yield connection
            left = connection.execute(select(func.count()).select_from(hits)).scalar_one()
            removed.append(35 - left)

    monkeypatch.setattr(store, "writing", breaking)
    with pytest.raises(ZeroDivisionError):
        store.remove_job(job)
    monkeypatch.setattr(store, "writing", writing)
    assert removed == [0, 10, 20]
    told = store.job(job)
    assert (told.state, told.done, told.left, told.hits) == ("cancelled", 0, 3, 0)
    assert subjects(store, job) == []
    store.remove_job(job)
    assert store.jobs() == ()


def test_a_shard_saved_again_takes_the_place_of_the_first(store: Store) -> None:
    job, turn = begun(store)
    for _ in range(2):
        store.save_shard(job, turn, 1, COUNTS, [hit("town:1"), hit("town:2")], LATER)
    assert subjects(store, job) == [(1, "town:1"), (1, "town:2")]


def test_a_driver_that_was_overtaken_saves_nothing(store: Store) -> None:
    job, first = begun(store)
    second = store.take_job(job, "other:2", LATER)
    with pytest.raises(OvertakenError):
        store.save_shard(job, first, 1, COUNTS, [hit("town:1")], LATER)
    with pytest.raises(OvertakenError):
        store.fail_shard(job, first, 1, "broken", 3)
    store.end_job(job, first, "done", LATER)
    assert not store.beat_job(job, first, LATER)
    assert store.beat_job(job, second, LATER)
    assert (store.job(job).state, store.job(job).by) == ("running", "other:2")


def test_a_cancelled_job_takes_no_more(store: Store) -> None:
    job, turn = begun(store)
    store.save_shard(job, turn, 1, COUNTS, [hit("town:1")], LATER)
    assert store.cancel_job(job, LATER)
    assert not store.beat_job(job, turn, LATER)
    with pytest.raises(OvertakenError):
        store.save_shard(job, turn, 2, COUNTS, [hit("town:2")], LATER)
    store.end_job(job, turn, "done", LATER)
    assert (store.job(job).state, subjects(store, job)) == ("cancelled", [(1, "town:1")])
    assert not store.cancel_job(job, LATER)


def test_a_new_turn_tries_again_what_failed(store: Store) -> None:
    job, turn = begun(store)
    store.fail_shard(job, turn, 3, "its file is gone", 3)
    store.end_job(job, turn, "failed", LATER)
    assert (store.job(job).failed, store.job_shards(job)[2].error) == (1, "its file is gone")
    store.take_job(job, "host:2", LATER)
    assert (store.job(job).failed, store.job_shards(job)[2].error) == (0, "")


def test_jobs_are_listed_newest_first(store: Store) -> None:
    for shards in (0, 2, 5):
        store.create_job("backtest", "{}", ["{}"] * shards, NOW)
    assert [job.shards for job in store.jobs()] == [5, 2, 0]
    assert [job.shards for job in store.jobs(limit=1)] == [5]


def test_a_job_is_removed_with_its_hits(store: Store) -> None:
    job, turn = begun(store)
    store.save_shard(job, turn, 1, COUNTS, [hit("town:1")], LATER)
    store.remove_job(job)
    assert subjects(store, job) == []
    for gone in (store.job, store.remove_job):
        with pytest.raises(NoSuchRecordError, match="no job"):
            gone(job)


def test_hits_are_read_in_steps(store: Store, portions: None) -> None:
    job, turn = begun(store)
    for number in (3, 1):
        some = [hit(f"town:{number}-{n}") for n in range(30 + number)]
        store.save_shard(job, turn, number, COUNTS, some, LATER)
    found = subjects(store, job)
    assert found == [(s, f"town:{s}-{n}") for s in (1, 3) for n in range(30 + s)]


def test_whoever_is_forgotten_is_in_no_hit(store: Store) -> None:
    job, turn = begun(store)
    some = [hit("town:1", "town:zoe"), hit("town:2", "town:ada"), hit("town:3", "x:9")]
    store.save_shard(job, turn, 1, COUNTS, some, LATER)
    store.keep_out("town", "zoe", LATER)
    assert subjects(store, job) == [(1, "town:2"), (1, "town:3")]
    assert Account(network="x", id="9", handle="h").key == "x:9"
