"""What holds of every name, whatever the brand."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.lookalike import Detector, LookalikeRule, score
from rules.lookalike.candidate import Candidate
from rules.lookalike.forms import LONGEST_FORM, form, looks, turned
from rules.lookalike.index import Index
from rules.lookalike.pattern import patterns
from rules.model import Account, Brand

RULE = LookalikeRule(name="squatters", min_score=0.3)
BRANDS = ("Free", "Orange", "Gap", "Camille", "Lotus", "Nordelia", "Crédit Morvan", "Électroplus")
COMPANY = ("", "support", "_sav", " Service Client", "_dupont", "carsforsale", "24", "fan", "s")
ANY_TEXT = st.text(st.characters(), max_size=60)
NAMES = st.builds(
    lambda left, brand, right: left + brand + right,
    st.sampled_from(("", "le_", "my", "official ")),
    st.sampled_from((*map(str.lower, BRANDS), "n0rdelia", "nordela", "fr33", "Oranges")),
    st.sampled_from(COMPANY),
)  # fmt: skip


@given(ANY_TEXT)
def test_a_form_of_a_form_is_itself(name: str) -> None:
    once = form(name).text
    assert form(once).text == once
    assert len(once) <= LONGEST_FORM


@settings(max_examples=60)
@given(st.sampled_from(BRANDS), NAMES, st.randoms(use_true_random=False))
def test_invisible_and_direction_characters_never_lower_a_score(
    brand: str, name: str, rng: random.Random
) -> None:
    unseen = "\u200b\u200d\u2060\u00ad\u202d\u202c\u2066\u2069\ufe0f"
    hidden = "".join(char + rng.choice(("", "", rng.choice(unseen))) for char in name)
    assert score(brand, hidden) >= score(brand, name)


@settings(max_examples=60)
@given(st.sampled_from(BRANDS), NAMES)
def test_a_name_written_backwards_behind_an_override_scores_as_it_is_read(
    brand: str, name: str
) -> None:
    stored = f"\u202e{name[::-1]}\u202c"
    assert turned(stored) == (name,)
    assert score(brand, stored) >= score(brand, name)


@settings(max_examples=60)
@given(st.sampled_from(BRANDS), NAMES)
def test_what_reaches_a_threshold_is_placed_the_same_where_only_that_is_asked(
    brand: str, name: str
) -> None:
    candidate = Candidate(name)
    for pattern in patterns(brand):
        place = candidate.place(pattern)
        if place is not None and place.score >= 0.3:
            assert candidate.place(pattern, 0.3) == place


@settings(max_examples=60)
@given(st.permutations(BRANDS), NAMES)
def test_the_order_of_brands_never_matters(brands: list[str], name: str) -> None:
    account = Account(network="x", id="1", handle="someone", display_name=name)
    found = Detector([RULE], [Brand(name=one) for one in brands]).accounts([account])
    assert found == Detector([RULE], [Brand(name=one) for one in BRANDS]).accounts([account])


@settings(max_examples=60)
@given(st.sampled_from(BRANDS), ANY_TEXT)
def test_an_own_account_is_never_raised_whatever_it_calls_itself(brand: str, name: str) -> None:
    own = Account(network="x", id="1", handle="the_own_one", display_name=f"{brand} {name}")
    assert Detector([RULE], [Brand(name=brand, accounts=("the_own_one",))]).accounts([own]) == []


@given(ANY_TEXT)
def test_whatever_a_brand_is_called_it_finds_itself(name: str) -> None:
    for pattern in patterns(name)[:1]:
        assert 0 in Index([pattern]).find(looks(pattern.text))
