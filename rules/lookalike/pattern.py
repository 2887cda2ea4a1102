"""One spelling of a brand, made ready to be found in many names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, permutations
from typing import Final, NamedTuple

from rules.lookalike.forms import LONGEST_FORM, form, looks
from rules.lookalike.words import everyday_words, first_names, known_words, surprise

_MOST_WORDS: Final = 3
_STEM: Final = 3
_SHORTEST_WORD: Final = 3
_PART: Final = re.compile(r"[^\W_]+")


class Piece(NamedTuple):
    """Letters of a spelling that an imitation keeps unchanged, and what stands about them."""

    text: str
    before: str
    after: str
    edits: int
    """How many edits the letters before and after bear together."""
    gapped: bool = False
    """Whether a letter that may be any stands in the middle of `text`."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A spelling and what is derived from it once."""

    name: str
    """As it was written."""
    text: str
    """Folded letters and digits."""
    bits: float
    """How unlikely these letters are in an ordinary name."""
    everyday: bool
    """Whether people use the word without thinking of a brand."""
    known: bool
    """Whether it is a word or name at all, be it a rare one or even the brand's own."""
    first_name: bool
    """Whether people bear it as their first name."""
    joined: bool
    """Whether it is written as one word."""
    limit: float
    """The most that edits may cost."""
    looks: tuple[str, ...]
    """Its coarse readings."""
    merged: int
    """How many letters fewer these have: edits between letters alike can bring them back."""
    pieces: frozenset[Piece]
    """Of these: a name that holds none of these is too far away to be compared."""
    reordered: bool = False
    """Whether the words stand in another order than the brand's."""


def edits(length: int) -> int:
    """Return how many edits a brand of so many letters bears: short names lie close together."""
    return (length > 4) + (length > 8) + (length > 13)


def _pieces(look: str, edits: int) -> Iterator[Piece]:
    """Yield pieces of which every imitation with so many edits of a look holds one.

    Cut into one part more than there are edits, one part survives (pigeonhole). A transposition
    across a cut touches two parts, so what it makes of the first is kept as well. A look that
    merging made short bears fewer edits than the spelling.
    """
    edits = min(edits, max(0, len(look) - 3), 1 if len(look) < 8 else edits)
    if edits == 1 and len(look) < 6:
        yield from _pieces_of_short(look)
        return
    size, longer = divmod(len(look), edits + 1)
    bounds = [at * size + min(at, longer) for at in range(edits + 2)]
    for a, b in pairwise(bounds):
        if b - a < min(_STEM, len(look)):
            continue  # pairs of letters stand in every other name
        yield Piece(look[a:b], look[:a], look[b:], edits)
        if b < len(look):
            swapped = look[a : b - 1] + look[b]
            yield Piece(swapped, look[:a], look[b - 1] + look[b + 1 :], edits - 1)


def _pieces_of_short(look: str) -> Iterator[Piece]:
    """Yield pieces for one edit of four or five letters, of which halves would be pairs."""
    a, b, c, d = tuple(look[:4])
    yield Piece(look[:3], "", look[3:], 1)
    yield Piece(look[-3:], look[:-3], "", 1)
    yield Piece(a + c + b, "", look[3:], 0)
    yield Piece(a + c + d, "", look[4:], 0)
    yield Piece(a + b + d, "", look[4:], 0)
    yield Piece(a + b + d, "", c + look[4:], 0)
    yield Piece(look[:2] + look[-2:], "", "", 0, gapped=True)


def _pattern(name: str, text: str, *, reordered: bool = False) -> Pattern:
    allowed = edits(len(text))
    read = looks(text)
    return Pattern(
        name=name,
        text=text,
        bits=surprise(text),
        everyday=text in everyday_words(),
        known=text in known_words(),
        first_name=text in first_names(),
        joined=len(_PART.findall(name)) == 1,
        limit=allowed + 0.35,
        looks=read,
        merged=len(text) - min(map(len, read)),
        pieces=frozenset(piece for look in read for piece in _pieces(look, allowed)),
        reordered=reordered,
    )


def _other_orders(name: str) -> Iterator[str]:
    """Yield the words of a name in every other order, joined."""
    words = [text for word in _PART.findall(name) if (text := form(word).text)]
    if 1 < len(words) <= _MOST_WORDS and min(map(len, words)) >= _SHORTEST_WORD:
        for order in permutations(words):
            yield "".join(order)


@lru_cache(maxsize=4096)
def patterns(name: str) -> tuple[Pattern, ...]:
    """Return the patterns of a spelling: itself and its words in another order.

    Empty where fewer than two letters remain of it.
    """
    text = form(name).text[: LONGEST_FORM // 2]
    if len(text) < 2:
        return ()
    orders = dict.fromkeys(order for order in _other_orders(name[:LONGEST_FORM]) if order != text)
    return (
        _pattern(name, text),
        *(_pattern(name, order, reordered=True) for order in orders),
    )
