"""Words that a brand trusts beside its name: `nordelia_lyon`, where it trusts `lyon`.

A name of the brand as it is spelled and nothing but such words is hardly a suspect by itself. It
can still become one by what the account does: copy the brand's picture, answer its customers. This
is for accounts alone: a domain's name is all that is known of it.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from rules.lookalike.forms import Form, plain
from rules.lookalike.measure import Place, Weight
from rules.model import Brand

LEFT: Final = 0.1
"""The score of a trusted name: too little to be raised, enough for all else to be looked at."""
_WORD: Final = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Trusted:
    """The trusted words of all brands."""

    words: Mapping[str, frozenset[str]]
    """By brand, folded; brands that trust none are left out."""

    @classmethod
    def of(cls, brands: Sequence[Brand]) -> "Trusted":
        """Collect the words of all brands."""
        folded = {brand.name: frozenset(map(plain, brand.trusted)) - {""} for brand in brands}
        return cls({brand: words for brand, words in folded.items() if words})

    def excused(self, found: Iterable[tuple[str, Place]]) -> frozenset[str]:
        """Return the brands of which a name holds nothing but the name and words they trust.

        `found` are the places of all brands' spellings in one name: what lies close to a brand's
        other spelling as well is the brand all the same.
        """
        return frozenset(brand for brand, place in found if self._excuses(brand, place))

    def _excuses(self, brand: str, place: Place) -> bool:
        words = self.words.get(brand)
        if not words or not is_plain(place) or not place.rest:
            return False
        return _made_of(place.left, words) and _made_of(place.right, words)


def lowered(place: Place) -> Place:
    """Return the place of an excused brand in a name, with the score that this leaves it."""
    if place.score <= LEFT:
        return place
    lower = _log_odds(LEFT) - _log_odds(place.score)
    why = Weight(lower, "trusted", {"rest": place.rest})
    return replace(place, score=LEFT, weights=(*place.weights, why))


def is_plain(place: Place) -> bool:
    """Return whether the brand stands in the name as it is spelled, with no trick anywhere."""
    form = place.form
    return not (place.window.changes or form.disguised or form.invisible or form.turned)


def beside(place: Place) -> tuple[str, ...]:
    """Return the words beside the brand, folded; none where a trick or digits are among them."""
    if not is_plain(place) or not place.rest:
        return ()
    words = _words(place.form, 0, place.window.start)
    words += _words(place.form, place.window.end, len(place.form.text))
    return tuple(words) if all(_WORD.fullmatch(word) for word in words) else ()


def _words(form: Form, start: int, end: int) -> list[str]:
    cuts = [start, *(at for at in sorted(form.edges) if start < at < end), end]
    return [form.text[a:b] for a, b in pairwise(cuts) if a < b]


def _made_of(text: str, words: frozenset[str]) -> bool:
    """Return whether a text is nothing but words one after the other: length times words."""
    reached = {0}
    for at in range(len(text)):
        if at in reached:
            reached.update(at + len(word) for word in words if text.startswith(word, at))
    return len(text) in reached


def _log_odds(share: float) -> float:
    share = min(share, 1 - 1e-9)
    return math.log(share / (1 - share))
