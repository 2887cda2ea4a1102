"""Reads series of counts, and marks of what happened, out of files."""

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rules.errors import WatcherError
from watcher.spikes.score import Marked

MOST_ROWS = 5_000_000
LARGEST = 10**9


class SeriesError(WatcherError):
    """A file of counts or of marks cannot be read."""


def read_counts(path: Path) -> list[tuple[datetime, int]]:
    """Read `time,count` out of CSV, JSON or JSON lines, `.gz` or not, in the order of time.

    Times are ISO 8601; without a zone they are taken to be UTC. Raises `SeriesError`.
    """
    text = _text(path)
    found: list[tuple[datetime, int]] = []
    for number, (time, count) in enumerate(_rows(path, text), start=1):
        try:
            amount = float(count)
            found.append((_moment(str(time)), int(amount)))
        except (ValueError, OverflowError):
            if number == 1:
                continue  # the names of the columns
            raise SeriesError(
                f"{path}: row {number} is no time and count",
                help="write rows like: 2026-03-01T12:00:00Z,17",
            ) from None
        if not 0 <= found[-1][1] <= LARGEST:
            raise SeriesError(f"{path}: row {number} is no count", help="counts are 0 or more")
        if number > MOST_ROWS:
            raise SeriesError(f"{path} has more than {MOST_ROWS:,} rows", help="give a part of it")
    if not found:
        raise SeriesError(f"{path} holds no counts", help="write rows like: 2026-03-01,17")
    return sorted(found)


def read_windows(path: Path, name: str = "") -> list[Marked]:
    """Read `[[since, until], ...]`, or the entry `name` of an object of such lists.

    A third moment of an entry says when it began; without it that is the beginning of the window.
    Raises `SeriesError`.
    """
    try:
        data = json.loads(_text(path))
    except ValueError:
        raise SeriesError(
            f"{path} is no JSON", help='write [["2026-03-01", "2026-03-02"]]'
        ) from None
    if isinstance(data, dict):
        keys = [key for key in data if not name or Path(key).stem == name or key == name]
        if len(keys) != 1:
            raise SeriesError(
                f"{path} marks several series",
                help="call the file of counts as one of them: " + ", ".join(list(data)[:5]),
            )
        data = data[keys[0]]
    try:
        found = [_window(entry) for entry in data]
    except (ValueError, TypeError, IndexError):
        raise SeriesError(
            f"{path} holds something that is no window",
            help='write [["2026-03-01T10:00Z", "2026-03-01T18:00Z"]]',
        ) from None
    return sorted(found, key=lambda one: one.since)


def _window(entry: Any) -> Marked:
    moments = [_moment(str(one)) for one in entry]
    since, until = moments[0], moments[1]
    began = moments[2] if len(moments) > 2 else since
    if not since <= began <= until:
        raise ValueError("these are not in the order of time")
    return Marked(since=since, until=until, began=began)


def _rows(path: Path, text: str) -> Iterator[tuple[Any, Any]]:
    start = text.lstrip()[:1]
    if start not in ("[", "{"):
        for row in csv.reader(text.splitlines()):
            if row:
                yield (row[0], row[1]) if len(row) > 1 else (row[0], "")
        return
    try:
        items = json.loads(text) if start == "[" else map(json.loads, text.splitlines())
        for item in items:
            if isinstance(item, dict):
                yield item.get("time"), item.get("count")
            else:
                yield item[0], item[1]
    except (ValueError, TypeError, IndexError, KeyError):
        raise SeriesError(f"{path} is no JSON of times and counts") from None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        raise SeriesError(
            f"{path} cannot be read: there is no such file", help="look at how its name is written"
        ) from None
    except (OSError, EOFError, ValueError) as error:
        raise SeriesError(f"{path} cannot be read: {type(error).__name__}") from None
