"""All of, any of, at least some of, none of."""

from collections.abc import Sequence

from rules.evaluation.choice import Choice
from rules.evaluation.reading import Test, first_of
from rules.language.tree import Span
from rules.text import Analysis


class AllOf(Test):
    """Every part; what is quickly told is asked first."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Sequence[Test]) -> None:
        super().__init__(max((part.effort for part in parts), default=0))
        self._parts = tuple(sorted(parts, key=lambda part: part.effort))

    def needed(self) -> frozenset[str] | None:
        """Terms of which a matching post has one."""
        known = [needed for part in self._parts if (needed := part.needed()) is not None]
        return min(known, key=len, default=None)

    def find(self, analysis: Analysis) -> Sequence[Span] | None:
        """Where all parts pass."""
        spans: list[Span] = []
        for part in self._parts:
            found = part.find(analysis)
            if found is None:
                return None
            spans += found
            spans = first_of(spans)
        return spans


class AnyOf(Test):
    """At least so many of the parts."""

    __slots__ = ("_choice", "_count")

    def __init__(self, parts: Sequence[Test], count: int = 1) -> None:
        super().__init__(max((part.effort for part in parts), default=0))
        self._choice = Choice(parts)
        self._count = count

    def needed(self) -> frozenset[str] | None:
        """Terms of which a matching post has one."""
        return self._choice.needed()

    def find(self, analysis: Analysis) -> Sequence[Span] | None:
        """Where the parts pass, every one that does."""
        spans: list[Span] = []
        passed = 0
        for part in self._choice.among(analysis):
            found = part.find(analysis)
            if found is not None:
                passed += 1
                spans += found
                spans = first_of(spans)
        return spans if passed >= self._count else None


class NoneOf(Test):
    """Not this."""

    __slots__ = ("_part",)

    def __init__(self, part: Test) -> None:
        super().__init__(part.effort)
        self._part = part

    def find(self, analysis: Analysis) -> Sequence[Span] | None:
        """An empty place where the part does not pass."""
        return () if self._part.find(analysis) is None else None
