"""How the command line prints: tables and colours on a terminal, plain text elsewhere.

Names and posts come from strangers: `safe` takes out what a terminal would obey.
"""

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from rules.errors import WatcherError

MARK = "bold yellow"


@cache
def stdout() -> "Screen":
    """The screen for results."""
    return Screen(Console(highlight=False, soft_wrap=not sys.stdout.isatty()))


@cache
def stderr() -> "Screen":
    """The screen for errors and progress."""
    return Screen(Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty()))


class Screen:
    """A terminal, or the file or pipe that stands in for one."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def say(self, *lines: str | Text) -> None:
        """Print lines as they are; markup in them is not obeyed."""
        for line in lines:
            self.console.print(line, markup=False, emoji=False)

    def note(self, line: str) -> None:
        """Print a line of lesser weight."""
        self.console.print(escape(line), style="dim", emoji=False)

    def error(self, error: WatcherError) -> None:
        """Print one of our errors and how to mend it."""
        self.console.print(Text.assemble(("error: ", "bold red"), str(error)))
        if error.help:
            self.console.print(Text.assemble(("help: ", "bold"), error.help))

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[str | Text]],
        *,
        right: Sequence[str] = (),
    ) -> None:
        """Print a table; plain, tab-separated columns where this is no terminal."""
        if not self.console.is_terminal:
            self.say("\t".join(columns).lower())
            for row in rows:
                self.say("\t".join(str(cell).replace("\n", " ") for cell in row))
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, justify="right" if column in right else "left")
        for row in rows:
            table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
        self.console.print(table)

    def progress(self) -> Progress:
        """Return a progress bar, silent where this is no terminal."""
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )


def safe(text: str, limit: int = 1000) -> str:
    """Return text from a stranger with nothing in it that a terminal would obey.

    Control and format characters (escapes, bidi overrides, zero width) become visible as U+FFFD,
    line ends become spaces, and the rest is cut at `limit` characters with an ellipsis.
    """
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(map(_harmless, cut))


def _harmless(char: str) -> str:
    if char in "\n\r\t\u2028\u2029":
        return " "
    if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn") and char != "\u200d":
        return "\N{REPLACEMENT CHARACTER}"
    return char


def marked(text: str, spans: Sequence[tuple[int, int]], limit: int = 1000) -> Text:
    """Return a post's text, made safe, with what matched marked by style."""
    result = Text(safe(text, limit))
    for start, end in spans:
        result.stylize(MARK, min(start, limit), min(end, limit))
    return result


def ago(then: datetime | None, now: datetime) -> str:
    """Return a time as a person says it: `3 min ago`, `in 2 h`, `never`."""
    if then is None:
        return "never"
    seconds = (now - then).total_seconds()
    amount = abs(seconds)
    if amount < 60:
        words = f"{amount:.0f} s"
    elif amount < 3600:
        words = f"{amount / 60:.0f} min"
    elif amount < 172_800:
        words = f"{amount / 3600:.0f} h"
    else:
        words = f"{amount / 86_400:.0f} days"
    return f"{words} ago" if seconds >= 0 else f"in {words}"


def size(octets: int) -> str:
    """Return a size as a person says it: `1.4 MB`."""
    if octets < 1000:
        return f"{octets} B"
    if octets < 1_000_000:
        return f"{octets / 1000:.0f} kB"
    return f"{octets / 1_000_000:.1f} MB"


def print_json(value: Any) -> None:
    """Print a value as JSON for a program to read; times become ISO 8601 in UTC."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=_plain)
    sys.stdout.write("\n")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
