"""How many different values there are within a length of time: too many, or too few."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from rules.errors import Problem
from rules.model import Reason
from rules.rates.frequency import same_twice, too_small
from rules.rates.groups import by_group, called
from rules.rates.length import length, length_problems
from rules.rates.model import (
    Alarm,
    Event,
    Group,
    Quiet,
    Record,
    Value,
    evidence,
    fresh_within,
    watched_until,
)
from rules.rates.reasons import UNITS, sentence


@dataclass(frozen=True, kw_only=True)
class Cardinality:
    """Alarms when matches have many different authors, domains, hashtags or languages, or few."""

    kind: Literal["cardinality"] = "cardinality"
    field: Value = "author"
    """What is counted: `author`, `domain`, `hashtag` or `language`."""
    at_least: int | None = None
    """So many different values raise an alarm; 2 or more. Either this or `fewer_than`."""
    fewer_than: int | None = None
    """Fewer values than this raise an alarm, once all sources were read; 2 or more."""
    within: str = "1h"
    """The length of the sliding window: from `1m` to `7d`."""
    by: Group | None = None
    """Counts for each `author`, `brand` or link `domain` by itself; not with `fewer_than`."""

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the table beyond the types of its values."""
        least, most = timedelta(minutes=1), timedelta(days=7)
        yield from length_problems("within", self.within, least, most, "1h")
        yield from same_twice(self.by, "author" if self.field == "author" else None)
        if (self.at_least is None) == (self.fewer_than is None):
            yield Problem(
                code="missing-key" if self.at_least is None else "useless-key",
                message="a cardinality needs either `at_least` or `fewer_than`",
                help="at_least = 10",
            )
        if self.at_least is not None:
            yield from too_small("at_least", self.at_least, 2)
        if self.fewer_than is not None:
            yield from too_small("fewer_than", self.fewer_than, 2)
            if self.by:
                yield Problem(
                    code="useless-key",
                    message="who says nothing at all could not be told apart",
                    path=("by",),
                    help="leave it out, or use a flatline",
                )

    @property
    def window(self) -> timedelta:
        """`within` as a length of time."""
        return length(self.within)

    @property
    def silence(self) -> timedelta:
        """How long a group stays silent after an alarm where the rule does not say."""
        return self.window if self.at_least else max(self.window, timedelta(days=1))

    @property
    def timed(self) -> bool:
        """Whether time alone can raise an alarm, without a fresh match."""
        return self.fewer_than is not None

    def judge(self, record: Record) -> tuple[Alarm, ...]:
        """The alarms that fresh events raise, or the newest window that was really watched."""
        quiet = Quiet(record)
        if self.fewer_than is not None:
            return self._too_few(record, quiet, self.fewer_than)
        fresh = fresh_within(record, self.window)
        if not fresh or self.at_least is None:
            return ()
        first, last = fresh[0].at, min(record.now, fresh[-1].at + self.window)
        if not self.by and quiet.covers_all("", first, last):
            return ()
        events = record.history.events(first - self.window, last)
        alarms: list[Alarm] = []
        for group, own in by_group(events, self.by):
            alarms += self._too_many(record.rule, group, own, first, quiet, self.at_least)
        return tuple(sorted(alarms, key=lambda alarm: (alarm.until, alarm.group)))

    def _too_many(
        self,
        rule: str,
        group: str,
        events: Sequence[Event],
        first: datetime,
        quiet: Quiet,
        bound: int,
    ) -> Iterator[Alarm]:
        inside: deque[Event] = deque()
        values = Counter[str]()
        for event in events:
            inside.append(event)
            values.update(event.of(self.field))
            while inside[0].at <= event.at - self.window:
                for value in inside.popleft().of(self.field):
                    values[value] -= 1
                    if not values[value]:
                        del values[value]
            if event.at < first or len(values) < bound or quiet.covers(group, event.at):
                continue
            quiet.begin(group, event.at)
            reason = sentence(
                "many",
                called(group, self.by, events),
                count=str(len(values)),
                unit=UNITS[self.field],
                within=self.within,
            )
            yield self._alarm(rule, group, event.at, len(values), reason, tuple(inside))

    def _too_few(self, record: Record, quiet: Quiet, bound: int) -> tuple[Alarm, ...]:
        until = watched_until(record, self.window, windows=1)
        if until is None or quiet.covers("", until):
            return ()
        since = until - self.window
        events = record.history.events(since, until)
        count = len({value for event in events for value in event.of(self.field)})
        if count >= bound:
            return ()
        reason = sentence(
            "little-variety",
            count=str(count),
            unit=UNITS[self.field],
            within=self.within,
            least=str(bound),
        )
        return (self._alarm(record.rule, "", until, count, reason, events),)

    def _alarm(
        self,
        rule: str,
        group: str,
        until: datetime,
        count: int,
        reason: Reason,
        events: Sequence[Event],
    ) -> Alarm:
        return Alarm(
            rule=rule,
            kind=self.kind,
            group=group,
            since=until - self.window,
            until=until,
            count=count,
            reason=reason,
            evidence=evidence(events),
        )
