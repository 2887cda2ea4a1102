"""Words that look alike across scripts."""

import pytest

from rules.confusables import look_forms, look_terms
from rules.text import analyse, fold, fold_words
from tests.expressions import post


@pytest.mark.parametrize(
    ("written", "looks"),
    [("аcme", "acme"), ("АСМЕ", "acme"), ("ΝΙΚΕ", "nike"), ("ａｃｍｅ", "acme"), ("Étе", "ete")],
)
def test_a_word_looks_like_one_in_ascii(written: str, looks: str) -> None:
    assert looks in look_forms(written, fold(written))


@pytest.mark.parametrize(
    "written", ["acme", "été", "œuvre", "アクメ", "कि", "日本", "français", "👍🏽"]
)
def test_most_words_look_like_themselves(written: str) -> None:
    assert look_terms(written, "".join(fold_words(written))) == []


def test_marks_that_tell_words_apart_stay() -> None:
    assert look_forms("कि", "कि") != look_forms("का", "का")
    assert look_forms("バ", "バ") != look_forms("ハ", "ハ")


def test_a_post_has_terms_for_what_its_words_look_like() -> None:
    assert {"≈acme", "аcme"} <= analyse(post("un аcme")).terms
    assert {"≈acme", "≈#acme"} <= analyse(post("#Аcme")).terms
    assert not any(term.startswith("≈") for term in analyse(post("L'Été à Łódź 日本")).terms)
