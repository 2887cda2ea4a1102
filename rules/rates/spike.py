"""Far more matches than usual, or far fewer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Literal

from rules.errors import Problem
from rules.rates.frequency import same_twice, too_small
from rules.rates.groups import by_group, called
from rules.rates.length import length, length_problems
from rules.rates.model import (
    Alarm,
    Event,
    Group,
    Quiet,
    Record,
    evidence,
    fresh_within,
    watched_until,
)
from rules.rates.reasons import UNITS, sentence
from rules.rates.tail import is_high, is_low, usual

WEEK = timedelta(days=7)
WEEKS = 4
"""So many weeks back the same time of the week is looked at."""
ENOUGH_WEEKS = 2
STRETCHES = 6
"""Without enough weeks: so many stretches just before."""
ENOUGH_STRETCHES = 3
_STEPS = 12
"""The window moves on by a twelfth of its length."""
_DAY = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What a window is compared with."""

    weekly: bool
    """Whether `counts` are of the same time of the week in weeks before."""
    counts: tuple[int, ...]
    """The newest first."""


@dataclass(frozen=True, kw_only=True)
class Spike:
    """Alarms when far more posts match than usual at this time, or far fewer."""

    kind: Literal["spike"] = "spike"
    within: str = "1h"
    """The length of the windows that are compared: from `5m` to `1d`."""
    height: float = 3.0
    """So many times the usual count is a spike, the usual count divided by it a drop; above 1."""
    at_least: int = 10
    """A spike has so many posts or more, and a drop begins from so many; 2 or more."""
    direction: Literal["up", "down", "both"] = "up"
    """Whether to tell of spikes, drops or both."""
    learn: str = "1d"
    """For so long a new or changed rule only looks on: from `1h` to `30d`."""
    by: Group | None = None
    """Counts for each `author`, `brand` or link `domain` by itself."""
    distinct: Literal["author"] | None = None
    """`author` counts accounts instead of posts: one person who writes a lot is one."""

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the table beyond the types of its values."""
        day = timedelta(days=1)
        yield from length_problems("within", self.within, timedelta(minutes=5), day, "1h")
        yield from length_problems("learn", self.learn, timedelta(hours=1), 30 * day, "1d")
        yield from too_small("at_least", self.at_least, 2)
        yield from same_twice(self.by, self.distinct)
        if not 1 < self.height <= 1000:
            yield Problem(
                code="out-of-range",
                message="the height of a spike lies above 1 and is at most 1000",
                path=("height",),
                help="height = 3.0",
            )

    @property
    def window(self) -> timedelta:
        """`within` as a length of time."""
        return length(self.within)

    @property
    def silence(self) -> timedelta:
        """How long a group stays silent after an alarm where the rule does not say."""
        return self.window

    @property
    def timed(self) -> bool:
        """Whether time alone can raise an alarm, without a fresh match."""
        return self.direction != "up"

    def judge(self, record: Record) -> tuple[Alarm, ...]:
        """The alarms about windows that fresh events lie in and, for drops, about the newest one.

        Windows end at whole twelfths of their length, so that it makes no difference when anybody
        looks. A spike is told while its last twelfth is still going on; a drop when all sources
        were read to the end of the window.
        """
        quiet = Quiet(record)
        alarms: list[Alarm] = []
        if self.direction != "down":
            for end in self._ends(record):
                alarms += self._look(record, end, quiet, up=True)
        if self.direction != "up":
            until = watched_until(record, self.window + self.window / _STEPS, windows=1)
            if until is not None:
                alarms += self._look(record, self._floor(until), quiet, up=False)
        return tuple(alarms)

    def _ends(self, record: Record) -> list[datetime]:
        """The ends of the windows that a fresh event lies in, and any event in the last twelfth.

        The last one may not be over yet. Where nothing was said in the last twelfth there is no
        news, though what is usual may have changed.
        """
        fresh = fresh_within(record, self.window)
        if not fresh:
            return []
        until = min(record.now, fresh[-1].at + self.window)
        ends: dict[datetime, None] = {}
        latest = iter(fresh)
        upto, coming = fresh[0].at, next(latest, None)
        for event in record.history.events(fresh[0].at - _MOMENT, until):
            while coming is not None and coming.at <= event.at:
                upto, coming = coming.at, next(latest, None)
            end = self._ceiling(event.at)
            if end < upto + self.window:
                ends[end] = None
        return list(ends)

    def _floor(self, moment: datetime) -> datetime:
        return moment - (moment - _EPOCH) % (self.window / _STEPS)

    def _ceiling(self, moment: datetime) -> datetime:
        floor = self._floor(moment)
        return floor if floor == moment else floor + self.window / _STEPS

    def _look(self, record: Record, end: datetime, quiet: Quiet, *, up: bool) -> Iterator[Alarm]:
        since = record.watching_since
        if record.sight is not None:
            since = max(since, record.sight.since)  # a new source would look like a spike
        if end - self.window < since + length(self.learn):
            return
        counts = record.history.count(end - self.window, end)
        large = {group for group, count in counts.items() if count >= self.at_least}
        if up and all(quiet.covers(group, end) for group in large):
            return
        before = self._before(record, end, since)
        groups = large if up else set[str]().union(*(one for _, one in before))
        said: dict[str, Sequence[Event]] = {}
        for group in sorted(groups):
            reference = self._reference(before, group)
            count = counts.get(group, 0)
            if reference is None or quiet.covers(group, end):
                continue
            if not reference.weekly and up and self._is_daily(record, end, group, count):
                continue
            if self._stands_out(count, reference.counts, up=up):
                quiet.begin(group, end)
                if not said:
                    said = self._said(record, end, reference, up=up)
                own = said.get(group, ())
                yield self._alarm(record.rule, group, end, count, reference, own, up=up)

    def _is_daily(self, record: Record, end: datetime, group: str, count: int) -> bool:
        """Whether about as many came at the same time yesterday, as on every morning."""
        yesterday = record.history.count(end - _DAY - self.window, end - _DAY)
        return count < self.height * yesterday.get(group, 0)

    def _said(
        self, record: Record, end: datetime, reference: Reference, *, up: bool
    ) -> dict[str, Sequence[Event]]:
        """What each group said; of a drop, which may leave nothing, also what it said before."""
        events = record.history.events(end - self.window, end)
        if not up and self.by:
            back = WEEK if reference.weekly else self.window
            ends = [end - back * step for step in range(len(reference.counts) + 1, 0, -1)]
            before = [record.history.events(at - self.window, at) for at in ends]
            events = [*chain.from_iterable(before), *events]
        return dict(by_group(events, self.by))

    def _before(
        self, record: Record, end: datetime, since: datetime
    ) -> list[tuple[bool, Mapping[str, int]]]:
        """The counts of the windows to compare with, each with whether it is of a week before.

        Windows in which something may have been missed say nothing about what is usual.
        """

        def windows(ends: Sequence[datetime]) -> list[Mapping[str, int]]:
            stretches = [(at - self.window, at) for at in ends if at - self.window >= since]
            sight = record.sight
            return [
                record.history.count(*stretch)
                for stretch in stretches
                if sight is None or sight.is_whole(*stretch)
            ]

        weeks = windows([end - WEEK * week for week in range(1, WEEKS + 1)])
        if len(weeks) >= ENOUGH_WEEKS:
            return [(True, one) for one in weeks]
        stretches = windows([end - self.window * step for step in range(1, STRETCHES + 1)])
        return [(False, one) for one in stretches]

    def _reference(
        self, before: Sequence[tuple[bool, Mapping[str, int]]], group: str
    ) -> Reference | None:
        weekly = any(is_week for is_week, _ in before)
        if not weekly and len(before) < ENOUGH_STRETCHES:
            return None
        return Reference(weekly=weekly, counts=tuple(one.get(group, 0) for _, one in before))

    def _stands_out(self, count: int, before: Sequence[int], *, up: bool) -> bool:
        middle = usual(before)
        if up:
            high = count >= self.at_least and count >= self.height * middle
            return high and is_high(count, before)
        return middle >= self.at_least and count <= middle / self.height and is_low(count, before)

    def _alarm(
        self,
        rule: str,
        group: str,
        end: datetime,
        count: int,
        reference: Reference,
        events: Sequence[Event],
        *,
        up: bool,
    ) -> Alarm:
        clause = ("spike" if up else "drop") + ("-week" if reference.weekly else "-before")
        return Alarm(
            rule=rule,
            kind=self.kind,
            group=group,
            since=end - self.window,
            until=end,
            count=count,
            reason=sentence(
                clause,
                called(group, self.by, events),
                count=str(count),
                unit=UNITS[self.distinct or "post"],
                within=self.within,
                usual=str(round(usual(reference.counts))),
                before=str(reference.counts[0]),
            ),
            evidence=evidence(events),
        )
