"""Hashtags and handles of several words, which take several positions at once.

The text analysis places `mamarque` of `#MaMarque` at its first word and again at its last, so that
a phrase finds it from either side. Of a NEAR it is one thing that takes both: near its neighbours
on either side, and not near itself or its own parts.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import takewhile

from rules.text import HANDLE_PART, Analysis, Token

WIDEST = 16
"""A hashtag of more words than this stands at its first and at its last place, as two things.

Each width is looked at for itself, so there must be few.
"""

_Around = dict[tuple[str, int], tuple[int, int]]
"""How many positions a term takes before and after its own, by term and position."""


class WideWords:
    """The hashtags and handles of a post, each looked into when one of its terms is asked about."""

    def __init__(self, analysis: Analysis) -> None:
        tokens = self._tokens = analysis.tokens
        heads: dict[int, int] = {}
        for at, token in enumerate(tokens):
            if token[0][0] in "#@" and _is_whole(token[0]):
                heads.setdefault(token[1], at)  # a handle has two, in full and in short
        self._positions, self._heads = list(heads), list(heads.values())
        self._looked_into: dict[int, _Around] = {}

    def __bool__(self) -> bool:
        return bool(self._heads)

    def around(self, token: Token) -> tuple[int, int]:
        """How many positions before and after its own a token takes."""
        number = bisect_right(self._positions, token.position) - 1
        if number < 0:
            return 0, 0
        around = self._looked_into.get(number)
        if around is None:
            around = self._looked_into[number] = _wide(self._sign(number))
        return around.get((token.term, token.position), (0, 0))

    def _sign(self, number: int) -> Sequence[Token]:
        """The tokens of a hashtag or handle, its own first and then those of its words."""
        first = self._heads[number]
        following = self._heads[number + 1] if number + 1 < len(self._heads) else None
        head, *rest = self._tokens[first:following]
        if head.start == head.end:  # stated beside the text, where nothing but signs is
            return [head, *rest]
        return [head, *takewhile(lambda token: token.start < head.end, rest)]


def _wide(sign: Sequence[Token]) -> _Around:
    """What terms of a sign take more than one position, and how many around each."""
    first, last = sign[0].position, max(token.position for token in sign)
    if first == last:
        return {}
    held: dict[tuple[str, int, int], list[int]] = {}
    for token in sign:
        places = (first, last) if _is_whole(token.term) else (token.position,)
        held.setdefault((token.term, token.start, token.end), []).extend(places)
    return {
        (term, place): (place - min(places_held), max(places_held) - place)
        for (term, _, _), places_held in held.items()
        if min(places_held) < max(places_held) < min(places_held) + WIDEST
        for place in places_held
    }


def _is_whole(term: str) -> bool:
    """Whether a term is a hashtag or handle as a whole."""
    return term[0] in "#@" and not term.startswith(HANDLE_PART)
