"""One partition of the index on disk: its segments, and how documents are added to it.

A partition is a Whoosh index with one field of terms and two columns of numbers, nothing stored.
Whoosh writes *segments* that never change; a table of contents, replaced by one rename, names those
that count. So a crash loses what was not committed and nothing else.
"""

import itertools
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from watcher.search.disk import NAME, SCHEMA, TOC, Codec, FileIndex, Storage, merge_alike
from watcher.search.errors import DamagedError, SearchError
from watcher.search.segments import Segment, clamped, telling_damage

_MEMORY_MB = 512
_OPENING_ATTEMPTS = 20


class Document(NamedTuple):
    """What the index keeps of a post."""

    rid: int
    posted: float
    """Seconds since 1970."""
    keys: Iterable[bytes]


class Partition:
    """The index of the posts from `first_rid` on, in a folder of its own."""

    def __init__(self, folder: Path, first_rid: int) -> None:
        self.folder = folder
        self.first_rid = first_rid
        self._lock = threading.Lock()
        self._segments: tuple[Segment, ...] = ()
        self._stamp: tuple[int, int] | None = None

    @classmethod
    def create(cls, folder: Path, first_rid: int) -> "Partition":
        """Make an empty partition in a new folder; OSError where it cannot be made."""
        folder.mkdir(mode=0o700)
        FileIndex.create(Storage(folder), SCHEMA, NAME)
        return cls(folder, first_rid)

    @property
    def documents(self) -> int:
        """How many posts are in it; DamagedError where that cannot be read."""
        return sum(segment.size for segment in self.segments())

    @property
    def newest_rid(self) -> int:
        """The `rid` of the post that came in last, 0 when there is none."""
        return max((segment.newest_rid for segment in self.segments()), default=0)

    def segments(self) -> tuple[Segment, ...]:
        """Return the segments of the last commit, of any process; they stay readable.

        Raises DamagedError where the files are not what they should be, SearchError where the
        machine does not let us read.
        """
        with self._lock:
            for attempt in itertools.count(1):
                try:
                    stamp = self._stamp_now()
                    if stamp != self._stamp:
                        self._segments = self._open_segments()
                        self._stamp = stamp
                except FileNotFoundError as error:  # a commit took it away while we were opening
                    if attempt == _OPENING_ATTEMPTS:
                        raise DamagedError(self.folder, error) from error
                else:
                    return self._segments
        raise AssertionError

    def _stamp_now(self) -> tuple[int, int]:
        status = self.folder.stat()
        return status.st_ino, status.st_mtime_ns

    def _open_segments(self) -> tuple[Segment, ...]:
        storage = Storage(self.folder)
        known = {segment.name: segment for segment in self._segments}
        try:
            with telling_damage(self.folder):
                return tuple(
                    known.get(one.segment_id()) or Segment(storage, one, self.first_rid)
                    for one in TOC.read(storage, NAME, schema=SCHEMA).segments
                )
        except DamagedError as damage:
            if isinstance(damage.__cause__, PermissionError | MemoryError):
                raise SearchError(f"The search index cannot be read: {damage}.") from damage
            raise

    def append(self, documents: Iterable[Document]) -> None:
        """Add documents and commit; all of them or none. Their `rid` must be new.

        Raises SearchError where the disk does not take them; DamagedError where what is there
        cannot be read.
        """
        writer: Any = None
        try:
            with telling_damage(self.folder):
                index = FileIndex(Storage(self.folder), SCHEMA, NAME)
                writer = index.writer(_lk=False, limitmb=_MEMORY_MB, compound=False, codec=Codec())
                for rid, posted, keys in documents:
                    writer.add_document(
                        terms=keys, place=rid - self.first_rid, posted=clamped(posted)
                    )
                writer.commit(mergetype=merge_alike)
        except BaseException as error:
            if writer:
                _abandon(writer)
            if isinstance(error, FileNotFoundError):
                raise DamagedError(self.folder, error) from error
            cause = error.__cause__ if isinstance(error, DamagedError) else error
            if isinstance(cause, OSError):
                raise SearchError(
                    f"The search index cannot be written in {self.folder.parent}: "
                    f"{cause.strerror or cause}.",
                    help="Make room on the disk, or let the program write there; "
                    "nothing is lost, the next run goes on from here.",
                ) from error
            raise
        finally:
            self._stamp = None

    def size_bytes(self) -> int:
        """Return the size of its files."""
        total = 0
        for entry in os.scandir(self.folder):
            with suppress(FileNotFoundError):
                total += entry.stat().st_size
        return total


def _abandon(writer: Any) -> None:
    """Let go of a writer that failed."""
    with suppress(Exception):  # a full disk makes this fail too
        writer.cancel()
