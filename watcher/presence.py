"""Who watches: one instance for each data folder, and the sign of life that it leaves there.

The lock is the kernel's: it goes with the process, however that ends. The sign of life is a file
for `watcher status` to read.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from rules.errors import WatcherError
from watcher.app import make_private

HEARTBEAT_EVERY = timedelta(seconds=10)


class BusyError(WatcherError):
    """Another instance works on the same data folder."""


class HeartbeatError(WatcherError):
    """`watcher status` cannot be told that the service is alive."""


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Hold the data folder for this process. Raises `BusyError` when another one holds it."""
    make_private(data)
    lock = FileLock(data / "watcher.lock", blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        beat = last_heartbeat(data)
        known = beat and is_alive(beat, datetime.now(UTC))
        who = f"process {beat.pid}" if beat and known else "another process"
        raise BusyError(
            f"{who} is already watching with the data in {data}",
            help="`watcher status` shows it; stop it first, or use another `data` folder",
        ) from error
    except OSError as error:
        raise BusyError(
            f"the data folder {data} cannot be locked: {error.strerror}",
            help="make the folder writable for this user",
        ) from error
    try:
        yield
    finally:
        lock.release()


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
