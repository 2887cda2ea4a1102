"""One spelling of a brand, made ready to be found in many names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, permutations
from typing import Final

from rules.lookalike.forms import LONGEST_FORM, form, looks
from rules.lookalike.words import everyday_words, first_names, known_words, surprise

_MOST_WORDS: Final = 3
_SHORTEST_WORD: Final = 3
_PART: Final = re.compile(r"[^\W_]+")


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
    pieces: frozenset[str]
    """A name without any of these in its `looks` is too far away to be compared."""
    looks: tuple[tuple[str, int], ...]
    """Its coarse readings, each with the fewest letters of it that an imitation keeps in order."""
    reordered: bool = False
    """Whether the words stand in another order than the brand's."""


def edits(length: int) -> int:
    """Return how many edits a brand of so many letters bears: short names lie close together."""
    return (length > 4) + (length > 8) + (length > 13)


def _cut(look: str, parts: int) -> set[str]:
    """Cut into parts of about equal length; one survives any `parts - 1` edits (pigeonhole).

    A transposition across a cut touches two parts, so what it makes of the first is kept as well.
    """
    size, longer = divmod(len(look), parts)
    bounds = [at * size + min(at, longer) for at in range(parts + 1)]
    found = {look[a:b] for a, b in pairwise(bounds)}
    for a, b in pairwise(bounds[:-1]):
        found.add(look[a : b - 1] + look[b])
    return found


def _pattern(name: str, text: str, *, reordered: bool = False) -> Pattern:
    allowed = edits(len(text))
    pieces: set[str] = set()
    seen = looks(text)
    for look in seen:
        pieces |= _cut(look, min(allowed + 1, len(look)))
    return Pattern(
        name=name,
        text=text,
        bits=surprise(text),
        everyday=text in everyday_words(),
        known=text in known_words(),
        first_name=text in first_names(),
        joined=len(_PART.findall(name)) == 1,
        limit=allowed + 0.35,
        pieces=frozenset(pieces),
        looks=tuple((look, max(1, len(look) - allowed)) for look in seen),
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
