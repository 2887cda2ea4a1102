"""What the detector reaches on names that really imitated brands, and on ordinary ones."""

import re
from pathlib import Path

import pytest

from benchmarks import lookalike_page as page
from benchmarks.imitations import KINDS, TECHNIQUES
from benchmarks.lookalike_figures import BANDS, HARD, SETS, Scores, calibration, measure
from benchmarks.lookalike_peers import PEERS
from benchmarks.lookalike_speed import speed
from benchmarks.lookalikes import DEFAULT
from rules.lookalike.bands import ALARMS, HIGH_FROM, MEDIUM_FROM, expected_alarms

pytestmark = pytest.mark.drill  # measuring takes ten seconds

TEXT = page.PAGE.read_text("utf-8")


@pytest.fixture(scope="module")
def scores(shared_data: Path) -> Scores:
    return measure(shared_data / "squat")


def test_nine_of_ten_imitations_are_found_where_one_ordinary_handle_in_100000_alarms(
    scores: Scores,
) -> None:
    assert scores.recall(scores.threshold(("neg_handles",), 1e-5)) >= 0.93


def test_names_that_are_made_to_confuse_a_detector_seldom_do(scores: Scores) -> None:
    assert scores.recall(scores.threshold(HARD, 0.05)) >= 0.93


def test_the_default_raises_few_ordinary_names(scores: Scores) -> None:
    assert scores.recall(DEFAULT) >= 0.89
    assert scores.share("neg_handles", DEFAULT) <= 1e-5
    assert scores.share("neg_display", DEFAULT) <= 5e-5
    assert scores.share("neg_domains", DEFAULT) <= 5e-5


def test_a_score_is_the_share_of_imitations_among_such_names(scores: Scores) -> None:
    assert calibration(scores)["expected_calibration_error"] <= 0.04


def test_a_hundred_thousand_accounts_take_seconds(shared_data: Path) -> None:
    assert speed(shared_data / "squat", 5_000, 20)["accounts_per_cpu_second"] > 8_000
    assert speed(shared_data / "squat", 2_000, 1_000)["accounts_per_cpu_second"] > 3_000


def test_nine_of_ten_imitations_cost_at_most_forty_alarms_in_a_million(scores: Scores) -> None:
    score = max(one for one, _ in ALARMS if scores.recall(one) >= 0.90)
    assert expected_alarms(score) <= 40


def test_the_page_says_what_the_benchmark_measures() -> None:
    assert page.COMMAND in TEXT
    figures = TEXT.partition(page.BEGIN)[2].partition(page.END)[0]
    first = {line.split("|")[1].strip().strip("`") for line in figures.splitlines() if "|" in line}
    assert {*SETS, *TECHNIQUES, *PEERS, *(f"watcher, {band}" for band in BANDS)} <= first
    assert all(kind in figures for kind in KINDS)
    assert "expected calibration error" in figures.lower()
    for title in (
        "What is raised of each set",
        "Beside others",
        "What is still missed",
        "How fast",
    ):
        assert f"### {title}" in figures


def test_the_page_tells_the_bands_as_they_are() -> None:
    high = re.search(r"\| high \| from ([\d.]+) \| ([\d.]+) \|", TEXT)
    medium = re.search(r"\| medium \| from ([\d.]+),.*\| ([\d.]+) \|", TEXT)
    assert high
    assert medium
    assert (float(high[1]), float(medium[1])) == (HIGH_FROM, MEDIUM_FROM)
    assert float(high[2]) == pytest.approx(expected_alarms(HIGH_FROM))
    assert float(medium[2]) == pytest.approx(expected_alarms(MEDIUM_FROM))
