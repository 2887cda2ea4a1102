"""Rules under the keys that they are filed by, and which of them a post brings up.

Rules are numbers here. Nothing changes once it is made: `changed` copies what it has to.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

from rules.defanged import may_be_disarmed
from rules.matching.decide import Entry
from rules.matching.presearch import NEAR, SAID, STEMS, Key
from rules.matching.words import Beginnings, NearWords, Words
from rules.metadata import language_terms
from rules.text import Analysis

Numbers = tuple[int, ...]
Keyed = tuple[int, frozenset[Key] | None]
"""The number of a rule and its keys; None where every post brings it up."""


def _bare(number: int) -> Entry:
    """An entry with which nothing can be decided."""
    return (None, number)


class Filed:
    """Numbers of rules by their keys."""

    def __init__(
        self,
        places: Mapping[str, dict[str, Numbers]] | None = None,
        always: Numbers = (),
        beginnings: Beginnings | None = None,
        near: NearWords | None = None,
        *,
        made: Callable[[int], Entry] = _bare,
    ) -> None:
        """Take for each place of keys the numbers by term, and those that every post brings up.

        `made` gives the entry of a number, when it is first brought up.
        """
        self._made = made
        self._places = places or {}
        self._always = always
        self._near = near or NearWords(self._places.get(NEAR, {}))
        self._beginnings = beginnings or Beginnings(self._places.get(STEMS, {}))
        self._words = Words(self._places.get(SAID, {}), self._beginnings, self._near, made)
        self._others = [
            (_terms_of(place, numbers), numbers)
            for place, numbers in self._places.items()
            if place not in (SAID, STEMS, NEAR) and numbers
        ]

    def changed(
        self,
        *,
        added: Iterable[Keyed],
        removed: Iterable[Keyed] = (),
        made: Callable[[int], Entry] = _bare,
    ) -> "Filed":
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
        beginnings = None if STEMS in copied else self._beginnings
        near = None if NEAR in copied else self._near
        return Filed(places, always, beginnings, near, made=made)

    def brought_up(self, analysis: Analysis) -> list[Entry]:
        """The entries filed under any key that the post has; some of them repeatedly."""
        entries = self._words.entries(analysis.said)
        if self._always:
            entries += map(self._made, self._always)
        for terms_of, by_term in self._others:
            terms = terms_of(analysis)
            if terms and not by_term.keys().isdisjoint(terms):
                for term in terms:
                    entries += map(self._made, by_term.get(term, ()))
        return entries


class _Attribute:
    """The terms of a post in an attribute of its analysis."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, analysis: Analysis) -> Collection[str]:
        terms: Collection[str] = getattr(analysis, self._name)
        return terms


class _Authors:
    """The terms of who wrote a post, where a rule may ask for them.

    Nearly all posts are by people whom no rule names, and most handles tell that as they are.
    """

    def __init__(self, by_term: Mapping[str, Numbers]) -> None:
        self._asked = {term.rpartition(":")[2] for term in by_term}
        self._by_network = any(term.startswith("network:") for term in by_term)

    def __call__(self, analysis: Analysis) -> Collection[str]:
        handle = analysis.post.author.handle
        plain = handle.isascii() and handle.isidentifier()
        if plain and not self._by_network and handle.lower() not in self._asked:
            return ()
        return analysis.authors


def _terms_of(place: str, by_term: Mapping[str, Numbers]) -> Callable[[Analysis], Collection[str]]:
    """What gives the terms of a post that are looked for at a place."""
    if place == "authors":
        return _Authors(by_term)
    return _TERMS.get(place, _Attribute(place))


def _domains(analysis: Analysis) -> Collection[str]:
    post = analysis.post
    if post.links or analysis.cut.may_show_links or may_be_disarmed(post.text):
        return analysis.domains
    return ()


_TERMS: dict[str, Callable[[Analysis], Collection[str]]] = {
    # A post that states no language is filed as such: it may read like any.
    "languages": lambda analysis: language_terms(analysis.post.language) or ("lang:",),
    "domains": _domains,
}
