"""What travels between the driver of a job and its workers: small, frozen, and picklable.

A worker gets what is looked for (`Work`) and a part of a file (`Shard`), opens the file itself,
and gives back what it found (`ShardResult`). No address of a database and no secret is in any.
"""

import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple

from rules.errors import WatcherError

Kind = Literal["backtest", "scan-accounts"]
Form = Literal["lines", "gzip", "parquet"]

MOST_NOTES: Final = 20
"""What could not be read is counted; so many of each shard are told with their place."""
MOST_FOUND: Final = 256 << 20
"""Octets of packed hits that a shard may come to: a worker and the driver hold them in memory."""
_PIECE: Final = 1 << 16


class ScaleError(WatcherError):
    """A job cannot be planned, run or read."""


class ShardError(ScaleError):
    """A shard cannot be worked on, here or anywhere: its file is gone or has changed."""


class StoppedError(ScaleError):
    """A shard was left in its middle since somebody said to stop."""


@dataclass(frozen=True)
class Work:
    """What a job looks for; the same for all its shards."""

    kind: Kind
    sought: bytes
    """Brands, lists, languages and rules, as `watcher.scale.sought` packs them."""
    since: datetime | None = None
    """Posts written before are passed over; aware, UTC."""
    until: datetime | None = None
    """Posts written at that moment or later are passed over."""

    @cached_property
    def digest(self) -> str:
        """Tells one `sought` from every other: what is compiled of it is kept by this name."""
        return hashlib.sha256(self.sought).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """A part of one file. Its place and the file's mark are written down when a job is planned."""

    number: int
    """From 1, in the order of the files and within them."""
    file: str
    """An absolute path, or an address such as `s3://bucket/key`."""
    name: str
    """The file's path below what was named on the command line: for ids and messages."""
    form: Form
    start: int
    """Octets, or row groups; `gzip` has 0."""
    stop: int
    """Where the next shard begins."""
    size: int
    """Octets of the file when the job was planned."""
    mark: str
    """When it was written last (nanoseconds since 1970), or its ETag."""

    def dump(self) -> str:
        """Return it as JSON, for the ledger; the number is kept beside."""
        names = ("file", "name", "form", "start", "stop", "size", "mark")
        # Pure ASCII, so that a file name of other octets than UTF-8 comes back from any database.
        return json.dumps({name: getattr(self, name) for name in names})

    @classmethod
    def load(cls, number: int, text: str) -> "Shard":
        """Return what `dump` wrote."""
        return cls(number=number, **json.loads(text))


class Hit(NamedTuple):
    """Something that a rule found."""

    rule: str
    subject: str
    """Key of a post; of an account; or `domain:` and a registrable domain."""
    at: datetime | None
    """When the post was written."""
    detail: dict[str, Any]
    """What a person or a program wants to know of it, plain JSON."""


class Note(NamedTuple):
    """Something in a file that could not be read."""

    where: str
    """`file:line`, or `file` and the octet where the line begins, or its row."""
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShardResult:
    """What a shard held. The same shard gives the same result, octet by octet."""

    number: int
    records: int
    """Posts, or accounts, that were looked at."""
    skipped: int
    """Lines, rows or items that could not be read, or not whole."""
    notes: tuple[Note, ...]
    """The first of those."""
    hits: int
    found: bytes
    """The hits, as `Pack` writes them."""

    def read(self) -> Iterator[Hit]:
        """Yield the hits, unpacked piece by piece."""
        return unpacked(self.found)


class Pack:
    """Hits in the making: compressed JSON lines, so that many of them take little room."""

    def __init__(self) -> None:
        self.count = 0
        self._octets = 0
        self._packer = zlib.compressobj(1)
        self._pieces: list[bytes] = []
        self._encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode

    def add(self, hit: Hit) -> None:
        """Add one. Raises `ShardError` where they become too many to be held."""
        at = hit.at.isoformat() if hit.at else None
        line = self._encode((hit.rule, hit.subject, at, hit.detail))
        if piece := self._packer.compress(line.encode() + b"\n"):
            self._pieces.append(piece)
            self._octets += len(piece)
        self.count += 1
        if self._octets > MOST_FOUND:
            raise ShardError(
                f"there are too many hits for one shard: {self.count:,} of them are over "
                f"{MOST_FOUND >> 20} MB, packed; begin a job with narrower rules, such as this "
                f"one's last, {hit.rule!r}, or with a smaller --shard-size"
            )

    def whole(self) -> bytes:
        """Return all of them; nothing can be added after."""
        return b"".join((*self._pieces, self._packer.flush()))


def unpacked(found: bytes) -> Iterator[Hit]:
    """Yield what a `Pack` holds."""
    unpacker, rest = zlib.decompressobj(), b""
    for at in range(0, len(found), _PIECE):
        *lines, rest = (rest + unpacker.decompress(found[at : at + _PIECE])).split(b"\n")
        for line in lines:
            rule, subject, moment, detail = json.loads(line)
            yield Hit(rule, subject, datetime.fromisoformat(moment) if moment else None, detail)
