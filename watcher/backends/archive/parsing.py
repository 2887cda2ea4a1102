"""Records into posts: which format reads one, and what is said of those that none can read."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol
from zlib import crc32

from watcher.backends.archive.records import Record
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

NOTHING = Parsed()


class Choice(Protocol):
    """Chooses the format of each record."""

    def of(self, record: object) -> Format:
        """Return the format that reads a record."""
        ...


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


class Parser:
    """Reads the records of one file."""

    def __init__(self, name: str, formats: Choice, time: datetime) -> None:
        self._name = name
        self._formats = formats
        self._time = time

    def parsed(self, record: Record, number: int) -> tuple[int, Parsed, str]:
        """Return a record's number as given, what it holds, and what is wrong with it."""
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
            return number, NOTHING, str(error)
        except (RecursionError, OverflowError) as error:
            return number, NOTHING, f"a value is out of all measure ({type(error).__name__})"

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


def file_time(modified: float) -> datetime:
    """Return the time of a file, which anybody may set, as one that a post can have."""
    bounded = min(max(modified, EARLIEST.timestamp()), LATEST.timestamp())
    return datetime.fromtimestamp(int(bounded), UTC)


def refuse_other_kinds(path: Path, head: bytes, *, rows: bool) -> None:
    """Raise `BackendError` for what is evidently no archive of posts, by the first octets of it."""
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
