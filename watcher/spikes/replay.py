"""Judges a spike over the past as the watcher would have judged it then, step by step.

It is the very same judging (`Spike.judge`) with the same record: each step is given what was posted
up to then, and what was told before. Nothing is read that was posted later.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate

from rules.rates import Alarm, Event, Record, Sight, Spike
from rules.rates.measures import measured
from rules.rates.sliding import STEPS, Piece, Windows, step_of, windows, windows_of

_STRIDE = timedelta(days=1)
"""A spike is told of windows that ended within the last day: no step may be longer."""


class Past:
    """What was posted, in memory. See `rules.rates.History`."""

    def __init__(self, events: Iterable[Event], rate: Spike) -> None:
        """`events` in any order."""
        self._events = sorted(events, key=lambda one: (one.at, one.rid))
        self._times = [one.at for one in self._events]
        self._rate = rate
        self._sliding: Mapping[str, Windows] | None = None

    @property
    def first(self) -> datetime | None:
        """When the first post was written."""
        return self._times[0] if self._times else None

    @property
    def last(self) -> datetime:
        """The moment after which nothing is known; there must be something."""
        return self._times[-1]

    @property
    def total(self) -> int:
        """How many posts there are."""
        return len(self._times)

    def events(self, since: datetime, until: datetime) -> Sequence[Event]:
        """See `rules.rates.History`."""
        return self._events[bisect_right(self._times, since) : bisect_right(self._times, until)]

    def count(self, since: datetime, until: datetime) -> Mapping[str, int]:
        """See `rules.rates.History`."""
        if self._rate.measure == "posts" and self._rate.by is None:
            return {"": bisect_right(self._times, until) - bisect_right(self._times, since)}
        return measured(self.events(since, until), self._rate.measure, self._rate.by)

    def sliding(self, window: timedelta, since: datetime, until: datetime) -> Mapping[str, Windows]:
        """See `rules.rates.sliding.Slides`: all windows, counted once; a judge reads its own."""
        del since, until
        if self._sliding is None:
            self._sliding = windows_of(self._events, window, self._rate.measure, self._rate.by)
        return self._sliding


class Counts:
    """A series of counts, as if so many posts had been written at each of its moments."""

    def __init__(self, counts: Sequence[tuple[datetime, int]]) -> None:
        """`counts` in the order of time, none below 0."""
        self._times = [at for at, _ in counts]
        self._sums = [0, *accumulate(count for _, count in counts)]
        self._counts = [count for _, count in counts]
        self._sliding: dict[timedelta, Mapping[str, Windows]] = {}

    @property
    def first(self) -> datetime | None:
        """The first moment of the series."""
        return self._times[0] if self._times else None

    @property
    def last(self) -> datetime:
        """The moment after which nothing is known; there must be something."""
        return self._times[-1]

    @property
    def total(self) -> int:
        """How many posts there are."""
        return self._sums[-1]

    def events(self, since: datetime, until: datetime) -> Sequence[Event]:
        """One for each moment at which anything was posted."""
        first, end = bisect_right(self._times, since), bisect_right(self._times, until)
        return [
            Event(at=self._times[n], rid=n + 1, author="")
            for n in range(first, end)
            if self._counts[n]
        ]

    def count(self, since: datetime, until: datetime) -> Mapping[str, int]:
        """See `rules.rates.History`."""
        first, end = bisect_right(self._times, since), bisect_right(self._times, until)
        return {"": self._sums[end] - self._sums[first]}

    def sliding(self, window: timedelta, since: datetime, until: datetime) -> Mapping[str, Windows]:
        """See `rules.rates.sliding.Slides`: all windows, counted once; a judge reads its own."""
        del since, until
        if window not in self._sliding:
            step = window / STEPS
            parts: list[Piece] = [
                ("", step_of(at, step), count)
                for at, count in zip(self._times, self._counts, strict=True)
                if count
            ]
            self._sliding[window] = {"": windows(parts, "posts")}
        return self._sliding[window]


def replay(
    rate: Spike,
    past: Past | Counts,
    since: datetime,
    until: datetime,
    *,
    silence: timedelta | None = None,
    rule: str = "replay",
    sight: Sight | None = None,
) -> tuple[Alarm, ...]:
    """Return the alarms of a rule that began to watch at `since`, in the order of time.

    `sight` says when sources were not read, as far as that is known. Linear in what was posted.
    """
    told: list[Alarm] = []
    now = since
    silent = rate.silence if silence is None else silence
    reach = max(rate.window, _STRIDE) + rate.window + silent
    while now < until:
        before, now = now, min(now + _STRIDE, until)
        fresh = tuple(past.events(before, now))
        if not fresh:
            continue
        recent: dict[str, tuple[datetime, ...]] = {}
        for one in told:
            if one.until > now - reach:
                recent[one.group] = (*recent.get(one.group, ()), one.until)
        record = Record(
            rule=rule,
            now=now,
            fresh=fresh,
            history=past,
            watching_since=since,
            told=recent,
            silence=silent,
            sight=sight,
        )
        told += rate.judge(record)
    return tuple(sorted(told, key=lambda one: (one.until, one.group)))
