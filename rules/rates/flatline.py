"""Fewer matches than there should be, although everything was read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from rules.errors import Problem
from rules.rates.frequency import same_twice, too_small
from rules.rates.groups import by_group, called
from rules.rates.length import length, length_problems
from rules.rates.model import Alarm, Event, Group, Quiet, Record, evidence, watched_until
from rules.rates.reasons import sentence


@dataclass(frozen=True, kw_only=True)
class Flatline:
    """Alarms when fewer posts match within a length of time, though all sources were read."""

    kind: Literal["flatline"] = "flatline"
    fewer_than: int = 1
    """Fewer posts than this raise an alarm, or fewer authors with `distinct`; 1 or more."""
    within: str = "1d"
    """The length of the window, which ends where all sources were read last: `5m` to `30d`."""
    by: Group | None = None
    """Tells of each `author`, `brand` or link `domain` that falls silent: it had enough posts in
    the window before."""
    distinct: Literal["author"] | None = None
    """`author` counts accounts instead of posts: one person who writes a lot is one."""

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the table beyond the types of its values."""
        least, most = timedelta(minutes=5), timedelta(days=30)
        yield from length_problems("within", self.within, least, most, "1d")
        yield from too_small("fewer_than", self.fewer_than, 1)
        yield from same_twice(self.by, self.distinct)

    @property
    def window(self) -> timedelta:
        """`within` as a length of time."""
        return length(self.within)

    @property
    def silence(self) -> timedelta:
        """How long a group stays silent after an alarm where the rule does not say."""
        return max(self.window, timedelta(days=1))

    @property
    def timed(self) -> bool:
        """Whether time alone can raise an alarm, without a fresh match."""
        return True

    def judge(self, record: Record) -> tuple[Alarm, ...]:
        """The alarms about the window that ends where every source was read to its newest post.

        None without such a moment, or where a gap or the rule's beginning lies in the window: that
        nothing came and that nobody looked are two things.
        """
        until = watched_until(record, self.window, windows=2 if self.by else 1)
        if until is None:
            return ()
        middle = until - self.window
        quiet = Quiet(record)
        count = record.history.count(middle, until)
        expected = [""]
        if self.by:
            earlier = record.history.count(middle - self.window, middle)
            expected = sorted(name for name, n in earlier.items() if n >= self.fewer_than)
        silent = [
            group
            for group in expected
            if count.get(group, 0) < self.fewer_than and not quiet.covers(group, until)
        ]
        said: dict[str, Sequence[Event]] = {}
        if silent and self.by:
            events = record.history.events(middle - self.window, until)
            said = dict(by_group(events, self.by))
        return tuple(
            self._alarm(record.rule, group, until, count.get(group, 0), said.get(group, ()))
            for group in silent
        )

    def _alarm(
        self, rule: str, group: str, until: datetime, count: int, own: Sequence[Event]
    ) -> Alarm:
        return Alarm(
            rule=rule,
            kind=self.kind,
            group=group,
            since=until - self.window,
            until=until,
            count=count,
            reason=sentence(
                "few" if count else "silence",
                called(group, self.by, own),
                count=str(count),
                within=self.within,
                least=str(self.fewer_than),
            ),
            # What a group said last; of a silent rule there is nothing to show.
            evidence=evidence(own),
        )
