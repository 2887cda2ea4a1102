"""Records out of lines: one JSON value a line, or CSV rows that may span several.

What cannot be read is a record with a problem, and reading goes on behind it.
"""

import csv
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from watcher.backends import plaintext
from watcher.backends.archive.lines import LONGEST_LINE, Lines, RawLine
from watcher.backends.interface import BackendError

MOST_ROW_LINES = 1000
"""Lines of one CSV row; a quote that is never closed costs no more than that."""

csv.field_size_limit(LONGEST_LINE)  # the module's own limit, of the whole process, is 128 kB


@dataclass(slots=True)
class Record:
    """One record and the lines it came in."""

    lines: list[RawLine]
    value: Any = None
    """None where there is nothing: a blank line, a header, or a problem."""
    problem: str = ""
    unfinished: bool = False
    """The file ends within this record: it is not consumed, more may come."""


def json_records(lines: Lines) -> Iterator[Record]:
    """Yield one record a line."""
    for line in lines:
        if line.problem:
            yield Record([line], problem=line.problem, unfinished=not line.ended)
        else:
            yield json_record(line)


def json_record(line: RawLine) -> Record:
    """Return what one line holds."""
    try:
        value = _decoded(line.raw)
        return Record([line], value, "null stands for no post" if value is None else "")
    except (ValueError, RecursionError) as error:
        if line.raw.isspace():
            return Record([line])
        return Record([line], problem=_why(error), unfinished=not line.ended)


def _decoded(raw: bytes) -> Any:
    text = raw.decode("utf-8-sig") if raw[0] == 0xEF else raw.decode()
    value = json.loads(text)
    # only an escape can smuggle in half a surrogate pair, which nothing can store
    return plaintext.mended(value) if "\\ud" in text or "\\uD" in text else value


def _why(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 (octet {error.start})"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} (column {error.colno})"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return f"not JSON: {str(error)[:80]}"


@dataclass(frozen=True, slots=True)
class Header:
    """A CSV file's first row."""

    columns: tuple[str, ...]
    delimiter: str

    @classmethod
    def read(cls, path: Path) -> "Header":
        """Read it from the file. Raises `BackendError` where there is none."""
        lines = Lines.open(path)
        try:
            first = next(iter(lines), RawLine(b"", 0))
            text = first.raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise BackendError(f"{path} is not UTF-8 text", kind="broken") from error
        finally:
            lines.close()
        delimiter = max(",;\t", key=text.count)
        try:
            columns = next(csv.reader([text], delimiter=delimiter), [])
        except csv.Error:
            columns = []
        if len(columns) < 2 or first.problem:
            raise BackendError(
                f"{path} does not begin with a row of column names",
                kind="broken",
                help="the first line names the columns: id,created_at,author,text",
            )
        return cls(tuple(column.strip() for column in columns), delimiter)


def csv_records(lines: Lines, header: Header) -> Iterator[Record]:
    """Yield one record a row; the header, at the very beginning, is a record of nothing."""
    feed = _Feed(iter(lines))
    if lines.progress.offset == 0 and (first := feed.next_line()):
        yield Record([first])
    while True:  # a new reader after each problem
        rows = csv.reader(feed, delimiter=header.delimiter, strict=True)
        try:
            for row in rows:
                yield _row(feed.taken, row, header)
                feed.taken = []
        except (csv.Error, ValueError) as error:
            first, unended = feed.taken[0], not feed.taken[-1].ended
            if unended and len(feed.taken) > 1:
                yield Record(feed.taken, problem="the file ends within a row", unfinished=True)
                return
            feed.put_back()
            why = _why(error) if isinstance(error, UnicodeDecodeError) else f"not CSV: {error}"
            yield Record([first], problem=first.problem or why, unfinished=not first.ended)
        else:
            return


def _row(lines: list[RawLine], row: list[str], header: Header) -> Record:
    if not row:
        return Record(lines)
    if len(row) != len(header.columns):
        problem = f"{len(row)} values for {len(header.columns)} columns"
        return Record(lines, problem=problem, unfinished=not lines[-1].ended)
    return Record(lines, dict(zip(header.columns, row, strict=True)))


class _Feed:
    """Hands lines to the CSV reader and remembers those of the row under way."""

    def __init__(self, lines: Iterator[RawLine]) -> None:
        self._lines = lines
        self._again: deque[RawLine] = deque()
        self.taken: list[RawLine] = []
        self._octets = 0

    def next_line(self) -> RawLine | None:
        return self._again.popleft() if self._again else next(self._lines, None)

    def put_back(self) -> None:
        """Make all lines but the first of the row under way come again."""
        self._again.extendleft(reversed(self.taken[1:]))
        self.taken = []

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = self.next_line()
        if line is None:
            raise StopIteration
        self._octets = line.length if not self.taken else self._octets + line.length
        self.taken.append(line)
        if line.problem:
            raise ValueError(line.problem)
        if len(self.taken) > MOST_ROW_LINES or self._octets > LONGEST_LINE:
            raise ValueError("a quote is opened and not closed")
        return line.raw.decode()
