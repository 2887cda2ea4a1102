"""Who keeps workers at work: what is started again, when, and what a cluster must be like."""

import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from watcher.scale import local_crew
from watcher.scale.engines import open_engine
from watcher.scale.model import ScaleError
from watcher.scale.placing import Ended, Keeper, Started


class Scripted:
    """A crew whose news come at given times; the clock moves only while it waits for them."""

    def __init__(self, *news: tuple[float, Started | Ended]) -> None:
        self.now = 0.0
        self.started: list[tuple[float, int]] = []
        self.stopped = False
        self._news = deque(news)

    def start(self, number: int) -> None:
        self.started.append((self.now, number))

    def news(self, seconds: float) -> Iterable[Started | Ended]:
        if self._news and self._news[0][0] <= self.now:
            return [self._news.popleft()[1]]
        self.now += seconds
        return []

    def stop(self) -> None:
        self.stopped = True

    def keep(self, count: int, until: float) -> list[str]:
        told: list[str] = []
        Keeper(self, count, told.append).keep(lambda: self.now >= until, lambda: self.now)
        return told


def test_a_worker_that_ends_is_started_again_after_pauses_that_grow_to_a_minute() -> None:
    starts = [0.0]
    for pause in (1, 2, 4, 8, 16, 32, 60, 60):
        starts.append(starts[-1] + pause)
    crew = Scripted(*((at, Ended(1, "exit code 1")) for at in starts))
    told = crew.keep(1, until=starts[-1] + 1)
    assert [at for at, _ in crew.started] == pytest.approx(starts)
    assert told[0] == "worker 1 ended (exit code 1); again in 1 s"
    assert crew.stopped


def test_a_worker_that_was_well_for_a_minute_is_started_again_at_once() -> None:
    crew = Scripted(
        (0, Ended(1, "x")),
        (1, Ended(1, "x")),
        (3, Started(1, "process 7")),
        (100, Ended(1, "killed by signal 9")),
    )
    told = crew.keep(1, until=105)
    assert "worker 1 ended (killed by signal 9); again in 1 s" in told


def test_one_worker_that_ends_leaves_the_others_alone() -> None:
    crew = Scripted((0, Started(1, "process 1")), (0, Started(2, "process 2")), (0, Ended(2, "x")))
    crew.keep(2, until=3)
    assert [number for _, number in crew.started] == [1, 2, 2]


def test_a_worker_that_moved_is_told_of() -> None:
    crew = Scripted((0, Started(1, "process 1 on a")), (0, Started(1, "process 2 on b")))
    assert crew.keep(1, until=1)[1] == "worker 1 works: process 2 on b (before: process 1 on a)"


def answers(**workers: dict[str, str | None]) -> dict[str, Any]:
    here = {"python": "3.11.7.final.0", "distributed": "2026.8.0", "brand-watcher": "0.1.0"}
    told = {name: {"packages": here | changed} for name, changed in workers.items()}
    scheduler = told.pop("scheduler", {"packages": here})
    return {"client": {"packages": here}, "scheduler": scheduler, "workers": told}


def test_a_cluster_that_runs_the_same_is_welcome() -> None:
    from watcher.scale.dask_cluster import check_versions

    check_versions(answers(a={"python": "3.11.9.final.0"}, scheduler={"brand-watcher": None}))


@pytest.mark.parametrize(
    ("who", "differs", "told"),
    [
        ("a", {"python": "3.12.1.final.0"}, "the worker a has Python 3.12, here it is 3.11"),
        ("a", {"brand-watcher": None}, "the worker a has brand-watcher not at all"),
        ("scheduler", {"distributed": "2025.1.0"}, "the scheduler has distributed 2025.1.0"),
    ],
)
def test_a_cluster_that_runs_something_else_is_refused_in_words(
    who: str, differs: dict[str, str | None], told: str
) -> None:
    from watcher.scale.dask_cluster import VersionsError, check_versions

    with pytest.raises(VersionsError, match=told) as raised:
        check_versions(answers(**{who: differs}))
    assert "on every host" in raised.value.help


@pytest.mark.parametrize(
    "engine", ["dask://", "dask://host", "dask://h:x", "dask://[h:1", "tls://h:1/x", "ftp://h:1"]
)
def test_what_names_no_scheduler_is_refused(engine: str) -> None:
    from watcher.scale.dask_cluster import scheduler_address

    with pytest.raises(ScaleError, match="names no Dask scheduler"):
        scheduler_address(engine)


def test_an_address_is_told_to_dask_in_its_own_way() -> None:
    from watcher.scale.dask_cluster import scheduler_address

    assert scheduler_address("dask://host:8786") == "tcp://host:8786"
    assert scheduler_address("tls://[::1]:8786") == "tls://[::1]:8786"


def test_where_dask_is_missing_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*sys.modules]:
        if name.startswith("watcher.scale.dask_"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ScaleError, match="Dask is not installed") as raised:
        open_engine("dask://host:8786")
    assert "[dask]" in raised.value.help


HOLDER = """
import sys
from pathlib import Path
from watcher.scale.local_crew import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_who_keeps_workers_here_is_stopped(tmp_path: Path) -> None:
    assert not local_crew.stop(tmp_path)
    with waiting(HOLDER, str(tmp_path)) as holder:
        with pytest.raises(ScaleError, match=f"process {holder.pid} places workers"):
            local_crew.alone(tmp_path).__enter__()
        assert local_crew.stop(tmp_path)
        assert holder.wait(20) == -signal.SIGTERM
    assert not local_crew.stop(tmp_path)


@pytest.mark.parametrize("mark", ["", " 1"])
def test_a_number_that_a_former_one_wrote_down_is_not_signalled(tmp_path: Path, mark: str) -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("here nothing tells two processes of one number apart")
    with local_crew.alone(tmp_path), waiting("print(1, flush=True); input()") as other:
        # As the one killed before left it, whose number another program has by now.
        (tmp_path / "workers.lock").write_text(f"{other.pid}{mark}")
        with pytest.raises(ScaleError, match="does not end"):
            local_crew.stop(tmp_path, 0.0)
        other.communicate("go on\n", 20)
        assert other.returncode == 0


def test_who_let_go_is_written_down_no_more(tmp_path: Path) -> None:
    with local_crew.alone(tmp_path):
        assert (tmp_path / "workers.lock").read_text().startswith(f"{os.getpid()} ")
    assert (tmp_path / "workers.lock").read_text() == ""


@contextmanager
def waiting(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process of its own that has said its first word."""
    with subprocess.Popen([sys.executable, "-c", program, *arguments], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()
