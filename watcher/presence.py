"""Who watches: one instance for each data folder and each database, and its sign of life.

The locks are the kernel's or the database server's: they go with the process, however that ends.
The sign of life is a file in the data folder for `watcher status` to read.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from rules.errors import WatcherError
from watcher.store import StoreError, lock_file, server_lock, shown_address

HEARTBEAT_EVERY = timedelta(seconds=10)


class BusyError(WatcherError):
    """Another instance works on the same data folder or the same database."""


class HeartbeatError(WatcherError):
    """`watcher status` cannot be told that the service is alive."""


def make_private(folder: Path) -> None:
    """Make a folder that only its owner may enter. Raises `StoreError` where that is impossible."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(
            f"the data folder {folder} cannot be made: {error.strerror}",
            help="choose another folder with `data = ...` in the configuration",
        ) from error


@contextmanager
def alone(data: Path, store_url: str) -> Iterator[None]:
    """Hold the data folder and the database for this process.

    `store_url` is the database's address in SQLAlchemy's form. Raises `BusyError` when another
    process holds one of the two, `StoreError` when the database cannot be reached.
    """
    make_private(data)
    with _locked(data / "watcher.lock", partial(_folder_busy, data)), database_held(store_url):
        yield


@contextmanager
def database_held(url: str) -> Iterator[None]:
    """Hold a database for this process. Raises `BusyError` where another one does."""
    file = lock_file(url)
    if file is not None:
        with _locked(file, partial(_database_busy, url)):
            yield
        return
    with server_lock(url) as leader:
        if leader:
            raise _database_led(url, leader)
        yield


@contextmanager
def _locked(file: Path, busy: Callable[[], BusyError]) -> Iterator[None]:
    lock = FileLock(file, blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise busy() from error
    except OSError as error:
        raise BusyError(
            f"the folder {file.parent} cannot be locked: {error.strerror}",
            help="make the folder writable for this user",
        ) from error
    try:
        yield
    finally:
        lock.release()


def _folder_busy(data: Path) -> BusyError:
    beat = last_heartbeat(data)
    known = beat and is_alive(beat, datetime.now(UTC))
    who = f"process {beat.pid}" if beat and known else "another process"
    return BusyError(
        f"{who} is already watching with the data in {data}",
        help="`watcher status` shows it; stop it first, or use another `data` folder",
    )


def _database_busy(url: str) -> BusyError:
    return BusyError(
        f"another process is already watching with the database {shown_address(url)}",
        help="one database serves one watcher: stop the other first, or name another database "
        "with [store] url",
    )


def _database_led(url: str, leader: str) -> BusyError:
    return BusyError(
        f"{leader} is already watching with the database {shown_address(url)}",
        help="it does every step by itself, and `watcher status` shows it; to do this by hand, "
        "stop each `watcher run` on this database first, or name another one with [store] url",
    )


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """A sign of life that a running service leaves in its data folder."""

    pid: int
    started: datetime
    beat: datetime

    def leave(self, data: Path) -> None:
        """Write it. Raises `HeartbeatError`."""
        stored = {"pid": self.pid, "started": self.started, "beat": self.beat}
        try:
            (data / "service.json.new").write_text(json.dumps(stored, default=datetime.isoformat))
            (data / "service.json.new").replace(data / "service.json")
        except OSError as error:
            raise HeartbeatError(f"no sign of life can be written: {error.strerror}") from error


def last_heartbeat(data: Path) -> Heartbeat | None:
    """Return the last sign of life; None when no service runs or it was stopped with grace."""
    try:
        stored = json.loads((data / "service.json").read_text())
        return Heartbeat(
            pid=int(stored["pid"]),
            started=datetime.fromisoformat(stored["started"]),
            beat=datetime.fromisoformat(stored["beat"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_alive(beat: Heartbeat | None, now: datetime) -> bool:
    """Whether the last sign of life is recent."""
    return beat is not None and now - beat.beat < 4 * HEARTBEAT_EVERY


def sign_off(data: Path) -> None:
    """Take the sign of life away: the service stops because it was told to."""
    (data / "service.json").unlink(missing_ok=True)
