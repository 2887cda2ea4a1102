"""Far more matches than usual, or far fewer."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from rules.errors import Problem
from rules.rates.beside import Beside
from rules.rates.frequency import same_twice, too_small
from rules.rates.length import length, length_problems
from rules.rates.measures import Measure
from rules.rates.model import Alarm, Group, Record, fresh_within, watched_until
from rules.rates.rhythm import BARS, Bars
from rules.rates.sliding import STEPS

_DAY = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    """`author` is the same as `of = "authors"`."""
    of: Measure = "posts"
    """What is counted: `posts`, `authors` (accounts, each once), `negative` posts, whose share must
    be larger than usual too, `reposts`, or `reach`: the followers of the authors, the most followed
    one left out."""

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the table beyond the types of its values."""
        day = timedelta(days=1)
        yield from length_problems("within", self.within, timedelta(minutes=5), day, "1h")
        yield from length_problems("learn", self.learn, timedelta(hours=1), 30 * day, "1d")
        yield from too_small("at_least", self.at_least, 2)
        yield from same_twice(self.by, "author" if self.measure == "authors" else None)
        if self.distinct and self.of not in ("posts", "authors"):
            yield Problem(
                code="useless-key",
                message=f'`of = "{self.of}"` already says what is counted',
                path=("distinct",),
                help="leave out `distinct`, or leave out `of`",
            )
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
    def measure(self) -> Measure:
        """What is counted."""
        return "authors" if self.distinct else self.of

    @property
    def silence(self) -> timedelta:
        """How long a group stays silent after an alarm where the rule does not say."""
        return max(self.window, _DAY)

    @property
    def bars(self) -> Bars:
        """How high the bars lie that are not in the table: the same for all rules."""
        return BARS

    @property
    def learning(self) -> timedelta:
        """`learn` as a length of time."""
        return length(self.learn)

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
        since = record.watching_since
        if record.sight is not None:
            since = max(since, record.sight.since)  # a new source would look like a spike
        beside = Beside(self, record, since)
        alarms: list[Alarm] = []
        if self.direction != "down":
            for end in self._ends(record):
                alarms += beside.look(end, up=True)
        if self.direction != "up":
            until = watched_until(record, self.window + self.window / STEPS, windows=1)
            if until is not None:
                alarms += beside.look(self._floor(until), up=False)
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
        return moment - (moment - _EPOCH) % (self.window / STEPS)

    def _ceiling(self, moment: datetime) -> datetime:
        floor = self._floor(moment)
        return floor if floor == moment else floor + self.window / STEPS
