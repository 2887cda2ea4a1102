"""A window of a spike beside what came before it: whether it stands out, and what to say of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Protocol

from rules.rates.groups import by_group, called
from rules.rates.measures import Measure, measured, toned
from rules.rates.model import Alarm, Event, Group, Quiet, Record, Toned, evidence
from rules.rates.reasons import UNITS, sentence
from rules.rates.rhythm import Bars
from rules.rates.rising import Rises
from rules.rates.tail import is_high, is_large_share, is_low, usual

WEEK = timedelta(days=7)
WEEKS = 4
"""So many weeks back the same time of the week is looked at."""
ENOUGH_WEEKS = 2
STRETCHES = 6
"""Without enough weeks: so many stretches just before."""
ENOUGH_STRETCHES = 3
_DAY = timedelta(days=1)
_TONES_BEFORE = timedelta(days=28)
"""The usual share of negative posts is that of so many days."""


class SpikeRate(Protocol):
    """What the table of a spike says."""

    @property
    def within(self) -> str:  # noqa: D102
        ...

    @property
    def window(self) -> timedelta:  # noqa: D102
        ...

    @property
    def height(self) -> float:  # noqa: D102
        ...

    @property
    def at_least(self) -> int:  # noqa: D102
        ...

    @property
    def learning(self) -> timedelta:  # noqa: D102
        ...

    @property
    def by(self) -> Group | None:  # noqa: D102
        ...

    @property
    def measure(self) -> Measure:  # noqa: D102
        ...

    @property
    def bars(self) -> Bars:  # noqa: D102
        ...


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What a window is compared with."""

    weekly: bool
    """Whether `counts` are of the same time of the week in weeks before."""
    counts: tuple[int, ...]
    """The newest first."""


@dataclass(frozen=True, kw_only=True)
class _Finding:
    """A window that stands out."""

    clause: str
    usual: float
    before: int
    """What came at the same time last week, or just before."""
    weekly: bool
    share: tuple[float, float] | None = None
    """Of negative posts: their share in the window, and their usual one."""


class Beside:
    """Looks at the windows of one record, one after the other."""

    def __init__(self, rate: SpikeRate, record: Record, since: datetime) -> None:
        """`since` is the moment from which on what was posted is known."""
        self._rate, self._record, self._since = rate, record, since
        self._quiet = Quiet(record)
        self._rises = Rises(
            record,
            since,
            rate.window,
            rate.measure,
            rate.by,
            height=rate.height,
            at_least=rate.at_least,
            bars=rate.bars,
        )

    def look(self, end: datetime, *, up: bool) -> Iterator[Alarm]:
        """The alarms about the window that ends at a moment, and that it is far up, or down."""
        rate, record = self._rate, self._record
        if end - rate.window < self._since + rate.learning:
            return
        counts = record.history.count(end - rate.window, end)
        large = {group for group, count in counts.items() if count >= rate.at_least}
        if up and all(self._quiet.covers(group, end) for group in large):
            return
        before = self._before(end)
        groups = large if up else set[str]().union(*(one for _, one in before))
        said: dict[str, Sequence[Event]] = {}
        for group in sorted(groups):
            count = counts.get(group, 0)
            if self._quiet.covers(group, end):
                continue
            reference = self._reference(before, group)
            found = (self._up if up else self._down)(end, group, count, reference)
            if found is not None:
                self._quiet.begin(group, end)
                if not said:
                    said = self._said(end, found, len(before), up=up)
                yield self._alarm(group, end, count, found, said.get(group, ()))

    def _up(
        self, end: datetime, group: str, count: int, reference: Reference | None
    ) -> _Finding | None:
        """What stands out; None where it is as usual, or where too little is known.

        After some days those days tell what is usual; before, what came just before.
        """
        if not self._rises.knows(end):
            found = self._up_early(end, group, count, reference)
        elif (rise := self._rises.rise(end, group, count)) is not None:
            clause, common = rise
            found = _risen(clause, common, reference)
        else:
            found = None
        if found is None or self._rate.measure != "negative":
            return found
        return self._sour(end, group, found)

    def _up_early(
        self, end: datetime, group: str, count: int, reference: Reference | None
    ) -> _Finding | None:
        rate = self._rate
        if reference is None or rate.measure == "reach":  # followers are no chance events
            return None
        middle = usual(reference.counts)
        if count < rate.height * middle or not is_high(count, reference.counts):
            return None
        if not reference.weekly and self._is_daily(end, group, count):
            return None
        return _found("spike", reference)

    def _down(
        self, _end: datetime, _group: str, count: int, reference: Reference | None
    ) -> _Finding | None:
        if reference is None:
            return None
        middle = usual(reference.counts)
        if middle < self._rate.at_least or count > middle / self._rate.height:
            return None
        return _found("drop", reference) if is_low(count, reference.counts) else None

    def _sour(self, end: datetime, group: str, found: _Finding) -> _Finding | None:
        """The finding with its share of negative posts, where that is larger than usual."""
        part, whole = self._tones(end - self._rate.window, end).get(group, (0, 0))
        first = max(self._since, end - _TONES_BEFORE)
        past, past_whole = self._tones(first, end - self._rate.window).get(group, (0, 0))
        if not is_large_share(part, whole, past, past_whole):
            return None
        common = (past + 0.5) / (past_whole + 1.0)
        form = found.clause.rpartition("-")[2]
        return _Finding(
            clause=f"negative-{form}",
            usual=found.usual,
            before=found.before,
            weekly=found.weekly,
            share=(part / whole, common),
        )

    def _tones(self, since: datetime, until: datetime) -> Mapping[str, tuple[int, int]]:
        history = self._record.history
        if isinstance(history, Toned):
            return history.tones(since, until)
        events = history.events(since, until)
        negative = measured(events, "negative", self._rate.by)
        return {g: (negative.get(g, 0), n) for g, n in toned(events, self._rate.by).items()}

    def _is_daily(self, end: datetime, group: str, count: int) -> bool:
        """Whether about as many came at the same time yesterday, as on every morning."""
        yesterday = self._record.history.count(end - _DAY - self._rate.window, end - _DAY)
        return count < self._rate.height * yesterday.get(group, 0)

    def _said(
        self, end: datetime, found: _Finding, windows: int, *, up: bool
    ) -> dict[str, Sequence[Event]]:
        """What each group said; of a drop, which may leave nothing, also what it said before."""
        history, window = self._record.history, self._rate.window
        events = history.events(end - window, end)
        if not up and self._rate.by:
            back = WEEK if found.weekly else window
            ends = [end - back * step for step in range(windows + 1, 0, -1)]
            before = [history.events(at - window, at) for at in ends]
            events = [*chain.from_iterable(before), *events]
        if self._rate.measure == "negative":
            events = [one for one in events if one.negative]
        return dict(by_group(events, self._rate.by))

    def _before(self, end: datetime) -> list[tuple[bool, Mapping[str, int]]]:
        """The counts of the windows to compare with, each with whether it is of a week before.

        Windows in which something may have been missed say nothing about what is usual.
        """
        window, record = self._rate.window, self._record

        def windows(ends: Sequence[datetime]) -> list[Mapping[str, int]]:
            stretches = [(at - window, at) for at in ends if at - window >= self._since]
            sight = record.sight
            return [
                record.history.count(*stretch)
                for stretch in stretches
                if sight is None or sight.is_whole(*stretch)
            ]

        weeks = windows([end - WEEK * week for week in range(1, WEEKS + 1)])
        if len(weeks) >= ENOUGH_WEEKS:
            return [(True, one) for one in weeks]
        stretches = windows([end - window * step for step in range(1, STRETCHES + 1)])
        return [(False, one) for one in stretches]

    def _reference(
        self, before: Sequence[tuple[bool, Mapping[str, int]]], group: str
    ) -> Reference | None:
        weekly = any(is_week for is_week, _ in before)
        if not weekly and len(before) < ENOUGH_STRETCHES:
            return None
        return Reference(weekly=weekly, counts=tuple(one.get(group, 0) for _, one in before))

    def _alarm(
        self, group: str, end: datetime, count: int, found: _Finding, events: Sequence[Event]
    ) -> Alarm:
        rate = self._rate
        values = {
            "count": str(count),
            "unit": UNITS[rate.measure],
            "within": rate.within,
            "usual": str(round(found.usual)),
            "before": str(found.before),
        }
        if found.share is not None:
            share, common = found.share
            values |= {"share": f"{share:.0%}"[:-1], "common": f"{common:.0%}"[:-1]}
        return Alarm(
            rule=self._record.rule,
            kind="spike",
            group=group,
            since=end - rate.window,
            until=end,
            count=count,
            reason=sentence(found.clause, called(group, rate.by, events), **values),
            evidence=evidence(events),
        )


def _found(clause: str, reference: Reference) -> _Finding:
    return _Finding(
        clause=f"{clause}-{'week' if reference.weekly else 'before'}",
        usual=usual(reference.counts),
        before=reference.counts[0],
        weekly=reference.weekly,
    )


def _risen(clause: str, common: float, reference: Reference | None) -> _Finding:
    if reference is not None and reference.weekly:
        return _found(clause, reference)
    return _Finding(clause=f"{clause}-day", usual=common, before=0, weekly=False)
