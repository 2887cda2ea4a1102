"""One partition of the index on disk: the only module that imports Whoosh.

A partition is a Whoosh index with one field of terms and two columns of numbers, nothing stored.
Whoosh writes *segments* that never change; a table of contents, replaced by one rename, names those
that count. So a crash loses what was not committed and nothing else.

Whoosh is kept from some of its ways, each measured with 2.7.4 on real posts:

- Merging: its policy merges everything now and then (pauses of 11 s). Ours merges segments of like
  size and never makes one larger than 5,000 documents (pauses under 2 s).
- Field lengths: it looks for a file of lengths once per posting, 40 % of the time; nothing is
  scored here, so the codec is told that there are none.
- Positions, and dates as terms: a phrase is looked for as all of its words and then verified on the
  post; times are a column. Both together halve the index and the time to write it.
- Open files: it keeps two for each segment, hundreds for a million posts. Ours are mapped.

Its write lock is left too: 2.7.4 keeps it after a full disk. `Folder.writing` is the lock.
"""

import itertools
import math
import mmap
import os
import struct
import sys
import threading
import warnings
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from rules.evaluation.slots import kept_by_an_edit, one_edit
from watcher.search.errors import DamagedError, SearchError

with warnings.catch_warnings():  # 2.7.4 is of 2016, and its syntax makes newer Pythons wonder
    warnings.simplefilter("ignore")
    import whoosh
    from whoosh.codec.whoosh3 import W3Codec
    from whoosh.columns import NumericColumn
    from whoosh.fields import COLUMN, FieldType, Schema
    from whoosh.filedb.filestore import FileStorage
    from whoosh.filedb.structfile import StructFile
    from whoosh.formats import Existence
    from whoosh.index import TOC, FileIndex
    from whoosh.reading import SegmentReader, TermNotFound

WHOOSH_MAJOR: int = whoosh.__version__[0]

LARGEST_SEGMENT = 5_000
"""Documents. Merging that many takes 1.5 s; a partition of 100,000 has 20 such segments."""
FAN = 10
"""How many segments of like size are merged into one."""

_LENGTHS = struct.Struct("!Ii")
_FIELD = 2
_NAME = "MAIN"
_MEMORY_MB = 512
_OPENING_ATTEMPTS = 20
_NEVER = 0xFFFF_FFFF
_LATEST = _NEVER - 1


class _Terms(FieldType):  # type: ignore[misc]  # Whoosh has no types
    """A field that takes the terms of a document as they are, in bytes."""

    def __init__(self) -> None:
        super().__init__(Existence(), None)

    def index(
        self, value: Iterable[bytes], **_options: object
    ) -> Iterator[tuple[bytes, int, float, bytes]]:
        """Yield (term, frequency, weight, payload) as Whoosh wants them."""
        return ((term, 1, 1.0, b"") for term in value)


class _Codec(W3Codec):  # type: ignore[misc]
    """Whoosh's codec without field lengths; blocks are too small for compression to pay."""

    length_stats = False

    def __init__(self) -> None:
        super().__init__(compression=0)


class _Storage(FileStorage):  # type: ignore[misc]
    """A folder that a power cut leaves readable, and whose files do not stay open.

    Whoosh trusts that what it wrote is on the disk. Here a commit, which is a rename, comes after
    all that it names; and files are mapped into memory for reading.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self._made: set[str] = set()

    def create_file(self, name: str, **options: Any) -> Any:
        """Return a new file as Whoosh wants to write it."""
        self._made.add(name)
        return super().create_file(name, **options)

    def rename_file(self, oldname: str, newname: str, safe: bool = False) -> None:
        """Rename the table of contents, and commit by that."""
        for name in self._made:
            with suppress(FileNotFoundError):
                _flush(Path(self.folder, name))
        super().rename_file(oldname, newname, safe=safe)
        _flush(Path(self.folder))

    def open_file(self, name: str, **_options: object) -> Any:
        """Return the file as Whoosh wants to read it."""
        with Path(self.folder, name).open("rb") as file:
            return StructFile(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), name=name)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _numbers() -> Any:
    """Make a column of 32-bit numbers.

    Whoosh does not always write a default. Ours never occurs, so that the length of the file tells
    whether all of it is there.
    """
    return COLUMN(NumericColumn("I", default=_NEVER))


_SCHEMA = Schema(terms=_Terms(), place=_numbers(), posted=_numbers())


class _MergedReader(SegmentReader):  # type: ignore[misc]
    """Reads a segment that is merged into another, in two thirds of the time.

    Terms come one after the other instead of each through the hash table; those of one document,
    three in four, tell it themselves.
    """

    def iter_postings(self) -> Iterator[tuple[str, bytes, int, float, bytes]]:
        """Yield (field, term, document, weight, payload), sorted."""
        codec, form = self.codec(), _SCHEMA["terms"].format
        file = self.segment().open_file(self.storage(), _Codec.POSTS_EXT)
        for (field, term), info in self:
            if info.doc_frequency() == 1:
                yield field, term, info.min_id(), 1.0, b""
            else:
                for document in codec.postings_reader(file, info, form).all_ids():
                    yield field, term, document, 1.0, b""


class Document(NamedTuple):
    """What the index keeps of a post."""

    rid: int
    posted: float
    """Seconds since 1970."""
    keys: Iterable[bytes]


def clamped(posted: float) -> int:
    """Return a time as the index keeps it: whole seconds of 32 bits; 1950 counts as 1970."""
    return min(max(math.floor(posted), 0), _LATEST)


@contextmanager
def _telling_damage(folder: Path) -> Iterator[None]:
    """Turn whatever Whoosh raises on files that are not what they should be into DamagedError."""
    try:
        yield
    except (DamagedError, FileNotFoundError):
        raise
    except Exception as error:
        raise DamagedError(folder, f"{type(error).__name__}: {error}") from error


class Segment:
    """A segment opened for reading; its documents are numbered from 0. Safe to use in threads."""

    def __init__(self, storage: _Storage, segment: Any, first_rid: int) -> None:
        self._folder = Path(storage.folder)
        self._reader = SegmentReader(storage, _SCHEMA, segment)
        self._lock = threading.Lock()  # everything in a segment shares one place in a file
        self.name: str = segment.segment_id()
        self.size: int = segment.doc_count_all()
        places = _column(storage, segment, "place", self.size)
        if len(set(places)) < self.size:
            raise DamagedError(self._folder, "two documents have one number")
        self.rids = array("q", [first_rid + place for place in places])
        self.posted = _column(storage, segment, "posted", self.size)
        self.newest_rid = max(self.rids)
        self.newest = max(self.posted)
        self.oldest = min(self.posted)

    def posted_of(self, rid: int) -> int:
        """Return when the post was written, in seconds since 1970 as `clamped`."""
        return self.posted[self.rids.index(rid)]

    def documents(self, key: bytes) -> Sequence[int]:
        """Return the numbers of the documents with a key."""
        with self._lock, _telling_damage(self._folder):
            try:
                return list(self._reader.postings("terms", key).all_ids())
            except TermNotFound:
                return ()

    def frequency(self, key: bytes) -> int:
        """Return how many documents have a key."""
        with self._lock, _telling_damage(self._folder):
            return int(self._reader.doc_frequency("terms", key))

    def terms_from(self, prefix: bytes, limit: int) -> list[bytes]:
        """Return at most `limit` keys that begin with `prefix`, sorted."""
        with self._lock, _telling_damage(self._folder):
            return list(itertools.islice(self._reader.expand_prefix("terms", prefix), limit))

    def terms_close(self, word: str, sign: str) -> list[bytes]:
        """Return the keys that are `sign` and then a word at most one edit from `word`.

        Every key of the segment is looked at, in 7 ms.
        """
        mark = sign.encode()
        first, last = (half.encode() for half in kept_by_an_edit(word))
        first = mark + first
        sizes = range(len(mark) + len(word) - 1, len(mark) + 4 * len(word) + 5)
        with self._lock, _telling_damage(self._folder):
            return [
                key
                for key in _keys_of_size(self._reader, sizes)
                if (key.startswith(first) or (key.endswith(last) and key.startswith(mark)))
                and one_edit(key.decode(errors="replace")[len(sign) :], word)
            ]


def _keys_of_size(reader: Any, sizes: range) -> Iterator[bytes]:
    """Yield the keys of a segment that have so many bytes.

    They stand in a file of records: the lengths of key and value, two bytes of the field, the rest
    of the key, the value.
    """
    table = reader._terms._tindex  # noqa: SLF001 - the public way takes four times as long
    records, place, end = table.dbfile.file, table.startofdata, table.endofdata
    smallest, largest = sizes.start + _FIELD, sizes.stop + _FIELD
    while place < end:
        size, value = _LENGTHS.unpack_from(records, place)
        place += _LENGTHS.size
        if smallest <= size < largest:
            yield records[place + _FIELD : place + size]
        place += size + value


def _column(storage: _Storage, segment: Any, name: str, size: int) -> "array[int]":
    """Read a column at one go: through Whoosh it takes 100 times as long."""
    folder = Path(storage.folder)
    stored = (folder / _Codec.column_filename(segment, name)).read_bytes()
    numbers = array("I", stored) if len(stored) == size * 4 else array("I")
    if not numbers:
        raise DamagedError(folder, f"column {name} has {len(stored)} bytes, not {size * 4}")
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


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
        FileIndex.create(_Storage(folder), _SCHEMA, _NAME)
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
        storage = _Storage(self.folder)
        known = {segment.name: segment for segment in self._segments}
        try:
            with _telling_damage(self.folder):
                return tuple(
                    known.get(one.segment_id()) or Segment(storage, one, self.first_rid)
                    for one in TOC.read(storage, _NAME, schema=_SCHEMA).segments
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
            with _telling_damage(self.folder):
                index = FileIndex(_Storage(self.folder), _SCHEMA, _NAME)
                writer = index.writer(_lk=False, limitmb=_MEMORY_MB, compound=False, codec=_Codec())
                for rid, posted, keys in documents:
                    writer.add_document(
                        terms=keys, place=rid - self.first_rid, posted=clamped(posted)
                    )
                writer.commit(mergetype=_merge_alike)
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


def _merge_alike(writer: Any, segments: list[Any]) -> list[Any]:
    """Take segments of like size into the one being written; return those that stay.

    Sizes are alike when they have as many digits. A group is merged when it has `FAN` members or
    fills the largest segment; at most one merge a commit, so that no commit takes long.
    """
    room = LARGEST_SEGMENT - writer.doc_count()
    groups: dict[int, list[Any]] = {}
    for segment in segments:
        if segment.doc_count_all() < LARGEST_SEGMENT:
            groups.setdefault(len(str(segment.doc_count_all())), []).append(segment)
    for _, group in sorted(groups.items()):
        if len(group) + 1 < FAN and sum(one.doc_count_all() for one in group) < room:
            continue
        smallest = sorted(group, key=lambda one: one.doc_count_all())
        sizes = itertools.accumulate(one.doc_count_all() for one in smallest)
        taken = [one for one, size in zip(smallest, sizes, strict=True) if size <= room]
        if len(taken) > 1:
            for segment in taken:
                writer.add_reader(_MergedReader(writer.storage, writer.schema, segment))
            return [segment for segment in segments if segment not in taken]
    return segments
