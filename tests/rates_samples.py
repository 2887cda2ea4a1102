"""Matches as events, a history that remembers them, and a watcher that judges them in parts."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from rules.rates import Alarm, Event, Rate, Record, Sight
from rules.rates.groups import counted

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def event(rid: int, at: datetime, author: str = "town:1", **values: str) -> Event:
    return Event(
        at=at,
        rid=rid,
        author=author,
        handle=author.removeprefix("town:"),
        values={name: (value,) for name, value in values.items()},  # type: ignore[misc]
    )


def events(*minutes: float, author: str = "town:1", **values: str) -> list[Event]:
    """Events so many minutes after the start."""
    return [
        event(number, START + minute * MINUTE, author, **values)
        for number, minute in enumerate(minutes, start=1)
    ]


class Remembered:
    """A history in memory."""

    def __init__(self, found: Iterable[Event], rate: Rate) -> None:
        self._events = sorted(found, key=lambda e: (e.at, e.rid))
        self._times = [e.at for e in self._events]
        self._rate = rate

    def events(self, since: datetime, until: datetime) -> Sequence[Event]:
        return self._events[bisect_right(self._times, since) : bisect_right(self._times, until)]

    def count(self, since: datetime, until: datetime) -> Mapping[str, int]:
        authors = getattr(self._rate, "distinct", None) == "author"
        return counted(self.events(since, until), self._rate.by, authors=authors)


@dataclass
class Judge:
    """A rule with a rate, handed its matches in parts as they are found."""

    rate: Rate
    silence: timedelta | None = None
    watching_since: datetime = START
    stored: list[Event] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    known: dict[str, datetime] = field(default_factory=dict)

    def find(
        self, fresh: Iterable[Event], now: datetime, sight: Sight | None = None
    ) -> tuple[Alarm, ...]:
        """Store what was found by now and judge it; return the new alarms."""
        new = sorted(fresh, key=lambda e: (e.at, e.rid))
        self.stored += new
        raised = self.rate.judge(self.record(new, now, sight))
        self.alarms += raised
        for one in new:
            for value in one.of(getattr(self.rate, "field", "hashtag")):
                self.known[value] = max(one.at, self.known.get(value, one.at))
        return raised

    def record(self, new: Sequence[Event], now: datetime, sight: Sight | None) -> Record:
        told: dict[str, tuple[datetime, ...]] = {}
        for alarm in self.alarms:
            told[alarm.group] = (*told.get(alarm.group, ()), alarm.until)
        return Record(
            rule="talk",
            now=now,
            fresh=tuple(new),
            history=Remembered(self.stored, self.rate),
            watching_since=self.watching_since,
            told=told,
            silence=self.rate.silence if self.silence is None else self.silence,
            sight=sight,
            known=self.known,
        )

    def told(self) -> list[tuple[str, datetime]]:
        """Groups and ends of the windows of all alarms."""
        return sorted((alarm.group, alarm.until) for alarm in self.alarms)


def watched(since: datetime, until: datetime, *gaps: tuple[datetime, datetime]) -> Sight:
    return Sight(since=since, until=until, gaps=gaps)


def unsettled(record: Record) -> Record:
    return replace(record, settled=False)
