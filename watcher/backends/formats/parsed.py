"""What reading one record gives."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from rules.model import Account, Post


class UnreadableError(ValueError):
    """A record that is no post; the message says why, for the person who keeps the file."""


@dataclass(frozen=True, slots=True)
class Line:
    """Where a record stands; it makes up for what the simple shape may leave out."""

    file: str
    """The file's path below the folder that was named; stable when the whole moves."""
    number: int
    """The line on which the record begins, counted from 1."""
    checksum: int
    """CRC-32 of the raw record."""
    file_time: datetime
    """When the file was last written, UTC."""

    def id(self) -> str:
        """Return an id for a post that has none: file, line and checksum.

        The line alone would give a replaced file's posts the ids of the old ones; the checksum
        alone would make one post of two people who say the same.
        """
        return f"{self.file}:{self.number}:{self.checksum:08x}"


@dataclass(slots=True)
class Parsed:
    """What one record held: usually one post."""

    posts: list[Post] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    """Accounts seen beside the authors."""
    notes: list[str] = field(default_factory=list)
    """What was left out or cut, and why; each counts as one skipped item."""
    deleted: list[str] = field(default_factory=list)
    """Ids or aliases of posts that the network has no more."""
    departed: list[str] = field(default_factory=list)
    """Ids of accounts that left, and all their posts with them."""
    origins: list[object] = field(default_factory=list)
    """The raw record of each of the `posts`, in their order; whoever reads a file fills it."""


class Format(Protocol):
    """One shape of record."""

    def parse(self, record: Any, line: Line) -> Parsed:
        """Read one record. Raises `UnreadableError`."""
        ...
