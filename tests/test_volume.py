"""How much is usual, what is more than that, and since when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.digest.volume import DAY, LOOKED_BACK, STEP, WEEK, Series, steps_in

NOW = datetime(2026, 3, 10, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)


def series(*moments, watched=None, until=NOW, length=DAY):
    """Posts written so long before the end."""
    counts = {}
    for back in moments:
        counts[back // STEP] = counts.get(back // STEP, 0) + 1
    return Series(until=until, steps=steps_in(length + LOOKED_BACK), counts=counts, watched=watched)


def days(*counts, at=3 * HOUR):
    """So many posts on each day, the newest day first."""
    return [day * DAY + at for day, count in enumerate(counts) for _ in range(count)]


def test_the_usual_is_the_median_of_the_same_weekday_in_earlier_weeks():
    counts = [40] + [2, 2, 2, 2, 2, 2, 12] * 8
    assert series(*days(*counts)).usual(DAY) == 12
    stormy = [40] + [2, 2, 2, 2, 2, 2, 12] * 7 + [2, 2, 2, 2, 2, 2, 900]
    assert series(*days(*stormy)).usual(DAY) == 12


def test_the_same_hours_are_compared():
    evening = days(*[5] * 57, at=2 * HOUR)
    night = days(*[1] * 57, at=15 * HOUR)
    both = series(*evening, *night)
    assert both.usual(6 * HOUR) == 5
    assert both.usual(DAY) == 6


def test_who_watched_for_too_few_weeks_compares_with_all_days():
    assert series(*days(*[40, *[6] * 10])).usual(DAY) == 6
    assert series(*days(*[40, *[6] * 5])).usual(DAY) is None


def test_a_quiet_brand_that_was_watched_is_usually_not_spoken_of():
    assert series(*days(3)).usual(DAY) is None
    assert series(*days(3), watched=NOW - 8 * DAY).usual(DAY) == 0


def test_one_old_post_is_no_history():
    found = series(*days(3), 50 * DAY, 20 * DAY, 40 * DAY, watched=NOW - 2 * DAY)
    assert found.history == 2 * DAY // STEP
    assert found.usual(DAY) is None


def test_of_a_period_of_days_each_day_has_its_own_usual():
    weekend = [9, 9, 3, 3, 3, 3, 3] * 9
    found = series(*days(*weekend), length=WEEK)
    assert found.usual(WEEK) == 33
    assert found.before(WEEK) == 33


@pytest.mark.parametrize("length", [10 * STEP / 15, timedelta(days=100)])
def test_of_minutes_and_of_seasons_nothing_is_usual(length):
    found = series(*days(*[9] * 60))
    assert found.usual(length) is None
    assert found.surge(length) is None


def test_a_surge_says_since_when_and_where_it_was_highest():
    storm = [n * HOUR / 10 for n in range(50, 150)] + [6 * HOUR] * 40
    found = series(*days(*[0, *[12] * 40]), *storm).surge(DAY)
    assert (found.posts, found.usual) == (140, 12)
    assert found.began == NOW - 15 * HOUR
    assert found.peak[0] in {NOW - 7 * HOUR, NOW - 6 * HOUR}


def test_what_began_days_ago_is_said_to_have_begun_then():
    storm = [n * HOUR / 5 for n in range(60 * 5)]
    found = series(*days(*[0, 0, 0, *[4] * 40]), *storm).surge(DAY)
    assert found.began == NOW - 60 * HOUR


def test_a_rise_that_chance_explains_is_no_surge():
    assert series(*days(*[19, *[1] * 57])).surge(DAY) is None
    uneven = [30, *[20, 4, 30, 9, 25, 2, 18] * 8]
    assert series(*days(*uneven)).surge(DAY) is None


def test_one_day_of_a_week_is_told_by_itself():
    found = series(*days(*[12, 12, 60, 12, 12, 12, 12, *[12] * 56]), length=WEEK).surge(WEEK)
    assert (found.posts, found.usual, found.length) == (60, 12, DAY)
    assert found.until == NOW - 2 * DAY


@given(
    st.lists(st.integers(0, 30 * 96), max_size=60),
    st.integers(2, 96 * 20),
)
def test_posts_are_never_lost_between_stretches(steps, length):
    counts = {step: steps.count(step) for step in steps}
    found = Series(until=NOW, steps=96 * 80, counts=counts, watched=NOW - timedelta(days=79))
    whole = found.of(length * STEP) + (found.before(length * STEP) or 0)
    assert whole == found.of(2 * length * STEP)
    assert found.of(length * STEP) <= len(steps)
    usual = found.usual(length * STEP)
    assert usual is None or usual >= 0
