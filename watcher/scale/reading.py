"""What a shard holds, a few thousand records at a time: never more of it is in memory."""

import gzip
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from typing import Any, Final

from rules.model import Account, Post
from watcher.backends.archive.lines import LONGEST_LINE, Lines, RawLine
from watcher.backends.archive.parsing import Choice, Parser, file_time
from watcher.backends.archive.records import Record, json_record
from watcher.backends.formats import Parsed
from watcher.backends.interface import BackendError
from watcher.scale.model import MOST_NOTES, Note, Shard, ShardError
from watcher.scale.places import look, opened
from watcher.scale.shapes import plain

MOST_RECORDS: Final = 2_000
MOST_OCTETS: Final = 4_000_000
"""Of lines or rows in a piece: bounds memory where posts are huge."""


@dataclass(slots=True)
class Piece:
    """Some records that follow each other."""

    posts: list[Post] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    """Accounts, and those seen beside the authors of posts."""
    skipped: int = 0
    notes: list[Note] = field(default_factory=list)
    part: float = 0.0
    """How much of the shard is read with it, 0 to 1."""
    records: int = 0
    """Posts and accounts, and lines or rows without any."""
    _octets: int = 0

    @property
    def full(self) -> bool:
        """Whether it is time to look at it."""
        return self.records >= MOST_RECORDS or self._octets >= MOST_OCTETS

    def count(self, octets: int) -> None:
        """Count a line or a row, also where it holds nothing."""
        self.records += 1
        self._octets += octets

    def add(self, where: str, parsed: Parsed) -> None:
        """Add what a line or a row held."""
        self.records += max(0, len(parsed.posts) + len(parsed.accounts) - 1)
        self.posts += parsed.posts
        self.accounts += parsed.accounts
        for note in parsed.notes:
            self.skip(where, note)

    def skip(self, where: str, why: str) -> None:
        """Count what could not be read, and keep the first of it."""
        self.skipped += 1
        if len(self.notes) < MOST_NOTES:
            self.notes.append(Note(where, why))


def read(shard: Shard, shapes: Choice, columns: tuple[str, ...]) -> Iterator[Piece]:
    """Yield what a shard holds, in its order.

    `columns` are those of Parquet that are of use. Raises `ShardError` where the file is not the
    one that was planned, also when it changes meanwhile.
    """
    _same(shard)
    if shard.form == "parquet":
        yield from _rows(shard, shapes, columns)
    else:
        yield from _lines(shard, shapes)
    _same(shard)


def _same(shard: Shard) -> None:
    if look(shard.file) != (shard.size, shard.mark):
        raise ShardError(
            f"{shard.file} has changed since the job was planned; begin a new job for it"
        )


def _time(shard: Shard) -> datetime:
    """Return the time of posts that have none: that of the file, where it is known."""
    return file_time(int(shard.mark) / 1e9 if shard.mark.isdigit() else 0.0)


def _lines(shard: Shard, shapes: Choice) -> Iterator[Piece]:
    parser = Parser(shard.name, shapes, _time(shard))
    zipped = shard.form == "gzip"
    with closing(opened(shard.file)) as raw:
        raw.seek(shard.start)
        file = gzip.GzipFile(fileobj=raw) if zipped else raw
        lines, piece = Lines(Path(shard.file), file), Piece()
        number, at = 0, shard.start
        try:
            for line in _until(lines, shard):
                number += 1
                where = f"{shard.name}:{number}" if shard.start == 0 else f"{shard.name}@{at}"
                # a line is known by its octet where the lines before it are not counted
                _take(piece, parser, line, number if zipped else at, where)
                at += line.length
                if piece.full:
                    piece.part = _part(shard, raw, at)
                    yield piece
                    piece = Piece()
        except BackendError as error:
            raise ShardError(error.message, help=error.help) from error
        if lines.damage:
            piece.skip(f"{shard.name}:{number + 1}", lines.damage)
        piece.part = 1.0
        yield piece


def _until(lines: Lines, shard: Shard) -> Iterator[RawLine]:
    left = shard.stop - shard.start
    if shard.form == "gzip":
        yield from lines
        return
    for line in lines:
        yield line
        left -= line.length
        if left <= 0:
            return


def _part(shard: Shard, raw: BufferedReader, at: int) -> float:
    if shard.form == "gzip":
        return min(1.0, raw.tell() / shard.size)
    return (at - shard.start) / (shard.stop - shard.start)


def _take(piece: Piece, parser: Parser, line: RawLine, number: int, where: str) -> None:
    piece.count(line.length)
    record = Record([line], problem=line.problem) if line.problem else json_record(line)
    if record.problem:
        piece.skip(where, record.problem)
    elif record.value is not None:
        _, parsed, problem = parser.parsed(record, number)
        if problem:
            piece.skip(where, problem)
        else:
            piece.add(where, parsed)


def _rows(shard: Shard, shapes: Choice, columns: tuple[str, ...]) -> Iterator[Piece]:
    from watcher.scale import parquet

    parser = Parser(shard.name, shapes, _time(shard))
    groups = parquet.row_groups(shard.file)
    row, total = sum(groups[: shard.start]), sum(groups[shard.start : shard.stop])
    last, piece = row + total, Piece()
    for octets, values in parquet.rows(shard.file, shard.start, shard.stop, columns):
        row += 1
        where = f"{shard.name}: row {row:,}"
        piece.count(octets)
        if octets > LONGEST_LINE:
            piece.skip(where, f"the row has {octets:,} octets; at most {LONGEST_LINE:,} are read")
        else:
            _take_row(piece, parser, values, row, where)
        if piece.full:
            piece.part = 1 - (last - row) / total
            yield piece
            piece = Piece()
    if row != last:
        raise ShardError(f"{shard.file} lacks {last - row:,} of the rows that it says to have")
    piece.part = 1.0
    yield piece


def _take_row(
    piece: Piece, parser: Parser, values: dict[str, Any], number: int, where: str
) -> None:
    record = plain(values)
    raw = str(record.get("text")).encode("utf-8", "replace")
    _, parsed, problem = parser.parsed(Record([RawLine(raw, len(raw))], record), number)
    if problem:
        piece.skip(where, problem)
    else:
        piece.add(where, parsed)
