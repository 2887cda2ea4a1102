"""Numbers and comparisons of an account, in words: on its page and in the table beside others."""

from collections.abc import Callable
from datetime import date, timedelta

from watcher.cli.console import count
from watcher.insights.account import AccountStatistics, Delay, Kind, Shift
from watcher.insights.model import Estimate

FEWEST = 20
"""Posts, below which nothing is said of habits."""
FEWEST_ANSWERS = 5
"""Answers, below which no delay is told by hour or weekday."""
KIND_WORDS: dict[Kind, str] = {
    "original": "originals", "reply": "replies", "repost": "reposts", "quote": "quotes"
}  # fmt: skip
SHIFT_WORDS: dict[str, str] = {
    "posts a day": "posts a day",
    "hours": "busiest 3 hours",
    **{kind: f"share of {words}" for kind, words in KIND_WORDS.items()},
}


def seen(one: AccountStatistics) -> str:
    """Say how much of what the account wrote is stored."""
    seen = one.seen
    since = f" since {seen.oldest.astimezone(one.zone):%B %Y}" if seen.oldest else ""
    if seen.total == seen.stored and seen.stored > 1:
        words = f"All its {seen.stored:,} posts are stored{since}"
    elif seen.total is not None and seen.total > seen.stored:
        words = f"{seen.stored:,} of about {count(seen.total, 'post')} are stored{since}"
    else:
        words = f"{count(seen.stored, 'post is', 'posts are')} stored{since}"
    if seen.fetched is None:
        return f"{words}; its history was not fetched, so what it wrote beside is unknown."
    if seen.exhausted:
        return f"{words}; the network shows no more."
    if seen.whole_since:
        day = seen.whole_since.astimezone(one.zone).date()
        return f"{words}; what is older than {day} was not fetched yet."
    return f"{words}; its history was not fetched to the end."


def counted_days(one: AccountStatistics) -> tuple[date, date]:
    """Return the first and the last day that were counted."""
    period = one.period
    return period.day_of(period.since), period.day_of(period.until - timedelta(microseconds=1))


def enough(delay: Delay | None) -> Delay | None:
    """Return a delay that is of enough answers to be told; else None."""
    return delay if delay and delay.answers >= FEWEST_ANSWERS else None


def both(shift: Shift) -> tuple[str, str]:
    """Return what there was before a day and from it on."""
    write: Callable[[float], str] = {"posts a day": pace, "hours": three_hours}.get(
        shift.what, percent
    )
    return write(shift.before), write(shift.after)


def three_hours(hour: float) -> str:
    """Return three hours of the day from this one on."""
    return f"{int(hour)} h to {(int(hour) + 3) % 24} h"


def chance(shift: Shift) -> str:
    """Say whether a difference may be chance."""
    if shift.chance is None:
        return "too few days to say"
    if shift.is_real:
        return "hardly"
    return "perhaps" if shift.chance < 0.1 else "yes"


def percent(part: float) -> str:
    """Return a part of one as a percentage."""
    return f"{part * 100:.0f} %"


def share(estimate: Estimate | None) -> str:
    """Return a share, and between which values it lies 95 times in 100."""
    if estimate is None:
        return ""
    low, high = (round(one * 100) for one in (estimate.low, estimate.high))
    return f"{percent(estimate.value)} ({low}-{high})"


def pace(number: float) -> str:
    """Return a number of posts a day or the like, as exact as is of use."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}"


def lasting(length: timedelta) -> str:
    """Return a length of time in its largest fitting unit."""
    seconds = length.total_seconds()
    for unit, size, most in (("s", 1, 100), ("min", 60, 100), ("h", 3600, 49)):
        if seconds / size < most:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} days"
