"""Rules that ask for a term, for the beginning of a word, or for a word that is nearly so.

A term that was found to bring up nothing is remembered, so that nearly all terms of a post are
passed over in C: 4 times faster than asking each for its rules, and fuzzy rules cost next to
nothing. Memory is bounded, and what is remembered changes no answer.

Two words at most one edit apart are the same once one letter at most is left out of each. So the
words asked for are filed under themselves and under themselves less each letter (SymSpell, W.
Garbe); what is found there is measured.
"""

from collections.abc import Callable, Mapping

from rules.evaluation.slots import one_edit
from rules.matching.decide import Entry

Numbers = tuple[int, ...]

_MOST_KNOWN = 100_000
"""Terms of posts that are remembered; then all are forgotten."""
_LONGEST = 32
"""Longer terms are not remembered."""


class NearWords:
    """Numbers of rules by words that may have one edit."""

    def __init__(self, near: Mapping[str, Numbers]) -> None:
        self.any = bool(near)
        """Whether there are such words."""
        self._near = near
        self._less: dict[str, tuple[str, ...]] = {}
        for word in near:
            for less in _less_one(word):
                self._less[less] = (*self._less.get(less, ()), word)
        lengths = [len(word) for word in near] or [0]
        self._shortest, self._longest = min(lengths) - 1, max(lengths) + 1

    def numbers(self, word: str) -> Numbers:
        """The numbers of the words at most one edit from this one."""
        numbers: Numbers = ()
        if not self._shortest <= len(word) <= self._longest:
            return numbers
        less = _less_one(word)
        if self._less.keys().isdisjoint(less):  # nearly always, and told in C
            return numbers
        for near in {one for part in less for one in self._less.get(part, ())}:
            if one_edit(word, near):
                numbers += self._near[near]
        return numbers


class Beginnings:
    """Numbers of rules by how a word begins."""

    def __init__(self, stems: Mapping[str, Numbers]) -> None:
        self._stems = stems
        self._lengths = sorted({len(stem) for stem in stems})
        self._shortest = min(self._lengths, default=0)
        self._starts = {stem[: self._shortest] for stem in stems}

    def numbers(self, word: str) -> Numbers:
        """The numbers of the beginnings that the word has."""
        if word[: self._shortest] not in self._starts:
            return ()
        numbers: Numbers = ()
        for length in self._lengths:
            numbers += self._stems.get(word[:length], ())
        return numbers


class Words:
    """Numbers of rules by what they ask of the terms that a post says. Threads may share it."""

    def __init__(
        self,
        terms: Mapping[str, Numbers],
        beginnings: Beginnings,
        near: NearWords,
        made: Callable[[int], Entry],
    ) -> None:
        """Take the numbers by terms, by beginnings, and by words that may have one edit.

        `made` gives the entry of a number.
        """
        self._terms, self._beginnings, self._near = terms, beginnings, near
        self._made = made
        self._fruitless: set[str] = set()
        self._fruitful: dict[str, tuple[Entry, ...]] = {}

    def entries(self, said: set[str]) -> list[Entry]:
        """The entries that the terms of a post bring up; some of them repeatedly."""
        entries: list[Entry] = []
        fruitful = self._fruitful
        for term in said - self._fruitless:
            found = fruitful.get(term)
            entries += self._found(term) if found is None else found
        return entries

    def _found(self, term: str) -> tuple[Entry, ...]:
        """The entries of a term that is not remembered; from now on it is."""
        numbers = self._terms.get(term, ())
        if term[:1] not in "#@$":
            numbers += self._beginnings.numbers(term)
            if self._near.any:
                numbers += self._near.numbers(term)
        entries = tuple(map(self._made, numbers))
        if len(term) <= _LONGEST:
            if entries:
                self._fruitful[term] = entries
            else:
                self._fruitless.add(term)
                if len(self._fruitless) > _MOST_KNOWN:
                    self._fruitless = set()  # new ones: other threads may be going by the old
                    self._fruitful = {}
        return entries


def _less_one(word: str) -> list[str]:
    return [word, *[word[:at] + word[at + 1 :] for at in range(len(word))]]
