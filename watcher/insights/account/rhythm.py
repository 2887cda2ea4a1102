"""How an account posts before and after a day, and whether the difference may be chance.

Posts come in bursts, so days are compared rather than posts. The variance of a mean of days is
divided by as many days as there would be if none was like the one before it, n(1-r)/(1+r) with the
correlation r of neighbouring days (Bayley and Hammersley, JRSS Supplement 8, 1946); a share is a
ratio of sums over days (Cochran, Sampling Techniques, 1977, 6.4).
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

from watcher.insights.account.model import KINDS, Kind, Kinds, Rhythm, Shift
from watcher.insights.model import Estimate, Period

FEWEST_DAYS = 14
"""On either side; of fewer nothing is said of chance."""
_Z = 1.96
_BLOCK = 3
"""Hours of the day compared together."""
_FEWEST_IN_BLOCKS = 80
"""Hours with a post on either side, below which hours are not compared."""


@dataclass(slots=True)
class Days:
    """What was posted on each day of a stretch, those without a post included."""

    first: date
    last: date
    posts: Counter[date] = field(default_factory=Counter)
    kinds: dict[Kind, Counter[date]] = field(
        default_factory=lambda: {kind: Counter() for kind in KINDS}
    )
    hours: Counter[int] = field(default_factory=Counter)
    """Posts by hour of the day."""
    busy: set[tuple[date, int]] = field(default_factory=set)
    """On which day there was a post in which hour."""

    def add(self, day: date, hour: int, kinds: Mapping[Kind, int]) -> None:
        """Count the posts of some time within one hour."""
        together = sum(kinds.values())
        self.posts[day] += together
        self.hours[hour] += together
        self.busy.add((day, hour))
        for kind, count in kinds.items():
            if count:
                self.kinds[kind][day] += count

    def each(self) -> list[date]:
        """Return every day, in order."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


def rhythm(days: Days, period: Period, threads: int = 0) -> Rhythm:
    """Return how an account posts on some days."""
    counts = [days.posts[day] for day in days.each()]
    mean = sum(counts) / len(counts)
    half = _Z * math.sqrt(_variance_of_mean(counts))
    return Rhythm(
        period=period,
        posts=sum(counts),
        a_day=Estimate(value=mean, low=max(0.0, mean - half), high=mean + half, posts=sum(counts)),
        hours=tuple(days.hours[hour] for hour in range(24)),
        kinds=Kinds(**{kind: days.kinds[kind].total() for kind in KINDS}, threads=threads),
    )


def shifts(before: Days, after: Days) -> tuple[Shift, ...]:
    """Return what differs, each with the chance that nothing but chance makes it so large."""
    found = [_pace(before, after)]
    if before.hours.total() and after.hours.total():
        found.append(_hours(before, after))
        found += [_part(kind, before, after) for kind in KINDS]
    return tuple(found)


def _pace(before: Days, after: Days) -> Shift:
    sides = [[one.posts[day] for day in one.each()] for one in (before, after)]
    means = [sum(side) / len(side) for side in sides]
    chance = None
    if min(map(len, sides)) >= FEWEST_DAYS:
        chance = _chance(means[1] - means[0], sum(map(_variance_of_mean, sides)))
    return Shift(what="posts a day", before=means[0], after=means[1], chance=chance)


def _part(kind: Kind, before: Days, after: Days) -> Shift:
    values, variances, fewest = [], [], FEWEST_DAYS
    for side in (before, after):
        days = [day for day in side.each() if side.posts[day]]
        whole = sum(side.posts[day] for day in days)
        value = side.kinds[kind].total() / whole
        fewest = min(fewest, len(days))
        rest = [side.kinds[kind][day] - value * side.posts[day] for day in days]
        # All of one kind is no certainty: as if one more post were of another.
        least = 1 / (whole + 1) ** 2
        spread = sum(one * one for one in rest) * len(days) / max(1, len(days) - 1)
        variances.append(max(spread / whole**2, least))
        values.append(value)
    chance = None
    if fewest >= FEWEST_DAYS:
        chance = _chance(values[1] - values[0], sum(variances))
    return Shift(what=kind, before=values[0], after=values[1], chance=chance)


def _hours(before: Days, after: Days) -> Shift:
    """Compare in how many hours of each part of the day there was a post at all."""
    tables = []
    for side in (before, after):
        blocks = Counter(hour // _BLOCK for _, hour in side.busy)
        tables.append([blocks[block] for block in range(24 // _BLOCK)])
    chance = None
    if min(map(sum, tables)) >= _FEWEST_IN_BLOCKS:
        chance = _chi_square(tables)
    return Shift(
        what="hours", before=_busiest(before.hours), after=_busiest(after.hours), chance=chance
    )


def _busiest(hours: Counter[int]) -> int:
    """Return the hour in which the three hours with the most posts begin."""
    return max(range(24), key=lambda at: (sum(hours[(at + n) % 24] for n in range(_BLOCK)), -at))


def _variance_of_mean(counts: Sequence[int]) -> float:
    size = len(counts)
    if size < 2:
        return float(sum(counts))
    mean = sum(counts) / size
    rest = [count - mean for count in counts]
    spread = sum(one * one for one in rest)
    if not spread:
        return 0.0
    like = sum(one * two for one, two in pairwise(rest)) / spread
    like = min(0.9, max(0.0, like))
    return spread / (size - 1) / size * (1 + like) / (1 - like)


def _chance(difference: float, variance: float) -> float:
    """Return how often chance alone makes a difference as large, either way."""
    if variance <= 0:
        return 1.0 if difference == 0 else 0.0
    return math.erfc(abs(difference) / math.sqrt(2 * variance))


def _chi_square(tables: Sequence[Sequence[int]]) -> float:
    """Return the chance of Pearson's test that two rows have the same shares.

    By the approximation of Wilson and Hilferty (PNAS 17, 1931).
    """
    whole = sum(map(sum, tables))
    sums = [sum(column) for column in zip(*tables, strict=True)]
    freedom = sum(one > 0 for one in sums) - 1
    if freedom < 1:
        return 1.0
    value = sum(
        (seen - (wanted := sum(row) * one / whole)) ** 2 / wanted
        for row in tables
        for seen, one in zip(row, sums, strict=True)
        if one
    )
    z = ((value / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / math.sqrt(2 / (9 * freedom))
    return math.erfc(z / math.sqrt(2)) / 2
