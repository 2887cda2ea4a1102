"""What a score costs in alarms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.lookalike.bands import ALARMS, HIGH_FROM, MEDIUM_FROM, Band, band, threshold
from rules.lookalike.bands import expected_alarms as alarms

SCORES = st.floats(0, 1)


@given(SCORES, SCORES)
def test_a_higher_score_never_costs_more_alarms(one: float, two: float) -> None:
    assert alarms(max(one, two)) <= alarms(min(one, two))


@pytest.mark.parametrize(("score", "measured"), ALARMS)
def test_at_measured_scores_the_figure_is_the_measured_one(score: float, measured: float) -> None:
    assert alarms(score) == pytest.approx(measured)


@given(st.floats(0, 1e4), st.floats(0, 1e9), st.integers(0, 1000))
def test_the_threshold_keeps_within_the_alarms_that_a_person_can_look_at(
    wanted: float, accounts: float, brands: int
) -> None:
    score = threshold(wanted, accounts, brands)
    assert 0 < score <= 1
    if score < 1:
        assert alarms(score) * accounts * brands / 1e6 <= wanted * (1 + 1e-9) + 1e-9


def test_who_can_look_at_fewer_gets_a_higher_threshold() -> None:
    found = [threshold(wanted, 1_000_000, 5) for wanted in (1000, 150, 60, 5, 0)]
    assert found == sorted(found)
    assert found[-1] == 1.0


def test_bands_begin_where_they_are_said_to() -> None:
    scores = (1.0, HIGH_FROM, HIGH_FROM - 1e-9, MEDIUM_FROM, MEDIUM_FROM - 1e-9, 0.0)
    assert [band(score) for score in scores] == [
        Band.HIGH, Band.HIGH, Band.MEDIUM, Band.MEDIUM, Band.LOW, Band.LOW,
    ]  # fmt: skip
