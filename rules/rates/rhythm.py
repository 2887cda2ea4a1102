"""What is usual at a time, and how far from it days go: so that a lively rule is not always news.

Two questions decide, neither of which assumes a form of the traffic.

1. Is this window far above the same time of the days and weeks before, beside how these scatter?
   The scatter is the median absolute deviation, which no storm moves (Hampel, The influence curve
   and its role in robust estimation, JASA 69, 1974), and never less than chance alone brings.
2. Is it more than what almost every day brings at its highest? Traffic that comes in bursts goes
   far above its usual count on many days. Ranks of the highest excess of each day answer that for
   any traffic: what as many as one day in eight reached is no news.

A rise that lasts is judged like that at half the height, by the lowest of its windows: that says
more than one burst, however high, and a single post sent to many cannot feign it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from rules.rates.sliding import STEPS, Windows

DAYS = 28
"""So many days back the highest windows of days are looked at."""
LIKE_DAYS = 14
LIKE_WEEKS = 4
"""The usual count is the median of the same time on so many days, and of so many weeks."""
ENOUGH_WEEKS = 2
LASTING = 4
"""A rise lasts that has so many windows on end."""
_EVERY = 3
"""Of earlier days every third step is looked at."""
_MAD = 1.4826
"""Makes the median absolute deviation of a normal spread its standard deviation."""


@dataclass(frozen=True, kw_only=True)
class Bars:
    """How high the bars lie: one setting for all rules, chosen by `benchmarks/spikes.py`."""

    deviations: float = 6.0
    """So many deviations from the usual count are a jump."""
    busy: float = 2.3
    """A jump is so many times the highest excess of a middling day, or higher than nearly all."""
    lasting_deviations: float = 2.0
    lasting_busy: float = 4.0
    """The same of the lowest window of a rise that lasts."""
    one_day_in: int = 8
    """What one day in so many reaches is no news."""
    days_to_last: int = 7
    """A rise that lasts is told where so many days are known."""


BARS = Bars()


def half(height: float) -> float:
    """So many times the usual count is each window of a rise that lasts."""
    return max(1.5, height / 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Like:
    """What came at the same time on the days and weeks before a window."""

    days: tuple[int, ...]
    usual: float

    @classmethod
    def of(cls, days: Sequence[int], weeks: Sequence[int]) -> "Like":
        """`days` has at least one."""
        usual = median(days)
        if len(weeks) >= ENOUGH_WEEKS:
            usual = max(usual, median(weeks))
        return cls(days=tuple(days), usual=usual)

    def is_exceeded(self, count: int, height: float, deviations: float) -> bool:
        """Whether a count is so many times the usual one, and so many deviations above it."""
        if count < height * max(self.usual, 1.0):
            return False
        scatter = _MAD * median([abs(one - self.usual) for one in self.days])
        least: float = max(self.usual, 1.0) ** 0.5
        return count - self.usual >= deviations * max(scatter, least)


class Rhythm:
    """The windows of one group, numbered by the steps they end with, and what is usual in them."""

    def __init__(
        self, counts: Windows, per_day: int, is_whole: Callable[[int], bool], bars: Bars = BARS
    ) -> None:
        """`per_day` steps are a day; `is_whole` says whether all of a window was watched."""
        self._counts, self._per_day, self._is_whole, self._bars = counts, per_day, is_whole, bars
        self._excesses: dict[int, float | None] = {}
        self._highest: dict[int, list[float]] = {}

    def days(self, end: int) -> int:
        """Of how many earlier days is known how high they went."""
        return len(self._tops(end))

    def is_jump(self, end: int) -> bool:
        """Whether a window that is far above what is usual is so beside whole days as well."""
        excess = self._excess(end)
        return excess is not None and self._is_news(excess, self._tops(end), self._bars.busy)

    def is_lasting(self, end: int) -> bool:
        """Whether a rise that has lasted is news beside what lasted on other days."""
        lowest = self._lowest(end)
        if lowest is None or self.days(end) < self._bars.days_to_last:
            return False
        lows = self._of_days(end, self._lowest)
        return self._is_news(lowest, lows, self._bars.lasting_busy, both=True)

    def _is_news(
        self, excess: float, days: list[float], busy: float, *, both: bool = False
    ) -> bool:
        if not days:
            return False
        every = self._bars.one_day_in
        reached = sum(day >= excess for day in days)
        if reached * every > len(days) + every // 2:
            return False
        return excess > busy * median(days) or (not both and reached * every < len(days))

    def _lowest(self, end: int) -> float | None:
        """The least excess of the last windows."""
        some = [self._excess(end - STEPS * window) for window in range(LASTING)]
        known = [one for one in some if one is not None]
        return min(known) if len(known) == LASTING else None

    def _excess(self, end: int) -> float | None:
        if end not in self._excesses:
            self._excesses[end] = self._look_up(end)
        return self._excesses[end]

    def _look_up(self, end: int) -> float | None:
        """How much a window is above the usual one."""
        if not self._is_whole(end):
            return None
        counts, day, is_whole = self._counts, self._per_day, self._is_whole
        days = range(end - day, end - LIKE_DAYS * day - 1, -day)
        weeks = range(end - 7 * day, end - LIKE_WEEKS * 7 * day - 1, -7 * day)
        like = [counts.get(at, 0) for at in days if is_whole(at)]
        if not like:
            return None
        usual = median(like)
        of_weeks = [counts.get(at, 0) for at in weeks if is_whole(at)]
        if len(of_weeks) >= ENOUGH_WEEKS:
            usual = max(usual, median(of_weeks))
        return counts.get(end, 0) - usual

    def _tops(self, end: int) -> list[float]:
        """The highest excess of each earlier day; the last one before `end` is left out."""
        if end not in self._highest:
            self._highest[end] = self._of_days(end, self._excess)
        return self._highest[end]

    def _of_days(self, end: int, of: Callable[[int], float | None]) -> list[float]:
        found: list[float] = []
        day = self._per_day
        for back in range(1, DAYS + 1):
            steps = range(end - back * day, end - (back + 1) * day, -_EVERY)
            known = [one for at in steps if (one := of(at)) is not None]
            if 2 * len(known) > len(steps):  # more than half of the day was watched
                found.append(max(known))
        return found
