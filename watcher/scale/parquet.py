"""Rows out of Parquet, of which little is in memory at a time.

A file of a few kilobytes may stand for gigabytes: a dictionary has a long text once, and a million
rows point to it. So as many rows are unpacked at a time as come to little if each were the longest
of those that share their octets, and the average of those that are stored in full. Where the long
ones of the latter stand together, that is at most what their row group unpacks to, which is bounded
too. So is what becomes objects of Python. What a file's footer says of sizes and encodings is
believed. pyarrow comes from `watcher.scale.arrow`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate, pairwise
from typing import Any, Final, NamedTuple

from watcher.backends.archive.lines import LONGEST_LINE
from watcher.scale.arrow import library, opened_native, reading
from watcher.scale.model import ShardError

_BATCH: Final = 2_000
_BUFFER: Final = 1 << 20
_UNPACKED: Final = 64 << 20
"""Octets of text that pyarrow may unpack at a time, as long as rows are no longer than supposed."""
_LARGE: Final = 256 << 20
"""A row group that unpacks to no more is read, however well it is packed."""
_DENSEST: Final = 100
"""So many octets to one of the file are believed of a larger one; posts pack to a tenth."""
_MOST_IN_LISTS: Final = 1 << 25
"""Values in the lists of a row group, beside one a row: one row may have all of them."""
_VALUE: Final = 8
"""Octets of a value beside those of its text."""
_OF_TEXT: Final = ("BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY")
_PLAIN: Final = ("NONE", "STRING", "JSON")
_IN_FULL: Final = frozenset(
    {"PLAIN", "RLE", "BIT_PACKED", "DELTA_LENGTH_BYTE_ARRAY", "BYTE_STREAM_SPLIT"}
)
"""Encodings of text of which no value shares octets with another, and those of its levels."""
_CODED: Final = frozenset({"PLAIN", "RLE", "BIT_PACKED", "PLAIN_DICTIONARY", "RLE_DICTIONARY"})
"""Encodings of which pyarrow can leave the text in its dictionary."""


def row_groups(file: str) -> list[int]:
    """Return the numbers of rows of a file's row groups. Raises `ShardError`."""
    with _opened(file) as (_, parquet):
        meta = parquet.metadata
        return [meta.row_group(at).num_rows for at in range(meta.num_row_groups)]


def rows(
    file: str, start: int, stop: int, wanted: Sequence[str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of some row groups: the octets of each, and its values by their columns.

    Only the columns in `wanted` are read, where the file has any of them; else all. A row of over
    `LONGEST_LINE` octets comes empty. What Python has no form for (nanoseconds) loses what it has
    too much. Raises `ShardError` for what cannot be read, or would unpack beyond all measure.
    """
    with _opened(file) as (source, parquet):
        names = parquet.schema_arrow.names
        columns = [name for name in names if name in wanted] or names
        for number in range(start, stop):
            for batch in _Group(file, source, parquet, number, columns).batches():
                yield from _rows(batch)


@contextmanager
def _opened(file: str) -> Iterator[tuple[Any, Any]]:
    pq = library().parquet
    with (
        reading(file),
        opened_native(file) as source,
        pq.ParquetFile(source, pre_buffer=False) as parquet,
    ):
        yield source, parquet


class _Leaf(NamedTuple):
    """A column of text in a row group, or such a part of a column, whose values share octets."""

    path: str
    longest: int
    """Octets that no value of it exceeds, by what the file says."""
    values: int
    in_lists: bool
    coded: bool
    """Whether pyarrow can leave its values in their dictionary."""


class _Group:
    """A row group, and the columns of it that are read."""

    def __init__(
        self, file: str, source: Any, parquet: Any, number: int, columns: Sequence[str]
    ) -> None:
        self._file, self._source, self._metadata = file, source, parquet.metadata
        self._number, self._columns = number, columns
        self._average, self._leaves = self._bounded(parquet)

    def _bounded(self, parquet: Any) -> tuple[int, list[_Leaf]]:
        """Return the octets that are stored for a row, and the leaves whose values share theirs.

        Raises `ShardError` where all columns come to too much.
        """
        group = self._metadata.row_group(self._number)
        wanted, leaves = {*self._columns}, []
        unpacked = packed = in_lists = 0
        for at in range(group.num_columns):
            chunk, column = group.column(at), parquet.schema.column(at)
            if wanted.isdisjoint(accumulate(column.path.split("."), "{}.{}".format)):
                continue
            unpacked += chunk.total_uncompressed_size
            packed += chunk.total_compressed_size
            in_lists += chunk.num_values - group.num_rows
            if chunk.physical_type in _OF_TEXT and not _IN_FULL.issuperset(chunk.encodings):
                leaves.append(
                    _Leaf(
                        column.path,
                        column.length or chunk.total_uncompressed_size,
                        chunk.num_values,
                        column.max_repetition_level > 0,
                        chunk.physical_type == "BYTE_ARRAY"
                        and column.logical_type.type in _PLAIN
                        and _CODED.issuperset(chunk.encodings),
                    )
                )
        if unpacked > max(_LARGE, _DENSEST * packed):
            raise self._refused(f"its row group {self._number} unpacks to {unpacked >> 20:,} MB")
        if in_lists > _MOST_IN_LISTS:
            raise self._refused(f"its row group {self._number} has {in_lists:,} values in lists")
        return unpacked // max(1, group.num_rows), leaves

    def _refused(self, why: str) -> ShardError:
        return ShardError(f"{self._file} cannot be read: {why}, more than posts come to")

    def batches(self) -> Iterator[Any]:
        """Yield it in batches, each of as many rows as may be unpacked at a time.

        How many these are, the longest text in each dictionary tells. What is in lists stays in its
        dictionary, since one row may point to it a million times; so does what has no value in the
        first rows, where pyarrow shows no dictionary.
        """
        octets, coded = self._average, []
        for leaf in self._leaves:
            longest = self._longest(leaf)
            if longest is None:
                coded.append(leaf.path)
            else:
                octets += longest
        size = max(1, min(_BATCH, _UNPACKED // max(1, octets)))
        yield from self._read(size, self._columns, coded)

    def _longest(self, leaf: _Leaf) -> int | None:
        """Return the octets of its longest value; None where it has to stay in its dictionary."""
        if leaf.in_lists:
            if leaf.coded:
                return None
            if leaf.values * leaf.longest > _UNPACKED:
                raise self._refused(f"its lists {leaf.path[:200]!r} may unpack to any size")
            return 0
        if not leaf.coded:
            return leaf.longest
        compute = library().compute
        first = next(self._read(_BATCH, [leaf.path], [leaf.path], buffer=_BUFFER), None)
        if first is None:
            return 0
        column = first.column(0)
        while library().types.is_struct(column.type):
            column = column.field(0)
        most: int | None = compute.max(compute.binary_length(column.dictionary)).as_py()
        return most

    def _read(
        self, size: int, columns: Sequence[str], coded: Sequence[str], buffer: int = 0
    ) -> Iterator[Any]:
        """Read it, some columns as numbers of the values in their dictionaries."""
        reader = library().parquet.ParquetFile(
            self._source,
            metadata=self._metadata,
            read_dictionary=coded,
            buffer_size=buffer,
            pre_buffer=False,
            arrow_extensions_enabled=False,  # else JSON never stays in its dictionary
        )
        batches: Iterator[Any] = reader.iter_batches(
            size, row_groups=[self._number], columns=columns, use_threads=False
        )
        return batches


def _rows(batch: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of a batch; as many at once become Python's as make up one long line."""
    octets: list[int] = _octets(batch.to_struct_array()).to_pylist()
    at = 0
    while at < len(octets):
        size, end = octets[at], at + 1
        if size > LONGEST_LINE:
            yield size, {}
        else:
            while end < len(octets) and size + octets[end] <= LONGEST_LINE:
                size, end = size + octets[end], end + 1
            values = [_values(column) for column in batch.slice(at, end - at).columns]
            for length, row in zip(octets[at:end], zip(*values, strict=True), strict=True):
                yield length, dict(zip(batch.schema.names, row, strict=True))
        at = end


def _octets(array: Any) -> Any:
    """Return how much each value of an array comes to, also where several share their octets."""
    pa = library()
    types, compute = pa.types, pa.compute
    own = pa.repeat(pa.scalar(_VALUE, pa.int64()), len(array))
    if isinstance(array, pa.ExtensionArray):
        return _octets(array.storage)
    if types.is_struct(array.type):
        for field in array.flatten():
            own = compute.add(own, _octets(field))
        return own
    if types.is_fixed_size_list(array.type):
        return _octets(array.cast(pa.list_(array.type.value_type)))
    if isinstance(array, pa.ListArray | pa.LargeListArray):  # maps too
        before = [0, *accumulate(_octets(array.values).to_pylist())]
        within = [before[end] - before[start] for start, end in pairwise(array.offsets.to_pylist())]
        return compute.add(own, pa.array(within, pa.int64()))
    if types.is_dictionary(array.type):
        within = compute.take(_octets(array.dictionary), array.indices)
    elif types.is_string_view(array.type) or types.is_binary_view(array.type):
        within = compute.binary_length(array.cast(pa.large_binary()))
    elif types.is_fixed_size_binary(array.type) or any(
        one(array.type)
        for one in (types.is_string, types.is_binary, types.is_large_string, types.is_large_binary)
    ):
        within = compute.binary_length(array)
    else:
        return own
    return compute.add(own, compute.fill_null(within.cast(pa.int64()), 0))


def _values(column: Any) -> list[Any]:
    pa = library()
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    values: list[Any] = column.to_pylist()
    return values
