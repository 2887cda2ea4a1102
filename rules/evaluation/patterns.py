"""Regular expressions over the text as it is written, and how much a hostile text makes of them.

RE2 turns a pattern into an automaton and reads each character once. The states of the automaton are
made as they are met: where the pattern has begun at many places and any of them may still end well,
as with `[ab].{40}q`, nearly each character meets a new one, and costs as much as what goes on at
once. Letters that must stand there go on at few places; what fits many letters goes on at all.
"""

import re
from collections.abc import Sequence

from rules import regex
from rules.evaluation.reading import Test
from rules.language.tree import Span
from rules.text import Analysis

_ITEM = re.compile(
    r"\\[pP](?:\{[^}]*\}|.)|\\x\{[^}]*\}|\\[QE]|\\.|\[\^?\]?(?:\\.|\[:[^\]]*:\]|[^\]\\])*\]|"
    r"\(\?[^:)]*\)|\((?:\?[^:)]*:)?|.",
    re.DOTALL,
)
_TIMES = re.compile(r"\{[0-9]+(?:,([0-9]*))?\}|[*+?]")
_BEGINNING = re.compile(
    r"(?:\(\?-?i\)|\\b)*(?:\((?:\?:)?(?P<words>[\w ]+(?:\|[\w ]+)*)\)(?![*?{])|(?P<word>[\w ]+))"
)
_FEW = 6
"""So much going on at once makes so few states that they are met again."""


class Pattern(Test):
    """A regular expression is found in the text."""

    __slots__ = ("_pattern",)

    def __init__(self, pattern: str) -> None:
        """Compile the pattern; `rules.regex.RegexError` where it cannot be."""
        super().__init__(3)
        self._pattern = regex.compile(pattern)

    def find(self, analysis: Analysis) -> Sequence[Span] | None:
        """Where it is found, the first `regex.MOST_SPANS` times."""
        return self._pattern.spans(analysis.post.text) or None


def going_on(pattern: str) -> float:
    """About how many places of a pattern may go on at once; each of them costs each character.

    What fits ASCII letters alone counts half: a text of these is shorter.
    """
    open_groups = [0.0]
    last = 0.0
    at = 0
    while item := _ITEM.match(pattern, at):
        at = item.end()
        if _opens(item[0]):
            open_groups.append(0.0)
            continue
        if item[0] == "|":  # `(a|b)` is as much as `[ab]`
            open_groups[-1] = max(0.5, open_groups[-1])
        last = open_groups.pop() if item[0] == ")" and len(open_groups) > 1 else _width(item[0])
        while times := _TIMES.match(pattern, at):
            at = times.end()
            last *= _most(times)
        open_groups[-1] += last
    whole = sum(open_groups)
    return whole / _apart(pattern) if whole > _FEW else 0


def _opens(item: str) -> bool:
    """Whether a group begins, which `(?i)` does not."""
    return item.startswith("(") and not item.endswith(")")


def _width(item: str) -> float:
    """1 for what fits many letters, a half where they are ASCII, 0 for a letter or an edge."""
    if item in (r"\w", r"\d", r"\s"):
        return 0.5
    if item[0] == "[":
        return 0.5 if item.isascii() and item[1:2] != "^" and "\\" not in item else 1
    return 1 if item in (".", r"\W", r"\D", r"\S") or item[:2] in (r"\p", r"\P") else 0


def _most(times: "re.Match[str]") -> int:
    """How often something comes at most, as far as it is counted."""
    sign = times[0]
    if sign in "*+?":
        return 1
    numbers = [int(number) for number in re.findall("[0-9]+", sign)]
    return max(1, numbers[-1] + (times[1] == ""))


def _apart(pattern: str) -> int:
    """How far apart, at least, the pattern can begin twice, by the words that it begins with."""
    begins = _BEGINNING.match(pattern)
    if begins is None or _outside(pattern, "|"):
        return 1
    if begins["words"]:
        words = begins["words"].casefold().split("|")
    else:
        word = begins["word"].casefold()
        words = [word[:-1] if _TIMES.match(pattern, begins.end()) else word]
    for step in range(1, min(map(len, words), default=0)):
        if any(one[step:].startswith(other[: len(one) - step]) for one in words for other in words):
            return step
    return max(1, min(map(len, words), default=1))


def _outside(pattern: str, sign: str) -> bool:
    """Whether a sign stands outside of all brackets."""
    depth = 0
    for item in _ITEM.findall(pattern):
        depth += _opens(item) - (item == ")")
        if item == sign and depth <= 0:
            return True
    return False
