"""The names that an impostor of a brand would take, the most likely first.

What the habits of impostors make of a brand's spellings is merged by weight, then held against what
the network gives away as a handle, against the brand's own accounts, and against the score by which
suspects are raised.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import chain
from typing import Final

from rules.lookalike.bands import MEDIUM_FROM
from rules.lookalike.compare import compare
from rules.lookalike.detector import local_part
from rules.lookalike.forms import plain
from rules.lookalike.habits import HABITS, Base, Habit
from rules.lookalike.handles import HandleForm, handle_form
from rules.lookalike.ownership import Owned, split_network
from rules.model import Account, Brand

_PART: Final = re.compile(r"[^\W_]+")
_LONGEST: Final = 64
"""Letters of a brand that are varied; the networks' own limits are lower."""
_FURTHER: Final = 3.0
"""By how much the names of each further spelling are less likely."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LikelyName:
    """A name that somebody who imitates a brand could register."""

    name: str
    """As it would be written; without what the network puts behind it."""
    techniques: tuple[str, ...]
    rank: int
    """1 is the most likely."""
    score: float
    """How much it looks like the brand: 0 to 1."""


def likely_names(
    brand: Brand, *, limit: int, network: str = "", form: HandleForm | None = None
) -> Iterator[LikelyName]:
    """Yield at most `limit` names that could be taken on a network to imitate a brand.

    Each scores at least in the medium band; none is an account of the brand or of a friend on this
    network, none comes twice, whatever its case. The same brand has always the same names, and a
    larger limit only adds some at the end. `form` is that of the network where it is left out.
    A brand that no handle can spell, such as one in another script, has none.
    """
    form = form or handle_form(network)
    owned = Owned.of([brand])
    seen: set[str] = set()
    rank = 0
    streams = chain.from_iterable(
        _names(base, _FURTHER * at) for at, base in enumerate(_bases(brand, form))
    )
    for _, spelling, name in merge(*streams, key=lambda one: one[0]):
        if rank >= limit:
            return
        if name.lower() in seen or not form.fits(name):
            continue
        seen.add(name.lower())
        if any(
            owned.account(Account(network=network, id="", handle=handle))
            for handle in (name, form.whole(name))
        ):
            continue
        told = compare(spelling, name)
        if told.score >= MEDIUM_FROM:
            rank += 1
            yield LikelyName(name=name, techniques=told.techniques, rank=rank, score=told.score)


def _bases(brand: Brand, form: HandleForm) -> Iterator[Base]:
    """Yield the brand's spellings and own handles, each set of letters once."""
    seen: set[str] = set()
    own = (local_part(*split_network(entry)) for entry in brand.accounts)
    for spelling in (brand.name, *brand.spellings, *own):
        words = tuple(text for part in _PART.findall(spelling) if (text := plain(part)))
        joined = "".join(words)
        if 1 < len(joined) <= _LONGEST and _is_latin(spelling) and joined not in seen:
            seen.add(joined)
            yield Base(spelling, words, form)


def _is_latin(spelling: str) -> bool:
    """Return whether a spelling can be read in ASCII: `Crédit` can, but not what only looks so."""
    letters = filter(str.isalpha, spelling)
    return plain(spelling).isascii() and all(
        char.isascii() or unicodedata.name(char, "").startswith("LATIN") for char in letters
    )


def _names(base: Base, start: float) -> Iterator[Iterator[tuple[float, str, str]]]:
    """Yield a stream of (weight, spelling, name) for each habit."""

    def weighed(habit: Habit) -> Iterator[tuple[float, str, str]]:
        for at, name in enumerate(habit.names(base)):
            yield start + habit.first + habit.step * at, base.spelling, name

    return map(weighed, HABITS)
