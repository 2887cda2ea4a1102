"""A real Dask cluster on loopback: its scheduler and workers as processes of their own."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.tied import tied

PATIENCE = 180
"""Seconds until a process must have said or done what it does in a few, on a busy machine too."""
DASK = str(Path(sys.prefix) / "bin" / "dask")


class Process:
    """A process in a group of its own, whose output is kept in a file."""

    def __init__(self, command: list[str], log: Path, env: dict[str, str], folder: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                tied(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=env,
                cwd=folder,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, pattern: str, count: int = 1) -> list[re.Match[str]]:
        """Wait until the output has a pattern so many times; return where."""
        until = time.monotonic() + PATIENCE
        while len(found := [*re.finditer(pattern, self.said())]) < count:
            assert self.process.poll() is None, f"ended before {pattern!r}:\n{self.said()}"
            assert time.monotonic() < until, f"never said {pattern!r}:\n{self.said()}"
            time.sleep(0.02)
        return found

    def end(self, patience: float = PATIENCE) -> int:
        """Wait for its end; return the exit code."""
        return self.process.wait(patience)

    def kill(self) -> None:
        """End it and all it started in its group, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Cluster:
    """A scheduler and workers, each of one thread and without a nanny: kill -9 is for good."""

    def __init__(self, folder: Path, *, scheme: str = "tcp", env: dict[str, str] | None = None):
        self._folder, self._scheme = folder, scheme
        # The settings of whoever runs the tests are none of theirs.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DASK_")}
        self.env = kept | (env or {}) | {"DASK_CONFIG": str(folder)}
        self.workers: list[Process] = []
        self._others: list[Process] = []
        self._started = 0
        self.scheduler = self._scheduler(0)
        (said,) = self.scheduler.wait_for(rf"Scheduler at:\s+{scheme}://127.0.0.1:(\d+)")
        self.port = int(said[1])

    @property
    def engine(self) -> str:
        """The address for `--engine`."""
        return f"{'tls' if self._scheme == 'tls' else 'dask'}://127.0.0.1:{self.port}"

    def start_workers(self, count: int) -> list[Process]:
        """Start workers, and wait until the scheduler knows them."""
        new = [self._worker() for _ in range(count)]
        for one in new:
            one.wait_for(r"Registered to:")
        self.workers += new
        return new

    def restart_scheduler(self) -> None:
        """Start a scheduler anew where the one before was."""
        self.scheduler.kill()
        self.scheduler = self._scheduler(self.port)
        self.scheduler.wait_for(r"Scheduler at:")

    def run(self, *arguments: str) -> Process:
        """Start `watcher` with arguments, in the folder and with the settings of the cluster."""
        self._started += 1
        command = [sys.executable, "-m", "watcher", *arguments]
        log = self._folder / f"watcher-{self._started}.log"
        process = Process(command, log, self.env, self._folder)
        self._others.append(process)
        return process

    def call(self, *arguments: str, code: int = 0) -> str:
        """Run `watcher` to its end; return what it wrote to standard output."""
        ended = subprocess.run(
            [sys.executable, "-m", "watcher", *arguments],
            capture_output=True,
            text=True,
            env=self.env,
            cwd=self._folder,
            timeout=PATIENCE,
        )
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended.stdout

    def stop(self) -> None:
        """End every process, however the test ended; fail where one that it started is left."""
        mine = [self.scheduler, *self.workers, *self._others]
        below = [
            child
            for one in mine
            if one.process.poll() is None
            for child in psutil.Process(one.process.pid).children(recursive=True)
        ]
        for one in mine:
            one.kill()
        gone, left = psutil.wait_procs(below, timeout=PATIENCE)
        for process in left:
            process.kill()
        assert not left, f"{left} outlived who started them; {len(gone)} did not"

    def _scheduler(self, port: int) -> Process:
        command = [DASK, "scheduler", "--host", "127.0.0.1", "--port", str(port)]
        return self._start("scheduler", [*command, "--protocol", self._scheme, "--no-dashboard"])

    def _worker(self) -> Process:
        address = f"{self._scheme}://127.0.0.1:{self.port}"
        command = [DASK, "worker", address, "--protocol", self._scheme, "--host", "127.0.0.1"]
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard"]
        place = ["--local-directory", str(self._folder / "dask")]
        return self._start("worker", [*command, *options, *place])

    def _start(self, name: str, command: list[str]) -> Process:
        self._started += 1
        log = self._folder / f"{name}-{self._started}.log"
        return Process(command, log, self.env, self._folder)


class Host(Cluster):
    """One host without Dask."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._started = folder, 0
        self.env = {**os.environ}
        self.workers, self._others = [], []

    def stop(self) -> None:
        """End what was started here."""
        for one in self._others:
            one.kill()


@contextlib.contextmanager
def cluster(folder: Path, workers: int = 2, **options: object) -> Iterator[Cluster]:
    """A running cluster for one test; every process of it is stopped at the end."""
    made = Cluster(folder, **options)
    try:
        made.start_workers(workers)
        yield made
    finally:
        made.stop()
