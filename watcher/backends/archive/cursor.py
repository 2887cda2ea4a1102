"""How far each file of an archive has been read."""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self
from zlib import crc32

MARK = 256
"""Octets at the beginning and before the position that tell whether a file is still the same."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where reading one file goes on. Offsets count octets of the uncompressed content."""

    offset: int = 0
    line: int = 0
    """Lines before the offset."""
    head: int = 0
    """CRC-32 of the first `min(MARK, offset)` octets."""
    tail: int = 0
    """CRC-32 of the last `min(MARK, offset)` octets before the offset."""
    seen: tuple[int, int] | None = None
    """Size and time of the file (on disk) when its end was reached: the same means nothing new."""


@dataclass(slots=True)
class Progress:
    """A position in the making: moves over what was consumed and remembers the two marks."""

    offset: int = 0
    line: int = 0
    head: bytes = b""
    tail: bytes = b""

    def advance(self, raw: bytes, lines: int = 1) -> None:
        """Move over consumed octets."""
        self.offset += len(raw)
        self.line += lines
        if len(self.head) < MARK:
            self.head += raw[: MARK - len(self.head)]
        self.tail = raw[-MARK:] if len(raw) >= MARK else (self.tail + raw)[-MARK:]

    def position(self, seen: tuple[int, int] | None = None) -> Position:
        """Return what is to be remembered."""
        return Position(self.offset, self.line, crc32(self.head), crc32(self.tail), seen)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Positions by file, each named by its path below the archive's folder.

    About 100 octets a file: an archive of a thousand files saves 100 kB with each page.
    """

    files: dict[str, Position] = field(default_factory=dict)

    def at(self, file: str, position: Position) -> Self:
        """Return the cursor with one file moved."""
        return replace(self, files={**self.files, file: position})

    def dump(self) -> str:
        """Return the cursor as it is stored."""
        files = {name: list(asdict(position).values()) for name, position in self.files.items()}
        return json.dumps({"archive": 1, "files": files}, separators=(",", ":"))

    @classmethod
    def load(cls, text: str | None) -> Self:
        """Return a stored cursor.

        One that is not ours (the source was of another kind before) is as good as none: everything
        is read again, and the store knows its posts.
        """
        try:
            files = json.loads(text or "{}")["files"]
            return cls({str(name): _position(values) for name, values in files.items()})
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()


def _position(values: list[Any]) -> Position:
    *numbers, seen = values
    offset, line, head, tail = map(int, numbers)
    return Position(offset, line, head, tail, None if seen is None else (seen[0], seen[1]))
