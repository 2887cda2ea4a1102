"""A file's lines, plain or gzip, one at a time and each of bounded length, from any position."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Self
from zlib import crc32

from watcher.backends.archive.cursor import MARK, Position, Progress
from watcher.backends.interface import BackendError

LONGEST_LINE = 4 * 1024 * 1024
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line with its end; `problem` says what is wrong with it as a line."""

    raw: bytes
    """Of a line that is too long only the edges."""
    length: int
    problem: str = ""
    ended: bool = True
    """False for the last line of a file that ends without a line end: more may come."""


class Lines:
    """An open file. `progress` is where the caller has got to; it moves by the caller's `take`."""

    def __init__(self, path: Path, file: BufferedReader | gzip.GzipFile) -> None:
        self._path = path
        self._file = file
        self.progress = Progress()
        self.damage = ""
        """What ended the lines before the file's end, in a few words."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file. Raises `BackendError`."""
        with reading(path):
            if not (path.is_file() or path.is_dir()) and path.exists():
                raise BackendError(  # opening a pipe would wait for its other end
                    f"{path} is no regular file",
                    kind="broken",
                    help="an archive is read on from where it was left, which a pipe cannot do",
                )
            file = path.open("rb")
            if file.peek(2)[:2] != _GZIP:
                return cls(path, file)
            file.close()
            # not wrapped in a larger buffer: filling one would lose what precedes a damage
            return cls(path, gzip.GzipFile(path))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def head(self, octets: int) -> bytes:
        """Return the first octets of the content without moving; fewer of a damaged file."""
        with reading(self._path):
            try:
                return self._file.peek(octets)[:octets].removeprefix(_BOM)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                return b""

    def resume(self, position: Position, again: Callable[[bytes], None] | None = None) -> bool:
        """Move to a position; False where the content is not what was read up to there.

        `again`, where given, is handed every line passed over. A compressed file is unpacked up to
        the position, a plain one skipped; both compare the marks.
        """
        try:
            with reading(self._path):
                if again is None and not isinstance(self._file, gzip.GzipFile):
                    self._skip(position)
                else:
                    self._pass(position, again)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            return False
        now = self.progress
        return now.offset == position.offset and (crc32(now.head), crc32(now.tail)) == (
            position.head,
            position.tail,
        )

    def _skip(self, position: Position) -> None:
        self.progress.head = self._file.read(min(MARK, position.offset))
        self._file.seek(max(0, position.offset - MARK))
        self.progress.tail = self._file.read(min(MARK, position.offset))
        self.progress.offset, self.progress.line = self._file.tell(), position.line

    def _pass(self, position: Position, again: Callable[[bytes], None] | None) -> None:
        while self.progress.offset < position.offset:
            left = min(position.offset - self.progress.offset, LONGEST_LINE)
            raw = self._file.readline(left) if again else self._file.read(min(left, 1 << 20))
            if not raw:
                return
            if again:
                again(raw)
            self.progress.advance(raw, lines=0)
        self.progress.line = position.line

    def __iter__(self) -> Iterator[RawLine]:
        """Yield lines until the end, or until the compressed stream turns out damaged."""
        readline, longest = self._file.readline, LONGEST_LINE
        try:
            with reading(self._path):
                while raw := readline(longest):
                    if raw[-1] == 10:
                        yield RawLine(raw, len(raw))
                    elif len(raw) < longest:
                        yield RawLine(raw, len(raw), ended=False)
                    else:
                        yield self._too_long(raw)
        except EOFError:
            self.damage = "the compressed data ends unfinished; what follows is read when it comes"
        except (zlib.error, gzip.BadGzipFile) as error:
            self.damage = f"the compressed data is damaged from here on ({error})"

    def _too_long(self, start: bytes) -> RawLine:
        length, raw, tail = len(start), start, start[-MARK:]
        while raw and raw[-1] != 10:
            raw = self._file.readline(LONGEST_LINE)
            length += len(raw)
            tail = (tail + raw[-MARK:])[-MARK:]
        why = f"the line has {length:,} octets; at most {LONGEST_LINE:,} are read"
        return RawLine(start[:MARK] + tail, length, why, ended=bool(raw))

    def take(self, line: RawLine) -> None:
        """Move over a line."""
        self.progress.advance(line.raw)
        self.progress.offset += line.length - len(line.raw)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn the system's errors about a file into ours for the length of a block."""
    try:
        yield
    except gzip.BadGzipFile:
        raise
    except FileNotFoundError as error:
        raise BackendError(f"there is no file {path}", kind="gone") from error
    except PermissionError as error:
        raise BackendError(
            f"{path} may not be read",
            kind="refused",
            help="let the user that runs the watcher read it",
        ) from error
    except IsADirectoryError as error:
        raise BackendError(
            f"{path} is a folder",
            kind="broken",
            help=f'name its files: file = "{path.name}/*.jsonl.gz"',
        ) from error
    except OSError as error:
        raise BackendError(
            f"{path} cannot be read: {error.strerror or error}", kind="temporary"
        ) from error
