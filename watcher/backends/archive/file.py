"""One file of an archive: what it is, how far it has been read, and the records after that."""

from collections.abc import Callable, Iterator
from pathlib import Path

from watcher.backends.archive.cursor import Position
from watcher.backends.archive.lines import Lines, RawLine, reading
from watcher.backends.archive.parsing import (
    NOTHING,
    FormatName,
    Formats,
    Parser,
    file_time,
    refuse_other_kinds,
)
from watcher.backends.archive.records import Header, csv_records, json_record, json_records
from watcher.backends.formats import Jetstream, Parsed

_CSV_ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_LOOK = 1024


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
        self._formats = formats
        self._header = Header.read(path) if rows else None
        with reading(path):
            status = path.stat()
        self._seen = (status.st_size, status.st_mtime_ns)
        self._parser = Parser(name, formats, file_time(status.st_mtime))
        self._lines = Lines.open(path)
        try:
            refuse_other_kinds(path, self._lines.head(_LOOK), rows=rows)
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
                    self._parser.parsed(record, 0)

        return learn

    def __iter__(self) -> Iterator[tuple[int, Parsed, str]]:
        """Yield (line, what it held, what is wrong with it); the position is then behind it."""
        lines = self._lines
        records = csv_records(lines, self._header) if self._header else json_records(lines)
        for record in records:
            number = lines.progress.line + 1
            if record.unfinished:
                yield number, NOTHING, f"the last line is unfinished: {record.problem}"
                return
            for line in record.lines:
                lines.take(line)
            if record.problem:
                yield number, NOTHING, record.problem
            elif record.value is not None:
                yield self._parser.parsed(record, number)
        if lines.damage:
            yield lines.progress.line + 1, NOTHING, lines.damage

    def position(self, *, at_end: bool) -> Position:
        """Return where reading goes on next time."""
        return self._lines.progress.position(self._seen if at_end else None)

    def close(self) -> None:
        """Close the file."""
        self._lines.close()


def holds_rows(name: str, format_: FormatName) -> bool:
    """Return whether a file is CSV: said so, or by its ending."""
    return format_ == "csv" or (format_ == "auto" and name.lower().endswith(_CSV_ENDINGS))
