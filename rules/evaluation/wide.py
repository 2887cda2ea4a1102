"""Hashtags and handles of several words, which take several positions at once.

The text analysis places `mamarque` of `#MaMarque` at its first word and again at its last, so that
a phrase finds it from either side. Of a NEAR it is one thing that takes both: near its neighbours
on either side, and not near itself or its own parts.
"""

from collections.abc import Iterator, Sequence

from rules.text import HANDLE_PART, Analysis, Token

WIDEST = 16
"""A hashtag of more words than this stands at its first and at its last place, as two things.

Each width is looked at for itself, so there must be few.
"""

_Wide = list[tuple[str, int, int, int]]
"""Terms of one sign with their positions, counted from its first, and how many they take around."""


def wide_words(analysis: Analysis) -> dict[tuple[str, int], tuple[int, int]]:
    """How many positions before and after its own a term takes, by term and position.

    Terms that take one position are left out.
    """
    wide: dict[tuple[str, int], tuple[int, int]] = {}
    text = analysis.post.text
    known: dict[str, _Wide] = {}
    for sign in _signs(analysis.tokens):
        head = sign[0]
        shown = text[head.start : head.end]
        found = known.get(shown) if shown else None
        if found is None:
            found = _wide(sign)
            if shown:  # the same hashtags come again and again
                known[shown] = found
        first = head.position
        for term, place, before, after in found:
            wide[term, first + place] = (before, after)
    return wide


def _wide(sign: Sequence[Token]) -> _Wide:
    first, last = sign[0].position, max(token.position for token in sign)
    if first == last:
        return []
    held: dict[tuple[str, int, int], list[int]] = {}
    for token in sign:
        places = (first, last) if _is_whole(token.term) else (token.position,)
        held.setdefault((token.term, token.start, token.end), []).extend(places)
    return [
        (term, place - first, place - min(places_held), max(places_held) - place)
        for (term, _, _), places_held in held.items()
        if min(places_held) < max(places_held) < min(places_held) + WIDEST
        for place in places_held
    ]


def _signs(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Yield the tokens of each hashtag and handle, its own first and then those of its words."""
    begin = None
    last = end = 0
    for number, (term, position, start, stop, _) in enumerate(tokens):
        if begin is not None:
            if start < end or (start == stop == end and position <= last + 1):
                last = max(last, position)
                continue
            yield tokens[begin:number]
            begin = None
        if _is_whole(term):
            begin, last, end = number, position, stop
    if begin is not None:
        yield tokens[begin:]


def _is_whole(term: str) -> bool:
    """Whether a term is a hashtag or handle as a whole."""
    return term[0] in "#@" and not term.startswith(HANDLE_PART)
