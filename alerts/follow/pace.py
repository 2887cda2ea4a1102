"""How fast a channel follows: so many a day and an hour, apart, slowly at first, never at night."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from alerts.auto_follow import AutoFollow

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """What a channel did lately. Times are aware."""

    recent: tuple[datetime, ...] = ()
    """When it followed, or asked to, in the last 24 hours; what a wrong clock put into the future
    counts too."""
    first: datetime | None = None
    """When it followed first."""
    not_before: datetime | None = None
    """When the distance to its last follow, or a pause that a network asked for, is over."""
    stopped: str = ""
    """Why it follows nobody before a person says so; empty where it does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """How many may be followed now, and why not more."""

    follows: int
    why: str = ""


def allowance(channel: AutoFollow, pace: Pace, now: datetime, default_zone: str) -> Allowance:
    """Say how many accounts may be followed at `now`: none, or one since follows keep a distance.

    With no distance to keep (`minutes_between = 0`) it is all that the hour and the day still
    allow. `default_zone` is the IANA name whose clock tells quiet hours where the channel names
    none. In any 24 hours there are never more than `per_day` follows, in any hour never more than
    `per_hour`.
    """
    if pace.stopped:
        return _none(f"stopped: {pace.stopped}")
    if channel.quiet:
        local = now.astimezone(ZoneInfo(channel.timezone or default_zone))
        if channel.quiet.hours().cover(local.time()):
            return _none("in quiet hours")
    if pace.not_before is not None and now < pace.not_before:
        return _none("too soon after the last one")
    a_day = most_a_day(channel, pace.first, now)
    left = {
        f"{a_day} a day": a_day - _since(pace.recent, now - DAY),
        f"{channel.per_hour} an hour": channel.per_hour - _since(pace.recent, now - HOUR),
    }
    limit, least = min(left.items(), key=lambda item: item[1])
    if least <= 0:
        return _none(f"{limit} are followed already")
    return Allowance(follows=least if channel.minutes_between == 0 else 1)


def most_a_day(channel: AutoFollow, first: datetime | None, now: datetime) -> int:
    """Return how many follows a channel may make in 24 hours: more each day of the warm-up.

    It begins with `warm_up_from` and grows evenly to `per_day` in `warm_up_days` days from the
    first follow on.
    """
    begin = min(channel.warm_up_from, channel.per_day)
    if not channel.warm_up_days:
        return channel.per_day
    gone = max(timedelta(), now - first) if first is not None else timedelta()
    share = min(1.0, gone / (channel.warm_up_days * DAY))
    return begin + int((channel.per_day - begin) * share)


def next_follow(channel: AutoFollow, now: datetime, random: Random) -> datetime:
    """Return when a channel that followed somebody now may follow the next.

    The distance is drawn once for each follow: one that was drawn anew at every look would come
    out at its least.
    """
    if channel.minutes_between == 0:
        return now
    return now + channel.minutes_between * MINUTE + random.uniform(0, channel.jitter) * MINUTE


def _since(moments: Sequence[datetime], since: datetime) -> int:
    return sum(moment > since for moment in moments)


def _none(why: str) -> Allowance:
    return Allowance(follows=0, why=why)
