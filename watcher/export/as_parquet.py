"""Parquet: the only module that knows pyarrow, which is an extra: `brand-watcher[parquet]`.

Each column carries its meaning as metadata. A block of rows is in memory at a time.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from watcher.export.cells import finite, writable
from watcher.export.errors import ExportError
from watcher.export.table import Table, Type, Value

if TYPE_CHECKING:
    import pyarrow

_BLOCK = 2_000


class _Counting:
    """A file that knows how much was written to it: a pipe does not, and Parquet asks."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._written = 0

    def write(self, octets: bytes) -> int:
        self._written += len(octets)
        self._file.write(octets)
        return len(octets)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """Leave it to whoever opened it."""


def write(table: Table, file: BinaryIO) -> int:
    """Write a table; return how many rows it had.

    Raises `ExportError` without pyarrow, and for a number of more than 64 bits.
    """
    pa, pq = _library()
    schema = _schema(pa, table)
    make = [_arrow_of(column.type) for column in table.columns]
    rows, number = iter(table.rows), 0
    try:
        with pq.ParquetWriter(_Counting(file), schema, compression="zstd") as writer:
            while block := list(islice(rows, _BLOCK)):
                writer.write_batch(_batch(pa, schema, make, block))
                number += len(block)
    except (pa.ArrowException, OverflowError) as error:
        raise ExportError(f"{table.name} cannot be written as Parquet: {error}") from error
    return number


def rewrite(
    path: Path,
    to: BinaryIO,
    columns: Sequence[str],
    left: Callable[[Sequence[Sequence[str | None]]], Sequence[bool]],
) -> int:
    """Write a Parquet file of ours without some of its rows; return how many these were.

    `left` is asked, by the values of some columns, which rows of a block stay. Where all do,
    nothing is written. Raises `ExportError` without pyarrow, and for a file that cannot be read.
    """
    pa, pq = _library()
    try:
        with pq.ParquetFile(path) as file:
            masks = [
                left(list(zip(*(block.column(name).to_pylist() for name in columns), strict=True)))
                for block in file.iter_batches(_BLOCK, columns=list(columns))
            ]
            gone = sum(mask.count(False) for mask in map(list, masks))
            if not gone:
                return 0
            with pq.ParquetWriter(_Counting(to), file.schema_arrow, compression="zstd") as writer:
                for block, mask in zip(file.iter_batches(_BLOCK), masks, strict=True):
                    writer.write_batch(block.filter(pa.array(mask, pa.bool_())))
    # Damage may show in a text that is none, and another program's file in a column it has not.
    except (pa.ArrowException, KeyError, UnicodeDecodeError) as error:
        raise ExportError(f"{path} cannot be read as Parquet: {error}") from error
    return gone


def _library() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise ExportError(
            "Parquet needs the library pyarrow, which is not installed",
            help="install the watcher with its extra, brand-watcher[parquet], or write csv or "
            "jsonl",
        ) from error
    return pa, pq


def _schema(pa: Any, table: Table) -> "pyarrow.Schema":
    types: dict[Type, Any] = {
        "text": pa.string(),
        "texts": pa.list_(pa.string()),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "time": pa.timestamp("us", tz="UTC"),
        "day": pa.date32(),
    }
    fields = [
        pa.field(one.name, types[one.type], metadata={"meaning": one.meaning})
        for one in table.columns
    ]
    return pa.schema(fields)


def _batch(
    pa: Any,
    schema: "pyarrow.Schema",
    make: Sequence[Callable[[Value], object]],
    block: Sequence[Sequence[Value]],
) -> "pyarrow.RecordBatch":
    columns = [
        pa.array([made(row[at]) for row in block], type=schema.field(at).type)
        for at, made in enumerate(make)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _arrow_of(type: Type) -> Callable[[Value], object]:
    """Return what makes a value of Arrow out of the values of a column."""
    make: dict[Type, Callable[..., object]] = {
        "text": writable,
        "texts": lambda texts: [writable(text) for text in texts],
        "number": finite,
        "time": _utc,
    }
    made = make.get(type)
    if made is None:
        return lambda value: value
    return lambda value: None if value is None else made(value)


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)
