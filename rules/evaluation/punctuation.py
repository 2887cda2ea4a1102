"""What stands between and around the words: an exact phrase is compared with its punctuation.

Everything is filed once for each word and each pair of neighbours, so that many phrases of the same
words, however they are punctuated, are not looked for place by place.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from rules.characters import plain
from rules.evaluation.slots import Slot
from rules.evaluation.standing import bitset, remembered
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


def neighbours(analysis: Analysis, one: Slot, other: Slot, gap: str) -> int:
    """The positions of a word that another follows with just this between the two."""

    def gaps(post: Analysis) -> dict[str, int]:
        ahead = other.stand(post).at
        text = post.post.text
        between = (
            (position, text[token.end : ahead[position + 1].start])
            for position, token in one.stand(post).at.items()
            if position + 1 in ahead
        )
        return {gap: bitset(places) for gap, places in _filed(between).items()}

    return remembered(analysis, ("between", one, other), gaps).get(gap, 0)


def preceded(analysis: Analysis, word: Slot, wanted: str) -> int:
    """The positions of a word right before which this stands."""

    def before(post: Analysis) -> "_Edges":
        text, places = post.post.text, word.stand(post).at.items()
        filed = _filed((p, text[max(0, t.start - _AROUND) : t.start]) for p, t in places)
        return _Edges({edge[::-1]: found for edge, found in filed.items()})

    return remembered(analysis, ("before", word), before).beginning(wanted[::-1])


def followed(analysis: Analysis, word: Slot, wanted: str) -> int:
    """The positions of a word right after which this stands."""

    def after(post: Analysis) -> "_Edges":
        text, places = post.post.text, word.stand(post).at.items()
        return _Edges(_filed((p, text[t.end : t.end + _AROUND]) for p, t in places))

    return remembered(analysis, ("after", word), after).beginning(wanted)


def _filed(texts: Iterable[tuple[int, str]]) -> dict[str, list[int]]:
    """Positions by text as it is compared; the same texts come again and again."""
    raw: dict[str, list[int]] = {}
    for position, text in texts:
        raw.setdefault(text, []).append(position)
    filed: dict[str, list[int]] = {}
    for text, places in raw.items():
        filed.setdefault(as_written(text), []).extend(places)
    return filed


class _Edges:
    """Positions by what stands next to them, found by its beginning."""

    def __init__(self, filed: dict[str, list[int]]) -> None:
        self._filed = filed
        self._sorted = sorted(filed)

    def beginning(self, wanted: str) -> int:
        """The positions next to which this stands."""
        found: list[int] = []
        for number in range(bisect_left(self._sorted, wanted), len(self._sorted)):
            if not self._sorted[number].startswith(wanted):
                break
            found += self._filed[self._sorted[number]]
        return bitset(found)
