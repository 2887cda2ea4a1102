"""What corrections of tones teach, and that nothing is used that is not surely better."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.signals.sentiment.correcting import (
    FEWEST,
    Correction,
    Heard,
    Judged,
    learnt,
    loaded,
    macro_f1,
    quality,
)
from rules.signals.sentiment.model import LABELS, Scores

WORDS = ("train", "late", "early", "blue", "red", "one", "two", "three", "four")
HEARD = st.builds(
    lambda pieces, a, b: Heard(tuple(pieces), _shares(a, b), complains=False),
    st.lists(st.sampled_from(WORDS), max_size=6),
    st.floats(0.01, 1),
    st.floats(0.01, 1),
)
JUDGED = st.lists(st.tuples(HEARD, st.sampled_from(LABELS)), max_size=12)


def _shares(a: float, b: float) -> Scores:
    total = a + b + 0.5
    return a / total, b / total, 0.5 / total


def judged(number: int, *, biased: bool, seed: int = 1) -> list[Judged]:
    """Posts whose real tone the model tells in seven of ten, or always one too good."""
    lot = Random(seed)
    made: list[Judged] = []
    for at in range(number):
        real = lot.randrange(3)
        said = min(2, real + 1) if biased else real if lot.random() < 0.7 else lot.randrange(3)
        likely = [0.2, 0.2, 0.2]
        likely[said] = 0.6
        shares = likely[0], likely[1], likely[2]
        words = (f"word{at}", f"tone{real}" if biased else lot.choice(WORDS))
        made.append((Heard(words, shares, complains=False), LABELS[real]))
    return made


def test_what_the_model_always_gets_wrong_is_learnt_and_used():
    found = quality(judged(80, biased=True))
    assert found.adopted
    assert found.after > found.before + 0.2
    assert found.low <= found.after - found.before <= found.high
    correction = learnt(judged(80, biased=True))
    heard = Heard(("tone0",), (0.2, 0.6, 0.2), complains=False)
    assert correction.likely(heard)[0] > 0.5
    assert loaded(correction.dumped()).likely(heard) == pytest.approx(
        correction.likely(heard), abs=1e-3
    )


@pytest.mark.parametrize("seed", range(6))
def test_what_is_not_surely_better_is_not_used(seed: int):
    found = quality(judged(40, biased=False, seed=seed))
    assert not found.adopted


def test_too_few_teach_nothing():
    found = quality(judged(FEWEST - 1, biased=True))
    assert not found.adopted
    assert quality([]).judged == 0
    assert not quality([]).adopted


def test_one_sided_judgements_break_nothing():
    heard = Heard(("good",), (0.1, 0.1, 0.8), complains=False)
    same = quality([(heard, "negative")] * 30)  # one saying: one fold, nothing to try it on
    assert not same.adopted
    assert macro_f1(["positive"], ["positive"]) == 1
    assert macro_f1([], []) == 0


@settings(max_examples=25)
@given(posts=JUDGED, heard=HEARD)
def test_a_corrected_likelihood_is_one_and_the_same_each_time(posts: list[Judged], heard: Heard):
    correction = learnt(posts)
    likely = correction.likely(heard)
    assert sum(likely) == pytest.approx(1)
    assert all(0 <= one <= 1 for one in likely)
    assert learnt(posts) == correction
    assert Correction({}).likely(heard) == pytest.approx(heard.likely)


@settings(max_examples=25)
@given(heard=HEARD, tone=st.sampled_from(LABELS))
def test_what_a_post_teaches_makes_its_own_tone_likelier(heard: Heard, tone: str):
    at = LABELS.index(tone)
    correction = learnt([(heard, LABELS[at])] * 3)
    assert correction.likely(heard)[at] >= heard.likely[at] - 1e-9
