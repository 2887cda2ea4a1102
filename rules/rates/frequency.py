"""At least so many matches within a length of time."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from rules.errors import Problem
from rules.rates.groups import by_group, called
from rules.rates.length import length, length_problems
from rules.rates.model import Alarm, Event, Group, Quiet, Record, evidence, fresh_within
from rules.rates.reasons import UNITS, sentence

_LONGEST = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Frequency:
    """Alarms when at least so many posts match within a length of time."""

    kind: Literal["frequency"] = "frequency"
    at_least: int = 20
    """So many posts, or authors with `distinct`, raise an alarm; 2 or more."""
    within: str = "1h"
    """The length of the sliding window: from `1m` to `7d`."""
    by: Group | None = None
    """Counts for each `author`, `brand` or link `domain` by itself."""
    distinct: Literal["author"] | None = None
    """`author` counts accounts instead of posts: one person who writes a lot is one."""

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the table beyond the types of its values."""
        yield from length_problems("within", self.within, timedelta(minutes=1), _LONGEST, "1h")
        yield from too_small("at_least", self.at_least, 2)
        yield from same_twice(self.by, self.distinct)

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
        return False

    def judge(self, record: Record) -> tuple[Alarm, ...]:
        """The alarms that the fresh events raise, each at the post that completed it.

        Every window that ends at a post is looked at, in the order of writing, as far as a fresh
        post lies in it. So it makes no difference in how many parts the posts came in.
        """
        fresh = fresh_within(record, self.window)
        quiet = Quiet(record)
        if not fresh:
            return ()
        first, last = fresh[0].at, min(record.now, fresh[-1].at + self.window)
        if not self.by and quiet.covers_all("", first, last):
            return ()  # a rule that goes on being loud is not counted anew at every turn
        events = record.history.events(first - self.window, last)
        alarms: list[Alarm] = []
        for group, own in by_group(events, self.by):
            alarms += self._judge_group(record.rule, group, own, first, quiet)
        return tuple(sorted(alarms, key=lambda alarm: (alarm.until, alarm.group)))

    def _judge_group(
        self, rule: str, group: str, events: Sequence[Event], first: datetime, quiet: Quiet
    ) -> Iterator[Alarm]:
        inside: deque[Event] = deque()
        authors = Counter[str]()
        for event in events:
            inside.append(event)
            authors[event.author] += 1
            while inside[0].at <= event.at - self.window:
                gone = inside.popleft()
                authors[gone.author] -= 1
                if not authors[gone.author]:
                    del authors[gone.author]
            count = len(authors) if self.distinct else len(inside)
            if event.at < first or count < self.at_least or quiet.covers(group, event.at):
                continue
            quiet.begin(group, event.at)
            yield Alarm(
                rule=rule,
                kind=self.kind,
                group=group,
                since=event.at - self.window,
                until=event.at,
                count=count,
                reason=sentence(
                    "many",
                    called(group, self.by, events),
                    count=str(count),
                    unit=UNITS[self.distinct or "post"],
                    within=self.within,
                ),
                evidence=evidence(tuple(inside)),
            )


def too_small(key: str, number: int, least: int) -> Iterator[Problem]:
    """Yield a number that means nothing below a bound."""
    if number < least:
        yield Problem(
            code="out-of-range",
            message=f"this must be {least} or more",
            path=(key,),
            help=f"{key} = {max(least, 20)}",
        )


def same_twice(by: str | None, distinct: str | None) -> Iterator[Problem]:
    """Yield the counting of different authors of one author, which is always one."""
    if by == distinct == "author":
        yield Problem(
            code="useless-key",
            message="each author by itself is always one author",
            path=("distinct",),
            help="leave it out, or leave out `by`",
        )
