"""Continuous workers, on a real Dask cluster and on one host: kept at work, and ended well."""

import contextlib
import os
import re
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from sqlalchemy import func, select

from rules.model import Account, Post
from tests.dask_servers import PATIENCE, Cluster, Host, Process, cluster
from watcher.backends.interface import Page
from watcher.scale.dask_crew import DaskCrew
from watcher.store import Store
from watcher.store.schema import matches, posts, queue, workers

pytestmark = [pytest.mark.server, pytest.mark.drill, pytest.mark.timeout(900)]

NOW = datetime.now(UTC)
PAGES = 40
PAGE = 250
CONFIG = """
data = "data"

[store]
url = "{url}"

[[brands]]
name = "Café Luna"

[[sources]]
name = "town"
kind = "mastodon"
server = "https://town.example"
enabled = false

[[channels]]
name = "daily"
kind = "email"
to = ["ann@example.org"]
at = "08:00"

[[rules]]
name = "luna"
find = "luna"
then = ["daily"]
"""
WORKS = r"worker (\d+) works: process (\d+)"


def page(number: int) -> Page:
    ids = range(number * PAGE, (number + 1) * PAGE)
    posts = tuple(
        Post(
            network="town",
            id=str(one),
            author=Account(network="town", id=str(one % 97), handle=f"ann{one % 97}"),
            text=f"{'Luna' if one % 3 == 0 else 'tea'} was cold, number {one}",
            posted_at=NOW,
        )
        for one in ids
    )
    return Page(posts=posts, cursor=str(number + 1), more=False)


@pytest.fixture
def folder(tmp_path: Path, postgres_url: str) -> Path:
    (tmp_path / "watcher.toml").write_text(CONFIG.format(url=postgres_url))
    return tmp_path


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    opened = Store.open(postgres_url)
    yield opened
    opened.close()


@pytest.fixture
def dask(folder: Path) -> Iterator[Cluster]:
    with cluster(folder) as made:
        yield made


def append(store: Store, first: int, behind: int) -> None:
    for number in range(first, behind):
        store.append("town", str(number) if number else None, page(number), NOW)


def drained(store: Store, run: Process) -> None:
    """Wait until nothing waits in the log."""
    until = time.monotonic() + PATIENCE
    while store.log_backlog():
        assert run.process.poll() is None, run.said()
        assert time.monotonic() < until, run.said()
        time.sleep(0.05)


def assert_everything_once(store: Store, pages: int = PAGES) -> None:
    with store.reading() as connection:
        stored = connection.execute(select(posts.c.id)).scalars().all()
        found = connection.execute(select(posts.c.id).join(matches)).scalars().all()
        told = connection.execute(select(func.count()).select_from(queue)).scalar()
    assert sorted(stored, key=int) == [str(one) for one in range(pages * PAGE)]
    expected = [str(one) for one in range(0, pages * PAGE, 3)]
    assert sorted(found, key=int) == expected
    assert told == len(expected)


def signed_in(store: Store) -> int:
    """Count the processes that have ever said that they work on the database."""
    with store.reading() as connection:
        return connection.execute(select(func.count()).select_from(workers)).scalar_one()


def is_gone(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def wait_until(reached: object) -> None:
    until = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_workers_on_a_cluster_drain_the_log_though_a_dask_worker_is_killed(
    dask: Cluster, store: Store
) -> None:
    run = dask.run("workers", "--engine", dask.engine, "-n", "2")
    placed = {int(found[1]): int(found[2]) for found in run.wait_for(WORKS, 2)}
    append(store, 0, PAGES // 2)
    wait_until(lambda: store.posts_after(0, 1) and signed_in(store) == 2)
    dask.workers[0].kill()
    append(store, PAGES // 2, PAGES)
    (_, _, again) = run.wait_for(WORKS, 3)
    wait_until(lambda: is_gone(placed[int(again[1])]))  # it went with its Dask worker
    drained(store, run)
    assert_everything_once(store)
    assert "2 workers stopped" in dask.call("workers", "--engine", dask.engine, "--stop")
    assert run.end() == 0
    wait_until(lambda: is_gone(int(again[2])))
    said = dask.call("workers")
    assert len(re.findall(r"\tleft\t", said)) == 3, said


def test_a_worker_whose_end_is_lost_with_its_dask_worker_is_kept_all_the_same(
    dask: Cluster, store: Store
) -> None:
    run = dask.run("workers", "--engine", dask.engine, "-n", "1")
    (first,) = run.wait_for(WORKS)
    run.process.send_signal(signal.SIGSTOP)  # the keeper hears all at once, and late
    host = host_of(dask, int(first[2]))
    os.kill(int(first[2]), signal.SIGKILL)
    wait_until(lambda: has_ended(dask))
    host.kill()
    wait_until(lambda: not has_ended(dask))  # it is under way on the other one
    run.process.send_signal(signal.SIGCONT)
    (_, second) = run.wait_for(WORKS, 2)
    os.kill(int(second[2]), signal.SIGKILL)
    run.wait_for(r"worker 1 ended \(killed by signal 9\); again in 1 s")
    run.wait_for(WORKS, 3)
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 0


def test_a_keeper_whose_workers_all_pause_is_stopped(dask: Cluster, store: Store) -> None:
    gone = str(Path("elsewhere") / "watcher.toml")
    run = dask.run("workers", "--engine", dask.engine, "--config", gone, "-n", "1")
    run.wait_for(r"there is no configuration .*; again in 8 s")
    stop = ("workers", "--engine", dask.engine, "--config", gone, "--stop")
    assert "0 workers stopped" in dask.call(*stop)
    assert run.end() == 0
    assert "nobody keeps workers there" in dask.call(*stop)


def test_a_worker_for_a_scheduler_that_went_just_now_waits_for_it(dask: Cluster) -> None:
    crew = DaskCrew(dask.engine, "watcher.toml")
    client = crew._client
    dask.scheduler.kill()
    wait_until(lambda: client.status == "closed")
    crew.start(1)
    (ended,) = crew.news(0)
    assert ended.number == 1
    assert "the Dask scheduler at" in ended.why
    crew.start(1)
    (ended,) = crew.news(0)
    assert ended.why == "no Dask scheduler answers"
    crew.stop()


def host_of(dask: Cluster, pid: int) -> Process:
    """The Dask worker that started a process."""
    (host,) = (
        one
        for one in dask.workers
        if any(
            child.pid == pid for child in psutil.Process(one.process.pid).children(recursive=True)
        )
    )
    return host


def has_ended(dask: Cluster) -> bool:
    """Whether the scheduler holds the end of a worker."""
    from distributed import Client

    def look(dask_scheduler: object) -> bool:
        return any(one.state == "memory" for one in dask_scheduler.tasks.values())

    with Client(f"tcp://127.0.0.1:{dask.port}", set_as_default=False) as client:
        return client.run_on_scheduler(look)


def test_workers_on_a_cluster_come_back_with_its_scheduler(dask: Cluster, store: Store) -> None:
    run = dask.run("workers", "--engine", dask.engine, "-n", "1")
    (first,) = run.wait_for(WORKS)
    dask.scheduler.kill()
    run.wait_for(r"the Dask scheduler at .* is gone")
    for worker in dask.workers:
        worker.end()
    wait_until(lambda: is_gone(int(first[2])))
    dask.restart_scheduler()
    dask.start_workers(1)
    run.wait_for(WORKS, 2)
    append(store, 0, 4)
    drained(store, run)
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 0
    assert_everything_once(store, 4)


def test_workers_of_one_host_are_started_again_and_stopped_from_elsewhere(
    folder: Path, store: Store
) -> None:
    host = Host(folder)
    try:
        run = host.run("workers", "-n", "2")
        first, second = (int(found[2]) for found in run.wait_for(WORKS, 2))
        append(store, 0, 10)
        os.kill(first, signal.SIGKILL)
        run.wait_for(r"worker 1 ended \(killed by signal 9\); again in 1 s")
        (*_, third) = run.wait_for(WORKS, 3)
        drained(store, run)
        busy = host.run("workers", "-n", "1")
        assert busy.end() == 1
        assert "places workers for the data in" in busy.said()
        assert "stopped" in host.call("workers", "--stop")
        assert run.end() == 0
        assert all(is_gone(one) for one in (first, second, int(third[2])))
        assert "nobody keeps workers here" in host.call("workers", "--stop")
        assert_everything_once(store, 10)
    finally:
        host.stop()


def test_a_killed_keeper_leaves_no_worker_behind(folder: Path, store: Store) -> None:
    host = Host(folder)
    try:
        run = host.run("workers", "-n", "2")
        pids = [int(found[2]) for found in run.wait_for(WORKS, 2)]
        run.process.kill()
        wait_until(lambda: all(is_gone(pid) for pid in pids))
    finally:
        host.stop()
