"""Which of many patterns a name may hold, without trying them one by one."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from rules.lookalike.candidate import Candidate
from rules.lookalike.pattern import Pattern

_STEM: Final = 3


class Index:
    """The pieces of all patterns by their first letters."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        owners: dict[str, set[int]] = defaultdict(set)
        for at, pattern in enumerate(patterns):
            for piece in pattern.pieces:
                owners[piece].add(at)
        self._short = tuple((piece, found) for piece, found in owners.items() if len(piece) < _STEM)
        self._stems: dict[str, list[tuple[str, set[int]]]] = defaultdict(list)
        for piece, found in owners.items():
            if len(piece) >= _STEM:
                self._stems[piece[:_STEM]].append((piece, found))

    def find(self, candidate: Candidate) -> list[int]:
        """Return the positions of the patterns of which the name holds a piece, in order."""
        found: set[int] = set()
        stems = self._stems
        for look in candidate.looks:
            for piece, owners in self._short:
                if piece in look:
                    found |= owners
            for at in range(len(look) - _STEM + 1):
                stem = look[at : at + _STEM]
                if stem in stems:
                    for piece, owners in stems[stem]:
                        if look.startswith(piece, at):
                            found |= owners
        return sorted(found)
