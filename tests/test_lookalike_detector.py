"""Many names against all brands: who is raised, who never, and as what."""

from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.errors import Problem
from rules.lookalike import Detector, LookalikeRule, compare
from rules.lookalike.reasons import REASONS
from rules.model import Account, Brand, Post, Suspect

RULE = LookalikeRule(name="squatters", then=("daily",))
ACME = Brand(
    name="Acmetel",
    spellings=("Acme Telecom",),
    accounts=("acmetel", "bluesky:acmetel.bsky.social", "mastodon:AcmetelCare@Social.Example"),
    domains=("acmetel.example", "acmetel.fr"),
    friends=("acmetel_fans", "acmetel-museum.org", "bluesky:acmetelnews.bsky.social"),
)
ZEBULON = Brand(name="Zébulon", domains=("zebulon.com",))
DETECTOR = Detector([RULE], [ACME, ZEBULON])


def account(handle: str, display_name: str = "", network: str = "mastodon") -> Account:
    return Account(network=network, id="17", handle=handle, display_name=display_name)


def raised(handle: str, display_name: str = "", network: str = "mastodon") -> Suspect | None:
    found = DETECTOR.accounts([account(handle, display_name, network)])
    return found[0] if found else None


def post(*links: str) -> Post:
    author = account("somebody")
    when = datetime(2026, 11, 2, tzinfo=UTC)
    return Post(network="mastodon", id="1", author=author, text="", posted_at=when, links=links)


def domain(*links: str) -> Suspect | None:
    found = DETECTOR.domains([post(*links)])
    return found[0] if found else None


@pytest.mark.parametrize(
    ("network", "handle"),
    [
        ("mastodon", "acmetel"),
        ("x", "AcmeTel"),
        ("x", "@acmetel"),
        ("bluesky", "acmetel.bsky.social"),
        ("mastodon", "acmetelcare@social.example"),
        ("mastodon", "acmetel_support@acmetel.fr"),
        ("mastodon", "acmetel_support@social.acmetel.fr"),
        ("bluesky", "acmetel.fr"),
        ("bluesky", "help.acmetel.example"),
        ("x", "acmetel_fans"),
        ("bluesky", "acmetelnews.bsky.social"),
        ("mastodon", "info@acmetel-museum.org"),
    ],
)
def test_own_accounts_and_friends_are_never_raised(network: str, handle: str) -> None:
    assert raised(handle, "Acmetel", network) is None


@given(st.text(st.characters(exclude_characters=":"), max_size=20))
def test_an_own_account_is_never_raised_whatever_it_is_called(handle: str) -> None:
    brand = Brand(name="Acmetel", accounts=(handle,))
    one = Account(network="x", id="5", handle=handle, display_name="Acmetel Support")
    assert Detector([RULE], [brand]).accounts([one]) == [] or not handle.strip("@ ")


@pytest.mark.parametrize(
    ("network", "handle", "technique"),
    [
        ("mastodon", "acmetel@evil.example", "same-name-elsewhere"),
        ("mastodon", "acmetelcare@other.example", "same-name-elsewhere"),
        ("bluesky", "acmetelcare.bsky.social", "same-name-elsewhere"),
        ("bluesky", "acmetel-support.bsky.social", "affix"),
        ("bluesky", "acmetel.evil-host.com", "same-name"),
        ("x", "acrnetel", "homoglyph"),
        ("x", "acme_telecom", "same-name"),
        ("x", "zebulon_sav", "affix"),
    ],
)
def test_a_name_that_belongs_to_somebody_else_is_raised(
    network: str, handle: str, technique: str
) -> None:
    found = raised(handle, "", network)
    assert found is not None
    assert technique in found.techniques
    assert found.subject == f"{network}:17"
    assert found.name == handle
    assert handle in str(found.reason)


def test_the_display_name_alone_raises_an_account() -> None:
    found = raised("xk2231", "Аcmetel Service Client")
    assert found is not None
    assert found.reason.values["name"] == "Аcmetel Service Client"
    assert {"homoglyph", "affix"} <= set(found.techniques)


def test_an_account_is_raised_once_for_the_brand_it_resembles_most() -> None:
    found = DETECTOR.accounts([account("acmetel_support", "zebulun")])
    assert [one.brand for one in found] == ["Acmetel"]


def test_ordinary_accounts_are_left_alone() -> None:
    assert (
        DETECTOR.accounts([account("marie.dupont", "Marie"), account("acme_fan"), account("")])
        == []
    )


@pytest.mark.parametrize(
    ("link", "subject", "technique"),
    [
        ("https://acmetel.com/offre", "domain:acmetel.com", "tld-swap"),
        ("http://acmetel.evil.com/login", "domain:evil.com", "subdomain"),
        ("https://acmetel-support.fr", "domain:acmetel-support.fr", "affix"),
        ("https://acmetel.github.io/x", "domain:acmetel.github.io", "tld-swap"),
        ("https://xn--acmetl-fva.fr/", "domain:xn--acmetl-fva.fr", "accent"),
        ("https://acmetél.fr/", "domain:xn--acmetl-fva.fr", "accent"),
        ("https://аcmetel.com/", "domain:xn--cmetel-2nf.com", "homoglyph"),
        ("https://acmetel-support.invented/", "domain:acmetel-support.invented", "affix"),
        ("https://acmete\u0301l.fr/", "domain:xn--acmetl-fva.fr", "accent"),
        ("https://acmetel。shop/", "domain:acmetel.shop", "tld-swap"),
        ("https://www.acm3tel.co.uk:8080/?a=1#b", "domain:acm3tel.co.uk", "leet"),
    ],
)
def test_a_domain_that_looks_like_the_brand_is_raised(
    link: str, subject: str, technique: str
) -> None:
    found = domain(link)
    assert found is not None
    assert found.subject == subject
    assert found.is_domain
    assert technique in found.techniques


@pytest.mark.parametrize(
    "link",
    [
        "https://acmetel.fr",
        "https://www.ACMETEL.fr/offre",
        "https://shop.acmetel.example",
        "https://acmetel-museum.org/acmetel",
        "https://example.com/acmetel",
        "https://example.com/?u=acmetel.com",
        "ftp://acmetel.com/",
        "acmetel.com",
        "http://[::1/acmetel",
        "http://192.0.2.1/acmetel",
        "http://acmetel/",
        "https://" + "acmetel." * 60 + "com",
        "http://\ud800acmetel.com:99999999/",
        "",
    ],
)
def test_own_domains_and_addresses_without_one_are_never_raised(link: str) -> None:
    assert domain(link) is None


@given(st.text(st.characters(), max_size=60), st.text(st.characters(), max_size=9))
def test_a_suspect_domain_is_named_in_ascii(name: str, ending: str) -> None:
    for found in DETECTOR.domains([post(f"https://{name}acmetel.{ending}", f"http://{name}")]):
        assert found.subject.isascii()
        found.name.encode("utf-8")


def test_fifty_posts_raise_a_domain_once() -> None:
    posts = [
        post(f"https://acmetel-promo.fr/{n}", "https://www.acmetel-promo.fr") for n in range(50)
    ]
    assert len(DETECTOR.domains(posts)) == 1


def test_a_rule_guards_only_its_brands_from_its_score_on() -> None:
    only = Detector([LookalikeRule(name="z", brands=("Zébulon",))], [ACME, ZEBULON])
    assert only.accounts([account("acmetel_support")]) == []
    assert only.accounts([account("zebulon_support")]) != []
    strict = Detector([LookalikeRule(name="s", min_score=1.0)], [ACME])
    assert strict.accounts([account("acmetel_suport2")]) == []
    off = Detector([LookalikeRule(name="off", enabled=False)], [ACME])
    assert off.accounts([account("acmetel_support")]) == []
    assert Detector([], []).accounts([account("acmetel")]) == []


def test_an_own_account_of_one_brand_is_no_suspect_of_another() -> None:
    rival = Brand(name="Acmetal", accounts=("acmetal",))
    assert Detector([RULE], [ACME, rival]).accounts([account("acmetal")]) == []


def test_the_order_of_brands_and_rules_never_matters() -> None:
    brands = [ACME, ZEBULON, Brand(name="Acmetal"), Brand(name="Acme Tel", spellings=("Zebulon",))]
    rules = [RULE, LookalikeRule(name="another", min_score=0.3)]
    accounts = [account(name) for name in ("acmetel_sav", "acmetal", "zebulon", "acmetelo", "acme")]
    posts = [post("https://acmetel.com", "https://zebulon.net", "https://acmetal.io")]
    first = Detector(rules, brands)
    for order in permutations(brands):
        other = Detector(rules[::-1], order)
        assert other.fingerprint == first.fingerprint
        assert other.accounts(accounts) == first.accounts(accounts)
        assert other.domains(posts) == first.domains(posts)


def test_the_fingerprint_changes_with_what_would_be_judged_differently() -> None:
    prints = {
        Detector([RULE], [ACME]).fingerprint,
        Detector([RULE], [ACME, ZEBULON]).fingerprint,
        Detector([LookalikeRule(name="squatters", min_score=0.9)], [ACME]).fingerprint,
        Detector([RULE], [Brand(name="Acmetel")]).fingerprint,
    }
    assert len(prints) == 4
    told_elsewhere = LookalikeRule(name="squatters", then=("weekly",))
    assert Detector([told_elsewhere], [ACME]).fingerprint == Detector([RULE], [ACME]).fingerprint


@given(st.text(st.characters(), max_size=300), st.text(st.characters(), max_size=300))
def test_hostile_names_never_raise_an_exception(handle: str, display_name: str) -> None:
    for network in ("mastodon", "bluesky"):
        DETECTOR.accounts([account(handle, display_name, network)])
    DETECTOR.domains([post(f"https://{handle}.com/", f"https://{display_name}", handle)])


@given(
    st.sampled_from(["acmetel", "acme telecom", "zebulon"]), st.text(st.characters(), max_size=40)
)
def test_whatever_a_suspect_says_of_itself_is_in_the_catalogue(name: str, more: str) -> None:
    for found in DETECTOR.accounts([account(f"{name}_{more}", f"{more} {name}")]):
        for why in (found.reason, *found.evidence):
            assert why.template in REASONS.values()
            assert str(why).isprintable()


def test_the_detector_scores_as_comparing_does() -> None:
    found = raised("acmetel_suport")
    assert found is not None
    assert found.score == compare("Acmetel", "acmetel_suport").score


def test_a_rule_says_what_is_wrong_with_it() -> None:
    def codes(rule: LookalikeRule) -> list[Problem]:
        return list(rule.problems())

    assert codes(RULE) == []
    assert [one.code for one in codes(LookalikeRule(name=" "))] == ["empty-name"]
    for wrong in (0.0, -1.0, 1.01, float("nan"), float("inf")):
        assert [one.path for one in codes(LookalikeRule(name="a", min_score=wrong))] == [
            ("min_score",)
        ]
    twice = LookalikeRule(name="a", brands=("Acmetel", "Acmetel", ""))
    assert [one.path for one in codes(twice)] == [("brands", 1), ("brands", 2)]


@pytest.mark.parametrize(
    ("handle", "display_name", "explained"),
    [
        ("acmeteI", "Acmetel", "acmeteI"),  # a capital I
        ("acm3tel", "Acmetel", "acm3tel"),
        ("someone_else", "Acmetel", "Acmetel"),
        ("acmeteI", "Acmetel Support", "Acmetel Support"),
    ],
)
def test_the_name_that_shows_the_trick_is_the_one_explained(handle, display_name, explained):
    found = raised(handle, display_name)
    assert found is not None
    assert found.reason.values["name"] == explained
    assert found.score >= compare("Acmetel", display_name).score


@pytest.mark.parametrize("word", ["remboursement", "billets", "cadeaux", "concours", "gagner"])
def test_what_french_impostors_promise_is_a_claim(word: str) -> None:
    found = domain(f"https://acmetel-{word}.example/")
    assert found is not None
    assert "affix" in found.techniques
    assert found.reason.values["affix"] == word
    assert REASONS["claim"] in {why.template for why in found.evidence}
