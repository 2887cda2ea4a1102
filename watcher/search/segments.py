"""A segment opened for reading: which of its documents have a key, which keys are like a word."""

import itertools
import math
import struct
import sys
import threading
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rules.evaluation.slots import kept_by_an_edit, one_edit
from watcher.search.disk import LATEST, SCHEMA, Codec, SegmentReader, Storage, TermNotFound
from watcher.search.errors import DamagedError

_LENGTHS = struct.Struct("!Ii")
_FIELD = 2


def clamped(posted: float) -> int:
    """Return a time as the index keeps it: whole seconds of 32 bits; 1950 counts as 1970."""
    return min(max(math.floor(posted), 0), LATEST)


@contextmanager
def telling_damage(folder: Path) -> Iterator[None]:
    """Turn whatever Whoosh raises on files that are not what they should be into DamagedError."""
    try:
        yield
    except (DamagedError, FileNotFoundError):
        raise
    except Exception as error:
        raise DamagedError(folder, f"{type(error).__name__}: {error}") from error


class Segment:
    """A segment opened for reading; its documents are numbered from 0. Safe to use in threads."""

    def __init__(self, storage: Storage, segment: Any, first_rid: int) -> None:
        self._folder = Path(storage.folder)
        self._reader = SegmentReader(storage, SCHEMA, segment)
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
        with self._lock, telling_damage(self._folder):
            try:
                return list(self._reader.postings("terms", key).all_ids())
            except TermNotFound:
                return ()

    def frequency(self, key: bytes) -> int:
        """Return how many documents have a key."""
        with self._lock, telling_damage(self._folder):
            return int(self._reader.doc_frequency("terms", key))

    def terms_from(self, prefix: bytes, limit: int) -> list[bytes]:
        """Return at most `limit` keys that begin with `prefix`, sorted."""
        with self._lock, telling_damage(self._folder):
            return list(itertools.islice(self._reader.expand_prefix("terms", prefix), limit))

    def terms_close(self, word: str, sign: str) -> list[bytes]:
        """Return the keys that are `sign` and then a word at most one edit from `word`.

        Every key of the segment is looked at, in 7 ms.
        """
        mark = sign.encode()
        first, last = (half.encode() for half in kept_by_an_edit(word))
        first = mark + first
        sizes = range(len(mark) + len(word) - 1, len(mark) + 4 * len(word) + 5)
        with self._lock, telling_damage(self._folder):
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


def _column(storage: Storage, segment: Any, name: str, size: int) -> "array[int]":
    """Read a column at one go: through Whoosh it takes 100 times as long."""
    folder = Path(storage.folder)
    stored = (folder / Codec.column_filename(segment, name)).read_bytes()
    numbers = array("I", stored) if len(stored) == size * 4 else array("I")
    if not numbers:
        raise DamagedError(folder, f"column {name} has {len(stored)} bytes, not {size * 4}")
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers
