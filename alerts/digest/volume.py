"""How much was said, against what is usual, and since when it is more. Pure.

The usual is the median of the same hours of the same weekday in earlier weeks; where nobody watched
for so long, of the same hours of all earlier days. Medians, so that one earlier storm does not make
the next one look calm.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from statistics import median

from rules.rates.tail import is_high

STEP = timedelta(minutes=15)
"""Counts are kept for stretches of this length."""
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
FEWEST_WEEKS, MOST_WEEKS = 4, 8
FEWEST_DAYS, MOST_DAYS = 7, 28
LOOKED_BACK = MOST_WEEKS * WEEK
"""How far before a period its usual is looked for."""
MOST_EMPTY_DAYS = 3
"""What was written before a longer pause may have been found by chance, and is no history."""
LONGEST = timedelta(days=62)
"""A longer period has no usual."""
SHORTEST = timedelta(minutes=30)
"""Neither has a shorter one: one post more would be everything."""

SURGE_POSTS = 20
SURGE_FACTOR = 2
"""So many posts, and so many times the usual, are worth a look if chance does not explain them."""
BEGAN_WITHIN = timedelta(days=14)
"""What began longer ago is no beginning any more."""

_OF_DAY, _OF_HOUR = DAY // STEP, timedelta(hours=1) // STEP


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """How many posts were written in each `STEP` before a moment."""

    until: datetime
    steps: int
    """How many steps back it reaches."""
    counts: Mapping[int, int] = field(default_factory=dict)
    """Posts by the number of the step, 0 the last one before `until`; those without are left out.
    """
    watched: datetime | None = None
    """Since when posts have been counted as they came; None: not known."""
    _sums: tuple[int, ...] = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self) -> None:
        """Add the counts up, so that any stretch is one subtraction."""
        sums = accumulate((self.counts.get(n, 0) for n in range(self.steps)), initial=0)
        object.__setattr__(self, "_sums", tuple(sums))

    def between(self, first: int, end: int) -> int:
        """The posts of the steps from number `first` on, `end` left out."""
        first, end = (max(0, min(self.steps, n)) for n in (first, end))
        return self._sums[end] - self._sums[first] if end > first else 0

    def of(self, length: timedelta) -> int:
        """The posts of the last so-and-so long."""
        return self.between(0, steps_in(length))

    def at(self, step: int) -> datetime:
        """When a step begins."""
        return self.until - (step + 1) * STEP

    @property
    def history(self) -> int:
        """How many steps back the counts are those of somebody who looked.

        Since posts have been counted; or for as long as there were posts without a long pause, a
        week at least, where an archive or a search brought what was written before.
        """
        watched = 0
        if self.watched is not None:
            watched = max(0, (self.until - self.watched) // STEP)
        dense = empty = 0
        for day in range(self.steps // _OF_DAY):
            if self.between(day * _OF_DAY, (day + 1) * _OF_DAY):
                dense, empty = (day + 1) * _OF_DAY, 0
            elif (empty := empty + 1) > MOST_EMPTY_DAYS:
                break
        if dense < FEWEST_DAYS * _OF_DAY:
            dense = 0
        return min(self.steps, max(watched, dense))

    def before(self, length: timedelta) -> int | None:
        """The posts of the stretch of the same length before; None if nobody counted then."""
        steps = steps_in(length)
        return self.between(steps, 2 * steps) if 2 * steps <= self.history else None

    def usual(self, length: timedelta) -> float | None:
        """The usual number of posts of a period of this length; None while that is not known."""
        if not SHORTEST <= length <= LONGEST:
            return None
        history = self.history
        total = 0.0
        for first, end in pieces(length):
            spans = self._like(first, end, steps_in(length), history)
            if not spans:
                return None
            total += median(spans)
        return total

    def _like(self, first: int, end: int, period: int, history: int) -> list[int]:
        """The posts of the same hours of the same weekday, before the period, newest first.

        Of all days where there are too few such weeks; nothing where there are too few days too.
        """
        for every, fewest, most in (
            (7 * _OF_DAY, FEWEST_WEEKS, MOST_WEEKS),
            (_OF_DAY, FEWEST_DAYS, MOST_DAYS),
        ):
            nearest = -(-(period - first) // every)
            shifts = [every * n for n in range(max(1, nearest), max(1, nearest) + most)]
            spans = [self.between(first + s, end + s) for s in shifts if end + s <= history]
            if len(spans) >= fewest:
                return spans
        return []

    def surge(self, length: timedelta) -> "Surge | None":
        """What is unusually much in the period, and since when; None where it is as usual."""
        if not SHORTEST <= length <= LONGEST:
            return None
        history, period = self.history, steps_in(length)
        high: list[tuple[int, float, int, int]] = []
        for first, end in pieces(length):
            spans = self._like(first, end, period, history)
            posts = self.between(first, end)
            if spans and _is_much(posts, median(spans)) and is_high(posts, _calm(spans)):
                high.append((posts, median(spans), first, end))
        usual = self.usual(length)
        if not high or usual is None:
            return None
        posts, first, end = self.of(length), 0, period
        if not _is_much(posts, usual):  # one day of several: that day is told
            posts, usual, first, end = max(high)
        return Surge(
            posts=posts,
            usual=usual,
            length=(end - first) * STEP,
            until=self.until - first * STEP,
            began=self._began(posts, usual, period, history),
            peak=self._peak(period),
        )

    def _peak(self, period: int) -> tuple[datetime, int]:
        """The hour with most posts, by its beginning, and how many they were."""
        hours = range(max(1, period // _OF_HOUR))
        most = max(
            hours, key=lambda h: (self.between(h * _OF_HOUR, (h + 1) * _OF_HOUR), h), default=0
        )
        return self.at((most + 1) * _OF_HOUR - 1), self.between(
            most * _OF_HOUR, (most + 1) * _OF_HOUR
        )

    def _began(self, posts: int, usual: float, period: int, history: int) -> datetime | None:
        """When the posts began to be more, to the hour.

        Page's cumulative sum (E. S. Page, Continuous inspection schemes, Biometrika 41, 1954)
        against what the same hour of the day usually has, with the reference value of a Poisson
        rate that rises to what is seen (Lucas, Counted data CUSUMs, Technometrics 27, 1985). None
        where it began before the last fortnight.
        """
        hours = max(period, min(history, BEGAN_WITHIN // STEP)) // _OF_HOUR
        rise = max(posts / max(usual, 1.0), SURGE_FACTOR)
        reference = (rise - 1) / math.log(rise)
        rhythm = self._rhythm(period, history)
        total, started = 0.0, hours
        best = (0.0, hours)
        for hour in reversed(range(hours)):
            found = self.between(hour * _OF_HOUR, (hour + 1) * _OF_HOUR)
            total += found - reference * rhythm[hour % 24]
            if total <= 0:
                total, started = 0.0, hour
            elif total > best[0]:
                best = (total, started)
        if best[1] == hours:
            return None
        return self.at(best[1] * _OF_HOUR - 1)

    def _rhythm(self, period: int, history: int) -> list[float]:
        """What each hour of the day usually has, by its distance from the end of the series.

        Days with far more than usual are left out: they may be what is looked for. Never less than
        a quarter of the mean hour: few posts at night must not count as none.
        """
        days = list(range(period // _OF_DAY, history // _OF_DAY)[:MOST_DAYS])
        totals = {d: self.between(d * _OF_DAY, (d + 1) * _OF_DAY) for d in days}
        calm = SURGE_FACTOR * median(totals.values()) if days else 0
        days = [d for d in days if totals[d] <= calm] or days
        by_hour = [
            [
                self.between(d * _OF_DAY + h * _OF_HOUR, d * _OF_DAY + (h + 1) * _OF_HOUR)
                for d in days
            ]
            for h in range(24)
        ]
        means = [sum(one) / len(one) if one else 0.0 for one in by_hour]
        least = max(sum(means) / 24 / 4, 0.05)
        return [max(mean, least) for mean in means]


@dataclass(frozen=True, kw_only=True, slots=True)
class Surge:
    """A stretch with far more posts than usual."""

    posts: int
    usual: float
    length: timedelta
    until: datetime
    began: datetime | None
    """When it began, to the hour; None where that is not known."""
    peak: tuple[datetime, int]
    """When the hour with most posts began, and how many it had."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A brand's part of what was said of it and of those it is compared with."""

    brand: str
    posts: int
    before: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tones:
    """How posts sound that somebody could tell the tone of."""

    negative: int
    known: int

    @property
    def share(self) -> float:
        """The part of negative ones, 0 to 1."""
        return self.negative / self.known if self.known else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """How much was said of one brand, whatever the rules."""

    brand: str
    series: Series
    competitors: tuple[Share, ...] = ()
    """In the order of the configuration."""
    tones: Tones | None = None
    """Of the period; None where too few are known."""
    tones_before: Tones | None = None
    """Of the four weeks before."""


def steps_in(length: timedelta) -> int:
    """How many steps a period has, at least one."""
    return max(1, round(length / STEP))


def pieces(length: timedelta) -> Sequence[tuple[int, int]]:
    """A period as stretches of at most a day, each as its first step and the one after its last."""
    steps = steps_in(length)
    return [(first, min(first + _OF_DAY, steps)) for first in range(0, steps, _OF_DAY)]


def _calm(spans: Sequence[int]) -> Sequence[int]:
    """Without the highest one: one storm must not hide the next."""
    return sorted(spans)[: len(spans) - 1]


def _is_much(posts: int, usual: float) -> bool:
    return posts >= max(SURGE_POSTS, SURGE_FACTOR * usual)
