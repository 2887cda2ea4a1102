"""When a channel would have mailed, had rules found posts at these times. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from alerts.channels.digest_channel import DigestChannel
from alerts.schedule import Timetable, next_slot

_MOMENT = timedelta(microseconds=1)
LONGEST = 100_000
"""Mails that are counted; no channel of sense comes near."""


def mail_times(channel: DigestChannel, found: Iterable[datetime], zone: str) -> list[datetime]:
    """Return when an email channel would have mailed something about posts found at these times.

    Times are aware, in UTC, in any order; a post counts as found when it was written. `zone` is the
    configuration's. `instant` gathers what comes within its wait and pause and keeps quiet hours; a
    digest goes out at its slots, or when enough posts wait, and one without posts is not counted.
    """
    timetable = channel.timetable(zone)
    times: list[datetime] = []
    moments = sorted(found)
    enough = channel.at_count if channel.send != "instant" else None
    for n, moment in enumerate(moments):
        if times and moment <= times[-1]:
            continue  # the mail that waits takes it along
        leaves = _leaves(timetable, moment, times[-1] if times else None)
        if leaves is None or len(times) == LONGEST:
            break
        if enough and len(moments) >= n + enough:
            last = moments[n + enough - 1].astimezone(UTC)
            leaves = min(leaves, last) if timetable.is_open(last) else leaves
        times.append(leaves)
    return times


def _leaves(timetable: Timetable, found: datetime, last: datetime | None) -> datetime | None:
    """When the mail about a post leaves (UTC); None where the timetable has no slot at all."""
    found = found.astimezone(UTC)
    if timetable.send != "instant":
        return next_slot(timetable, found - _MOMENT)
    earliest = found + timetable.wait
    if last is not None:
        earliest = max(earliest, last + timetable.pause)
    return next_slot(timetable, earliest)
