"""What all channels that tell of findings share: when they speak, and how much they say."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alerts.routing.escalation import Escalate
from alerts.schedule import QuietHours, Rhythm, Slot, Timetable, due, next_slot
from rules.errors import Problem
from rules.rates.length import length, length_problems

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FRENCH = ("lun", "mar", "mer", "jeu", "ven", "sam", "dim")
_DAYS = {day: day for day in WEEKDAYS} | dict(zip(_FRENCH, WEEKDAYS, strict=True))

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_LENGTHS = {
    "wait": (timedelta(), _HOUR, "30s"),
    "interval": (timedelta(), _DAY, "5m"),
    "repeat": (5 * _MINUTE, 7 * _DAY, "4h"),
    "heartbeat": (_HOUR, 90 * _DAY, "7d"),
    "blind_after": (5 * _MINUTE, 30 * _DAY, "6h"),
}
"""The least and the most that each length of time may be, and an example."""
_VAIN = {
    "at_count": "an instant channel waits for no number of posts",
    "wait": "only an instant channel waits for company",
    "urgent_despite_quiet": "it is for an instant channel with quiet hours",
}


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """Hours in which no mail leaves: the `quiet = { from = "22:00", until = "07:00" }` table."""

    from_: str = field(metadata={"sample": "22:00"})
    """When they begin, `22:00`."""
    until: str = field(metadata={"sample": "07:00"})
    """When they end, `07:00`; earlier than `from` means the next morning."""

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the two times."""
        yield from _time_problems(("from",), self.from_)
        yield from _time_problems(("until",), self.until)

    def hours(self) -> QuietHours:
        """The two times of day; only for a table without problems."""
        return QuietHours(start=parse_time(self.from_), end=parse_time(self.until))


@dataclass(frozen=True, kw_only=True)
class DigestChannel:
    """The keys that every `[[channels]]` table has whose channel tells of findings."""

    name: str
    """What rules write in `then`."""
    send: Rhythm = "daily"
    """`instant`, `hourly`, `daily` or `weekly`."""
    at: str | tuple[str, ...] = "08:00"
    """Time of day for `daily` and `weekly`, or several: `["08:00", "17:30"]`."""
    days: tuple[str, ...] = ()
    """`mon` to `sun`; empty means every day, for `weekly` Monday."""
    timezone: str = ""
    """`Europe/Paris`; empty means the zone of the whole configuration."""
    quiet: Quiet | None = None
    """Hours in which no mail leaves; what was due comes afterwards."""
    language: str = "en"
    """A language that `templates/locale` has: `en`, `fr`."""
    title: str = ""
    """What the mail is called in its subject; empty means the channel's name."""
    posts: int = 25
    """At most so many posts are shown; the others are counted."""
    when_empty: Literal["send", "trouble", "skip"] = "trouble"
    """What to do when nothing was found: mail that too, mail only if a source could not be watched,
    or stay silent. `instant` and `hourly` always stay silent."""
    wait: str = "0s"
    """`instant` only: so long the first finding waits for company. `0s` to `1h`."""
    interval: str = "5m"
    """`instant` only: the least time between two messages; what comes meanwhile is gathered. `0s`
    to `1d`."""
    repeat: str = ""
    """An alarm that goes on, and that nobody has acknowledged, is told again after so long: `4h`.
    Empty: never."""
    at_count: int | None = None
    """`hourly`, `daily` and `weekly` only: leaves before its time when so many posts wait."""
    heartbeat: str = ""
    """When nothing was said for so long, `7d`, a short message says that the watcher lives. Empty:
    never."""
    blind_after: str = ""
    """One urgent message when a source was not read for so long, `6h`, and one when it is read
    again. Empty: only the digests say so."""
    urgent_despite_quiet: bool = False
    """`instant` only: alarms, also those of `blind_after`, leave in quiet hours too."""
    escalate: Escalate | None = None
    """Whom to tell when nobody acknowledges urgent news."""

    FORMER: ClassVar[Mapping[str, Callable[[object], str]]] = {
        "minutes_between": lambda was: f'interval = "{was if isinstance(was, int) else 5}m"'
    }
    """What is to be written in place of keys that there once were."""

    def problems(self) -> Iterator[Problem]:
        """Yield what the types cannot say."""
        yield from self._time_problems()
        if self.timezone:
            yield from zone_problems(self.timezone)
        yield from language_problems(self.language)
        if not 1 <= self.posts <= 200:
            yield Problem(
                code="out-of-range",
                message="a digest shows between 1 and 200 posts",
                path=("posts",),
            )
        yield from self._length_problems()
        yield from self._rhythm_problems()

    @property
    def recipients(self) -> tuple[str, ...]:
        """Who gets a message of their own: mail addresses, or names without secrets."""
        raise NotImplementedError

    def reader(self, recipient: str, default_zone: str) -> tuple[str, ZoneInfo]:
        """The language and the zone in which one of the recipients reads."""
        del recipient  # all read as the channel says, unless its kind knows better
        return self.language, self.zone(default_zone)

    def timetable(self, default_zone: str) -> Timetable:
        """When this channel sends; only for a table without problems.

        `default_zone` is the IANA name used where the table names none.
        """
        days = self.days or (("mon",) if self.send == "weekly" else WEEKDAYS)
        return Timetable(
            send=self.send,
            zone=self.zone(default_zone),
            at=tuple(parse_time(text) for text in self._times()),
            days=frozenset(WEEKDAYS.index(day) for day in days),
            quiet=self.quiet.hours() if self.quiet else None,
            wait=length(self.wait),
            pause=length(self.interval),
        )

    def span(self, key: Literal["repeat", "heartbeat", "blind_after"]) -> timedelta | None:
        """Return the length of time of a key that may be empty; None where it is."""
        text: str = getattr(self, key)
        return length(text) if text else None

    def zone(self, default_zone: str) -> ZoneInfo:
        """The zone whose wall clock counts, `default_zone` where the table names none."""
        return ZoneInfo(self.timezone or default_zone)

    def due(
        self,
        last: datetime | None,
        now: datetime,
        default_zone: str,
        *,
        waiting_since: datetime | None = None,
    ) -> Slot | None:
        """See `alerts.schedule.due`."""
        return due(self.timetable(default_zone), last, now, waiting_since=waiting_since)

    def next_slot(self, now: datetime, default_zone: str) -> datetime | None:
        """See `alerts.schedule.next_slot`."""
        return next_slot(self.timetable(default_zone), now)

    def _times(self) -> tuple[str, ...]:
        return (self.at,) if isinstance(self.at, str) else self.at

    def _length_problems(self) -> Iterator[Problem]:
        for key, (least, most, example) in _LENGTHS.items():
            text: str = getattr(self, key)
            if text or key in {"wait", "interval"}:
                yield from length_problems(key, text, least, most, example)

    def _rhythm_problems(self) -> Iterator[Problem]:
        """Yield keys that change nothing, since the channel sends in another rhythm."""
        at_once = self.send == "instant"
        if self.at_count is not None and self.at_count < 2:
            yield Problem(
                code="out-of-range",
                message="this must be 2 or more",
                path=("at_count",),
                help="at_count = 50",
            )
        vain = {
            "at_count": self.at_count is not None and at_once,
            "wait": self.wait.strip() not in {"0s", "0m", "0h", "0d"} and not at_once,
            "urgent_despite_quiet": self.urgent_despite_quiet and not (at_once and self.quiet),
        }
        for key, is_vain in vain.items():
            if is_vain:
                yield Problem(
                    code="without-effect",
                    message=f"`{key}` changes nothing: {_VAIN[key]}",
                    path=(key,),
                    help="leave it out",
                    severity="warning",
                )

    def _time_problems(self) -> Iterator[Problem]:
        if not self.at:
            yield _bad_time(("at",), "")
        for position, day in enumerate(self.days):
            if day not in WEEKDAYS:
                yield Problem(
                    code="bad-weekday",
                    message=f'"{day[:40]}" is not a day',
                    path=("days", position),
                    help=f'did you mean "{near}"?'
                    if (near := _weekday(day))
                    else "days are " + ", ".join(WEEKDAYS),
                )
        for position, text in enumerate(self._times()):
            path = ("at",) if isinstance(self.at, str) else ("at", position)
            bad = tuple(_time_problems(path, text))
            yield from bad
            if not bad:
                yield from self._quiet_problems(path, text)

    def _quiet_problems(self, path: tuple[str | int, ...], text: str) -> Iterator[Problem]:
        if self.send not in {"daily", "weekly"} or not self.quiet or any(self.quiet.problems()):
            return
        if self.quiet.hours().cover(parse_time(text)):
            yield Problem(
                code="never-sent",
                message=f"{text} lies in the quiet hours, so nothing is ever sent then",
                path=path,
                help=f"choose a time between {self.quiet.until} and {self.quiet.from_}",
            )


def language_problems(language: str) -> Iterator[Problem]:
    """Yield what is wrong with the `language` of a table."""
    if not re.fullmatch(r"[a-z]{2,3}([_-][A-Za-z0-9]{2,8})*", language):
        yield Problem(
            code="bad-language",
            message=f'"{language[:40]}" is not a language',
            path=("language",),
            help='write a code such as "en" or "fr"',
        )


def zone_problems(timezone: str) -> Iterator[Problem]:
    """Yield what is wrong with the `timezone` of a table."""
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield Problem(
            code="bad-timezone",
            message=f'"{timezone[:60]}" is not a time zone',
            path=("timezone",),
            help="write an IANA name such as Europe/Paris",
        )


def parse_time(text: str) -> time:
    """Read `08:00` as a time of day. Raises `ValueError`."""
    if not re.fullmatch(r"[0-2]?[0-9]:[0-5][0-9]", text):
        raise ValueError(text)
    hour, minute = text.split(":")
    return time(int(hour), int(minute))


def _time_problems(path: tuple[str | int, ...], text: str) -> Iterator[Problem]:
    try:
        parse_time(text)
    except ValueError:
        yield _bad_time(path, text)


def _weekday(word: str) -> str:
    """The day that a word in English or French begins like; empty where it is none."""
    return _DAYS.get(word.strip().lower()[:3], "")


def _bad_time(path: tuple[str | int, ...], text: str) -> Problem:
    return Problem(
        code="bad-time",
        message=f'"{text[:40]}" is not a time of day',
        path=path,
        help='write hours and minutes, like "08:00"',
    )
