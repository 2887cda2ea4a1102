"""Many alternatives of which a post can fit few: a list of 10,000 words is not gone through."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

from rules.evaluation.reading import Test
from rules.evaluation.slots import STEM
from rules.evaluation.standing import remembered
from rules.text import Analysis

T = TypeVar("T", bound=Test)

_FEW = 8
"""So many alternatives are gone through at once."""


class Choice(Generic[T]):
    """Alternatives, filed by a term that each one needs."""

    __slots__ = ("_by_term", "_others", "_stems", "_terms", "parts")

    def __init__(self, parts: Sequence[T]) -> None:
        self.parts = tuple(parts)
        self._by_term: dict[str, list[int]] = {}
        self._others: list[int] = []
        if len(parts) > _FEW:
            for number, part in enumerate(parts):
                needed = part.needed()
                if needed is None:
                    self._others.append(number)
                for term in needed or ():
                    self._by_term.setdefault(term, []).append(number)
        self._terms = frozenset(self._by_term)
        self._stems = frozenset(term for term in self._terms if term.endswith("*"))

    def needed(self) -> frozenset[str] | None:
        """Terms of which a post has one that fits any of the parts."""
        if len(self.parts) > _FEW:
            return None if self._others else self._terms
        known = [part.needed() for part in self.parts]
        return None if None in known else frozenset().union(*(n for n in known if n is not None))

    def among(self, analysis: Analysis) -> Iterable[T]:
        """The parts that the post may fit, in their order."""
        if len(self.parts) <= _FEW:
            return self.parts
        numbers = set(self._others)
        for term in self._terms & analysis.terms:
            numbers.update(self._by_term[term])
        if self._stems:
            for stem in self._stems & remembered(analysis, "stems", _stems):
                numbers.update(self._by_term[stem])
        return [self.parts[number] for number in sorted(numbers)]


def _stems(analysis: Analysis) -> AbstractSet[str]:
    return {term[:STEM] + "*" for term in analysis.terms}
