"""Workers and drivers are killed without warning; nothing is lost and nothing comes twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

from tests.scale.samples import BEGAN, Silent, as_line, work, write_lines, write_posts
from tests.tied import tied
from watcher.scale.driving import Asked, create, drive
from watcher.scale.engines import ATTEMPTS, Failed, Hands
from watcher.scale.local import LocalEngine
from watcher.scale.model import Shard, ShardResult
from watcher.scale.planning import plan
from watcher.scale.results import merged
from watcher.store import Store

pytestmark = pytest.mark.drill

TOML = """\
data = "data"

[[brands]]
name = "Nordelia"

[[rules]]
name = "named"
find = "nordelia -job"
then = []

[[rules]]
name = "alike"
kind = "lookalike"
then = []
"""
PATIENCE = 60.0


def until(true: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait for something that must come true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)


def workers(of: int) -> list[psutil.Process]:
    """The processes at work for a driver: those below its fork server that compute."""
    with suppress(psutil.NoSuchProcess):
        return [
            one
            for one in psutil.Process(of).children(recursive=True)
            if "forkserver" in " ".join(one.cmdline()) and one.ppid() != of
        ]
    return []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration, and an archive that takes seconds."""
    (tmp_path / "watcher.toml").write_text(TOML)
    write_posts(tmp_path / "posts.jsonl", *range(12_000))
    return tmp_path


def command(folder: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        tied([sys.executable, "-m", "watcher", *words]),
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def said(folder: Path, *words: str) -> str:
    process = command(folder, *words)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, out
    return out


def findings(folder: Path, job: int) -> list[str]:
    store = Store.open(f"sqlite:///{folder / 'data' / 'watcher.sqlite'}")
    with closing(store):
        return [as_line(one) for one in merged(store.job_hits(job))]


BACKTEST = ("backtest", "watcher.toml", "posts.jsonl", "--engine", "local:2")


def test_a_driver_killed_again_and_again_loses_nothing(folder: Path) -> None:
    said(folder, *BACKTEST, "--shard-size", "1000")
    done, words = 0, [*BACKTEST, "--shard-size", "1000"]
    for _ in range(3):
        _kill_when_further(folder, command(folder, *words), done)
        done = _shards_done(folder)
        words = ["jobs", "resume", "2", "--engine", "local:2"]
    told = json.loads(said(folder, "jobs", "status", "2", "--json"))
    assert told["state"] == "broken off"
    before = {one["number"]: one["done"] for one in told["of_shards"] if one["done"]}
    assert len(before) == done >= 3
    said(folder, "jobs", "resume", "2", "--engine", "local:2")
    told = json.loads(said(folder, "jobs", "status", "2", "--json"))
    assert told["state"] == "done"
    after = {one["number"]: one["done"] for one in told["of_shards"]}
    assert before.items() <= after.items(), "a shard that was done was worked on again"
    assert findings(folder, 2) == findings(folder, 1)


def _kill_when_further(folder: Path, driver: "subprocess.Popen[str]", done: int) -> None:
    """Kill a driver when it has done another shard; its workers end with it."""
    until(lambda: driver.poll() is not None or _shards_done(folder) > done)
    hands = workers(driver.pid)
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    until(lambda: not any(one.is_running() for one in hands))


def _shards_done(folder: Path) -> int:
    path = folder / "data" / "watcher.sqlite"
    with closing(Store.open(f"sqlite:///{path}")) as store:
        return store.jobs()[0].done if len(store.jobs()) == 2 else 0


def test_workers_killed_again_and_again_lose_nothing(folder: Path) -> None:
    said(folder, *BACKTEST, "--shard-size", "500")
    driver = command(folder, *BACKTEST, "--shard-size", "500")
    killed: set[int] = set()
    for done in range(0, 12, 4):  # of 24; a shard is given up that loses three workers in a row
        until(lambda done=done: _shards_done(folder) >= done and _kill_another(driver, killed))
    out, _ = driver.communicate(timeout=PATIENCE)
    assert driver.returncode == 0, out
    assert "died, attempt 2 of 3" in out
    assert findings(folder, 2) == findings(folder, 1)


def _kill_another(driver: "subprocess.Popen[str]", killed: set[int]) -> bool:
    """Kill one of the driver's workers that was not killed yet; whether there was one."""
    assert driver.poll() is None, "it ended before all were killed"
    for one in workers(driver.pid):
        if one.pid not in killed:
            one.send_signal(signal.SIGKILL)
            killed.add(one.pid)
            return True
    return False


def test_cancel_ends_the_workers_in_the_midst_of_a_shard(folder: Path) -> None:
    write_posts(folder / "posts.jsonl", *range(100_000))
    driver = command(folder, *BACKTEST, "--shard-size", "50000")
    until(lambda: len(workers(driver.pid)) == 2)
    hands = workers(driver.pid)
    with closing(Store.open(f"sqlite:///{folder / 'data' / 'watcher.sqlite'}")) as store:
        store.cancel_job(1, BEGAN)
        until(lambda: not any(one.is_running() for one in hands))
        driver.communicate(timeout=PATIENCE)
    assert driver.returncode == 1
    assert json.loads(said(folder, "jobs", "status", "1", "--json"))["state"] == "cancelled"


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_who_asks_to_stop_leaves_a_job_that_goes_on(folder: Path, asked: signal.Signals) -> None:
    driver = command(folder, *BACKTEST, "--shard-size", "1000")
    until(lambda: len(workers(driver.pid)) == 2)
    driver.send_signal(asked)
    out, _ = driver.communicate(timeout=PATIENCE)
    assert driver.returncode == 1
    assert "job 1 is stopped: `watcher jobs resume 1` goes on with" in out
    assert "Traceback" not in out
    assert "leaked" not in out
    assert json.loads(said(folder, "jobs", "status", "1", "--json"))["state"] == "stopped"


def test_ctrl_c_twice_ends_at_once_and_leaves_no_worker(folder: Path) -> None:
    driver = command(folder, *BACKTEST, "--shard-size", "1000")
    until(lambda: len(workers(driver.pid)) == 2)
    hands = workers(driver.pid)
    while driver.poll() is None:  # again and again, at whatever it is by then
        driver.send_signal(signal.SIGINT)
        time.sleep(0.02)
    out, _ = driver.communicate(timeout=PATIENCE)
    assert driver.returncode in {1, -signal.SIGINT}
    assert "Traceback" not in out
    until(lambda: not any(one.is_running() for one in hands))
    said(folder, "jobs", "resume", "1", "--engine", "local:2")
    assert json.loads(said(folder, "jobs", "status", "1", "--json"))["state"] == "done"


class _Deadly(Silent):
    """Kills the worker of one shard each time."""

    def __init__(self, number: int) -> None:
        self.number, self.deaths = number, 0
        self.failed: list[Failed] = []

    def died(self, number: int, what: str) -> None:
        assert number == self.number
        self.deaths += 1

    def ended(self, ended: ShardResult | Failed) -> None:
        if isinstance(ended, Failed):
            self.failed.append(ended)


class _Fatal(Shard):
    """A shard that ends whoever unpacks it."""

    def __reduce__(self) -> tuple[Callable[[int], object], tuple[int]]:
        return os._exit, (9,)


class _WithPoison(LocalEngine):
    """An engine one of whose shards kills every worker."""

    def run(self, work, shards: Sequence[Shard], hands: Hands):  # type: ignore[no-untyped-def]
        poisoned = [
            _Fatal(**{name: getattr(one, name) for name in Shard.__dataclass_fields__})
            if one.number == 2
            else one
            for one in shards
        ]
        yield from super().run(work, poisoned, hands)


def test_a_shard_that_kills_every_worker_is_given_up_and_the_others_go_on(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "posts.jsonl", ['{"text": "Nordelia"}'] * 100)
    with closing(Store.open(f"sqlite:///{tmp_path / 'jobs.sqlite'}")) as store:
        asked = Asked(work=work(), to="store", rules="r", archives=("posts.jsonl",))
        job = create(store, asked, plan([str(path)], 20), BEGAN)
        watching = _Deadly(2)
        with closing(_WithPoison(2)) as engine:
            assert drive(store, job, engine, watching, lambda: BEGAN) == "failed"
        assert (store.job(job).done, store.job(job).failed) == (4, 1)
        assert watching.deaths == ATTEMPTS - 1
        assert [one.failures for one in watching.failed] == [ATTEMPTS]
        assert "was killed or broke down, 3 times" in store.job_shards(job)[1].error
        with closing(LocalEngine(1)) as engine:
            assert drive(store, job, engine, Silent(), lambda: BEGAN) == "done"
