"""Archives cut into shards: few octets of each file are read, and the same files give the same cut.

Lines are cut behind a line end, Parquet between row groups. Not cut are compressed files, which can
be read from their start only, and Bluesky's stream, where the names of later authors stand earlier.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader
from itertools import pairwise
from pathlib import Path
from typing import Final

from watcher.backends.archive.parsing import refuse_other_kinds
from watcher.backends.interface import BackendError
from watcher.scale.model import Form, ScaleError, Shard
from watcher.scale.places import Place, find, opened

SHARD_SIZE: Final = 1_000_000
"""Posts in a shard, about: half a minute of work, and little to do again."""
_LOOK: Final = 1 << 16
"""Octets of a file's beginning from which the length of its lines is guessed."""
_STEP: Final = 1 << 20
_HEAD: Final = 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """What a job is to do."""

    shards: tuple[Shard, ...]
    passed_over: tuple[str, ...] = ()
    """Files of the folders that are no archives by their names."""
    empty: tuple[str, ...] = ()
    """Files with nothing in them."""


def plan(
    archives: Sequence[str],
    shard_size: int = SHARD_SIZE,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> Plan:
    """Return the shards of files, folders, patterns and addresses; each file once.

    `report` is told how many files were looked at, of how many. Raises `ScaleError` for the first
    that is not there or is none of posts: what is left out of a count should be known before.
    """
    places: dict[str, Place] = {}
    passed_over: list[str] = []
    for archive in archives:
        found, others = find(archive)
        places |= {place.file: place for place in found if place.file not in places}
        passed_over += others
    of_name = Counter(place.name for place in places.values())
    shards: list[Shard] = []
    empty: list[str] = []
    for done, place in enumerate(places.values()):
        report(done, len(places))
        name = place.name if of_name[place.name] == 1 else place.file
        form, cuts = _cuts(place, shard_size)
        if len(cuts) < 2:
            empty.append(place.file)
        for start, stop in pairwise(cuts):
            shards.append(
                Shard(
                    number=len(shards) + 1,
                    file=place.file,
                    name=name,
                    form=form,
                    start=start,
                    stop=stop,
                    size=place.size,
                    mark=place.mark,
                )
            )
    return Plan(tuple(shards), tuple(passed_over), tuple(empty))


def _cuts(place: Place, shard_size: int) -> tuple[Form, list[int]]:
    """Return where the shards of a file begin, and where the last one ends."""
    if place.size == 0:
        return "lines", []
    try:
        with opened(place.file) as file:
            return _cuts_of(place, file, shard_size)
    except OSError as error:
        raise ScaleError(f"{place.file} cannot be read: {error.strerror or error}") from error


def _cuts_of(place: Place, file: BufferedReader, shard_size: int) -> tuple[Form, list[int]]:
    head = file.read(_LOOK)
    if head.startswith(b"PAR1"):
        return "parquet", _between_groups(place, shard_size)
    if head.startswith(b"\x1f\x8b"):
        return "gzip", [0, place.size]
    _refuse(place.file, head)
    if _is_stream(head):
        return "lines", [0, place.size]
    return "lines", list(_between_lines(file, place.size, head, shard_size))


def _refuse(file: str, head: bytes) -> None:
    try:
        refuse_other_kinds(Path(file), head[:_HEAD], rows=False)
    except BackendError as error:
        raise ScaleError(error.message, help=error.help) from error
    if file.lower().endswith((".csv", ".tsv")):
        raise ScaleError(
            f"{file} is CSV, which is not read in shards",
            help="make JSON lines of it, one object a line, or read it as a source",
        )


def _is_stream(head: bytes) -> bool:
    first = head.partition(b"\n")[0]
    return b'"did"' in first and b'"kind"' in first


def _between_lines(file: BufferedReader, size: int, head: bytes, shard_size: int) -> Iterator[int]:
    yield 0
    step = max(1, shard_size * len(head) // max(1, head.count(b"\n")))
    at = step
    while at < size:
        at = _behind_line_end(file, at - 1)
        if at >= size:
            break
        yield at
        at += step
    yield size


def _behind_line_end(file: BufferedReader, at: int) -> int:
    """Return where the first line begins that begins behind an octet."""
    file.seek(at)
    while piece := file.read(_STEP):
        end = piece.find(b"\n")
        if end >= 0:
            return at + end + 1
        at += len(piece)
    return at


def _between_groups(place: Place, shard_size: int) -> list[int]:
    from watcher.scale import parquet

    cuts, rows = [0], 0
    groups = parquet.row_groups(place.file)
    for at, number in enumerate(groups):
        if rows and rows + number > shard_size:
            cuts.append(at)
            rows = 0
        rows += number
    return [*cuts, len(groups)] if groups else []
