"""Where values stand in a drawing, and which of them the axes name."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

_STEPS = (1, 2, 5, 10)
_DAYS = (1, 2, 3)
_WEEKS = (7, 14)
_MONTHS = (1, 2, 3, 6, 12)
_MONTH = 28
"""The shortest month: what fits there fits all."""


@dataclass(frozen=True, slots=True)
class Linear:
    """From a stretch of values to a stretch of the drawing."""

    low: float
    high: float
    start: float
    """Where the low value stands."""
    end: float

    def __call__(self, value: float) -> float:
        """Where a value stands; what lies outside stands at the end."""
        whole = self.high - self.low
        part = (min(max(value, self.low), self.high) - self.low) / whole if whole else 0.0
        return self.start + part * (self.end - self.start)


def ticks(low: float, high: float, most: int = 5, *, whole: bool = False) -> tuple[float, ...]:
    """Return round values, at most `most`, from at or below `low` to at or above `high`.

    P. S. Heckbert, Nice numbers for graph labels (Graphics Gems, 1990). `whole` asks for counts: no
    fractions.
    """
    if high <= low:
        high = low + 1
    power = math.floor(math.log10((high - low) / max(most - 1, 1)))
    while True:
        for one in _STEPS:
            step = one * 10.0**power
            if whole and step < 1:
                continue
            first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
            if last - first < most:
                return tuple(round(n * step, 12) for n in range(first, last + 1))
        power += 1


def day_ticks(
    days: Sequence[date], room: float, width: Callable[[date], float], gap: float = 12
) -> tuple[int, ...]:
    """Return the positions of the days that the axis names: all, some, Mondays, or firsts.

    `room` is what a day takes in the drawing, `width` what its name takes.
    """
    widest = max((width(day) for day in days), default=0.0) + gap
    for step in _DAYS:
        if step * room >= widest:
            return tuple(range((len(days) - 1) % step if step > 1 else 0, len(days), step))
    for step in _WEEKS:
        if step * room >= widest:
            mondays = [n for n, day in enumerate(days) if day.weekday() == 0]
            return tuple(mondays[:: step // 7])
    for months in _MONTHS:
        if months * _MONTH * room >= widest:
            return tuple(
                n for n, day in enumerate(days) if day.day == 1 and (day.month - 1) % months == 0
            )
    return (0,) if days else ()
