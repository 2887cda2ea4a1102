"""Texts of strangers as a person may look at them.

Nothing is dropped in silence: what cannot be seen is written by its number, `[U+202E]`, and what is
too much is counted. No address is left that a program would turn into a link.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

MOST_ACCENTS: Final = 3
"""Marks above or below one letter; more of them would be painted over the lines around it."""

DOTS: Final = ".。．｡"
"""What a browser takes for the dot between the labels of a host."""

_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks that leave no trace, though Unicode does not class them as format signs."""
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS: Final = "\u200c\u200d"
_LINE_ENDS = re.compile("\r\n|\r")
_EMPTY_LINES = re.compile(r"\n(?:[ \t]*+\n){3,}")
_DOT = re.compile(rf"(?<=[^\s.])[{DOTS}](?=[^\W\d_][\w-])")

More = Callable[[str, int], str]
"""Says in the reader's words how many (characters, accents, lines) were left out."""


def more_in_english(what: str, count: int) -> str:
    """Say what was left out: `[1,200 more characters]`."""
    return f"[{count:,} more {what}]"


def defanged(text: str) -> str:
    """Return a text in which nothing is an address any more: `https[:]//example[.]com`."""
    return _DOT.sub("[.]", text.replace("://", "[:]//"))


def shown(text: str, limit: int, more: More = more_in_english) -> str:
    """Return a text of several lines with all that hides in it shown, and nothing to click.

    `limit` is how many characters of it are shown; `more` says what was left out.
    """
    cut = _LINE_ENDS.sub("\n", text[:limit])
    result = defanged(_EMPTY_LINES.sub(lambda lines: _fewer(lines[0], more), _visible(cut, more)))
    return f"{result} {more('characters', len(text) - limit)}" if len(text) > limit else result


def line(text: str, limit: int, more: More = more_in_english) -> str:
    """Return the same on one line, where ends of lines are spaces."""
    return " ".join(shown(text, limit, more).split())


def is_hidden(char: str, after: str = "") -> bool:
    """Whether the eye finds no trace of a character; `after` is what follows it.

    Joiners are kept where scripts and emoji need them: not before a letter that has a case.
    """
    if char in _JOINERS:
        return not after or after.isascii() or after.islower() or after.isupper()
    return char in _BLANK or (unicodedata.category(char) in _UNSEEN and char not in "\n\t")


def _visible(text: str, more: More) -> str:
    if text.isascii() and text.isprintable():
        return text
    result: list[str] = []
    accents = 0
    for at, char in enumerate(text):
        is_accent = unicodedata.category(char) in ("Mn", "Me") and char not in _BLANK
        if accents > MOST_ACCENTS and not is_accent:
            result.append(more("accents", accents - MOST_ACCENTS))
        accents = accents + 1 if is_accent else 0
        if accents > MOST_ACCENTS:
            continue
        hidden = is_hidden(char, text[at + 1 : at + 2])
        result.append(f"[U+{ord(char):04X}]" if hidden else char)
    if accents > MOST_ACCENTS:
        result.append(more("accents", accents - MOST_ACCENTS))
    return "".join(result)


def _fewer(lines: str, more: More) -> str:
    return f"\n\n{more('lines', lines.count(chr(10)) - 2)}\n"
