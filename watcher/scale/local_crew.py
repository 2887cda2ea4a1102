"""Continuous workers as processes of this host."""

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from watcher.scale.model import ScaleError
from watcher.scale.placing import Ended, Started
from watcher.scale.tether import GRACE, Child

_FILE: Final = "workers.lock"
_LOOK: Final = 0.1
_MOST: Final = 2**31 - 1


class LocalCrew:
    """Starts `watcher work` here."""

    def __init__(self, config: Path, *, begin: Callable[[str], Child] = Child) -> None:
        self._config = str(config)
        self._begin = begin
        self._children: dict[int, Child] = {}
        self._news: list[Started | Ended] = []

    def start(self, number: int) -> None:
        """Start a worker."""
        try:
            child = self._begin(self._config)
        except OSError as error:
            self._news.append(Ended(number, error.strerror or str(error)))
            return
        self._children[number] = child
        self._news.append(Started(number, f"process {child.pid}"))

    def news(self, seconds: float) -> Iterator[Started | Ended]:
        """Yield what happened, after a look for `seconds` where nothing did."""
        until = time.monotonic() + seconds
        while not self._news and time.monotonic() < until:
            self._look()
            if not self._news:
                time.sleep(_LOOK)
        found, self._news = self._news, []
        yield from found

    def stop(self) -> None:
        """Let every worker finish its batch; those that do not within the grace are killed."""
        for child in self._children.values():
            child.tell_to_stop()
        for child in self._children.values():
            child.stop()
        self._children.clear()

    def _look(self) -> None:
        for number, child in [*self._children.items()]:
            if child.ended():
                del self._children[number]
                self._news.append(Ended(number, child.why))


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Be the only one who places workers here for the data in a folder.

    Raises `ScaleError` where another process does.
    """
    file = os.open(_lock_file(data), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _taken(file):
            raise ScaleError(
                f"process {_holder(file) or '?'} places workers for the data in {data} already",
                help="`watcher workers --stop` stops it and its workers",
            )
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()} {_began(os.getpid())}".encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(file, 0)
    finally:
        os.close(file)


def stop(data: Path, seconds: float = GRACE + 10) -> bool:
    """Stop who places workers here, and its workers; whether there was anybody.

    Raises `ScaleError` where it does not end within so many seconds.
    """
    file = os.open(_lock_file(data), os.O_RDWR | os.O_CREAT, 0o600)
    told: int | None = None
    try:
        if _taken(file):
            return False
        until = time.monotonic() + seconds
        while True:
            # Whoever took the lock just now may not have written who it is yet.
            if (pid := _holder(file)) is not None and pid != told:
                told = pid
                with suppress(ProcessLookupError):  # it ended just now
                    os.kill(pid, signal.SIGTERM)
            if _taken(file):
                return True
            if time.monotonic() > until:
                raise ScaleError(f"process {told or '?'}, which places the workers, does not end")
            time.sleep(_LOOK)
    except PermissionError as error:
        raise ScaleError(f"process {told} belongs to another user") from error
    finally:
        os.close(file)


def _lock_file(data: Path) -> Path:
    if not data.is_dir():
        raise ScaleError(f"there is no data folder {data}", help="`watcher run` makes it")
    return data / _FILE


def _taken(file: int) -> bool:
    """Take the lock, which goes with the process; whether it could be had."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(file: int) -> int | None:
    """Return who wrote itself down; None where that one is gone, whoever has its number now."""
    pid, _, began = os.pread(file, 100, 0).decode(errors="replace").partition(" ")
    if not (pid.isascii() and pid.isdigit() and 0 < int(pid) <= _MOST):
        return None
    return int(pid) if _began(int(pid)) == began else None


def _began(pid: int) -> str:
    """Return a mark that tells a process from others that had its number; empty without /proc.

    It is the 22nd field of `stat`, when it started (proc(5)); a name in brackets may hold anything.
    """
    try:
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return ""
    return status.rpartition(")")[2].split()[19]
