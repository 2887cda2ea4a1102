"""One name against one brand: how alike, by which techniques, and where they differ."""

from dataclasses import dataclass
from typing import NamedTuple

from rapidfuzz.distance import OSA

from rules.lookalike.reasons import reason
from rules.model import Reason


class Aligned(NamedTuple):
    """One column of two names written one above the other."""

    brand: str
    """A character of the brand; empty where the candidate has one more."""
    candidate: str
    """A character of the candidate; empty where the brand has one more."""
    differs: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """How a candidate name stands to one spelling of a brand."""

    brand: str
    candidate: str
    score: float
    """0 (nothing in common) to 1 (the same name)."""
    techniques: tuple[str, ...]
    """Labels as dnstwist and urlinsane name them."""
    reason: Reason
    evidence: tuple[Reason, ...]
    """What raised or lowered the score, strongest first."""
    alignment: tuple[Aligned, ...]
    """Both names in full, one above the other."""


def score(brand: str, candidate: str) -> float:
    """Return how much `candidate` (handle, display name or registrable label) looks like `brand`."""
    return OSA.normalized_similarity(brand.casefold(), candidate.casefold())


def compare(brand: str, candidate: str) -> Comparison:
    """Return `score` with its reasons and an alignment for a person to look at."""
    pairs = tuple(Aligned(a, b, a != b) for a, b in zip(brand, candidate, strict=False))
    return Comparison(
        brand=brand,
        candidate=candidate,
        score=score(brand, candidate),
        techniques=(),
        reason=reason("same", name=candidate, brand=brand),
        evidence=(),
        alignment=pairs,
    )
