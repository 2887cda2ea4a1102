"""What is known beside a name raises or lowers its score, and only where the name is alike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.lookalike import Detector, LookalikeRule
from rules.lookalike.changes import changes
from rules.lookalike.circumstances import Circumstances, expit, judged, log_odds, weigh
from rules.lookalike.context import Known, Own, in_context, observe, same_bio, vouched
from rules.lookalike.marks import mark_of
from rules.lookalike.reasons import REASONS, reason
from rules.model import Account, Brand, Post, Suspect

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
BRAND = Brand(name="Nordelia", accounts=("nordelia",), domains=("nordelia.example",))
DETECTOR = Detector([LookalikeRule(name="names")], [BRAND])
BIO = "Nordelia builds quiet heat pumps for old houses. Ask us anything, we answer from 8 to 18."
PICTURE = "ee0e1038607307008098183070c0c606"
OURS = Own(
    brand="Nordelia",
    account=Account(
        network="town", id="1", handle="nordelia", display_name="Nordelia", bio=BIO,
        verified=("https://nordelia-blog.example", "https://town.example/@nordelia_jobs"),
    ),
    picture=PICTURE,
)  # fmt: skip


def account(handle: str = "nordelia_support", **more: object) -> Account:
    return Account(network="town", id="2", handle=handle, **more)  # type: ignore[arg-type]


def seen(who: Account, **more: object) -> Circumstances:
    known = Known(account=who, seen=NOW, **more)  # type: ignore[arg-type]
    return observe(DETECTOR, BRAND, known, [OURS])


def suspect(score: float = 0.7, **more: object) -> Suspect:
    found = Suspect(
        subject="town:2", name="nordelia_support", brand="Nordelia", rule="names", score=score,
        techniques=("affix",), reason=reason("affix", name="a", brand="b", affix="c"),
        likeness=score,
    )  # fmt: skip
    return replace(found, **more)  # type: ignore[arg-type]


FACTS = [
    (Circumstances(copies_avatar="@nordelia"), 1),
    (Circumstances(copies_bio="@nordelia"), 1),
    (Circumstances(copies_display_name="@nordelia"), 1),
    (Circumstances(lookalike_links=("nordelia.shop",)), 1),
    (Circumstances(answers=2), 1),
    (Circumstances(age=timedelta(days=3)), 1),
    (Circumstances(verified="nordelia.example"), -1),
    (Circumstances(marked="parody"), -1),
    (Circumstances(age=timedelta(days=2000), followers=5000), -1),
    (Circumstances(age=timedelta(days=2000), followers=5), 0),
    (Circumstances(posts=True), 0),
    (Circumstances(), 0),
]


@pytest.mark.parametrize(("known", "sign"), FACTS)
def test_each_fact_moves_the_score_and_says_so(known: Circumstances, sign: int) -> None:
    before = suspect()
    after = judged(before, known)
    assert (after.score > before.score) - (after.score < before.score) == sign
    told = [why for why in after.evidence if why.template in REASONS.values()]
    assert len(told) == abs(sign)
    assert all(str(why) and "{" not in str(why) for why in told)
    assert (after.likeness, after.signs) == (before.score, known.signs)


@given(st.floats(0.001, 0.999), st.sampled_from([one for one, sign in FACTS if sign > 0]))
def test_what_speaks_against_an_account_never_lowers_its_score(
    score: float, known: Circumstances
) -> None:
    assert judged(suspect(score), known).score >= score


@given(st.floats(0.0, 1.0))
def test_log_odds_and_back_is_the_same_but_at_the_ends(score: float) -> None:
    assert expit(log_odds(score)) == pytest.approx(score, abs=2e-4)


def test_judging_twice_is_judging_once() -> None:
    known = Circumstances(copies_bio="@nordelia", age=timedelta(days=1))
    once = judged(suspect(), known)
    assert judged(replace(once, evidence=()), known).score == once.score


def test_even_the_very_name_is_the_brands_own_where_a_link_proves_it() -> None:
    assert judged(suspect(1.0), Circumstances(verified="nordelia.example")).score < 0.2


def test_a_parody_that_shows_the_own_picture_is_none() -> None:
    masked = Circumstances(marked="parody", copies_avatar="@nordelia")
    assert judged(suspect(), masked).score > 0.7
    assert "shows and leads otherwise" in " ".join(map(str, weigh(masked)))


def test_several_domains_weigh_as_one() -> None:
    one = judged(suspect(), Circumstances(lookalike_links=("a.example",)))
    many = judged(
        suspect(), Circumstances(lookalike_links=tuple(f"a{n}.example" for n in range(9)))
    )
    assert many.score == pytest.approx(one.score)


def test_what_an_account_copies_is_seen() -> None:
    copied = account(display_name="Nоrdelia", bio=f"Official help. {BIO}")  # a Cyrillic о
    known = seen(copied, picture=PICTURE[:-1] + "7")
    assert known.copies_display_name == known.copies_bio == known.copies_avatar == "@nordelia"
    assert seen(account(display_name="Ann", bio="I like cats"), picture="f" * 32) == Circumstances()


@pytest.mark.parametrize(
    ("bio", "same"),
    [
        (BIO, True),
        (BIO.upper().replace("quiet", "very quiet"), True),
        (BIO + " https://elsewhere.example 🔥", True),
        ("We sell heat pumps for new houses and repair them.", False),
        ("", False),
        ("x" * 100_000, False),
    ],
)
def test_a_bio_that_is_nearly_the_brands_is_a_copy(bio: str, same: bool) -> None:
    assert same_bio(BIO, bio) is same


def test_short_bios_are_nobodys() -> None:
    assert not same_bio("News and offers", "News and offers")


def test_links_are_looked_at_wherever_they_stand() -> None:
    posted = seen(account(), domains=("nordelia-promo.example",))
    assert posted.lookalike_links == ("nordelia-promo.example",)
    told = seen(account(bio="see www.nordelia-promo.example now"))
    assert told.lookalike_links == ("nordelia-promo.example",)
    harmless = seen(account(url="https://nordelia.example/shop", bio="https://town.example"))
    assert harmless.lookalike_links == ()
    ours_by_now = seen(account(), domains=("shop.nordelia.example",))
    assert ours_by_now.lookalike_links == ()


def test_a_link_back_from_the_brands_domain_or_account_is_proof() -> None:
    assert seen(account(verified=("https://shop.nordelia.example/x",))).verified == (
        "nordelia.example"
    )
    assert seen(account(url="https://town.example/@nordelia_jobs/")).verified == "@nordelia"
    assert seen(account(verified=("https://nordelia.other.example",))).verified == ""
    assert seen(account(url="https://town.example/@nordelia_jobs2")).verified == ""


def test_a_domain_that_an_own_account_proves_is_its_owners() -> None:
    post = Post(
        network="town", id="1", author=account("ann"), text="", posted_at=NOW,
        links=("https://nordelia-blog.example", "https://nordelia-promo.example"),
    )  # fmt: skip
    proven = {one.subject: bool(vouched(one, [OURS]).verified) for one in DETECTOR.domains([post])}
    assert proven == {"domain:nordelia-blog.example": True, "domain:nordelia-promo.example": False}


@pytest.mark.parametrize(
    "words",
    [
        "Parody account.",
        "Compte parodique, rien de sérieux",
        "UNOFFICIAL fan page",
        "Non-officiel.",
        "Not affiliated with Nordelia",
        "Sans lien avec la marque",
        "fan of Nordelia since 1990",
        "Fan de Nordelia",
    ],
)
def test_who_says_what_it_is_is_heard(words: str) -> None:
    assert mark_of(account(bio=words), ("Nordelia",))


@pytest.mark.parametrize(
    "words",
    [
        "This is not a parody",
        "Beware of unofficial accounts!",
        "Méfiez-vous des comptes non officiels",
        "Report parody accounts to us",
        "fan of football",
        "fan de foot",
        "fan of Nordeliana, the opera",
        "Official account",
        "Compte officiel",
        "",
    ],
)
def test_who_speaks_of_others_is_not(words: str) -> None:
    assert mark_of(account(bio=words), ("Nordelia",)) == ""


def test_a_mark_is_quoted_as_it_was_written() -> None:
    names = ("Free", "Freebox")
    for bio, said in (
        ("  Un grand FAN  de\u00a0la Fréébox !", "FAN  de\u00a0la Fréébox"),
        ("Compte \u24c5arodique", "\u24c5arodique"),
    ):
        assert mark_of(account(bio=bio), names) == said


def test_a_handle_may_say_it_too() -> None:
    assert mark_of(account("Nordelia_Parody"), ("Nordelia",)) == "parody"


@settings(max_examples=40)
@given(st.text(max_size=60), st.text(max_size=80), st.text(max_size=40))
def test_no_words_of_a_stranger_do_harm(name: str, bio: str, url: str) -> None:
    who = account(name or "x", display_name=bio[:20], bio=bio, url=url, verified=(url, bio))
    known = seen(who, domains=(url, bio))
    assert judged(suspect(), known).score <= 1


@given(st.text("abcdefghijkmnopqstuvwxyz", min_size=4, max_size=12))
def test_a_name_that_is_not_alike_is_raised_by_nothing(name: str) -> None:
    copy = account(name, bio=BIO)
    for candidate in DETECTOR.candidates([copy]):
        known = Known(account=copy, seen=NOW, picture=PICTURE)
        assert in_context(DETECTOR, candidate, BRAND, known, [OURS])[0].likeness >= 0.1
    if "ordel" not in name:
        assert DETECTOR.candidates([copy]) == []


def test_a_faint_name_is_raised_by_what_it_copies_and_by_nothing_less() -> None:
    faint = suspect(0.3)
    copy = Known(account=account(bio=BIO), seen=NOW, picture=PICTURE)
    assert in_context(DETECTOR, faint, BRAND, copy, [OURS])[1] == "names"
    young = Known(account=account(created=NOW - timedelta(days=1)), seen=NOW)
    assert in_context(DETECTOR, suspect(0.59), BRAND, young, [OURS])[1] is None


def test_a_new_name_is_material_where_it_is_more_like_the_brand() -> None:
    before = suspect(0.6)
    closer = replace(before, name="nordelia", likeness=0.9)
    farther = replace(before, name="nordelia_x", likeness=0.5)
    assert [one.material for one in changes(before, closer)] == [True, False]
    assert [one.material for one in changes(before, farther)] == [False]
    assert changes(before, replace(before, likeness=0.99)) == ()  # only we count otherwise


def test_what_is_new_is_told_and_what_was_known_is_not() -> None:
    known = Circumstances(copies_bio="@nordelia", marked="fan page", posts=True)
    before = judged(suspect(), known)
    assert changes(before, before) == ()
    after = judged(suspect(), Circumstances(lookalike_links=("a.example",), answers=1, posts=True))
    told = [(str(one.why), one.material) for one in changes(before, after)]
    assert told == [
        ('It leads to "a.example", whose name looks like a brand\'s.', True),
        ("It no longer says that it is a parody, a fan's or not official.", True),
        ("It addressed people who had written to the brand: 1 so far.", False),
        ("It no longer repeats a description of the brand.", False),
    ]


def test_a_suspect_judged_before_signs_were_kept_has_no_news() -> None:
    before = suspect(likeness=None)
    after = judged(suspect(), Circumstances(copies_bio="@nordelia"))
    assert changes(before, after) == ()
