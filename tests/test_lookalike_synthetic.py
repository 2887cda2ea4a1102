"""Every technique on brands of several lengths and both languages, and ordinary phrases."""

from collections import defaultdict

import pytest

from benchmarks.imitations import TECHNIQUES, imitations
from rules.lookalike import score
from rules.lookalike.rule import LookalikeRule

DEFAULT = LookalikeRule(name="default").min_score
STRICT = {"everyday words", "3-4 letters"}
"""Brands whose visible edits are words and brands of others."""
VISIBLE = {
    "omission", "insertion", "replacement", "transposition", "vowel swap", "bit flipped",
    "neighbouring key, QWERTY", "neighbouring key, AZERTY", "typing error and affix",
    "repetition", "plural", "number", "display name with affix and emoji",
}  # fmt: skip


@pytest.fixture(scope="module")
def raised() -> dict[str, list[bool]]:
    found: dict[str, list[bool]] = defaultdict(list)
    for at, one in enumerate(imitations()):
        if at % 3 == 0 and not (one.kind in STRICT and one.technique in VISIBLE):
            found[one.technique].append(score(one.brand, one.name) >= DEFAULT)
    return found


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_a_technique_is_raised(technique: str, raised: dict[str, list[bool]]) -> None:
    found = raised[technique]
    least = 0.8 if technique in VISIBLE else 0.95
    assert len(found) > 10
    assert sum(found) / len(found) >= least


@pytest.mark.parametrize(
    ("brand", "name"),
    [
        ("Free", "freecarsforsale"),
        ("Free", "free_online_games"),
        ("Free", "freelance_paul"),
        ("Free", "sugarfree"),
        ("Orange", "orangejuice"),
        ("Orange", "agent orange"),
        ("Orange", "orange_mecanique"),
        ("Gap", "mind_the_gap"),
        ("Gap", "singapour"),
        ("Shell", "shell_scripts"),
        ("Total", "total_eclipse"),
        ("Target", "on_target_news"),
        ("Next", "next_event_paris"),
        ("Apple", "chris_applegate"),
        ("Zara", "zaragoza"),
    ],
)
def test_an_everyday_word_in_ordinary_company_is_left_alone(brand: str, name: str) -> None:
    assert score(brand, name) < DEFAULT


@pytest.mark.parametrize(
    ("brand", "name"),
    [
        ("Free", "free_mobile_support"),
        ("Free", "Free Service Client"),
        ("Free", "fr33"),
        ("Total", "total.com"),
        ("Target", "targetsupport"),
        ("Gap", "gap_official"),
        ("Camille", "camille_support"),
    ],
)
def test_an_everyday_word_that_means_the_brand_is_raised(brand: str, name: str) -> None:
    assert score(brand, name) >= DEFAULT


def test_a_first_name_in_ordinary_company_scores_lower_than_with_a_claim() -> None:
    assert score("Camille", "camille_durand") < score("Camille", "camille_support") - 0.2
