"""What stands between the words: an exact phrase is compared with its punctuation."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from rules.characters import plain
from rules.evaluation.standing import bitset
from rules.language.tree import Span
from rules.text import Analysis

_STRAIGHT = str.maketrans("’‘“”", "''\"\"")
_SPACES = re.compile(r"\s+")
_AROUND = 20
"""How many characters of punctuation around an exact phrase are compared."""


class Around(NamedTuple):
    """The punctuation around and between some words, in the form in which it is compared."""

    before: str
    between: list[str]
    after: str


def around(text: str, spans: Sequence[Span]) -> Around:
    """The punctuation around these words of a rule."""
    first, last = spans[0][0], spans[-1][1]
    return Around(
        before=as_written(text[max(0, first - _AROUND) : first]),
        between=[as_written(text[a[1] : b[0]]) for a, b in pairwise(spans)],
        after=as_written(text[last : last + _AROUND]),
    )


def as_written(text: str) -> str:
    """Punctuation as the eye takes it: any space is a space, curved quotes are straight ones."""
    return _SPACES.sub(" ", plain(text).translate(_STRAIGHT))


class Gaps:
    """What stands between the words of a post, by position; the same gaps come again and again."""

    def __init__(self, analysis: Analysis) -> None:
        self._text = analysis.post.text
        self._memo: dict[str, str] = {}
        spans: dict[int, Span | None] = {}
        for token in analysis.tokens:
            if token.start < token.end:
                here = token[2:4]
                spans[token.position] = here if spans.get(token.position, here) == here else None
        after: dict[str, list[int]] = {}
        unclear = []
        for position, span in spans.items():
            if position + 1 not in spans:
                continue
            following = spans[position + 1]
            if span and following:
                gap = self.between(span[1], following[0])
                after.setdefault(gap, []).append(position)
            else:
                unclear.append(position)
        self.unclear = bitset(unclear)
        """Where several terms stand, at the words of hashtags: each has a gap of its own."""
        self._after = {gap: bitset(places) for gap, places in after.items()}

    def perhaps(self, gap: str) -> int:
        """The positions of the words that this may follow."""
        return self._after.get(gap, 0) | self.unclear

    def between(self, end: int, start: int) -> str:
        """What stands between two words."""
        return self._written(self._text[end:start])

    def before(self, start: int) -> str:
        """What stands before a word, as far as it is compared."""
        return self._written(self._text[max(0, start - _AROUND) : start])

    def after(self, end: int) -> str:
        """What stands after a word, as far as it is compared."""
        return self._written(self._text[end : end + _AROUND])

    def _written(self, text: str) -> str:
        written = self._memo.get(text)
        if written is None:
            written = self._memo[text] = as_written(text)
        return written
