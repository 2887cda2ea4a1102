"""One file of an archive: what it is, how far it has been read, and the records after that."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from zlib import crc32

from watcher.backends.archive.cursor import Position
from watcher.backends.archive.lines import Lines, RawLine, reading
from watcher.backends.archive.records import Header, Record, csv_records, json_record, json_records
from watcher.backends.formats import (
    FieldMapping,
    Format,
    Jetstream,
    Line,
    Mastodon,
    Parsed,
    Simple,
    UnreadableError,
    X,
    recognise,
)
from watcher.backends.interface import EARLIEST, LATEST, BackendError

FormatName = Literal["auto", "mastodon", "bluesky", "x", "jsonl", "csv"]

_CSV_ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_LOOK = 1024
_NOTHING = Parsed()


class Formats:
    """The formats of one file, each made when a record first needs it."""

    def __init__(
        self, format_: FormatName, mapping: FieldMapping | None, network: str, source: str
    ) -> None:
        self._fixed = "jsonl" if mapping and format_ == "auto" else format_
        self._mapping = mapping
        self._network = network
        self._source = source
        self._made: dict[str, Format] = {}

    def name(self, record: object) -> str:
        """Return the name of the format a record is read in."""
        return recognise(record) if self._fixed == "auto" else self._fixed

    def of(self, record: object) -> Format:
        """Return the format that reads a record."""
        name = self.name(record)
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._make(name)
        return made

    def _make(self, name: str) -> Format:
        if name == "mastodon":
            return Mastodon(self._network or name, self._source)
        if name == "bluesky":
            return Jetstream(self._network or name, self._source)
        if name == "x":
            return X(self._network or name, self._source)
        return Simple(self._network or "archive", self._source, self._mapping)


class ArchiveFile:
    """An open file. Iterating moves it; `position()` is where it has got to."""

    def __init__(
        self,
        path: Path,
        name: str,
        formats: Formats,
        *,
        rows: bool,
    ) -> None:
        self._name = name
        self._formats = formats
        self._header = Header.read(path) if rows else None
        with reading(path):
            status = path.stat()
        self._seen = (status.st_size, status.st_mtime_ns)
        self._time = file_time(status.st_mtime)
        self._lines = Lines.open(path)
        try:
            _refuse_other_kinds(path, self._lines.head(_LOOK), rows=rows)
        except BaseException:
            self._lines.close()
            raise

    @property
    def line(self) -> int:
        """The number of the last line consumed."""
        return self._lines.progress.line

    def resume(self, position: Position) -> bool:
        """Move to where reading stopped; False where the file is not the one that was read."""
        return self._lines.resume(position, self._relearn())

    def _relearn(self) -> Callable[[bytes], None] | None:
        """Return what must see the lines passed over: names that later Bluesky events rely on."""
        first = self._lines.head(_LOOK).partition(b"\n")[0]
        looks_so = b'"did"' in first and b'"kind"' in first
        if self._header or self._formats.name({"did": 1, "kind": 1}) != "bluesky" or not looks_so:
            return None

        def learn(raw: bytes) -> None:
            if Jetstream.names_somebody(raw):
                record = json_record(RawLine(raw, len(raw)))
                if record.value is not None:
                    self._parsed(record, 0)

        return learn

    def __iter__(self) -> Iterator[tuple[int, Parsed, str]]:
        """Yield (line, what it held, what is wrong with it); the position is then behind it."""
        lines = self._lines
        records = csv_records(lines, self._header) if self._header else json_records(lines)
        for record in records:
            number = lines.progress.line + 1
            if record.unfinished:
                yield number, _NOTHING, f"the last line is unfinished: {record.problem}"
                return
            for line in record.lines:
                lines.take(line)
            if record.problem:
                yield number, _NOTHING, record.problem
            elif record.value is not None:
                yield self._parsed(record, number)
        if lines.damage:
            yield lines.progress.line + 1, _NOTHING, lines.damage

    def _parsed(self, record: Record, number: int) -> tuple[int, Parsed, str]:
        raw = record.lines[0].raw
        line = Line(self._name, number, crc32(raw), self._time)
        values = record.value if isinstance(record.value, list) else [record.value]
        try:
            if len(values) == 1:
                parsed = self._formats.of(values[0]).parse(values[0], line)
                parsed.origins = values * len(parsed.posts)
                return number, parsed, ""
            return number, self._all_parsed(values, line), ""
        except UnreadableError as error:
            return number, _NOTHING, str(error)
        except (RecursionError, OverflowError) as error:
            return number, _NOTHING, f"a value is out of all measure ({type(error).__name__})"

    def _all_parsed(self, values: list[object], line: Line) -> Parsed:
        """Read a line that holds an array, such as one answer of an API."""
        whole = Parsed()
        for index, value in enumerate(values, 1):
            try:
                one = self._formats.of(value).parse(value, line)
            except UnreadableError as error:
                whole.notes.append(f"item {index}: {error}")
            else:
                whole.posts += one.posts
                whole.origins += [value] * len(one.posts)
                whole.accounts += one.accounts
                whole.notes += one.notes
        return whole

    def position(self, *, at_end: bool) -> Position:
        """Return where reading goes on next time."""
        return self._lines.progress.position(self._seen if at_end else None)

    def close(self) -> None:
        """Close the file."""
        self._lines.close()


def file_time(modified: float) -> datetime:
    """Return the time of a file, which anybody may set, as one that a post can have."""
    bounded = min(max(modified, EARLIEST.timestamp()), LATEST.timestamp())
    return datetime.fromtimestamp(int(bounded), UTC)


def holds_rows(name: str, format_: FormatName) -> bool:
    """Return whether a file is CSV: said so, or by its ending."""
    return format_ == "csv" or (format_ == "auto" and name.lower().endswith(_CSV_ENDINGS))


def _refuse_other_kinds(path: Path, head: bytes, *, rows: bool) -> None:
    """Raise `BackendError` for what is evidently no archive of posts."""
    start = head.lstrip()
    if start[:1] == b"<" and not rows:
        raise BackendError(
            f"{path} holds a web page or XML, not posts",
            kind="broken",
            help="was an error page saved in place of the data?",
        )
    if start[:1] == b"[" and start[1:].lstrip(b" \t")[:1] in (b"\n", b"\r") and not rows:
        raise BackendError(
            f"{path} is one JSON array over several lines",
            kind="broken",
            help=f"write one post a line: jq -c '.[]' {path.name} > {path.stem}.jsonl",
        )
    odd = sum(octet < 32 and octet not in b"\t\n\r" for octet in head)
    odd += head.decode(errors="replace").count("\N{REPLACEMENT CHARACTER}")
    if odd > len(head) / 10:
        raise BackendError(
            f"{path} is neither text nor gzip",
            kind="broken",
            help="the files of an archive are UTF-8: JSON lines or CSV, plain or gzip",
        )
