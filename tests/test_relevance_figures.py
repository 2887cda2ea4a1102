"""What is reached on posts that others labelled, beside simpler ways in the same run."""

from pathlib import Path

import pytest

from benchmarks.relevance import (
    TELLERS,
    WANTED,
    Labelled,
    left_out,
    on_replab,
    replab,
    shuffled,
    untimed,
)

pytestmark = [pytest.mark.drill, pytest.mark.timeout(300)]  # twenty brands take half a minute


@pytest.fixture(scope="module")
def brands(shared_data: Path) -> list[Labelled]:
    return replab(shared_data / "posts")


def test_later_posts_are_told_by_earlier_ones_better_than_by_simpler_ways(
    brands: list[Labelled],
) -> None:
    found = on_replab(brands, (20, 100))
    for size in (20, 100):
        assert found["ours"][size] >= WANTED[size]
        for peer in ("majority", "context words only", "scikit-learn"):
            assert found["ours"][size] > found[peer][size]


def test_what_is_left_out_is_left_out_rightly(brands: list[Labelled]) -> None:
    found = left_out(brands, (20, 100))
    assert found[20]["left_out"] == 0
    assert found[100]["precision"] >= 0.9
    assert found[100]["recall"] >= 0.4


@pytest.mark.parametrize(("name", "least", "judged"), [("apple", 200, 50), ("ambiguous", 30, None)])
def test_common_words_are_told_from_companies_by_few_judgements(
    shared_data: Path, name: str, least: int, judged: int | None
) -> None:
    found = shuffled(untimed(shared_data / "posts", name, least), judged)
    assert found["ours"] == max(value for way, value in found.items() if way != WITH_CONTEXT)
    assert found[WITH_CONTEXT] >= 0.7


WITH_CONTEXT = "ours, with context"


def test_every_way_is_tried() -> None:
    assert WITH_CONTEXT in TELLERS
