"""Likely names: which ones, in which order, and what holds of every one of them."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.lookalike import score
from rules.lookalike.bands import Band, band
from rules.lookalike.detector import Detector
from rules.lookalike.generate import LikelyName, likely_names
from rules.lookalike.habits import COUNTRIES, LIKELY
from rules.lookalike.handles import FORMS, HandleForm, handle_form
from rules.lookalike.rule import LookalikeRule
from rules.lookalike.words import CLAIMS
from rules.model import Account, Brand

NORDELIA = Brand(name="Nordelia")
WORDS = st.text("abcdeilmnorst", min_size=2, max_size=9)
NAMES = st.one_of(
    st.lists(WORDS, min_size=1, max_size=3).map(" ".join),
    st.sampled_from(["Crédit Agricole", "Orange", "Gap", "L'Oréal", "AT&T", "Canal+", "1664"]),
    st.text(max_size=12),
)
BRANDS = st.builds(
    Brand,
    name=NAMES,
    spellings=st.lists(NAMES, max_size=2).map(tuple),
    accounts=st.lists(WORDS, max_size=2).map(tuple),
)


@cache
def likely(brand: Brand, limit: int, network: str) -> tuple[LikelyName, ...]:
    return tuple(likely_names(brand, limit=limit, network=network))


def names(brand: Brand, limit: int = 300, network: str = "local") -> list[str]:
    return [one.name for one in likely(brand, limit, network)]


@pytest.mark.parametrize(
    ("name", "technique"),
    [
        ("nordelia", "same-name"),
        ("nordelia_support", "affix"),
        ("officiel_nordelia", "affix"),
        ("nordeliasav", "affix"),
        ("nordelia_fr", "affix"),
        ("norclelia", "homoglyph"),
        ("nordeIia", "homoglyph"),
        ("n0rdelia", "leet"),
        ("n0rdel1a", "leet"),
        ("n0rd3114", "leet"),
        ("nordela", "omission"),
        ("noordelia", "repetition"),
        ("nodrelia", "transposition"),
        ("nardelia", "vowel-swap"),
        ("nofdelia", "keyboard"),
        ("nordelias", "plural"),
        ("nordelia24", "number"),
    ],
)
def test_each_habit_of_impostors_is_among_the_first_names(name: str, technique: str) -> None:
    found = {one.name: one.techniques for one in likely(NORDELIA, 300, "local")}
    assert technique in found[name]


def test_a_brand_of_two_words_is_parted_joined_and_turned_round() -> None:
    found = names(Brand(name="Crédit Agricole"))
    assert found[:2] == ["creditagricole", "credit_agricole"]
    assert {"agricole_credit", "agricolecredit", "creditagricole_support"} < set(found)


def test_the_likeliest_come_first() -> None:
    found = names(NORDELIA, 1000)
    for likely, less in [
        ("nordelia", "nordelia_support"),
        ("nordelia_support", "nordelia_vip"),
        ("nordelia_support", "support_nordelia"),
        ("norclelia", "nofdelia"),
    ]:
        assert found.index(likely) < found.index(less)


def test_other_spellings_follow_those_of_the_name() -> None:
    found = names(Brand(name="Nordelia", spellings=("Train Nord",)))
    assert {"trainnord", "train_nord", "trainnord_support"} < set(found)
    assert found.index("nordelia") < found.index("trainnord")


def test_own_accounts_and_friends_are_never_generated() -> None:
    brand = Brand(
        name="Nordelia",
        accounts=("nordelia", "bluesky:nordelia-fr.bsky.social", "x:Nordelia_Help"),
        friends=("Nordelia_Fans", "nordelia_info"),
    )
    here = set(names(brand))
    assert here.isdisjoint({"nordelia", "nordelia_info"})
    assert "nordelia_help" in here
    assert "nordelia_help" not in names(brand, 300, "x")
    assert "nordelia-fr" not in names(brand, 300, "bluesky")


@pytest.mark.parametrize("network", FORMS)
def test_every_name_fits_its_network(network: str) -> None:
    form = handle_form(network)
    for brand in (NORDELIA, Brand(name="Crédit Agricole"), Brand(name="Gap")):
        found = names(brand, 300, network)
        assert found
        assert all(map(form.fits, found))


@pytest.mark.parametrize(
    ("network", "name", "fits"),
    [
        ("x", "nordelia_suppor", True),
        ("x", "nordelia_support", False),
        ("x", "gap", False),
        ("x", "nor-delia", False),
        ("bluesky", "nordelia-help", True),
        ("bluesky", "nordelia-", False),
        ("bluesky", "Nordelia", False),
        ("bluesky", "nordelia_help", False),
        ("mastodon", "_nordeIia_", True),
        ("mastodon", "n" * 31, False),
        ("elsewhere", "nordelia_1", True),
        ("local", "nor..delia", False),
        ("local", "nordélia", False),
        ("local", "nordelia\n", False),
        ("local", "nor²delia", False),
        ("local", "", False),
    ],
)
def test_what_a_network_gives_away(network: str, name: str, fits: bool) -> None:
    assert handle_form(network).fits(name) is fits


def test_a_network_that_shows_no_capitals_gets_no_capital_i() -> None:
    assert not any("I" in name for name in names(NORDELIA, 300, "bluesky"))
    assert handle_form("bluesky").whole("nordelia") == "nordelia.bsky.social"


@pytest.mark.parametrize("name", ["Сбербанк", "日本", "🚆", "", "x", "_"])
def test_a_brand_that_no_handle_can_spell_has_no_names(name: str) -> None:
    assert names(Brand(name=name)) == []


def test_the_affixes_are_those_that_the_detector_knows() -> None:
    assert {*LIKELY, *COUNTRIES} <= CLAIMS
    assert len({*LIKELY}) == len(LIKELY)


def test_every_name_that_is_taken_would_be_raised() -> None:
    """What the sweep looks for and what the detector raises are the same."""
    brands = [NORDELIA, Brand(name="Orange"), Brand(name="Crédit Agricole"), Brand(name="Ford")]
    for brand in brands:
        detector = Detector([LookalikeRule(name="sosies")], [brand])
        found = names(brand, 120)
        accounts = [Account(network="local", id=name, handle=name) for name in found]
        raised = {suspect.name for suspect in detector.accounts(accounts)}
        assert raised == set(found)


@settings(max_examples=15)
@given(BRANDS)
def test_every_name_looks_like_its_brand_and_comes_once(brand: Brand) -> None:
    found = list(likely_names(brand, limit=60, network="local"))
    spelled = (brand.name, *brand.spellings, *brand.accounts)
    for one in found:
        assert one.score <= max(score(spelling, one.name) for spelling in spelled)
        assert band(one.score) != Band.LOW
        assert one.techniques
    lower = [one.name.lower() for one in found]
    assert len(set(lower)) == len(lower) <= 60
    assert set(lower).isdisjoint(brand.accounts)
    assert [one.rank for one in found] == list(range(1, len(found) + 1))


@settings(max_examples=10)
@given(BRANDS, st.integers(0, 30))
def test_a_larger_limit_adds_names_at_the_end_only(brand: Brand, limit: int) -> None:
    def some(most: int) -> list[LikelyName]:
        return list(likely_names(brand, limit=most, network="mastodon"))

    assert some(limit) == some(40)[:limit]


def test_names_are_bounded_whatever_the_brand() -> None:
    long = Brand(name="n" * 10_000, spellings=tuple(f"train{n}" for n in range(50)))
    assert len(names(long, 100)) == 100
    assert len(names(NORDELIA, 10**9)) < 3000


def test_the_form_of_a_network_can_be_given() -> None:
    form = HandleForm(signs=".", outside="", longest=12)
    found = list(likely_names(NORDELIA, limit=50, form=form))
    assert {"nordelia.sav", "nordelia.fr"} <= {one.name for one in found}
    assert all(len(one.name) <= 12 for one in found)
