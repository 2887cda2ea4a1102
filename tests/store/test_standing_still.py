"""Who is suspended in the middle of writing, as with its whole machine: others go on."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import timedelta
from multiprocessing.queues import Queue
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Connection, text

from tests.store.samples import NOON, page, post
from watcher.store import Store, StoreError, copying, database, log_reading
from watcher.store.database import take_writers_lock
from watcher.store.log import _hold_cursor

pytestmark = pytest.mark.server


@contextmanager
def append(store: Store) -> Iterator[Connection]:
    with store._appending(takes_away=False) as connection:
        _hold_cursor(connection, "town", "1")
        yield connection


@contextmanager
def claim(store: Store) -> Iterator[Connection | None]:
    with store.claim("w", 9, NOON) as claimed:
        if claimed is None:
            yield None
            return
        with claimed.writing() as connection:
            yield connection


HOLDS: dict[str, Callable[[Store], AbstractContextManager[Connection | None]]] = {
    "the writers' lock": Store.writing,
    "a lock beside it": lambda store: store.writing_aside(7),
    "a source's cursor": append,
    "a partition of the log": claim,
}


@pytest.fixture
def logging(postgres_url: str) -> Iterator[Store]:
    """A store with a post in its log."""
    with closing(Store.open(postgres_url)) as store:
        store.append("town", None, page(post("p1")), NOON)
        yield store


def longest_pause(connection: Connection | None) -> str:
    assert connection is not None
    return str(connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar())


def test_who_writes_may_pause_for_a_minute_and_who_matches_for_ten(logging: Store) -> None:
    told = {}
    for name, hold in HOLDS.items():
        with hold(logging) as connection:
            told[name] = longest_pause(connection)
    assert told == dict.fromkeys(HOLDS, "1min") | {"a partition of the log": "10min"}


def test_who_saves_what_was_matched_may_pause_as_long_as_all_who_write(logging: Store) -> None:
    with claim(logging) as connection:
        assert connection is not None
        take_writers_lock(connection)
        assert longest_pause(connection) == "1min"


def test_who_reads_may_pause_for_as_long_as_the_server_likes(logging: Store) -> None:
    with logging.reading() as connection:
        assert longest_pause(connection) == "0"


def test_a_copy_may_take_as_long_as_it_likes(
    logging: Store, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del logging
    monkeypatch.setattr(database, "_WRITERS_PAUSE", timedelta(milliseconds=300))
    naps = iter([0.5])
    target = f"sqlite:///{tmp_path / 'watcher.sqlite'}"
    copied = copying.copy(postgres_url, target, NOON, lambda *_: time.sleep(next(naps, 0)))
    assert copied.of("log") == 1


def stand_still(url: str, what: str, told: "Queue[str]") -> None:
    """Be suspended while something is held that is lost after a second; say what came of it."""
    database._WRITERS_PAUSE = log_reading.MATCHING = timedelta(seconds=1)
    with closing(Store.open(url)) as store:
        try:
            with HOLDS[what](store) as connection:
                assert connection is not None
                os.kill(os.getpid(), signal.SIGSTOP)
                take_writers_lock(connection)
            told.put("went through")
        except StoreError as error:
            told.put(f"{error} {error.help}")


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.drill
@pytest.mark.parametrize("what", HOLDS)
def test_what_a_suspended_process_holds_goes_to_others(
    logging: Store, postgres_url: str, what: str
) -> None:
    def is_had() -> bool:
        with HOLDS[what](logging) as connection:
            return connection is not None

    context = multiprocessing.get_context("spawn")
    told: Queue[str] = context.Queue()
    process = context.Process(target=stand_still, args=(postgres_url, what, told))
    process.start()
    suspended = psutil.Process(process.pid)
    try:
        until(lambda: suspended.status() == psutil.STATUS_STOPPED)
        until(is_had)
        assert suspended.status() == psutil.STATUS_STOPPED
    finally:
        suspended.resume()
    said = told.get(timeout=60)
    process.join()
    assert "stood still for so long that the database server took it for lost" in said
    assert "Nothing was half saved" in said
