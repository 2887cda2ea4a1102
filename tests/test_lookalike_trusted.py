"""Words that a brand trusts beside its name, and what they do not excuse."""

from datetime import UTC, datetime

import pytest

from rules.lookalike import Detector, LookalikeRule
from rules.lookalike.candidate import Candidate
from rules.lookalike.pattern import patterns
from rules.lookalike.trusted import beside
from rules.model import Account, Brand, Post

RULE = LookalikeRule(name="lookalikes")
ACME = Brand(name="Acmetel", trusted=("Lyon", "fans"))


def raised(handle: str, display_name: str = "", brand: Brand = ACME) -> bool:
    account = Account(network="town", id="1", handle=handle, display_name=display_name)
    return bool(Detector([RULE], [brand]).accounts([account]))


@pytest.mark.parametrize(
    "handle", ["acmetel_lyon", "lyon-acmetel", "AcmetelLyon", "acmetellyon", "fans_acmetel_lyon"]
)
def test_a_name_with_nothing_but_trusted_words_is_not_raised(handle: str) -> None:
    assert raised(handle, brand=Brand(name="Acmetel"))
    assert not raised(handle)


@pytest.mark.parametrize(
    ("handle", "display_name"),
    [
        ("acmetel", ""), ("acmetel_lyon_support", ""), ("acm3tel_lyon", ""), ("acmtel_lyon", ""),
        ("\u0430cmetel_lyon", ""), ("acmetel_ly\u043en", ""), ("acme\u200btel_lyon", ""),
        ("acmetel_lyon", "Acmetel"), ("acmetel_lyon", "Acmetel Support"),
    ],
)  # fmt: skip
def test_a_trick_or_another_claim_beside_a_trusted_word_is_raised(
    handle: str, display_name: str
) -> None:
    assert raised(handle, display_name)


def test_what_surrounds_an_account_can_still_make_it_a_suspect() -> None:
    account = Account(network="town", id="1", handle="acmetel_lyon")
    (found,) = Detector([RULE], [ACME]).candidates([account])
    assert found.score == pytest.approx(0.1)
    assert '"lyon"' in str(next(why for why in found.evidence if "trusts" in why.template))


def test_a_domain_is_raised_all_the_same() -> None:
    author = Account(network="town", id="1", handle="zoe")
    post = Post(network="town", id="1", author=author, text="", links=("https://acmetel-lyon.example",),
                posted_at=datetime(2026, 3, 1, tzinfo=UTC))  # fmt: skip
    assert Detector([RULE], [ACME]).domains([post])


def test_other_brands_do_not_trust_the_word() -> None:
    assert raised("nordelia_lyon", brand=Brand(name="Nordelia", trusted=("paris",)))


def test_a_hostile_name_is_looked_through_in_no_time() -> None:
    brand = Brand(name="Acmetel", trusted=("a", "aa", "aaa", "aaaa"))
    assert raised("acmetel_" + "a" * 100 + "b_support", brand=brand)


@pytest.mark.parametrize(
    ("name", "words"),
    [("acmetel_lyon", ("lyon",)), ("FansAcmetelLyon", ("fans", "lyon")), ("acmetel", ()),
     ("acmetel24", ()), ("acmtel_lyon", ()), ("acmetel_ly\u043en", ())],
)  # fmt: skip
def test_the_words_beside_a_brand(name: str, words: tuple[str, ...]) -> None:
    place = Candidate(name).place(next(iter(patterns("Acmetel"))))
    assert place is not None
    assert beside(place) == words


def test_another_spelling_that_lies_close_takes_no_trust_away() -> None:
    brand = Brand(name="Acmetel", spellings=("Akmetel",), trusted=("fans",))
    assert not raised("acmetel_fans", brand=brand)
    assert not raised("akmetel_fans", brand=brand)
    assert raised("acmetol_fans", brand=brand)
