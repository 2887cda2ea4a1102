"""What the detector reaches on names that really imitated brands, and on ordinary ones."""

from pathlib import Path

import pytest

from benchmarks.lookalikes import DEFAULT, HARD, Scores, measure, speed


@pytest.fixture(scope="module")
def scores(shared_data: Path) -> Scores:
    return measure(shared_data / "squat")


def test_nine_of_ten_imitations_are_found_where_one_ordinary_handle_in_100000_alarms(
    scores: Scores,
) -> None:
    assert scores.recall(scores.threshold(("neg_handles",), 1e-5)) >= 0.92


def test_names_that_are_made_to_confuse_a_detector_seldom_do(scores: Scores) -> None:
    assert scores.recall(scores.threshold(HARD, 0.05)) >= 0.92


def test_the_default_raises_few_ordinary_names(scores: Scores) -> None:
    assert scores.recall(DEFAULT) >= 0.88
    assert scores.share("neg_handles", DEFAULT) <= 1e-5
    assert scores.share("neg_display", DEFAULT) <= 5e-5
    assert scores.share("neg_domains", DEFAULT) <= 5e-5


def test_a_hundred_thousand_accounts_take_seconds(shared_data: Path) -> None:
    accounts, seconds, _ = speed(shared_data / "squat", 20_000)
    assert accounts / seconds > 8_000
