"""Rules under the keys that they are filed by, and which of them a post brings up.

Rules are numbers here. Nothing changes once it is made: `changed` copies what it has to.
"""

from collections.abc import Iterable, Mapping

from rules.nearwords import NearWords
from rules.presearch import NEAR, SAID, STEMS, Key
from rules.text import Analysis

Numbers = tuple[int, ...]
Entry = tuple[int, frozenset[Key] | None]
"""The number of a rule and its keys; None where every post brings it up."""


class Filed:
    """Numbers of rules by their keys."""

    def __init__(
        self,
        places: Mapping[str, dict[str, Numbers]] | None = None,
        always: Numbers = (),
        near: NearWords | None = None,
    ) -> None:
        """Take for each place of keys the numbers by term, and those that every post brings up."""
        self._places = places or {}
        self._always = always
        self._said = self._places.get(SAID, {})
        self._stems = self._places.get(STEMS, {})
        self._lengths = sorted({len(stem) for stem in self._stems})
        self._close = self._places.get(NEAR, {})
        self._near = near or NearWords(self._close)
        self._others = [
            (place, numbers)
            for place, numbers in self._places.items()
            if place not in (SAID, STEMS, NEAR) and numbers
        ]

    def changed(self, *, added: Iterable[Entry], removed: Iterable[Entry] = ()) -> "Filed":
        """The same with some numbers more and some less; this one stays as it is."""
        places = dict(self._places)
        always = self._always
        copied: set[str] = set()

        def numbers_by_term(place: str) -> dict[str, Numbers]:
            if place not in copied:
                places[place] = dict(places.get(place, ()))
                copied.add(place)
            return places[place]

        for number, keys in removed:
            if keys is None:
                always = tuple(one for one in always if one != number)
            for place, term in keys or ():
                numbers = numbers_by_term(place)
                numbers[term] = tuple(one for one in numbers[term] if one != number)
                if not numbers[term]:
                    del numbers[term]
        for number, keys in added:
            if keys is None:
                always += (number,)
            for place, term in keys or ():
                numbers = numbers_by_term(place)
                numbers[term] = (*numbers.get(term, ()), number)
        return Filed(places, always, None if NEAR in copied else self._near)

    def brought_up(self, analysis: Analysis) -> Numbers:
        """The numbers filed under any key that the post has; some of them repeatedly."""
        said = analysis.said
        numbers = self._always
        for term in self._said.keys() & said:
            numbers += self._said[term]
        for length in self._lengths:
            for stem in self._stems.keys() & {term[:length] for term in said}:
                numbers += self._stems[stem]
        if self._close:
            for word in self._near.near(said):
                numbers += self._close[word]
        for place, by_term in self._others:
            for term in getattr(analysis, place) or _INSTEAD.get(place, ()):
                if term in by_term:
                    numbers += by_term[term]
        return numbers


_INSTEAD = {"languages": ("lang:",)}
"""A post that states no language is filed as such: it may read like any."""
