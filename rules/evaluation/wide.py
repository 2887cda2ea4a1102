"""Hashtags and handles of several words, which take several positions at once.

The text analysis places `mamarque` of `#MaMarque` at its first word and again at its last, so that
a phrase finds it from either side. Of a NEAR it is one thing that takes both: near its neighbours
on either side, and not near itself or its own parts.
"""

from collections.abc import Iterator

from rules.text import HANDLE_PART, Analysis, Token

WIDEST = 16
"""A hashtag of more words than this stands at its first and at its last place, as two things.

Each width is looked at for itself, so there must be few.
"""


def wide_words(analysis: Analysis) -> dict[tuple[str, int], tuple[int, int]]:
    """How many positions before and after its own a term takes, by term and position.

    Terms that take one position are left out.
    """
    wide: dict[tuple[str, int], tuple[int, int]] = {}
    for sign in _signs(analysis):
        first, last = sign[0].position, max(token.position for token in sign)
        if first == last:
            continue
        held: dict[tuple[str, int, int], list[int]] = {}
        for token in sign:
            places = (first, last) if _is_head(token) else (token.position,)
            held.setdefault((token.term, token.start, token.end), []).extend(places)
        for (term, _, _), places_held in held.items():
            begin, end = min(places_held), max(places_held)
            if begin < end < begin + WIDEST:
                wide.update(((term, place), (place - begin, end - place)) for place in places_held)
    return wide


def _signs(analysis: Analysis) -> Iterator[list[Token]]:
    """Yield the tokens of each hashtag and handle, its own first and then those of its words."""
    sign: list[Token] = []
    last = 0
    for token in analysis.tokens:
        if sign and not _belongs(token, sign[0], last):
            yield sign
            sign = []
        if sign or _is_head(token):
            sign.append(token)
            last = token.position if len(sign) == 1 else max(last, token.position)
    if sign:
        yield sign


def _belongs(token: Token, head: Token, last: int) -> bool:
    if head.start < head.end:
        return token.start < head.end
    return token.position <= last + 1  # beside the text ten positions part one from the next


def _is_head(token: Token) -> bool:
    return token.term[0] in "#@" and not token.term.startswith(HANDLE_PART)
