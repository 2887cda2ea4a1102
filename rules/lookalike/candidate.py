"""A name under suspicion, taken apart once and held against many patterns."""

from dataclasses import replace
from functools import cached_property

from rapidfuzz.distance import LCSseq

from rules.lookalike.align import align
from rules.lookalike.forms import LONGEST_RAW, SIGNS, Form, form, looks, turned
from rules.lookalike.measure import Place, weigh
from rules.lookalike.pattern import Pattern


class Candidate:
    """A handle, display name or label of a domain; of a longer text only the beginning counts."""

    def __init__(self, name: str) -> None:
        self.name = name[:LONGEST_RAW]
        self.looks = looks(self.name)

    @cached_property
    def forms(self) -> tuple[Form, ...]:
        """The name letter by letter; again with signs read as letters, and as it is shown."""
        found = [form(self.name)]
        if not SIGNS.isdisjoint(self.name):
            found.append(form(self.name, signs=True))
        found += (replace(form(one), turned=True) for one in turned(self.name))
        return tuple(found)

    def near(self, pattern: Pattern) -> bool:
        """Return whether comparing is worth while: a cheap test that rules most patterns out.

        An edit costs at most one letter of the longest common subsequence.
        """
        for look in self.looks:
            if any(piece in look for piece in pattern.pieces):
                for text, least in pattern.looks:
                    if LCSseq.similarity(text, look, score_cutoff=least):
                        return True
        return False

    def place(self, pattern: Pattern) -> Place | None:
        """Return where the pattern lies in the name and what that weighs; None if nowhere."""
        return self.measured(pattern) if self.near(pattern) else None

    def measured(self, pattern: Pattern) -> Place | None:
        """Do the same without the cheap test."""
        best: Place | None = None
        for one in self.forms:
            window = align(pattern.text, one.text, pattern.limit, one.edges)
            if window and window.end > window.start:
                place = weigh(pattern, one, window)
                if best is None or place.score > best.score:
                    best = place
        return best
