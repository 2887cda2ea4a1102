"""A problem as the reader sees it: place, line, caret, and what to do about it.

    watcher.toml:12:1: error[unknown-key]: `evry` is not a key of a source
       12 | evry = "5m"
          | ^^^^
       help: did you mean `every`?

Columns count characters; the caret is placed by display width, so that it also stands right below
after tabs, Chinese and emoji. What looks like a password in the line is covered.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rules.errors import Problem, WatcherError

TAB = 4
WIDEST = 100
"""Longer lines are cut around the caret."""
MOST = 50
"""More screens than these are only counted."""
COVER = "********"

_PASSWORD = re.compile(
    r"""(?i)(?:pass?w|pwd|passphrase|secret|token|credential|api[-_]?key)[\w-]*["']?\s*[=:]\s*"""
    r"""(?P<value>(?!["']?\$\{)(?:"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,}\]]+))"""
)
_USER_INFO = re.compile(r"""://[^\s/:@"']*:(?P<value>[^\s"']+)@""")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A problem at its place in a file."""

    problem: Problem
    """With its path from the root of the document."""
    file: str
    """As the reader calls it: relative to the working folder where it lies below it."""
    line: int
    """From 1; 0 for what concerns the whole file, which lacks something."""
    column: int
    """From 1, in characters; 0 for the whole file."""
    text: str = ""
    """The line without its end."""
    width: int = 0
    """How many characters of the line are meant; 0 marks one place."""
    covered: tuple[tuple[int, int], ...] = ()
    """(start, end) of what in the line must not be shown."""

    @property
    def is_error(self) -> bool:
        """Whether this stops the program; a warning does not."""
        return self.problem.severity == "error"

    def __str__(self) -> str:
        """The screen, without a line end."""
        problem = self.problem
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        rows = [f"{place}: {problem.severity}[{problem.code}]: {_sayable(problem.message)}"]
        if self.line:
            number = f"{self.line:>5} | "
            shown, indent, marks = self._excerpt()
            rows.append(f"{number}{shown}".rstrip())
            rows.append(f"{' ' * (len(number) - 2)}| {' ' * indent}{'^' * marks}")
        if problem.help:
            rows.append(f"   help: {_sayable(problem.help)}")
        return "\n".join(rows)

    def _excerpt(self) -> tuple[str, int, int]:
        """Return the line as shown, the cells before the caret, and the cells it marks."""
        text, start, end = self.text, self.column - 1, self.column - 1 + self.width
        for low, high in reversed(_merged([*self.covered, *_passwords(text)])):
            text = text[:low] + COVER + text[high:]
            start, end = (_shifted(at, low, high) for at in (start, end))
        before, marked, after = (_visible(text[i:j]) for i, j in _thirds(text, start, end))
        if _cells(before) > WIDEST * 2 // 3:
            before = "…" + _last(before, WIDEST // 2)
        marked = _first(marked, WIDEST)
        after = _first(after, max(WIDEST - _cells(before + marked), 0))
        return before + marked + after, _cells(before), max(_cells(marked), 1)


class ConfigError(WatcherError):
    """The configuration cannot be used; the message is every problem of it, screen by screen."""

    def __init__(
        self, message: str, *, findings: Sequence[Finding] = (), code: str = "", help: str = ""
    ) -> None:
        super().__init__(message, help=help)
        self.findings = tuple(findings)
        self.code = code or (self.findings[0].problem.code if findings else "")

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> "ConfigError":
        """Make one of at least one finding, sorted by place, with a closing line that counts."""
        ordered = in_order(findings)
        return cls(screens(ordered), findings=ordered)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings by line, column and code."""
    return tuple(sorted(findings, key=lambda f: (f.line, f.column, f.problem.code)))


def screens(findings: Sequence[Finding]) -> str:
    """Return the screens of findings of one file, and a last line that counts them."""
    errors = sum(finding.is_error for finding in findings)
    counts = [
        f"{count} {word}{'s' if count != 1 else ''}"
        for count, word in ((errors, "error"), (len(findings) - errors, "warning"))
        if count
    ]
    shown = [str(finding) for finding in findings[:MOST]]
    if len(findings) > MOST:
        shown.append(f"... and {len(findings) - MOST} more like these")
    return "\n\n".join([*shown, f"{' and '.join(counts)} in {findings[0].file}"])


def _passwords(text: str) -> list[tuple[int, int]]:
    """Where a line seems to carry a password: by the name of its key, or inside a URL."""
    return [
        match.span("value")
        for pattern in (_PASSWORD, _USER_INFO)
        for match in pattern.finditer(text)
    ]


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    result: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1]:
            result[-1] = (result[-1][0], max(high, result[-1][1]))
        else:
            result.append((low, high))
    return result


def _shifted(at: int, low: int, high: int) -> int:
    """Where an offset lands once (low, high) has been covered."""
    if at <= low:
        return at
    return at - (high - low) + len(COVER) if at >= high else low + len(COVER)


def _thirds(text: str, start: int, end: int) -> tuple[tuple[int, int], ...]:
    start = min(start, len(text))
    end = min(max(end, start), len(text))
    return (0, start), (start, end), (end, len(text))


def _sayable(text: str) -> str:
    """A message or help, which may quote what was written."""
    for low, high in reversed(_merged(_passwords(text))):
        text = text[:low] + COVER + text[high:]
    return _visible(text)


def _visible(text: str) -> str:
    """Text that a terminal shows and does not obey: tabs as spaces, control characters as U+FFFD.

    Zero-width joiners stay, for emoji; direction marks do not, or the caret would point elsewhere.
    """
    return "".join(
        " " * TAB
        if char == "\t"
        else "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char != "\u200d"
        else char
        for char in text
    )


def _cells(text: str) -> int:
    from wcwidth import wcswidth  # loading its tables takes a while: only where there is a problem

    return max(wcswidth(text), 0)


def _first(text: str, cells: int) -> str:
    if _cells(text) <= cells:
        return text
    return text[: _fitting(text, cells)] + "…"


def _last(text: str, cells: int) -> str:
    return text[len(text) - _fitting(text[::-1], cells) :]


def _fitting(text: str, cells: int) -> int:
    """How many characters of text fit; a joined emoji at the cut may come apart."""
    return next((i for i in range(min(cells, len(text)), 0, -1) if _cells(text[:i]) <= cells), 0)
