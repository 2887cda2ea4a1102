"""Nothing takes the place of a database on which somebody is at work, and no copy is made of it."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import OperationalError

from tests.store.conftest import Opened
from tests.store.moved import everything
from tests.store.samples import MINUTE, NOON
from watcher.store import Store, StoreError
from watcher.store.at_work import refuse_at_work
from watcher.store.backup import back_up, restore
from watcher.store.copying import copy
from watcher.store.database import open_engine, parse
from watcher.store.schema import workers

SECOND = timedelta(seconds=1)
Begin = Callable[[Store, timedelta, datetime], object]


def time_there(store: Store, given: datetime = NOON) -> datetime:
    """The time at the server; the given one for a file."""
    told = [given]
    store.ask_the_time(lambda now, _: told.append(now))
    return told[-1]


def at_work(store: Store, since: timedelta, now: datetime) -> None:
    """Have a process give its last sign of life some time ago."""
    store.sign_in("works", now - since, host="crow", pid=7)


def working_job(store: Store, since: timedelta, now: datetime) -> tuple[int, int]:
    """Have a driver of a job give its last sign of life some time ago."""
    job = store.create_job("backtest", "{}", ["shard"], now)
    return job, store.take_job(job, "crow:7", now - since)


@pytest.mark.server
@pytest.mark.parametrize("off", [-30 * MINUTE, 30 * MINUTE])
@pytest.mark.parametrize(
    ("begin", "told"), [(at_work, "process 7 on crow"), (working_job, r"job \d .* by crow:7")]
)
def test_on_a_server_signs_of_life_are_as_old_as_its_clock_says(
    postgres_url: str, begin: Begin, told: str, off: timedelta
) -> None:
    store = Store.open(postgres_url)
    there = time_there(store)
    begin(store, 120 * SECOND, there)
    refuse_at_work(postgres_url, there + off)
    begin(store, 5 * SECOND, there)
    with pytest.raises(StoreError, match=told):
        refuse_at_work(postgres_url, there + off)
    store.close()


def test_a_job_that_goes_on_holds_its_database(opened: Opened) -> None:
    url, store = opened
    now = time_there(store)
    job, turn = working_job(store, 5 * SECOND, now)
    with pytest.raises(StoreError, match=f"job {job} is being worked on by crow:7") as refused:
        refuse_at_work(url, now)
    assert "every job" in refused.value.help
    store.end_job(job, turn, "stopped", now)
    refuse_at_work(url, now)


def test_a_job_whose_driver_was_killed_holds_it_for_a_minute(opened: Opened) -> None:
    url, store = opened
    now = time_there(store)
    working_job(store, 70 * SECOND, now)
    refuse_at_work(url, now)


def test_a_copy_is_refused_while_a_job_goes_on(opened: Opened, tmp_path: Path) -> None:
    url, store = opened
    now = time_there(store)
    working_job(store, 5 * SECOND, now)
    with pytest.raises(StoreError, match="job 1 is being worked on"):
        copy(url, f"sqlite:///{tmp_path}/copy.sqlite", now)
    assert not (tmp_path / "copy.sqlite").exists()


@pytest.mark.server
@pytest.mark.parametrize(
    ("begin", "told"), [(at_work, "process 7 on crow"), (working_job, r"job \d .* by crow:7")]
)
def test_who_began_after_it_was_looked_is_found_when_postgresql_is_restored(
    postgres_url: str, tmp_path: Path, begin: Begin, told: str
) -> None:
    store = Store.open(postgres_url)
    back_up(postgres_url, tmp_path / "saved")
    begin(store, timedelta(), time_there(store))
    before = everything(store)
    with pytest.raises(StoreError, match=told) as refused:
        restore(tmp_path / "saved", postgres_url, force=True)
    assert "stop `watcher run`" in refused.value.help
    assert everything(store) == before
    store.close()


@pytest.mark.server
def test_nobody_begins_to_work_while_a_copy_is_made(postgres_url: str, tmp_path: Path) -> None:
    Store.open(postgres_url).close()
    engine = open_engine(parse(postgres_url))
    late = {"id": "w", "host": "crow", "pid": 7, "role": "works", "started": NOON, "beat": NOON}
    tried = []

    def begin(_done: int, _all: int) -> None:
        tried.append(1)
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(OperationalError, match="lock timeout"):
                connection.execute(insert(workers).values(late))

    copy(postgres_url, f"sqlite:///{tmp_path}/copy.sqlite", NOON, begin)
    engine.dispose()
    assert tried


@pytest.mark.server
def test_who_begins_while_postgresql_is_restored_works_on_what_was_restored(
    postgres_url: str, tmp_path: Path
) -> None:
    store = Store.open(postgres_url)
    back_up(postgres_url, tmp_path / "saved")
    engine = open_engine(parse(postgres_url))

    def wait_for(table: str) -> None:
        """Wait until somebody waits for a table."""
        asked = text(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = to_regclass(:t)"
        )
        until = time.monotonic() + 30
        while True:
            with engine.connect() as connection:
                if connection.execute(asked, {"t": table}).scalar():
                    return
            assert time.monotonic() < until
            time.sleep(0.01)

    with ThreadPoolExecutor() as pool:
        with engine.begin() as reader:
            reader.execute(text("LOCK TABLE posts IN ACCESS SHARE MODE"))  # which holds it up
            restored = pool.submit(restore, tmp_path / "saved", postgres_url, force=True)
            wait_for("posts")
            begun = pool.submit(store.sign_in, "works", time_there(store))
            wait_for("workers")
        restored.result()
        worker = begun.result()
    assert [one.id for one in store.workers(time_there(store))] == [worker]
    engine.dispose()
    store.close()
