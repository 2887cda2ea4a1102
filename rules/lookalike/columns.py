"""Two names one above the other, for a person who compares them letter by letter."""

from itertools import pairwise, zip_longest
from typing import NamedTuple

from rules.lookalike.align import Window
from rules.lookalike.forms import Form


class Aligned(NamedTuple):
    """One column of two names written one above the other."""

    brand: str
    """Characters of the brand as written; empty where the candidate has more."""
    candidate: str
    """Characters of the candidate as written; empty where the brand has more."""
    differs: bool


def _spelled(form: Form) -> list[str]:
    """Return for each folded letter the characters written for it, what follows it included.

    Characters of which several letters were read stand with the first of them.
    """
    starts = [*form.origin, len(form.raw)]
    if form.origin:
        starts[0] = 0
    return [form.raw[a:b] for a, b in pairwise(starts)]


def columns(brand: Form, candidate: Form, window: Window | None) -> tuple[Aligned, ...]:
    """Align both names as `window` found them; without a window, character by character.

    Joined, the first parts are the brand and the second the candidate, as far as they were read.
    """
    if window is None or not brand.text or not candidate.text:
        return tuple(
            Aligned(a, b, a != b) for a, b in zip_longest(brand.raw, candidate.raw, fillvalue="")
        )
    above, below = _spelled(brand), _spelled(candidate)
    out = [Aligned("", part, differs=True) for part in below[: window.start]]
    i, j = 0, window.start
    for change in window.changes:
        out += _equal(above[i : change.brand_at], below[j : change.at])
        out += [
            Aligned(a, b, differs=True)
            for a, b in zip_longest(
                above[change.brand_at : change.brand_end],
                below[change.at : change.end],
                fillvalue="",
            )
        ]
        i, j = change.brand_end, change.end
    out += _equal(above[i:], below[j : window.end])
    out += [Aligned("", part, differs=True) for part in below[window.end :]]
    return tuple(column for column in out if column.brand or column.candidate)


def _equal(above: list[str], below: list[str]) -> list[Aligned]:
    return [
        Aligned(a, b, differs=a.casefold() != b.casefold())
        for a, b in zip_longest(above, below, fillvalue="")
    ]
