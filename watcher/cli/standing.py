"""How a source stands, in a few words: for `watcher status` and `watcher sources`."""

from datetime import datetime, timedelta

from watcher.backends.x.spending import money
from watcher.cli.console import ago, count, moment, safe
from watcher.standing import Spent, Standing


def told(one: Standing, now: datetime) -> str:
    """Say in a few words how a source stands."""
    if not one.source.enabled:
        return "off"
    if one.spent and one.spent.is_all:
        return f"the {one.spent.until}'s budget is spent"
    if one.state is None or (one.state.last_pull is None and one.state.behind is None):
        return "not read yet"
    limit = one.closed(now)
    if limit is not None and limit.is_throttled(now):
        return f"throttled, goes on {ago(limit.opens, now)}"
    if one.state.failures:
        return f"failed {count(one.state.failures, 'time')}: {safe(one.state.last_error, 200)}"
    if limit is not None:
        return f"left in peace, goes on {ago(limit.opens, now)}"
    if one.lag is not None:
        return f"lags {length(one.lag)} behind"
    if one.coverage.gaps:
        return f"fine, after {count(len(one.coverage.gaps), 'gap')}"
    return "fine"


def spent_words(spent: Spent) -> str:
    """Say what was read and what that cost: `read 480 of 500 posts today (2.40) ...`."""
    today = f"{spent.today:,} of {spent.of_day:,} posts today ({money(spent.today * spent.cost)})"
    month = f"{spent.month:,} of {spent.of_month:,} this month ({money(spent.month * spent.cost)})"
    return f"read {today}, {month}"


def span(since: datetime, until: datetime, zone: str) -> str:
    """Say from when to when: `2026-03-10 07:00 to 07:20`."""
    begin, end = moment(since, zone), moment(until, zone)
    day, _, clock = end.partition(" ")
    return f"{begin} to {clock if begin.startswith(day) else end}"


def length(how_long: timedelta) -> str:
    """Say how long: `12 min`."""
    now = datetime(2000, 1, 1)  # noqa: DTZ001 - only the difference counts
    return ago(now - how_long, now).removesuffix(" ago")


def left_out_words(posts: int) -> str:
    """Say how many posts came that a source is told not to keep."""
    return f"left out {count(posts, 'post')}, as its table asks"
