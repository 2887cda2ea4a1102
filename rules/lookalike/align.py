"""The brand laid over the letters of a name at least cost: what was changed, and where.

A weighted edit distance with free ends (Sellers 1980) and adjacent transpositions (Damerau 1964),
in which a change that the eye overlooks costs less than one that it sees, and two letters may stand
for one of the same shape (`rn`, `m`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from rules.lookalike.forms import LONGEST_FORM, SAME_SHAPE

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
_WIDE: Final = {
    letter: tuple((two, cost) for (one, two), cost in SHAPES.items() if one == letter)
    for letter, _ in SHAPES
}
_REACH: Final = 3
"""Rows that a step can reach back over: the longest of the shapes."""
_SWAPPED: Final = 0.8
_REPEATED: Final = 0.4
_FIRST: Final = 0.2
_OMITTED_FIRST: Final = 0.3
"""People read the first letter of a name before the others."""
_SEEN: Final = 0.5
"""What costs more is a change that the eye notices."""
_OFF_EDGE: Final = 0.02
_EQUAL: Final = 1e-9
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
        return (0.15, "homoglyph") if brand.isalpha() and other.isalpha() else (0.1, "leet")
    alike = brand + other in _ALIKE or other + brand in _ALIKE
    if brand in _VOWELS and other in _VOWELS:
        return 0.7 if alike else 0.85, "vowel-swap"
    if alike:
        return 0.7, "replacement"
    if brand + other in _NEIGHBOURS:
        return 0.85, "keyboard"
    return 1.0, "replacement"


_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789@$!|€+"
_UNLIKE: Final = (1.0, 1.0 + _FIRST)
"""What a letter costs in place of another that does not look like it; in the first place more."""
_EVERYWHERE: Final = frozenset(range(LONGEST_FORM + 1))
_NO_PRICES: Final[dict[str, float]] = {}
_NO_PLACES: Final[dict[int, tuple[int, float]]] = {}


def _prices(extra: float) -> dict[str, dict[str, float]]:
    """Return what each letter costs in place of each; `extra` for a change that the eye notices."""
    return {
        letter: {
            other: price + (extra if price > _SEEN else 0.0)
            for other in _LETTERS
            if other != letter
            for price in (replacement(letter, other)[0],)
        }
        for letter in _LETTERS
    }


_PRICES: Final = (_prices(0.0), _prices(_FIRST))
"""Prices after the first letter of a brand, and for it."""


def align(
    brand: str, text: str, limit: float, edges: frozenset[int], start: int = 0
) -> Window | None:
    """Return the cheapest place of `brand` in `text`, None where it costs more than `limit`.

    Both are folded letters. Of places that cost the same, one that begins and ends at an edge is
    preferred. Time is proportional to the product of the lengths, which `Form` bounds. `text` may
    be part of a name that begins at offset `start`, from where the edges are counted.
    """
    costs = _costs(brand, text, limit, edges, start)
    if costs is None:
        return None
    last = costs[-1]
    end = min(
        range(len(last)), key=lambda j: (last[j] + (0.0 if j + start in edges else _OFF_EDGE), -j)
    )
    return _trace(brand, text, costs, end, start) if last[end] <= limit else None


class _Row(NamedTuple):
    """What a letter of a brand costs that is not there as it is."""

    letter: str
    previous: str
    omitted: float
    prices: dict[str, float]
    unlike: float
    joined: tuple[tuple[str, int, float], ...]
    """Letters that stand for those of the brand that end here, how many these are, the price."""


@lru_cache(maxsize=32768)
def reaches(brand: str, text: str, limit: float) -> bool:
    """Return whether `brand` may lie in `text` for `limit` at most, wherever edges are.

    Kept of names seen before: people share the same first names and words.
    """
    costs = _costs(brand, text, limit, _EVERYWHERE, 0)
    return costs is not None and min(costs[-1]) <= limit


@lru_cache(maxsize=4096)
def _rows(brand: str) -> tuple[_Row, ...]:
    narrow = _shapes_in(brand)
    return tuple(
        _Row(
            letter, brand[i - 2] if i > 1 else "", _omission(brand, i),
            _PRICES[i == 1].get(letter, _NO_PRICES), _UNLIKE[i == 1],
            tuple((one, *there[i]) for one, there in narrow.items() if i in there),
        )
        for i, letter in enumerate(brand, 1)
    )  # fmt: skip


def _costs(
    brand: str, text: str, limit: float, edges: frozenset[int], start: int
) -> list[list[float]] | None:
    """Return for each beginning of the brand the least cost of ending at each place of `text`.

    None as soon as no way can stay within `limit`. One pass of `_ways` for every cell, written out
    because this is where the time goes.
    """
    rows = [[0.0 if j in edges else _OFF_EDGE for j in range(start, start + len(text) + 1)]]
    least = [0.0] * _REACH
    wide = _shapes_in(text)
    for i, (letter, previous, omitted, prices, unlike, joined) in enumerate(_rows(brand), 1):
        above, last = rows[-1], i == len(brand)
        shapes = wide.get(letter, _NO_PLACES)
        cost = above[0] + omitted
        row = [cost]
        before = ""
        for j, other in enumerate(text, 1):
            added = cost + (_REPEATED if other == letter else 1.0)
            if other == letter:
                cost = above[j - 1]
            else:
                cost = above[j - 1] + prices.get(other, unlike)
                if other == previous and letter == before:
                    cost = min(cost, rows[i - 2][j - 2] + _SWAPPED)
            if above[j] + omitted < cost:
                cost = above[j] + omitted
            if added < cost and not last:
                cost = added
            if j in shapes:
                size, price = shapes[j]
                cost = min(cost, above[j - size] + price)
            for one, size, price in joined:
                if one == other:
                    cost = min(cost, rows[i - size][j - 1] + price)
            row.append(cost)
            before = other
        rows.append(row)
        least = [*least[1:], min(row)]
        if min(least) > limit:
            return None
    return rows


def _shapes_in(text: str) -> dict[str, dict[int, tuple[int, float]]]:
    """Return for each letter where letters of its shape end: offset → how many, and the price."""
    found: dict[str, dict[int, tuple[int, float]]] = {}
    for (one, two), price in SHAPES.items():
        at = text.find(two)
        while at >= 0:
            found.setdefault(one, {})[at + len(two)] = (len(two), price)
            at = text.find(two, at + 1)
    return found


def _omission(brand: str, i: int) -> float:
    """Return what it costs to leave out the letter before offset `i`; of two equal ones less."""
    return (0.5 if i > 1 and brand[i - 2] == brand[i - 1] else 1.0) + (_OMITTED_FIRST * (i == 1))


def _ways(brand: str, text: str, i: int, j: int) -> Iterator[tuple[int, int, float, str]]:
    """Yield every last step to offsets `i` and `j`: letters of each used up, price, technique."""
    letter, other = brand[i - 1], text[j - 1] if j else ""
    if letter == other:
        yield 1, 1, 0.0, ""
    elif other:
        price, label = replacement(letter, other)
        yield 1, 1, price + (_FIRST if i == 1 and price > _SEEN else 0.0), label
        if i > 1 and j > 1 and other == brand[i - 2] and letter == text[j - 2]:
            yield 2, 2, _SWAPPED, "transposition"
    for two, price in _WIDE.get(letter, ()):
        if j >= len(two) and text.startswith(two, j - len(two)):
            yield 1, len(two), price, "homoglyph"
    for two, price in _WIDE.get(other, ()):
        if i >= len(two) and brand.startswith(two, i - len(two)):
            yield len(two), 1, price, "homoglyph"
    yield 1, 0, _omission(brand, i), "omission"
    if other and i < len(brand):
        repeated = letter == other
        yield 0, 1, _REPEATED if repeated else 1.0, "repetition" if repeated else "insertion"


def _trace(brand: str, text: str, rows: list[list[float]], end: int, start: int) -> Window:
    """Walk back from the end of the brand along steps that add up to the costs."""
    i, j, changes = len(brand), end, []
    while i:
        up, left, price, label = next(
            way
            for way in _ways(brand, text, i, j)
            if abs(rows[i - way[0]][j - way[1]] + way[2] - rows[i][j]) < _EQUAL
        )
        if label:
            changes.append(Change(label, i - up, i, j - left, j, price))
        i, j = i - up, j - left
    told = _exchanged(brand, text, changes[::-1])
    if start:
        told = tuple(one._replace(at=one.at + start, end=one.end + start) for one in told)
    return Window(j + start, end + start, rows[-1][end] - rows[0][j], told)


def _exchanged(brand: str, text: str, changes: list[Change]) -> tuple[Change, ...]:
    """Tell two letters that changed places as one change, at the cost that was found.

    Of letters alike (`li`, `il`) each costs less replaced than both cost exchanged, yet nobody who
    reads the name would say that one stands for the other.
    """
    told: list[Change] = []
    for change in changes:
        last = told[-1] if told else None
        if last and _crossed(brand, text, last, change):
            cost = last.cost + change.cost
            told[-1] = Change(
                "transposition", last.brand_at, change.brand_end, last.at, change.end, cost
            )
        else:
            told.append(change)
    return tuple(told)


def _crossed(brand: str, text: str, one: Change, two: Change) -> bool:
    return (
        one.brand_end == one.brand_at + 1 == two.brand_at == two.brand_end - 1
        and one.end == one.at + 1 == two.at == two.end - 1
        and brand[one.brand_at : two.brand_end] == text[two.at] + text[one.at]
    )
