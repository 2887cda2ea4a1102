"""Runs the command line as a person or a program would, and compares what is seen with a file."""

import io
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from watcher.cli import Settings, run
from watcher.cli.console import stderr, stdout

SCREENS = Path(__file__).parent / "screens"
NOW = datetime(2026, 3, 10, 7, 30, tzinfo=UTC)  # a Tuesday, half past eight in Paris
_STYLE = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Seen:
    """What a command line left behind."""

    code: int
    out: str
    err: str
    """Empty on a terminal, where both come out in one place."""

    @property
    def screen(self) -> str:
        """What stands on the screen, styles and blanks at the ends of lines taken off."""
        return "\n".join(line.rstrip() for line in plain(self.out).splitlines()) + "\n"


def plain(text: str) -> str:
    """Return a text without its styles."""
    return _STYLE.sub("", text)


class _Stream(io.StringIO):
    def __init__(self, tty: bool, text: str = "") -> None:
        super().__init__(text)
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty


class Terminal:
    """The command line in a folder at a fixed time."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.now = NOW
        self._patch = monkeypatch
        monkeypatch.chdir(folder)
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("LOGNAME", "ada")  # who judges
        for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
            monkeypatch.delenv(name, raising=False)

    def type(self, *words: str, columns: int = 80, keys: str = "") -> Seen:
        """Run a command line at a terminal; with `keys`, a person answers there."""
        return self._run(words, keys, tty=True, columns=columns)

    def pipe(self, *words: str, text: str = "") -> Seen:
        """Run a command line whose output goes into pipes."""
        return self._run(words, text, tty=False, columns=80)

    def _run(self, words: Sequence[str], text: str, *, tty: bool, columns: int) -> Seen:
        out = _Stream(tty)
        err = out if tty else _Stream(tty)
        stdout.cache_clear()
        stderr.cache_clear()
        with self._patch.context() as patch:
            patch.setenv("COLUMNS", str(columns))
            patch.setattr(sys, "stdin", _Stream(tty and bool(text), text))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = run(list(words), Settings(clock=lambda: self.now))
        stdout.cache_clear()
        stderr.cache_clear()
        return Seen(code, out.getvalue(), "" if tty else err.getvalue())


def compare(name: str, text: str) -> None:
    """Compare a text with `tests/screens/NAME.txt`.

    `UPDATE_SCREENS=1` writes the file anew, to be read before it is committed.
    """
    path = SCREENS / f"{name}.txt"
    if os.environ.get("UPDATE_SCREENS"):
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"UPDATE_SCREENS=1 writes {path}"
    assert text == path.read_text(encoding="utf-8")
