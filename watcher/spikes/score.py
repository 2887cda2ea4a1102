"""How good alarms were: what they found of what is marked, how soon, and how often for nothing."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from rules.rates import Alarm
from watcher.spikes.replay import Counts, Past

WEEK = timedelta(days=7)
_LOOKED_BACK = timedelta(days=1)
_STEPS = 144


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A stretch in which something happened."""

    since: datetime
    until: datetime
    began: datetime
    """When it began: the delay counts from here."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """What the alarms of one setting were worth."""

    alarms: int
    weeks: float
    marked: int
    found: int
    """Marked stretches with an alarm."""
    early: int
    """Those of them with one before a quarter of what followed their beginning was over."""
    false: int | None
    """Alarms outside of what is marked; None where nothing is."""
    delays: tuple[timedelta, ...]
    """How long after the beginning each was told, none below nothing; by the marks, or by the
    change in the counts that is seen afterwards."""

    @property
    def a_week(self) -> float:
        """Alarms a week."""
        return self.alarms / self.weeks

    @property
    def false_a_week(self) -> float | None:
        """False alarms a week; None where nothing is marked."""
        return None if self.false is None else self.false / self.weeks

    @property
    def delay(self) -> timedelta | None:
        """The middle delay; None where nothing was found."""
        if not self.delays:
            return None
        return timedelta(seconds=median(one.total_seconds() for one in self.delays))

    @property
    def precision(self) -> float | None:
        """The part of what was told that is marked, each marked stretch counted once."""
        if self.false is None or not self.found + self.false:
            return None
        return self.found / (self.found + self.false)

    @property
    def recall(self) -> float | None:
        """The part of what is marked that was told."""
        return self.found / self.marked if self.marked else None


def score(
    told: Iterable[datetime], marked: Sequence[Marked], since: datetime, until: datetime
) -> Score:
    """Judge alarms by what is marked: `told` are the moments at which they came."""
    moments = sorted(told)
    firsts: dict[int, datetime] = {}
    false = 0
    for at in moments:
        inside = [n for n, one in enumerate(marked) if one.since <= at <= one.until]
        false += not inside
        for number in inside:
            firsts.setdefault(number, at)
    delays, early = [], 0
    for number, at in sorted(firsts.items()):
        one = marked[number]
        early += at <= one.began + (one.until - one.began) / 4
        delays.append(max(timedelta(), at - one.began))
    return Score(
        alarms=len(moments),
        weeks=max((until - since) / WEEK, 1e-9),
        marked=len(marked),
        found=len(firsts),
        early=early,
        false=false if marked else None,
        delays=tuple(delays),
    )


def unmarked(
    alarms: Sequence[Alarm], past: Past | Counts, since: datetime, until: datetime
) -> Score:
    """Judge alarms where nothing is marked: the delay counts from the change that is seen now."""
    delays = [max(timedelta(), one.until - changed(past, one.until, one.group)) for one in alarms]
    return Score(
        alarms=len(alarms),
        weeks=max((until - since) / WEEK, 1e-9),
        marked=0,
        found=0,
        early=0,
        false=None,
        delays=tuple(delays),
    )


def changed(past: Past | Counts, at: datetime, group: str = "") -> datetime:
    """Return when the counts of the day before a moment, and the two hours after it, rose.

    The split into two Poisson rates, the second one higher, that is most likely (D. V. Hinkley,
    Inference about the change-point, Biometrika 57, 1970).
    """
    first = at - _LOOKED_BACK
    step = (_LOOKED_BACK + timedelta(hours=2)) / _STEPS
    counts = [
        past.count(first + n * step, first + (n + 1) * step).get(group, 0) for n in range(_STEPS)
    ]
    total, before = sum(counts), 0
    best, split = -math.inf, 0
    for n in range(1, _STEPS):
        before += counts[n - 1]
        low, high = before / n, (total - before) / (_STEPS - n)
        if high <= low:
            continue
        likely = _term(before, low) + _term(total - before, high)
        if likely > best:
            best, split = likely, n
    return first + split * step


def _term(count: int, rate: float) -> float:
    return count * math.log(rate) if count else 0.0
