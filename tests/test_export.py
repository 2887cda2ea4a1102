"""Tables written for other programs read back as they were, and no spreadsheet runs them."""

import csv
import io
import json
import os
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.export import Column, ExportError, Format, Table, Value, write_file, write_stream

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
COLUMNS = (
    Column("text", "text", "A text."),
    Column("words", "texts", "Some texts."),
    Column("count", "integer", "A count."),
    Column("share", "number", "A share."),
    Column("yes", "boolean", "Whether."),
    Column("at", "time", "When."),
    Column("day", "day", "On which day."),
)
HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@a",
    "\t=1",
    "\r=1",
    "'=1",
    "a;=1",
    "\0",
    "\ud800",
    "\u202e",
    '\n,"',
]

texts = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(), max_size=12))
rows = st.tuples(
    st.none() | texts,
    st.none() | st.lists(texts, min_size=1, max_size=3).map(tuple),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.booleans(),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.none() | st.dates(),
)
tables = st.lists(rows, max_size=4).map(lambda all_: Table("things", COLUMNS, all_))


def written(table: Table, format: Format, *, formulas: bool = False) -> bytes:
    file = io.BytesIO()
    assert write_stream(table, file, format, formulas=formulas) == len(list(table.rows))
    return file.getvalue()


def storable(value: Value) -> Value:
    """What UTF-8 carries of a value."""
    if isinstance(value, tuple):
        return tuple(str(storable(one)) for one in value)
    if isinstance(value, str):
        return "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in value)
    return value


def cells(octets: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(octets.decode(), newline="")))


def from_cell(cell: str, column: Column) -> Value:
    """Read a cell of CSV; an empty one is None."""
    if column.type == "texts":
        return tuple(one.replace("||", "|") for one in cell.split(" | "))
    read = {
        "text": str,
        "integer": int,
        "number": float,
        "boolean": lambda said: said == "true",
        "time": datetime.fromisoformat,
        "day": date.fromisoformat,
    }
    return read[column.type](cell) if cell else None  # type: ignore[operator, no-any-return]


@settings(max_examples=80, deadline=None)
@given(tables)
def test_csv_for_programs_reads_back_as_it_was(table: Table) -> None:
    names, *found = cells(written(table, "csv", formulas=True))
    assert names == table.names
    for row, cells_ in zip(table.rows, found, strict=True):
        for value, cell, column in zip(row, cells_, COLUMNS, strict=True):
            unknown = value in (None, "", ("",))  # all of them are empty cells
            assert cell == "" if unknown else from_cell(cell, column) == storable(value)


@settings(max_examples=80, deadline=None)
@given(tables)
def test_json_lines_read_back_as_they_were(table: Table) -> None:
    lines = written(table, "jsonl").decode().splitlines()
    for row, line in zip(table, lines, strict=True):
        found = json.loads(line)
        assert list(found) == table.names
        for column in COLUMNS:
            value, said = storable(row[column.name]), found[column.name]
            if column.type in ("time", "day") and said is not None:
                said = {"time": datetime, "day": date}[column.type].fromisoformat(said)
            assert (tuple(said) if isinstance(said, list) else said) == value


@settings(max_examples=12, deadline=None)
@given(tables)
def test_parquet_reads_back_as_it_was(table: Table) -> None:
    found = pyarrow.parquet.read_table(io.BytesIO(written(table, "parquet"))).to_pylist()
    assert [
        {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()} for row in found
    ] == [{name: storable(value) for name, value in row.items()} for row in table]


def test_parquet_says_what_its_columns_mean() -> None:
    made = pyarrow.parquet.read_table(io.BytesIO(written(Table("t", COLUMNS, ()), "parquet")))
    assert made.schema.field("at").metadata == {b"meaning": b"When."}
    assert str(made.schema.field("at").type) == "timestamp[us, tz=UTC]"


@settings(max_examples=150, deadline=None)
@given(texts, st.lists(texts, max_size=2).map(tuple))
def test_no_cell_begins_a_formula(text: str, words: tuple[str, ...]) -> None:
    table = Table("t", COLUMNS[:2], [(text, words)])
    for cell in cells(written(table, "csv"))[1]:
        for part in (cell, *cell.split(";")[1:]):
            assert not part.lstrip(" \n\r\t\x0b\x0c").startswith(("=", "+", "-", "@", "＝", "＠"))
        assert not cell.startswith(("\t", "\r"))


def test_numbers_below_zero_are_no_formulas() -> None:
    table = Table("t", (COLUMNS[2], COLUMNS[3]), [(-3, -0.5), (None, float("nan"))])
    assert cells(written(table, "csv"))[1:] == [["-3", "-0.5"], ["", ""]]


def test_what_is_defused_can_be_told_from_what_was_there() -> None:
    table = Table("t", COLUMNS[:1], [("=1",), ("'=1",), ("fine",)])
    assert cells(written(table, "csv"))[1:] == [["'=1"], ["''=1"], ["fine"]]


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    def failing() -> Iterator[tuple[Value, ...]]:
        yield ("a",)
        raise RuntimeError

    path = tmp_path / "t.csv"
    with pytest.raises(RuntimeError):
        write_file(Table("t", COLUMNS[:1], failing()), path, "csv")
    assert list(tmp_path.iterdir()) == []
    assert write_file(Table("t", COLUMNS[:1], [("é",)]), path, "csv") == 1
    assert path.read_bytes() == "\ufefftext\r\né\r\n".encode()
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_replaced_only_when_asked(tmp_path: Path) -> None:
    path, table = tmp_path / "t.csv", Table("t", COLUMNS[:1], [("new",)])
    path.write_text("old")
    with pytest.raises(ExportError, match="is there already"):
        write_file(table, path, "csv")
    assert path.read_text() == "old"
    write_file(table, path, "csv", force=True, formulas=True)
    assert path.read_text() == "text\nnew\n"
    (tmp_path / "pipe").mkdir()
    with pytest.raises(ExportError, match="no ordinary file"):
        write_file(table, tmp_path / "pipe", "csv", force=True)
    with pytest.raises(ExportError, match="cannot be written"):
        write_file(table, tmp_path / "nowhere" / "t.csv", "csv")


def test_without_its_library_parquet_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ExportError, match="pyarrow, which is not installed") as error:
        write_file(Table("t", COLUMNS, ()), tmp_path / "t.parquet", "parquet")
    assert "brand-watcher[parquet]" in error.value.help
    assert list(tmp_path.iterdir()) == []


def test_a_number_too_large_for_parquet_is_told(tmp_path: Path) -> None:
    table = Table("t", COLUMNS[2:3], [(2**64,)])
    with pytest.raises(ExportError, match="t cannot be written as Parquet"):
        write_file(table, tmp_path / "t.parquet", "parquet")
    assert list(tmp_path.iterdir()) == []


def test_times_are_written_in_utc() -> None:
    paris = NOON.astimezone(ZoneInfo("Europe/Paris")) + timedelta(hours=1)
    table = Table("t", (COLUMNS[5],), [(paris,)])
    assert b"2026-03-02T13:00:00+00:00" in written(table, "csv")
    assert b"2026-03-02T13:00:00+00:00" in written(table, "jsonl")


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_rows_are_not_gathered(format: Format) -> None:
    many = ((f"{n} " * 400, ("a",) * 9, n, 0.5, True, NOON, None) for n in range(5_000))
    tracemalloc.start()
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
            assert write_stream(Table("t", COLUMNS, many), nowhere, format) == 5_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
