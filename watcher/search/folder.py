"""The folder of the index: which partitions there are, who writes, and how one replaces another.

    lock                   held by the process that writes
    000003-1f2e3d4c        partition 3, in the form of this version of the program
    000003-1f2e3d4c.new    the same being built; without meaning until it is renamed
    000003-1f2e3d4c.old    the same just replaced

The files hold pickles, so whoever can write here can run programs as us: the folder is private, and
nobody else's is opened.
"""

import fcntl
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from watcher.search.disk import WHOOSH_MAJOR
from watcher.search.errors import SearchError
from watcher.search.keys import form
from watcher.search.partitions import Partition

PARTITION = 100_000
"""How many numbers (`rid`) a partition covers."""

_LAYOUT = 2
"""Raised by hand when what is kept changes in a way that `form` does not see."""

_NAME = re.compile(r"(\d{6,})-([0-9a-f]{8})(\.new|\.old)?")
_MARK = "damaged"
_PATIENCE = 30.0
"""Seconds to wait for another process that writes."""


class Folder:
    """The partitions by number, and the right to change them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._partitions: dict[int, Partition] = {}
        self._damaged: set[int] = set()
        self._stamp: tuple[int, int] | None = None
        self._listing = threading.Lock()
        self._writing = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> "Folder":
        """Make the folder if need be and make it private; SearchError where that cannot be."""
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = path.stat()
            if status.st_uid != os.geteuid():
                raise SearchError(
                    f"The folder of the search index, {path}, belongs to another user.",
                    help="Run the program as that user, or remove the folder: it is made again "
                    "from the database.",
                )
            if status.st_mode & 0o077:
                path.chmod(0o700)
            os.scandir(path).close()
        except OSError as error:
            raise SearchError(
                f"The folder of the search index, {path}, cannot be used: {error.strerror}.",
                help="Let the program read and write there.",
            ) from error
        return cls(path)

    def partitions(self) -> dict[int, Partition]:
        """Return the partitions in order; those that another process has made or replaced too."""
        with self._listing:
            status = self.path.stat()
            stamp = status.st_ino, status.st_mtime_ns
            if stamp != self._stamp:
                numbers = sorted(
                    int(match[1])
                    for entry in os.scandir(self.path)
                    if (match := _NAME.fullmatch(entry.name))
                    and match[2] == _version()
                    and not match[3]
                )
                self._partitions = {
                    number: self._partitions.get(number) or self._partition(number)
                    for number in numbers
                }
                self._stamp = stamp
            return self._partitions

    def create(self, number: int) -> Partition:
        """Make an empty partition: beside and then renamed, so that it is whole or not there."""
        self.create_beside(number)
        self.put_in_place(number)
        return self.partitions()[number]

    def create_beside(self, number: int) -> Partition:
        """Make an empty partition that has no meaning before `put_in_place`."""
        beside = self._path(number, ".new")
        with _disk_trouble(self.path):
            shutil.rmtree(beside, ignore_errors=True)
            return Partition.create(beside, number * PARTITION)

    def put_in_place(self, number: int) -> None:
        """Let the partition made beside take the place of the present one."""
        old = self._path(number, ".old")
        with _disk_trouble(self.path):
            if self._path(number).exists():
                shutil.rmtree(old, ignore_errors=True)
                self._path(number).rename(old)
            self._path(number, ".new").rename(self._path(number))
            self._changed(number)
            shutil.rmtree(old, ignore_errors=True)

    def remove(self, number: int) -> None:
        """Drop a partition."""
        old = self._path(number, ".old")
        with _disk_trouble(self.path), suppress(FileNotFoundError):
            self._path(number).rename(old)
            self._changed(number)
        shutil.rmtree(old, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what a crash, or another version of the program, has left."""
        for entry in os.scandir(self.path):
            match = _NAME.fullmatch(entry.name)
            if match and (match[3] or match[2] != _version()):
                shutil.rmtree(entry.path, ignore_errors=True)

    def mark_damaged(self, partition: Path) -> None:
        """Remember, for other processes too, that a partition is to be built again."""
        if match := _NAME.fullmatch(partition.name):
            self._damaged.add(int(match[1]))
            with suppress(OSError):
                (partition / _MARK).touch()

    def damaged(self) -> set[int]:
        """Return the numbers of the partitions that are to be built again."""
        return self._damaged | {
            number for number, one in self.partitions().items() if (one.folder / _MARK).exists()
        }

    def forget_readers(self) -> None:
        """Let go of everything opened."""
        with self._listing:
            self._partitions, self._stamp = {}, None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only one, of all threads and processes, that changes the index.

        Waits half a minute for another process, then raises SearchError.
        """
        with self._writing:
            with _disk_trouble(self.path):
                descriptor = os.open(self.path / "lock", os.O_CREAT | os.O_RDWR, 0o600)
            try:
                self._wait_for(descriptor)
                yield
            finally:
                os.close(descriptor)

    def _wait_for(self, descriptor: int) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise SearchError(
                        f"Another process is writing the search index in {self.path}.",
                        help="Wait until it is done; searching works meanwhile.",
                    ) from None
                time.sleep(0.05)
            else:
                return

    def _path(self, number: int, suffix: str = "") -> Path:
        return self.path / f"{number:06d}-{_version()}{suffix}"

    def _partition(self, number: int) -> Partition:
        return Partition(self._path(number), number * PARTITION)

    def _changed(self, number: int) -> None:
        with self._listing:
            self._damaged.discard(number)
            self._partitions = {k: v for k, v in self._partitions.items() if k != number}
            self._stamp = None


@contextmanager
def _disk_trouble(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SearchError(
            f"The search index in {path} cannot be written: {error.strerror or error}.",
            help="Make room on the disk, or let the program write there; no post is lost.",
        ) from error


def _version() -> str:
    """Return what differs where partitions of another version of the program cannot be used."""
    return form(_LAYOUT, WHOOSH_MAJOR)
