"""Stretches of time and shares."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from watcher.insights.model import Period, share

PARIS = ZoneInfo("Europe/Paris")


def test_the_week_before_has_as_many_days_over_a_change_of_the_clock() -> None:
    week = Period.of_days(date(2026, 3, 30), date(2026, 4, 5), PARIS)
    assert week.before == Period.of_days(date(2026, 3, 23), date(2026, 3, 29), PARIS)
    assert week.before.length == timedelta(days=7) - timedelta(hours=1)
    assert list(week.before.days()) == [date(2026, 3, 23 + n) for n in range(7)]


@given(st.integers(0, 5000), st.integers(1, 5000))
@example(0, 264)
def test_a_share_lies_in_its_interval_and_the_interval_between_nothing_and_all(
    some: int, more: int
) -> None:
    told = share(some, some + more)
    assert told is not None
    assert 0 <= told.low <= told.value <= told.high <= 1
    twice = share(2 * some, 2 * (some + more))
    assert twice is not None
    assert twice.high - twice.low < told.high - told.low


def test_nothing_has_no_share() -> None:
    assert share(0, 0) is None
