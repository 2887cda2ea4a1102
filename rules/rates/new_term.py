"""Something that the rule's matches have not had for a long time, or ever."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from rules.errors import Problem
from rules.rates.length import length, length_problems
from rules.rates.model import Alarm, Event, Record, Value, fresh_within
from rules.rates.reasons import sentence

_NO_WINDOW = timedelta()


@dataclass(frozen=True, kw_only=True)
class NewTerm:
    """Alarms when a hashtag, author, link domain or language appears that was not there before."""

    kind: Literal["new_term"] = "new_term"
    field: Value = "hashtag"
    """What to look at: `hashtag`, `author`, `domain` or `language`."""
    remember: str = "30d"
    """What was met within this time is not new: from `1d` to `365d`."""
    learn: str = "7d"
    """For so long a new or changed rule only looks on, since at first everything is new: from `0d`
    to `90d`."""

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the table beyond the types of its values."""
        day = timedelta(days=1)
        yield from length_problems("remember", self.remember, day, 365 * day, "30d")
        yield from length_problems("learn", self.learn, 0 * day, 90 * day, "7d")

    @property
    def silence(self) -> timedelta:
        """A new value is told once: it is known from then on."""
        return _NO_WINDOW

    @property
    def timed(self) -> bool:
        """Whether time alone can raise an alarm, without a fresh match."""
        return False

    def judge(self, record: Record) -> tuple[Alarm, ...]:
        """One alarm for each value among the fresh events that was not met for so long."""
        known = dict(record.known)
        learned = record.watching_since + length(self.learn)
        raisable = {event.rid for event in fresh_within(record, _NO_WINDOW)}
        alarms = []
        for event in record.fresh:
            for value in event.of(self.field):
                last = known.get(value)
                is_new = last is None or last < event.at - length(self.remember)
                known[value] = event.at if last is None else max(last, event.at)
                if is_new and event.at >= learned and event.rid in raisable:
                    alarms.append(self._alarm(record.rule, value, event))
        return tuple(alarms)

    def _alarm(self, rule: str, value: str, event: Event) -> Alarm:
        shown = {"author": f"@{event.handle}", "hashtag": f"#{value}"}.get(self.field, value)
        return Alarm(
            rule=rule,
            kind=self.kind,
            group=value,
            since=event.at - length(self.remember),
            until=event.at,
            count=1,
            reason=sentence("new", value=shown, within=self.remember),
            evidence=(event.rid,),
        )
