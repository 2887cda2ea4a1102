"""The brand laid over the letters of a name at least cost: what was changed, and where.

A weighted edit distance with free ends (Sellers 1980) and adjacent transpositions (Damerau 1964),
in which a change that the eye overlooks costs less than one that it sees, and two letters may stand
for one of the same shape (`rn`, `m`).
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from rules.lookalike.forms import SAME_SHAPE

SHAPES: Final = {
    ("m", "rn"): 0.25, ("w", "vv"): 0.25, ("d", "cl"): 0.25, ("m", "nn"): 0.4, ("n", "ri"): 0.5,
    ("u", "ii"): 0.5, ("h", "li"): 0.5, ("b", "lo"): 0.5, ("k", "lc"): 0.5, ("w", "uu"): 0.4,
    ("f", "ph"): 0.5, ("m", "iii"): 0.5,
}  # fmt: skip
"""One letter and the letters that together have its shape or sound."""

_ALIKE: Final = frozenset(
    {"uv", "vy", "nh", "nm", "hb", "ce", "gq", "jl", "ij", "ft", "rn", "oq", "pq", "db", "wv", "xk",
     "ck", "kq", "sz", "oc", "ao", "yj"}
)  # fmt: skip
_VOWELS: Final = frozenset("aeiouy")
_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn")


def _neighbours() -> frozenset[str]:
    """Return pairs of neighbouring keys on QWERTY and AZERTY keyboards."""
    pairs: set[str] = set()
    for rows in (_ROWS[:3], _ROWS[3:]):
        for row in rows:
            pairs.update(a + b for a, b in pairwise(row))
        for upper, lower in pairwise(rows):
            pairs.update(a + b for a, b in zip(upper, lower, strict=False))
            pairs.update(a + b for a, b in zip(upper[1:], lower, strict=False))
    return frozenset(pairs | {pair[::-1] for pair in pairs})


_NEIGHBOURS: Final = _neighbours()


class Change(NamedTuple):
    """One edit: letters [brand_at, brand_end) of the brand stand as [at, end) of the name."""

    kind: str
    brand_at: int
    brand_end: int
    at: int
    end: int
    cost: float


@dataclass(frozen=True, slots=True)
class Window:
    """Where the brand lies in a name, and at what cost."""

    start: int
    end: int
    cost: float
    changes: tuple[Change, ...]


@lru_cache(maxsize=8192)
def replacement(brand: str, other: str) -> tuple[float, str]:
    """Return cost and technique of one letter that stands for another."""
    if brand.translate(SAME_SHAPE) == other.translate(SAME_SHAPE):
        return (0.15, "homoglyph") if brand.isalpha() and other.isalpha() else (0.2, "leet")
    if brand + other in _ALIKE or other + brand in _ALIKE:
        return 0.7, "replacement"
    if brand in _VOWELS and other in _VOWELS:
        return 0.85, "vowel-swap"
    if brand + other in _NEIGHBOURS:
        return 0.85, "keyboard"
    return 1.0, "replacement"


def align(brand: str, text: str, limit: float, edges: frozenset[int]) -> Window | None:
    """Return the cheapest place of `brand` in `text`, None where it costs more than `limit`.

    Both are folded letters. Of places that cost the same, one that begins and ends at an edge is
    preferred. Time is proportional to the product of the lengths, which `Form` bounds.
    """
    width = len(text)
    rows: list[list[float]] = [[0.0 if j in edges else 0.02 for j in range(width + 1)]]
    came: list[list[tuple[int, int, str]]] = [[(0, 0, "")] * (width + 1)]
    for i, letter in enumerate(brand, 1):
        above = rows[-1]
        omission = 0.5 if i > 1 and brand[i - 2] == letter else 1.0
        omission += 0.3 if i == 1 else 0.0
        kind = "omission"
        row = [above[0] + omission]
        path = [(1, 0, kind)]
        shapes = [(two, cost) for (one, two), cost in SHAPES.items() if one == letter]
        for j in range(1, width + 1):
            other = text[j - 1]
            if other == letter:
                cost, step = above[j - 1], (1, 1, "")
            else:
                price, label = replacement(letter, other)
                cost, step = above[j - 1] + price + (0.2 if i == 1 and price > 0.5 else 0.0), (
                    1, 1, label,
                )  # fmt: skip
            if above[j] + omission < cost:
                cost, step = above[j] + omission, (1, 0, kind)
            extra = 0.4 if other == letter else 1.0
            if row[j - 1] + extra < cost and i < len(brand):
                label = "repetition" if other == letter else "insertion"
                cost, step = row[j - 1] + extra, (0, 1, label)
            if (
                i > 1
                and j > 1
                and other == brand[i - 2]
                and letter == text[j - 2]
                and other != letter
                and rows[i - 2][j - 2] + 0.8 < cost
            ):
                cost, step = rows[i - 2][j - 2] + 0.8, (2, 2, "transposition")
            for two, price in shapes:
                size = len(two)
                if j >= size and above[j - size] + price < cost and text.startswith(two, j - size):
                    cost, step = above[j - size] + price, (1, size, "homoglyph")
            for (one, two), price in SHAPES.items() if other in _SHAPED else ():
                size = len(two)
                if (
                    one == other
                    and i >= size
                    and rows[i - size][j - 1] + price < cost
                    and brand.startswith(two, i - size)
                ):
                    cost, step = rows[i - size][j - 1] + price, (size, 1, "homoglyph")
            row.append(cost)
            path.append(step)
        rows.append(row)
        came.append(path)
    last = rows[-1]
    end = min(range(width + 1), key=lambda j: (last[j] + (0.0 if j in edges else 0.02), -j))
    if last[end] > limit:
        return None
    return _trace(rows, came, len(brand), end)


_SHAPED: Final = frozenset(one for one, _ in SHAPES)


def _trace(
    rows: list[list[float]], came: list[list[tuple[int, int, str]]], i: int, j: int
) -> Window:
    end, total, changes = j, rows[i][j], []
    while i:
        up, left, label = came[i][j]
        if label:
            cost = rows[i][j] - rows[i - up][j - left]
            changes.append(Change(label, i - up, i, j - left, j, cost))
        i, j = i - up, j - left
    return Window(j, end, total - rows[0][j], tuple(reversed(changes)))
