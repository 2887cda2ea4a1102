"""Two workers that are processes of their own give what one process gives, and leave when asked."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from tests.contracts.test_log_same_as_pages import Way, fill, opened, pages
from tests.servers import Postgres
from watcher import pipeline
from watcher.clock import utc_now

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 240


def worker(way: Way) -> subprocess.Popen[bytes]:
    path = str(way.app.config.path)
    return subprocess.Popen(
        [sys.executable, "-m", "watcher", "-c", path, "work"],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def until_worked_off(way: Way, workers: list[subprocess.Popen[bytes]]) -> None:
    end = time.monotonic() + PATIENCE
    while way.app.store.log_backlog():
        assert time.monotonic() < end, "the log is not worked off"
        assert all(one.poll() is None for one in workers)
        with suppress(subprocess.TimeoutExpired):
            workers[0].wait(0.05)


def until_signed_in(way: Way, workers: list[subprocess.Popen[bytes]]) -> None:
    end = time.monotonic() + PATIENCE
    while len(way.app.store.workers(way.app.clock())) < len(workers):
        assert time.monotonic() < end, "the workers do not come"
        with suppress(subprocess.TimeoutExpired):
            workers[0].wait(0.05)


@pytest.mark.drill
@pytest.mark.server
@pytest.mark.timeout(600)
def test_two_processes_at_once_give_what_pages_give_and_sign_off_when_told_to_stop(
    tmp_path: Path, postgres: Postgres
) -> None:
    some = pages(Random(3))
    plain = opened(tmp_path / "plain", f"sqlite:///{tmp_path / 'plain.sqlite'}", log=False)
    fill(plain, some, Random(3))
    wanted = plain.told()
    plain.app.close()
    name = f"processes_{os.getpid()}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    # What tells a rule once in six hours would tell it again by a clock months behind the workers'.
    way = opened(tmp_path / "log", postgres.url(name), log=True, clock=utc_now)
    store, now = way.app.store, way.app.clock()
    pipeline.match(way.app)  # the leader has been there
    workers = [worker(way), worker(way)]
    try:
        before: dict[str, str | None] = {}
        for at, (source, page) in enumerate(some):
            if at == len(some) // 3:
                until_signed_in(way, workers)
            store.append(source, before.get(source), page, now)
            before[source] = page.cursor
        until_worked_off(way, workers)
    finally:
        for one in workers:
            one.send_signal(signal.SIGTERM)
        said = [one.communicate(timeout=PATIENCE)[1] for one in workers]
    assert [one.returncode for one in workers] == [0, 0], said
    known = store.workers(now)
    assert [one.role for one in known] == ["works", "works"]
    assert all(one.stopped is not None for one in known)
    # Posts that came again are taken from the log too.
    assert sum(one.posts for one in known) >= len(wanted["posts"])
    for _ in range(2):
        pipeline.match(way.app)
    found = way.told()
    way.app.close()
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")
    for what in wanted:
        assert found[what] == wanted[what], what
