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


class _Cell(NamedTuple):
    """What is written for one folded letter, and the characters after it that nobody reads."""

    written: str
    after: str


_NOTHING = _Cell("", "")


def _cells(form: Form) -> list[_Cell]:
    """Take a name apart by its folded letters; the characters before the first stand for none.

    Where several letters were read from one character, it stands with the last of them.
    """
    cells = [_Cell("", form.raw[: form.origin[0]])]
    for at, following in pairwise((*form.origin, len(form.raw))):
        same = following == at
        cells.append(
            _Cell("" if same else form.raw[at], "" if same else form.raw[at + 1 : following])
        )
    return cells


def columns(brand: Form, candidate: Form, window: Window | None) -> tuple[Aligned, ...]:
    """Align both names as `window` found them; without a window, character by character.

    Joined, the first parts are the brand and the second the candidate, as far as they were read.
    """
    if window is None or not brand.text or not candidate.text:
        return tuple(
            Aligned(a, b, a.casefold() != b.casefold())
            for a, b in zip_longest(brand.raw, candidate.raw, fillvalue="")
        )
    above, below = _cells(brand), _cells(candidate)
    pairs = [(_NOTHING, cell) for cell in below[: window.start + 1]]
    pairs[-1] = (above[0], pairs[-1][1])
    i, j = 0, window.start
    for change in (*window.changes, None):
        until = (change.brand_at, change.at) if change else (len(brand.text), window.end)
        pairs += _side_by_side(above[i + 1 : until[0] + 1], below[j + 1 : until[1] + 1])
        if change:
            i, j = change.brand_end, change.end
            pairs += _side_by_side(above[until[0] + 1 : i + 1], below[until[1] + 1 : j + 1])
    pairs += [(_NOTHING, cell) for cell in below[window.end + 1 :]]
    parts = ((a[at], b[at]) for a, b in pairs for at in (0, 1))
    return tuple(Aligned(a, b, a.casefold() != b.casefold()) for a, b in parts if a or b)


def _side_by_side(above: list[_Cell], below: list[_Cell]) -> list[tuple[_Cell, _Cell]]:
    return list(zip_longest(above, below, fillvalue=_NOTHING))
