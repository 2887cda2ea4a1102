"""Who watches: one instance for each data folder, one leader for each database; its sign of life.

The locks are the kernel's or the database server's: they go with the process, however that ends.
The sign of life is a file in the data folder for `watcher status` to read; where several processes
share a database, each has a row there too.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from alerts.words.hostile import one_line
from rules.errors import WatcherError
from watcher.pulse import Pulse
from watcher.store import (
    BEAT_EVERY,
    Role,
    Store,
    StoreError,
    is_shared,
    lock_file,
    server_lock,
    shown_address,
)

HEARTBEAT_EVERY = timedelta(seconds=10)
_LOCK = "watcher.lock"
_LONGEST_LEADER = 200
_LONGEST_TROUBLE = 300


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
    busy = _leader_busy if is_shared(store_url) else _folder_busy
    with _locked(data / _LOCK, partial(busy, data, store_url)), database_held(store_url):
        yield


@contextmanager
def alone_in(data: Path) -> Iterator[None]:
    """Hold the data folder for this process. Raises `BusyError` when another one holds it."""
    make_private(data)
    with _locked(data / _LOCK, partial(_folder_busy, data)):
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
    except OSError as error:
        # A folder that takes no new file is taken for a lock that is held, which is a file.
        if isinstance(error, Timeout) and file.exists():
            raise busy() from error
        raise BusyError(
            f"the folder {file.parent} cannot be locked: {error.strerror or 'it takes no file'}",
            help="make the folder writable for this user",
        ) from error
    try:
        yield
    finally:
        lock.release()


def _folder_busy(data: Path, _url: str = "") -> BusyError:
    beat = last_heartbeat(data)
    known = beat and is_alive(beat, datetime.now(UTC))
    who = f"process {beat.pid}" if beat and known else "another process"
    return BusyError(
        f"{who} is already watching with the data in {data}",
        help="`watcher status` shows it; stop it first, or use another `data` folder",
    )


def _leader_busy(data: Path, url: str) -> BusyError:
    """Say who leads on a shared database: from another folder it would hold us off as well."""
    beat = last_heartbeat(data)
    if beat is None or not is_alive(beat, datetime.now(UTC)):
        return _database_led(url, "another process")
    return _database_led(url, beat.leader or f"process {beat.pid}")


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
    leader: str = ""
    """Who leads while this one stands by, as `process 12 on host`; empty where it leads."""

    def leave(self, data: Path) -> None:
        """Write it. Raises `HeartbeatError`."""
        stored = {"pid": self.pid, "started": self.started, "beat": self.beat}
        if self.leader:
            stored["leader"] = self.leader
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
            leader=str(stored.get("leader", ""))[:_LONGEST_LEADER],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_alive(beat: Heartbeat | None, now: datetime) -> bool:
    """Whether the last sign of life is recent."""
    return beat is not None and now - beat.beat < 4 * HEARTBEAT_EVERY


def sign_off(data: Path) -> None:
    """Take the sign of life away: the service stops because it was told to."""
    (data / "service.json").unlink(missing_ok=True)


class SignsOfLife:
    """Tells the store every ten seconds that this process works on it, from a thread of its own.

    A context manager: signs in when it begins, and off when it ends. `pulse` tells what was done
    so far, `trouble` what goes wrong at present, `config` the fingerprint of the configuration.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        pulse: Pulse,
        trouble: Callable[[], str] = str,
        role: Role = "stands by",
        config: Callable[[], str] = str,
    ) -> None:
        self.worker = ""
        """The name under which the store knows this process."""
        self._store, self._clock, self._pulse, self._trouble = store, clock, pulse, trouble
        self._role: Role = role
        self._config = config
        self._ended = threading.Event()
        # A sign of life that began before a role changed must not be the last one to tell of it.
        self._telling = threading.Lock()
        # A daemon: a database that does not answer must not keep the process.
        self._thread = threading.Thread(target=self._go_on, daemon=True, name="signs of life")

    def __enter__(self) -> Self:
        """Sign in. Raises `StoreError`."""
        self._pulse.role = self._role
        self.worker = self._store.sign_in(self._role, self._clock(), config=self._config())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Sign off."""
        self._ended.set()
        self._thread.join(BEAT_EVERY.total_seconds())  # a later sign would take this back
        with suppress(StoreError):  # it is then taken for lost
            self._store.sign_off(self.worker, self._clock())

    def plays(self, role: Role) -> None:
        """Say what this process does now. Raises `StoreError`: then the database does not know."""
        if role == "stands by":  # true whether or not the database can be told
            self._pulse.role = role
        with self._telling:
            if role != self._role:
                self._beat(role)
                self._role = role
        self._pulse.role = role

    def _go_on(self) -> None:
        while not self._ended.wait(BEAT_EVERY.total_seconds()):
            with suppress(StoreError):  # told by whatever else needs the database
                self.again()

    def again(self) -> None:
        """Leave a sign of life. Raises `StoreError`."""
        with self._telling:
            self._beat(self._role)

    def _beat(self, role: Role) -> None:
        counted, now = self._pulse.counted(), self._clock()
        known = self._store.beat(
            self.worker,
            now,
            role=role,
            posts=counted.get("posts", 0),
            matches=counted.get("matches", 0),
            trouble=one_line(self._trouble(), _LONGEST_TROUBLE),
            config=self._config(),
        )
        if not known:  # suspended for a week: nobody knew of it any more
            self.worker = self._store.sign_in(role, now, config=self._config())
