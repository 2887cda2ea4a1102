"""When a channel is due: days, times, time zones, quiet hours. Pure: the time is an argument.

A *slot* is a moment at which a digest is to go out. Slots are computed from the wall clock of the
channel's zone and compared in UTC, so that a change of the clock neither repeats nor loses one:

- a time that the spring change leaves out (02:30) comes as much later as the clock jumps (03:30);
- a time that the autumn change repeats counts once, the first time;
- `hourly` means every time the wall clock shows a full hour, so 25 times on the longest day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Rhythm = Literal["instant", "hourly", "daily", "weekly"]

LATE_AFTER = timedelta(minutes=30)
"""A digest that leaves longer than this after its slot says that it is late."""

# Hours are looked for at every step of this length: zones differ from UTC by multiples of it.
_STEP = timedelta(minutes=15)
# How far to look for a slot, near first: the furthest apart are a week and a change of the clock.
_HORIZON = timedelta(days=9)
_REACHES = (timedelta(hours=2), timedelta(hours=26), _HORIZON)


@dataclass(frozen=True, kw_only=True, slots=True)
class QuietHours:
    """From this wall-clock time until that one (excluded), over midnight if need be."""

    start: time
    end: time

    def cover(self, moment: time) -> bool:
        """Whether this wall-clock time is quiet. Equal ends mean no quiet hours."""
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


@dataclass(frozen=True, kw_only=True, slots=True)
class Timetable:
    """When a channel sends, as wall-clock times of one zone."""

    send: Rhythm
    zone: ZoneInfo
    at: tuple[time, ...] = (time(8),)
    """Times of day for `daily` and `weekly`."""
    days: frozenset[int] = frozenset(range(7))
    """Weekdays that have slots, Monday is 0. A slot missed on one may leave late on another."""
    quiet: QuietHours | None = None
    wait: timedelta = timedelta()
    """How long the first finding waits for company before an `instant` mail."""
    pause: timedelta = timedelta()
    """The least time between two `instant` mails."""

    def is_open(self, now: datetime) -> bool:
        """Whether mail may leave at this moment (aware): not in quiet hours."""
        local = now.astimezone(self.zone)
        return self.quiet is None or not self.quiet.cover(local.time())


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """A digest that is due."""

    at: datetime
    """When it should have left (UTC); for `instant` this is now."""
    since: datetime
    """Where the time it covers begins (UTC): the slot sent last."""
    late: bool
    """It leaves well after its time, or stands for several that were missed."""
    first: bool = False
    """Nothing was sent before, so that everything ever found is told."""
    early: bool = False
    """It leaves before its time, since enough waits."""


def due(
    timetable: Timetable,
    last: datetime | None,
    now: datetime,
    *,
    waiting_since: datetime | None = None,
) -> Slot | None:
    """Return the newest slot not yet sent, or None where there is nothing to do at `now`.

    `last` is the slot handled last (aware), None for a channel that never sent: its newest slot is
    due at once and is not late, since nothing was missed. Several missed slots give one. Nothing is
    due in quiet hours; what was then due comes when they end. Nothing is due before `last`, so a
    clock set back repeats no slot.

    For `instant` a slot is due whenever it is open, the pause is over, and the finding that waits
    longest (`waiting_since`) had its time for company; whether anything waits is for the caller to
    see.
    """
    now = now.astimezone(UTC)
    last = last.astimezone(UTC) if last is not None else None
    if not timetable.is_open(now):
        return None
    if timetable.send == "instant":
        if waiting_since and waiting_since <= now < waiting_since + timetable.wait:
            return None
        return _instant(timetable, last, now)
    newest = _newest_slot(timetable, now)
    if newest is None or (last is not None and newest <= last):
        return None
    before = _newest_slot(timetable, newest - timedelta(microseconds=1))
    if last is None:
        return Slot(at=newest, since=before or newest - timedelta(days=1), late=False, first=True)
    missed = before is not None and before > last
    return Slot(at=newest, since=last, late=missed or now - newest > LATE_AFTER)


def next_slot(timetable: Timetable, now: datetime) -> datetime | None:
    """Return the first moment after `now` (UTC) at which the timetable allows a digest.

    For `instant` that is now, or the end of the quiet hours. None where the quiet hours or days
    leave no slot at all.
    """
    now = now.astimezone(UTC)
    if timetable.send == "instant":
        return _first_open(timetable, now)
    for reach in _REACHES:
        first = min(_slots(timetable, now, now + reach), default=None)
        if first is not None:
            return first
    return None


def due_monthly(
    timetable: Timetable, day: int, at: time, last: datetime | None, now: datetime
) -> Slot | None:
    """Return the newest slot of a channel that sends on a day (1 to 28) of each month.

    As `due`: several missed slots give one, and nothing is due in quiet hours.
    """
    now = now.astimezone(UTC)
    last = last.astimezone(UTC) if last is not None else None
    if not timetable.is_open(now):
        return None
    newest, before = _monthly(timetable.zone, day, at, now)
    if last is not None and newest <= last:
        return None
    if last is None:
        return Slot(at=newest, since=before, late=False, first=True)
    return Slot(at=newest, since=last, late=before > last or now - newest > LATE_AFTER)


def next_monthly(zone: ZoneInfo, day: int, at: time, now: datetime) -> datetime:
    """Return the first moment after `now` (UTC) on a day of a month at a time."""
    later = now.astimezone(UTC) + timedelta(days=32)
    slots = (one for moment in (now, later) for one in _monthly(zone, day, at, moment))
    return min((one for one in slots if one > now), default=_monthly(zone, day, at, later)[0])


def _monthly(zone: ZoneInfo, day: int, at: time, now: datetime) -> tuple[datetime, datetime]:
    """Return the newest slot up to `now`, and the one before it."""
    first = now.astimezone(zone).date().replace(day=1)
    found: list[datetime] = []
    while len(found) < 2:
        slot = _instant_of(first.replace(day=day), at, zone)
        if slot <= now:
            found.append(slot)
        first = (first - timedelta(days=1)).replace(day=1)
    return found[0], found[1]


def _instant(timetable: Timetable, last: datetime | None, now: datetime) -> Slot | None:
    if not _allows_instant(timetable, now):
        return None
    if last is None:
        return Slot(at=now, since=now - timedelta(days=1), late=False, first=True)
    if now <= last or now - last < timetable.pause:
        return None
    return Slot(at=now, since=last, late=False)


def _allows_instant(timetable: Timetable, now: datetime) -> bool:
    return timetable.is_open(now) and _on_day(timetable, now.astimezone(timetable.zone))


def _newest_slot(timetable: Timetable, now: datetime) -> datetime | None:
    for reach in _REACHES:
        newest = max(_slots(timetable, now - reach, now), default=None)
        if newest is not None:
            return newest
    return None


def _slots(timetable: Timetable, after: datetime, upto: datetime) -> Iterator[datetime]:
    """Yield the slots in (after, upto], in UTC, in no particular order, some perhaps twice."""
    moments = _hours if timetable.send == "hourly" else _times_of_day
    for moment in moments(timetable, after, upto):
        local = moment.astimezone(timetable.zone)
        if after < moment <= upto and timetable.is_open(moment) and _on_day(timetable, local):
            yield moment


def _on_day(timetable: Timetable, local: datetime) -> bool:
    return local.weekday() in timetable.days


def _hours(timetable: Timetable, after: datetime, upto: datetime) -> Iterator[datetime]:
    moment = after.replace(minute=0, second=0, microsecond=0)
    while moment <= upto:
        if moment.astimezone(timetable.zone).minute == 0:
            yield moment
        moment += _STEP


def _times_of_day(timetable: Timetable, after: datetime, upto: datetime) -> Iterator[datetime]:
    day = after.astimezone(timetable.zone).date() - timedelta(days=1)
    end = upto.astimezone(timetable.zone).date()
    while day <= end:
        for at in timetable.at:
            yield _instant_of(day, at, timetable.zone)
        day += timedelta(days=1)


def _instant_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    # fold=0 reads a repeated time as its first occurrence and a missing one with the offset of
    # before the change, which lands as far behind the gap as the time lay inside it.
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def _first_open(timetable: Timetable, now: datetime) -> datetime | None:
    moment = now
    while moment <= now + _HORIZON:
        if _allows_instant(timetable, moment):
            return moment
        moment = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return None
