"""Regular expressions over posts, in linear time: the one place that knows RE2.

RE2 never backtracks, so that no pattern makes one search cost more than the length of the text
times the size of its program, which is bounded here. Capitals make no difference unless the
pattern says `(?-i)`; `.` stops at the end of a line; the classes `w` and `d` and the edge
`b` know ASCII alone.
"""

import re
from functools import lru_cache
from itertools import islice
from typing import Any

from rules.errors import WatcherError

Span = tuple[int, int]

LONGEST_PATTERN = 300
"""Characters of a pattern."""
MOST_SPANS = 200
"""Each search may read the text to its end, so that their number has to be bounded."""
_LARGEST_PROGRAM = 8000
"""Instructions of RE2; `\\pL` takes 1,200, of which a text costs few."""
_MOST_REPEATED = 200
"""Instructions that counted repetitions such as `{60}` may add: where the automaton grows too
large, each character of a text can cost so many steps."""
_COUNTED = re.compile(r"(\\(?:[xpP]\{[^}]*\}|.))|\{[0-9]+(?:,[0-9]*)?\}", re.DOTALL)
_MEMORY = 2 << 20
"""Bytes that RE2 may take for one pattern."""
_CONTEXTS = ("", "0", " ", "0 0", " 00 ", "\n", "0\n")
"""Texts that show a pattern which finds nothing at all: beginnings, ends and edges of words."""

_UNKNOWN_HERE = {
    "(?=": "looking ahead is not offered: it cannot be done in linear time",
    "(?!": "looking ahead is not offered: it cannot be done in linear time",
    "(?<": "looking behind is not offered: it cannot be done in linear time",
    "(?>": "atomic groups are not offered, nor are they needed: nothing here backtracks",
    "(?#": "comments are not offered",
}
_MEANINGS = {
    "missing )": "a round bracket is never closed; `\\(` stands for the sign itself",
    "unexpected )": "a round bracket is closed that was never opened; `\\)` is the sign itself",
    "missing ]": "a square bracket is never closed; `\\[` stands for the sign itself",
    "trailing \\": "nothing follows the backslash at the end",
    "no argument for repetition operator": "nothing stands before the sign to repeat",
    "bad repetition operator": "two signs of repetition stand next to each other",
    "invalid repetition size": "so many repetitions are not offered",
    "invalid character class range": "there is no such class or range of characters",
    "pattern too large": "it is too large",
}


class RegexError(WatcherError):
    """A regular expression cannot be used; `span` is the place in the pattern."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


class Regex:
    """A compiled pattern. It never changes, so threads may share it."""

    def __init__(self, pattern: str, program: Any) -> None:
        self.pattern = pattern
        self._program = program

    def spans(self, text: str) -> list[Span]:
        """The first `MOST_SPANS` places of the text that match, as (start, end) of characters."""
        found = islice(self._program.finditer(_searchable(text)), MOST_SPANS)
        return [span for span in (match.span() for match in found) if span[0] < span[1]]


@lru_cache(maxsize=1024)
def compile(pattern: str) -> Regex:  # noqa: A001 - as `re.compile`
    """The pattern ready to search with. Raises `RegexError`."""
    whole = (0, len(pattern))
    if len(pattern) > LONGEST_PATTERN:
        message = f"a regular expression has at most {LONGEST_PATTERN} characters"
        raise RegexError(message, (LONGEST_PATTERN, len(pattern)))
    edge = pattern.find("\b")
    if edge >= 0:
        message = "TOML makes a backspace of `\\b` between double quotes"
        raise RegexError(message, (edge, edge + 1))
    byte = pattern.find("\\C")
    if byte >= 0:
        raise RegexError("`\\C` matches half a letter", (byte, byte + 2))
    program = _program(pattern)
    if program.programsize > _LARGEST_PROGRAM:
        message = f"it is too large: {program.programsize:,} steps, at most {_LARGEST_PROGRAM:,}"
        raise RegexError(message, whole)
    repeated = (_size(pattern) or program.programsize) - _size(_COUNTED.sub(r"\1", pattern))
    if repeated > _MOST_REPEATED:
        message = f"its counted repetitions make {repeated:,} steps, at most {_MOST_REPEATED}"
        raise RegexError(message, whole)
    if any(match.start() == match.end() for text in _CONTEXTS for match in program.finditer(text)):
        raise RegexError("it finds nothing at all too, and so every post", whole)
    return Regex(pattern, program)


def _size(pattern: str) -> int:
    """How many instructions the pattern takes where each character is one byte."""
    try:
        return int(_program(pattern.encode(), bytewise=True).programsize)
    except RegexError:  # it names a character that is more than a byte, or cannot be taken apart
        return 0


def _program(pattern: str | bytes, *, bytewise: bool = False) -> Any:
    import re2  # takes a while, and most configurations have no regular expression

    options = re2.Options()
    options.case_sensitive = False
    if bytewise:
        options.encoding = re2.Options.Encoding.LATIN1
    options.never_capture = True
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(pattern, options)
    except UnicodeEncodeError as error:
        raise RegexError("half a character stands here", (error.start, error.end)) from None
    except re2.error as error:
        raise _explained(str(pattern), error.args[0]) from None


def _explained(pattern: str, told: bytes | str) -> RegexError:
    """RE2's `what: where` in our words, where being a piece of the pattern."""
    text = told.decode("utf-8", "replace") if isinstance(told, bytes) else told
    what, _, where = text.partition(": ")
    start = max(0, pattern.find(where))
    span = (start, start + len(where)) if where and where in pattern else (0, len(pattern))
    message = _MEANINGS.get(what, what)
    if what == "invalid escape sequence":
        message = f"`{where}` has no meaning"
        if where[1:2].isdigit():
            message = "referring back to a group is not offered: it cannot be done in linear time"
    elif what == "invalid perl operator":
        message = _UNKNOWN_HERE.get(where[:3], f"`{where}` has no meaning")
    return RegexError(message, span)


def _searchable(text: str) -> str:
    """The text with a question mark for each half of a character, which UTF-8 cannot hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
