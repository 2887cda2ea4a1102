"""Things that stand near each other: `NEAR`, `ONEAR`, and alternatives on either side of them.

The distance is counted from the last word of the one to the first word of the other; neighbours are
1 apart, and no word belongs to both. What is near something stands from the first word of the one
to the last word of the other, when it is itself near something else.
"""

from collections.abc import Sequence

from rules.evaluation.choice import Choice
from rules.evaluation.reading import first_of
from rules.evaluation.standing import remembered
from rules.evaluation.words import Places, Standing
from rules.language.tree import Span
from rules.text import Analysis


class Either(Standing):
    """Any of several things that stand at places."""

    __slots__ = ("_choice",)

    def __init__(self, parts: Sequence[Standing]) -> None:
        super().__init__()
        self._choice = Choice(parts)

    def needed(self) -> frozenset[str] | None:
        """Terms of which a matching post has one."""
        return self._choice.needed()

    def find(self, analysis: Analysis) -> Sequence[Span] | None:
        """Where any of them stands."""
        spans: list[Span] = []
        for part in self._choice.among(analysis):
            spans = first_of([*spans, *(part.find(analysis) or ())])
        return spans or None

    def places(self, analysis: Analysis) -> Places:
        """Every place where any of them stands."""
        places: Places = {}
        for part in self._choice.among(analysis):
            for width, bits in part.places(analysis).items():
                places[width] = places.get(width, 0) | bits
        return places

    def spans(self, analysis: Analysis, places: Places) -> Sequence[Span]:
        """The words that stand at some of its places."""
        spans: list[Span] = []
        for part in self._choice.among(analysis):
            there = part.places(analysis)
            own = {w: both for w in places if (both := places[w] & there.get(w, 0))}
            if own:
                spans = first_of([*spans, *part.spans(analysis, own)])
        return spans


class Nearby(Standing):
    """Two things near each other."""

    __slots__ = ("_distance", "_left", "_ordered", "_right")

    def __init__(self, left: Standing, right: Standing, distance: int, *, ordered: bool) -> None:
        super().__init__(2)
        self._left, self._right = left, right
        self._distance, self._ordered = distance, ordered

    def needed(self) -> frozenset[str] | None:
        """Terms of which a matching post has one."""
        known = [n for n in (self._left.needed(), self._right.needed()) if n is not None]
        return min(known, key=len, default=None)

    def find(self, analysis: Analysis) -> Sequence[Span] | None:
        """The words of both sides that are near enough to one of the other side."""
        left = self._left.places(analysis)
        right = self._right.places(analysis) if left else {}
        if not right:
            return None
        lefts: Places = {}
        rights: Places = {}
        self._meet(left, right, lefts, rights)
        if not self._ordered:
            self._meet(right, left, rights, lefts)
        if not lefts:
            return None
        return [*self._left.spans(analysis, lefts), *self._right.spans(analysis, rights)]

    def _meet(self, before: Places, after: Places, befores: Places, afters: Places) -> None:
        """Add the places of both that have one of the other near, `before` first."""
        later = 0
        for bits in after.values():
            later |= bits
        ends = 0
        for width, bits in before.items():
            ends |= bits << (width - 1)
        reached = _spread(later, self._distance)  # bit p: one begins at p, ... p + distance - 1
        for width, bits in before.items():
            if met := bits & (reached >> width):
                befores[width] = befores.get(width, 0) | met
        left_behind = _spread_up(ends << 1, self._distance)
        for width, bits in after.items():
            if met := bits & left_behind:
                afters[width] = afters.get(width, 0) | met

    def places(self, analysis: Analysis) -> Places:
        """From the first word of the one to the last word of the other, wherever they are near."""
        return remembered(analysis, self, lambda post: self._pairs(post, None)[0])

    def spans(self, analysis: Analysis, places: Places) -> Sequence[Span]:
        """The words of both sides that make up some of its places."""
        _, lefts, rights = self._pairs(analysis, places)
        return [*self._left.spans(analysis, lefts), *self._right.spans(analysis, rights)]

    def _pairs(self, analysis: Analysis, wanted: Places | None) -> tuple[Places, Places, Places]:
        """The places of every pair, or of those `wanted`, and of its left and its right side."""
        left, right = self._left.places(analysis), self._right.places(analysis)
        whole: Places = {}
        lefts: Places = {}
        rights: Places = {}
        orders = [(left, right, lefts, rights)]
        if not self._ordered:
            orders.append((right, left, rights, lefts))
        for before, after, befores, afters in orders:
            for wide, bits in before.items():
                for width, others in after.items():
                    for step in range(wide, wide + self._distance):
                        met = bits & (others >> step)
                        if met and wanted is not None:
                            met &= wanted.get(step + width, 0)
                        if met:
                            whole[step + width] = whole.get(step + width, 0) | met
                            befores[wide] = befores.get(wide, 0) | met
                            afters[width] = afters.get(width, 0) | met << step
        return whole, lefts, rights


def _spread(bits: int, count: int) -> int:
    """The set and its copies shifted down by 1, 2, ... `count` - 1."""
    done = 1
    while done < count:
        step = min(done, count - done)
        bits |= bits >> step
        done += step
    return bits


def _spread_up(bits: int, count: int) -> int:
    """The set and its copies shifted up by 1, 2, ... `count` - 1."""
    done = 1
    while done < count:
        step = min(done, count - done)
        bits |= bits << step
        done += step
    return bits
