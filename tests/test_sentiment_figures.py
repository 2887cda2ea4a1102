"""The figures that `docs/sentiment.md` names, on real posts."""

from pathlib import Path

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("scipy")

from benchmarks.sentiment import HELD_OUT, macro_f1, shipped, split
from benchmarks.sentiment_corrections import corrected, trends
from benchmarks.sentiment_language import languages
from benchmarks.sentiment_sets import (
    fitted,
    read,
    taught_by_itself,
    unlabelled_french,
    what_is_told,
)
from benchmarks.train_sentiment import SETS, made
from rules.signals.sentiment.model import FILES, Model

pytestmark = pytest.mark.drill


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "posts"


@pytest.mark.parametrize(("name", "wanted"), [("airline", 0.61), ("techcom-fr", 0.55)])
def test_posts_of_other_sources_are_told_as_well_as_promised(
    folder: Path, name: str, wanted: float
):
    posts = read(name, folder)
    assert macro_f1(posts, shipped(posts)) >= wanted


def test_english_is_told_by_a_model_of_other_sources(folder: Path):
    model = Model(fitted([read("crowdflower_brands", folder), read("techcom-fr", folder)]))
    posts = read("umsab-en", folder)
    assert macro_f1(posts, what_is_told(model, posts)) >= 0.58


def test_posts_held_back_by_their_publisher_are_told_by_what_it_gives_to_train_on(folder: Path):
    found = split(folder)
    assert found["umsab-en"]["ours"] >= 0.65
    assert found["umsab-fr"]["ours"] >= 0.63


def test_french_is_told_by_a_model_of_other_sources(folder: Path):
    sets = [read(name, folder) for name in HELD_OUT["umsab-fr"]]
    model = taught_by_itself(sets, unlabelled_french(folder), free_level=False)
    posts = read("umsab-fr", folder)
    assert macro_f1(posts, what_is_told(model, posts)) >= 0.595


@pytest.mark.parametrize("language", FILES)
def test_the_models_that_ship_are_made_anew_byte_for_byte(folder: Path, language: str):
    sets = {name: read(name, folder) for name in SETS}
    assert made(language, sets) == FILES[language].read_bytes()


def test_the_trend_of_the_airlines_is_that_of_the_labels(folder: Path):
    posts = read("airline", folder)
    rows = [
        (post.brand, post.day, post.label, said)
        for post, said in zip(posts, shipped(posts), strict=True)
    ]
    assert trends(rows)["days of 5"]["rank_correlation"] >= 0.77


def test_judged_posts_of_earlier_days_better_what_is_told_of_later_ones(folder: Path):
    (found,) = corrected(read("replab-en", folder), numbers=(50,)).values()
    days = "days of 5"
    assert found["adopted"] > found["brands"] / 2
    assert found["with"]["macro_f1"] >= found["without"]["macro_f1"] + 0.1
    without, corrected_ = (found[one][days]["rank_correlation"] for one in ("without", "with"))
    assert corrected_ >= without + 0.3


def test_true_statements_of_language_are_kept_and_false_ones_mended(folder: Path):
    found = languages(folder)["en fr"]
    assert found["right"] >= 0.98
    assert found["true kept"] >= 0.999
    assert found["false mended"] >= 0.9
