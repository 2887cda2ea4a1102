"""One rule or brand of a TOML file changed in place: all else, comments too, stays as it is.

An edit is text put in at a place. Whether the result means what was intended is for the caller to
see, by reading it again before it replaces the file.
"""

import difflib
import os
import re
import shutil
import stat
import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from watcher.toml.document import Document, Path_
from watcher.toml.screen import ConfigError

_NO_LINE_END = "\n\\ No newline at end of file\n"
_BOM = b"\xef\xbb\xbf"
_BEFORE = re.compile(r"(?:\\[ \t]*\n|\s)*")
"""What stands before the text in a string of several lines: blanks, and line ends taken out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Insertion:
    """Text that is put in at an offset of `Document.text`."""

    at: int
    text: str


class Uneditable(ConfigError):  # noqa: N818 - reads as what the file is
    """The file cannot be changed by a program without disturbing it."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A configuration as it lies on disk, read at one moment."""

    path: Path
    """Where it really lies: a symbolic link has been followed."""
    octets: bytes
    document: Document

    @classmethod
    def read(cls, path: Path) -> "ConfigFile":
        """Read a file. Raises `ConfigError` as `Document.read` does."""
        real = path.resolve()
        document = Document.read(real, path.name)
        return cls(real, real.read_bytes(), document)

    def changed(self, insertions: Iterable[Insertion]) -> bytes:
        """Return the file's octets with texts put in, its line ends and mark as they are."""
        mark = _BOM if self.octets.startswith(_BOM) else b""
        raw = self.octets.removeprefix(_BOM).decode()
        ends = [match.start() for match in re.finditer("\r\n", raw)]
        shorter = [end - number for number, end in enumerate(ends)]
        line_end = "\r\n" if ends else "\n"
        for one in sorted(insertions, key=lambda one: one.at, reverse=True):
            at = one.at + bisect_right(shorter, one.at - 1)
            raw = raw[:at] + one.text.replace("\n", line_end) + raw[at:]
        return mark + raw.encode()

    def diff(self, octets: bytes) -> str:
        """Return a change of the file as a unified diff."""
        old, new = (
            text.decode("utf-8-sig").replace("\r\n", "\n").splitlines(keepends=True)
            for text in (self.octets, octets)
        )
        name = self.path.name
        lines = difflib.unified_diff(old, new, name, f"{name} (proposed)", n=2)
        return "".join(line if line.endswith("\n") else f"{line}{_NO_LINE_END}" for line in lines)

    def replace(self, octets: bytes, check: Callable[[Path], None]) -> Path:
        """Put new octets in the file's place at once, and return where the old ones are kept.

        `check` is given a file with the new octets in the same folder, and raises what it has
        against them; then nothing has changed. Raises `ConfigError` where the file has changed
        since it was read, is read-only, or cannot be written.
        """
        if self.path.exists() and _is_read_only(self.path):
            raise ConfigError(
                f"{self.path.name} is read-only",
                code="unwritable",
                help="let it be written to (chmod u+w), or change it by hand",
            )
        backup = self.path.with_name(f"{self.path.name}.bak")
        fresh: Path | None = None
        try:
            handle, name = tempfile.mkstemp(".toml", f".{self.path.stem}-", self.path.parent)
            fresh = Path(name)
            with os.fdopen(handle, "wb") as file:
                file.write(octets)
                file.flush()
                os.fsync(file.fileno())
            check(fresh)
            shutil.copymode(self.path, fresh)
            if self.path.read_bytes() != self.octets:
                raise ConfigError(
                    f"{self.path.name} has been changed meanwhile",
                    code="changed-meanwhile",
                    help="look at the proposal again, which is made for the file as it is now",
                )
            shutil.copy2(self.path, backup)
            fresh.replace(self.path)
        except OSError as error:
            raise ConfigError(
                f"{self.path} cannot be written: {error.strerror or error}", code="unwritable"
            ) from error
        finally:
            if fresh is not None:
                with suppress(OSError):
                    fresh.unlink(missing_ok=True)
        return backup


def _is_read_only(path: Path) -> bool:
    """Whether nobody may write: a folder that may be written to would let us replace it."""
    return not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)


def joined_to(
    document: Document, rule: int, text: str, *, bracketed: bool
) -> tuple[Insertion, ...]:
    """Return what puts `text` behind the `find` of a rule: `a` becomes `a -b`.

    `bracketed` puts brackets around what is there. `text` needs no escapes but for `"`. Raises
    `Uneditable` where the rule states no `find` as a string.
    """
    raw, start, quotes = _string(document, ("rules", rule, "find"))
    inner = raw[len(quotes) : len(raw) - len(quotes)]
    before = _BEFORE.match(inner)
    begin = start + len(quotes) + (before.end() if before else 0)
    behind = start + len(quotes) + _last_sign(inner)
    brackets = (Insertion(at=begin, text="("),) if bracketed else ()
    closing = ")" if bracketed else ""
    return (*brackets, Insertion(at=behind, text=f"{closing} {_escaped(text, quotes)}"))


def added_to_list(
    document: Document, number: int, key: str, items: Iterable[str], *, table: str = "rules"
) -> Insertion:
    """Return what adds texts to a list of a rule (`none`), or that list, to a rule without it.

    `number` is the place of the rule among the file's, or of the `table` that is meant instead.
    Raises `Uneditable` where it has no place for the list.
    """
    written = ", ".join(_quoted(item) for item in items)
    path: Path_ = (table, number, key)
    place = document.place(path)
    if place is None:
        return _new_line(document, (table, number), f"{key} = [{written}]")
    text = document.text[slice(*place)]
    body = text[1:-1]
    last = _last_item(document, path)
    if last is None:
        return Insertion(at=place[0] + 1, text=written)
    behind = body[last - place[0] - 1 :].lstrip()
    if not behind.startswith(","):
        return Insertion(at=last, text=f", {written}")
    comma = document.text.index(",", last)
    indent = re.search(r"\n([ \t]*)\S[^\n]*$", document.text[:last])
    multi = "\n" in body
    lead = f"\n{indent[1]}" if multi and indent else " "
    return Insertion(at=comma + 1, text=f"{lead}{written},")


def _last_item(document: Document, path: Path_) -> int | None:
    """Where the last item of a list ends; None for an empty list."""
    number, end = 0, None
    while (place := document.place((*path, number))) is not None:
        end, number = place[1], number + 1
    return end


def _new_line(document: Document, table: Path_, line: str) -> Insertion:
    """A line behind the one that says what a rule looks for, or how it or a brand is called."""
    for key in ("none", "all", "any", "find", "name"):
        place = document.place((*table, key))
        if place is not None:
            after = document.text.find("\n", place[1])
            if after < 0:
                return Insertion(at=len(document.text), text=f"\n{line}\n")
            return Insertion(at=after + 1, text=f"{line}\n")
    raise _uneditable(document)


def _last_sign(inner: str) -> int:
    """Where the text in a string ends, before blanks and line ends taken out by a backslash."""
    end = len(inner.rstrip())
    while inner[end - 1 : end] == "\\" and inner[end - 2 : end - 1] != "\\" and end < len(inner):
        end = len(inner[: end - 1].rstrip())
    return end


def _string(document: Document, path: Path_) -> tuple[str, int, str]:
    """A string as it is written: with its quotes, where it begins, and which quotes."""
    place = document.place(path)
    if place is None:
        raise _uneditable(document)
    raw = document.text[slice(*place)]
    quotes = raw[:3] if raw.startswith(('"""', "'''")) else raw[:1]
    if quotes[:1] not in ('"', "'"):
        raise _uneditable(document)
    return raw, place[0], quotes


def _escaped(text: str, quotes: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"') if quotes[0] == '"' else text


def _quoted(text: str) -> str:
    """A text as a TOML string."""
    return f"'{text}'" if "'" not in text else f'"{_escaped(text, chr(34))}"'


def _uneditable(document: Document) -> Uneditable:
    return Uneditable(
        f"{document.name} does not write this in a way that can be changed in place",
        code="uneditable",
        help="change it by hand",
    )
