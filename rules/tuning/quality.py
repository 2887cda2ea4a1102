"""How well a rule finds what people called relevant: precision, recall and their mean."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """A rule's findings against judgements, counted."""

    tp: int = 0
    """Found, and relevant."""
    fp: int = 0
    """Found, and irrelevant."""
    fn: int = 0
    """Relevant, and not found."""
    tn: int = 0
    """Irrelevant, and not found."""

    @classmethod
    def of(cls, judged: Iterable[tuple[bool, bool]]) -> "Quality":
        """Count (found, relevant) pairs."""
        counts = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
        for found, relevant in judged:
            counts[bool(found), bool(relevant)] += 1
        return cls(
            tp=counts[True, True],
            fp=counts[True, False],
            fn=counts[False, True],
            tn=counts[False, False],
        )

    @property
    def judged(self) -> int:
        """How many posts were judged at all."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def precision(self) -> float | None:
        """The share of what was found that is relevant; None where nothing judged was found."""
        return _share(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float | None:
        """The share of what is relevant that was found; None where nothing is relevant."""
        return _share(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall; None where nothing is or seemed relevant."""
        return _share(2 * self.tp, 2 * self.tp + self.fp + self.fn)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
