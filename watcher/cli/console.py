"""How the command line prints: tables and colours on a terminal, plain text elsewhere.

Names and posts come from strangers: `safe` takes out what a terminal would obey.
"""

import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from rules.errors import WatcherError
from watcher.cli.columns import broken, fitted

MARK = "bold yellow"
NOTHING_STORED = "no post is stored yet: `watcher once` reads the sources"
PRIVATE = "[private]"
"""Stands beside a post that its author chose the readers of: it is not to be passed on."""
LEAST_ROOM = 20
"""Cells below which words are not worth a column of their own."""
WORTH_A_BAR = 2000
"""Posts to be worked through, below which it is over before a bar could be read."""


@cache
def stdout() -> "Screen":
    """The screen for results."""
    return Screen(_Console(highlight=False, force_terminal=sys.stdout.isatty()))


@cache
def stderr() -> "Screen":
    """The screen for errors, hints and progress."""
    return Screen(_Console(stderr=True, highlight=False, force_terminal=sys.stderr.isatty()))


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to `main`: that the reader (`| head`) has gone is no failure."""
        raise BrokenPipeError


class Screen:
    """A terminal, or the file or pipe that stands in for one."""

    def __init__(self, console: Console) -> None:
        self.console = console
        console.soft_wrap = not console.is_terminal  # lines in a file are as long as they are

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks at it."""
        return self.console.is_terminal

    def say(self, *lines: str | Text) -> None:
        """Print lines as they are; markup in them is not obeyed."""
        for line in lines:
            if self.is_terminal:
                self.console.print(line, markup=False, emoji=False)
            else:
                self.console.file.write(f"{line}\n")  # rich would make blanks of tabs

    def note(self, *lines: str) -> None:
        """Print lines of lesser weight."""
        for line in lines:
            self.console.print(Text(line, style="dim"))

    def hint(self, *lines: str) -> None:
        """Say what could be done next: to a person only, since a program has not asked."""
        if self.is_terminal:
            self.note(*lines)

    def error(self, error: WatcherError) -> None:
        """Print one of our errors and how to mend it."""
        self.trouble(error.message, error.help)

    def trouble(self, message: str, help: str = "") -> None:
        """Print what went wrong, which may quote a stranger, and how to mend it."""
        self.console.print(Text.assemble(("error: ", "bold red"), safe(message, 2000)))
        if help:
            self.console.print(Text.assemble(("help: ", "bold"), safe(help, 2000)))

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str | Text]],
        *,
        right: Sequence[str] = (),
        whole: Sequence[str] = (),
        hidden: Sequence[str] = (),
        less: Sequence[str] = (),
        empty: str = "",
    ) -> None:
        """Print a table; plain, tab-separated columns with their names where this is no terminal.

        `right` are columns of numbers, `whole` those to be broken last. `hidden` are those a person
        need not see since every row says the same, `less` those to do without on a narrow terminal,
        the first one first; the plain form always has all. `empty` is said where there are no rows.
        """
        if not self.is_terminal:
            self.say("\t".join(columns))
            for row in rows:
                self.say("\t".join(str(cell).replace("\n", " ") for cell in row))
            if not rows and empty:
                stderr().note(empty)
            return
        if not rows and empty:
            self.say(empty)
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        seen = [at for at, column in enumerate(columns) if column not in hidden]
        widths = fitted(
            [columns[at] for at in seen],
            [[row[at] for at in seen] for row in rows],
            self.console.width,
            unbroken={*right, *whole},
            less=less,
        )
        for name, width in widths.items():
            side: Any = "right" if name in right else "left"
            table.add_column(name, justify=side, overflow="fold", width=width)
        for row in rows:
            cells = dict(zip(columns, row, strict=True))
            table.add_row(*(broken(cells[name], width) for name, width in widths.items()))
        self.console.print(table)

    def pairs(self, rows: Sequence[tuple[str, str | Text]], indent: int = 2) -> None:
        """Print lines of two columns, of which the second one wraps below itself."""
        width = max((cell_len(key) for key, _ in rows), default=0)
        for key, words in rows:
            lead = " " * indent + key + " " * (width - cell_len(key) + 2)
            self.say(*self.hung(lead, words))

    def hung(self, lead: str, words: str | Text) -> list[Text]:
        """Return words behind a lead, as lines that on a terminal wrap below the first word."""
        whole = Text(words) if isinstance(words, str) else words
        room = self.console.width - cell_len(lead)
        if not self.is_terminal or room < LEAST_ROOM:
            return [Text(lead).append_text(whole)]
        lines = whole.wrap(self.console, room) or [Text()]
        blank = " " * cell_len(lead)
        return [Text(blank if at else lead).append_text(line) for at, line in enumerate(lines)]

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Give a function that is told (done, total) while something long goes on.

        A bar is drawn where a person looks at a terminal that can draw one, and where there is
        enough to do that it is worth looking at.
        """
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=not self.is_terminal or self.console.is_dumb_terminal,
        )
        task = bar.add_task(what, total=None)

        def report(done: int, total: int) -> None:
            if total >= WORTH_A_BAR and not bar.live.is_started:
                bar.start()
            bar.update(task, completed=done, total=total)

        try:
            yield report
        finally:
            if bar.live.is_started:
                bar.stop()


def safe(text: str, limit: int = 1000) -> str:
    """Return text from a stranger with nothing in it that a terminal would obey.

    Control and format characters (escapes, bidi overrides, zero width) become visible as U+FFFD,
    line ends become spaces, and the rest is cut at `limit` characters with an ellipsis. Each
    character stays one, so that places in the text still hold.
    """
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return cut if cut.isascii() and cut.isprintable() else "".join(map(_harmless, cut))


def safe_lines(text: str, limit: int = 100_000) -> list[str]:
    """Return a text of several lines, each made safe."""
    return [safe(line) for line in text[:limit].splitlines()]


def _harmless(char: str) -> str:
    if char in "\n\r\t\u2028\u2029":
        return " "
    if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co") and char != "\u200d":
        return "\N{REPLACEMENT CHARACTER}"
    return char


def marked(text: str, spans: Sequence[tuple[int, int]], limit: int = 1000) -> Text:
    """Return a post's text, made safe, with what matched marked by style."""
    result = Text(safe(text, limit))
    for start, end in spans:
        result.stylize(MARK, min(start, limit), min(end, limit))
    return result


def count(number: int, one: str, many: str = "") -> str:
    """Return a number and its noun: `1 post`, `1,204 posts`, `2 matches`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def ago(then: datetime | None, now: datetime) -> str:
    """Return a time as a person says it: `3 min ago`, `in 2 h`, `never`."""
    if then is None:
        return "never"
    seconds = (now - then).total_seconds()
    amount = abs(seconds)
    if amount < 1:
        return "now"
    if amount < 59.5:
        words = f"{amount:.0f} s"
    elif amount < 3570:
        words = f"{amount / 60:.0f} min"
    elif amount < 172_800:
        words = f"{amount / 3600:.0f} h"
    else:
        words = f"{amount / 86_400:.0f} days"
    return f"{words} ago" if seconds >= 0 else f"in {words}"


def moment(when: datetime, zone: str) -> str:
    """Return a time on the clocks of an IANA zone: `2026-11-22 17:29`."""
    return f"{when.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def size(octets: int) -> str:
    """Return a size as a person says it: `1.4 MB`."""
    if octets < 1000:
        return f"{octets} B"
    if octets < 1_000_000:
        return f"{octets / 1000:.0f} kB"
    return f"{octets / 1_000_000:.1f} MB"


def print_json(value: Any) -> None:
    """Print a value as JSON for a program to read."""
    click.echo(as_json(value))


def as_json(value: Any) -> str:
    """Return a value as JSON; times become ISO 8601 in UTC.

    Accents stay readable. What a terminal would obey is escaped, and so are lone surrogates, which
    no encoding carries: whoever reads the JSON gets them back.
    """
    text = json.dumps(value, ensure_ascii=False, indent=2, default=_plain)
    return _UNREADABLE.sub(_escape, text)


_UNREADABLE = re.compile(r"[^\x00-\x7e]")


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    return char if char.isprintable() else json.dumps(char)[1:-1]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def write_file(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Write a file that the user asked for. Raises `ClickException` where that fails."""
    try:
        with path.open("w", encoding=encoding, errors="replace", newline="") as file:
            file.write(text)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error


def shown(records: Sequence[Any], limit: int) -> Sequence[Any]:
    """Return at most `limit` of the records read, and say so where there are more."""
    if len(records) > limit:
        stderr().note(f"the first {limit:,} are shown; --limit shows more")
    return records[:limit]


def unique(values: Iterable[str]) -> bool:
    """Whether a column says the same in every row, and need not be shown to a person."""
    return len(set(values)) <= 1
