"""One name against one brand: how alike, by which techniques, and where they differ."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from rules.lookalike.candidate import Candidate
from rules.lookalike.columns import Aligned, columns
from rules.lookalike.forms import form
from rules.lookalike.index import Index
from rules.lookalike.measure import Place
from rules.lookalike.pattern import patterns
from rules.lookalike.reasons import reason
from rules.lookalike.techniques import named
from rules.model import Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """How a candidate name stands to one spelling of a brand."""

    brand: str
    candidate: str
    score: float
    """0 (nothing in common) to 1 (the same name)."""
    techniques: tuple[str, ...]
    """Labels as dnstwist and urlinsane name them, in the order of `techniques.ORDER`."""
    reason: Reason
    """Why the name is alike, in one sentence."""
    evidence: tuple[Reason, ...]
    """What raised or lowered the score, strongest first."""
    alignment: tuple[Aligned, ...]
    """Both names in full, one above the other."""


def score(brand: str, candidate: str) -> float:
    """Return from 0 to 1 how much `candidate` looks like `brand`.

    `candidate` is a handle without its instance, a display name, or a label of a domain.
    """
    return max((place.score for place in _places(brand, Candidate(candidate))), default=0.0)


def compare(brand: str, candidate: str) -> Comparison:
    """Return `score` with its reasons and an alignment for a person to look at."""
    found = list(_places(brand, Candidate(candidate)))
    if found:
        return explain(candidate, max(found, key=lambda place: place.score))
    return Comparison(
        brand=brand,
        candidate=candidate,
        score=0.0,
        techniques=(),
        reason=reason("unlike", name=candidate, brand=brand),
        evidence=(),
        alignment=columns(form(brand), form(candidate), None),
    )


@lru_cache(maxsize=4096)
def _index(brand: str) -> Index:
    return Index(patterns(brand))


def _places(brand: str, name: Candidate) -> Iterator[Place]:
    """Yield where spellings of the brand lie in a name."""
    spellings = patterns(brand)
    for at in _index(brand).find(name.looks):
        if place := name.place(spellings[at]):
            yield place


def explain(candidate: str, place: Place) -> Comparison:
    """Put a place that was found into words; `candidate` is what the sentence quotes."""
    brand = place.pattern.name
    labels, kind = named(place)
    evidence: list[Reason] = []
    weights = [(one.weight, one.reason) for one in place.weights]
    for _, why in weights:
        if why not in evidence:
            weight = sum(weight for weight, other in weights if other == why)
            evidence.append(replace(why, weight=weight))
    evidence.sort(key=lambda why: -abs(why.weight))
    affix = place.claim or place.rest
    window = None if place.pattern.reordered or place.form.turned else place.window
    below = form(candidate) if place.form.turned else place.form
    return Comparison(
        brand=brand,
        candidate=candidate,
        score=place.score,
        techniques=labels,
        reason=reason(kind, name=candidate, brand=brand, affix=affix),
        evidence=tuple(why for why in evidence if why.weight),
        alignment=columns(form(brand), below, window),
    )
