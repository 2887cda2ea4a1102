"""How Whoosh writes and reads here: the only module that imports it.

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
import mmap
import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

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

__all__ = [
    "LATEST",
    "NAME",
    "SCHEMA",
    "TOC",
    "WHOOSH_MAJOR",
    "Codec",
    "FileIndex",
    "SegmentReader",
    "Storage",
    "TermNotFound",
    "merge_alike",
]

WHOOSH_MAJOR: int = whoosh.__version__[0]

NAME = "MAIN"
LARGEST_SEGMENT = 5_000
"""Documents. Merging that many takes 1.5 s; a partition of 100,000 has 20 such segments."""
FAN = 10
"""How many segments of like size are merged into one."""
_NEVER = 0xFFFF_FFFF
LATEST = _NEVER - 1
"""The largest number of a column."""


class _Terms(FieldType):  # type: ignore[misc]  # Whoosh has no types
    """A field that takes the terms of a document as they are, in bytes."""

    def __init__(self) -> None:
        super().__init__(Existence(), None)

    def index(
        self, value: Iterable[bytes], **_options: object
    ) -> Iterator[tuple[bytes, int, float, bytes]]:
        """Yield (term, frequency, weight, payload) as Whoosh wants them."""
        return ((term, 1, 1.0, b"") for term in value)


class Codec(W3Codec):  # type: ignore[misc]
    """Whoosh's codec without field lengths; blocks are too small for compression to pay."""

    length_stats = False

    def __init__(self) -> None:
        super().__init__(compression=0)


class Storage(FileStorage):  # type: ignore[misc]
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


SCHEMA = Schema(terms=_Terms(), place=_numbers(), posted=_numbers())


class _MergedReader(SegmentReader):  # type: ignore[misc]
    """Reads a segment that is merged into another, in two thirds of the time.

    Terms come one after the other instead of each through the hash table; those of one document,
    three in four, tell it themselves.
    """

    def iter_postings(self) -> Iterator[tuple[str, bytes, int, float, bytes]]:
        """Yield (field, term, document, weight, payload), sorted."""
        codec, form = self.codec(), SCHEMA["terms"].format
        file = self.segment().open_file(self.storage(), Codec.POSTS_EXT)
        for (field, term), info in self:
            if info.doc_frequency() == 1:
                yield field, term, info.min_id(), 1.0, b""
            else:
                for document in codec.postings_reader(file, info, form).all_ids():
                    yield field, term, document, 1.0, b""


def merge_alike(writer: Any, segments: list[Any]) -> list[Any]:
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
