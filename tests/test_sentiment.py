"""The tone of posts, and what complains."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules import KeywordRule
from rules.matcher import Matcher
from rules.model import Account, Brand, Definitions, Post
from rules.signals.sentiment import LANGUAGES, complaint, tone, tones
from rules.signals.sentiment.cutting import LONGEST, Names, cut
from rules.signals.sentiment.model import FILES, LABELS, PLACES, packed, places, shipped, unpacked
from tests.test_evaluator import post

BEST = "What a wonderful day, I love this, thank you so much!"
WORST = "Terrible service, I hate this, worst day ever :("

NAME = st.text("abcdefghijklmnopqrstuvwxyzéèç", min_size=2, max_size=12).map(str.capitalize)
TEMPLATES = [
    "{} lost my bag again, I am so angry!!",
    "I love {} and {}'s new phone",
    "merci {}, c'est parfait",
    "{} {} {}",
    "ce #{} est en panne, {} ne répond pas",
]


@pytest.mark.parametrize(
    ("text", "language", "label"),
    [
        (BEST, "en", "positive"),
        (WORST, "en", "negative"),
        ("The meeting is on Tuesday at 10 https://acme.example/a", "en", "neutral"),
        ("Service nul, je suis très déçu, c'est une honte", "fr", "negative"),
        ("Merci beaucoup, c'est génial, j'adore !", "fr-CA", "positive"),
        (WORST, "de", "unknown"),
        (WORST, None, "unknown"),
        (WORST, "", "unknown"),
        ("", "en", "unknown"),
        ("@acme https://acme.example", "en", "unknown"),
    ],
)
def test_the_tone_of_a_text(text: str, language: str | None, label: str):
    said = tone(text, language)
    assert said.label == label
    assert (said.confidence == 0) == (label == "unknown")


def test_a_name_is_no_praise():
    assert cut("Free is the Best", Names(["free", "best"])).pieces == ["\x00", "is", "the", "\x00"]
    assert cut("#FreeMobile #freemobile", Names(["Free Mobile"])).pieces == ["\x00"]
    assert cut("CRÉDIT AGRICOLE!", Names(["Crédit Agricole"])).pieces == ["\x00", "!"]


@settings(max_examples=40, deadline=None)
@given(
    template=st.sampled_from(TEMPLATES),
    one=NAME,
    other=NAME,
    language=st.sampled_from(LANGUAGES),
)
@example(template=TEMPLATES[0], one="United", other="Terrible", language="en")
@example(template=TEMPLATES[4], one="Free", other="Orange", language="fr")
def test_a_masked_name_never_changes_the_tone(template: str, one: str, other: str, language: str):
    words = set(cut(template.replace("{}", " "), Names(())).pieces)
    for name in (one, other):
        if words & set(cut(name, Names(())).pieces):
            return  # what the template says too is masked there as well
    assert tone(template.replace("{}", one), language, [one]) == tone(
        template.replace("{}", other), language, [other]
    )


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=300), names=st.lists(st.text(max_size=20), max_size=3))
@example(text="\ud800 \x00 \x01", names=["\ud800", "@", "#", ""])
@example(text="a" * 100_000, names=["a" * 100_000])
@example(text="!?" * 50_000, names=[])
@example(text="@" * 100_000, names=[])
@example(text="http://" * 20_000, names=[])
@example(text="no " * 50_000, names=["no"])
@example(text=":-)" * 50_000, names=[])
def test_any_text_has_one_of_four_tones(text: str, names: list[str]):
    for language in LANGUAGES:
        label, confidence = tone(text, language, names)
        assert label in (*LABELS, "unknown")
        assert 0 <= confidence <= 1
        reason = complaint(text, language)
        assert reason is None or str(reason).startswith("The post complains: “")


def test_what_comes_after_the_beginning_of_a_long_text_is_not_read():
    long = "word " * (LONGEST // 5)
    assert tone(long + WORST, "en") == tone(long, "en")


def test_a_batch_says_what_single_texts_say():
    texts = [(BEST, "en"), (WORST, "en"), ("panne", "fr"), ("x", None)]
    assert tones(texts, ["Acme"]) == [tone(*one, ["Acme"]) for one in texts]


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        (
            "STILL waiting for my #Refund, no answer",
            "en",
            "“still waiting”, “my refund”, “no answer”",
        ),
        ("Ma box est en panne et le S.A.V. dort", "fr", "“en panne”"),
        ("Toujours pas remboursé, je résilie", "fr", "“toujours pas rembourse”, “je resilie”"),
        ("The service doesn’t work", "en", "“doesnt work”"),
    ],
)
def test_complaints_are_told_in_their_words(text: str, language: str, words: str):
    reason = complaint(text, language)
    assert reason is not None
    assert reason.values == {"words": words}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("jamais eu de panne", "fr"),
        ("no more outages, great", "en"),
        ("I love it", "en"),
        ("still waiting", "de"),
        ("still waiting", None),
    ],
)
def test_what_is_denied_or_in_another_language_is_no_complaint(text: str, language: str | None):
    assert complaint(text, language) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("merci pour le remboursement", "fr"),
        ("Merci @acme pour ce remboursement rapide !", "fr"),
        ("merci beaucoup à toute l'équipe pour votre geste commercial", "fr"),
        ("Merci du remboursement", "fr"),
        ("j'ai bien reçu mon remboursement, merci", "fr"),
        ("thanks for the refund", "en"),
        ("Thank you so much @acme for my full refund!", "en"),
        ("thx for the refunds", "en"),
        ("@acme thanks for processing my refund", "en"),
        ("Just got my refund, thank you", "en"),
    ],
)
def test_thanks_for_a_refund_are_no_complaint(text: str, language: str):
    assert complaint(text, language) is None


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("Merci d'avance pour le remboursement", "fr", "“remboursement”"),
        ("Merci de me rembourser", "fr", "“me rembourser”"),
        ("Merci ! Et pour le remboursement ?", "fr", "“remboursement”"),
        ("merci pour rien, où est mon remboursement", "fr", "“remboursement”"),
        ("pas encore reçu mon remboursement, merci", "fr", "“pas encore recu”, “remboursement”"),
        ("merci pour la panne", "fr", "“panne”"),
        ("merci pour le remboursement, mais ma box est en panne", "fr", "“en panne”"),
        ("Thanks in advance for the refund", "en", "“refund”"),
        ("Thanks for nothing. Where is my refund?", "en", "“where is my refund”"),
        ("thanks for refusing my refund", "en", "“my refund”"),
        ("Thanks, waiting for the refund", "en", "“refund”"),
        ("I would be grateful for a refund", "en", "“refund”"),
        ("Thanks for the outage", "en", "“outage”"),
        ("I haven't got my refund, thanks", "en", "“my refund”"),
        ("thanks for one refund, still waiting for the other", "en", "“refund”, “still waiting”"),
        ("thank you for the refund, but no answer", "en", "“no answer”"),
    ],
)
def test_thanks_hide_no_other_complaint(text: str, language: str, words: str):
    reason = complaint(text, language)
    assert reason is not None
    assert reason.values == {"words": words}


def test_a_rule_may_ask_for_a_tone():
    rules = [
        KeywordRule(name=label, find=f"sentiment:{label}")
        for label in ("negative", "neutral", "positive", "unknown")
    ]
    matcher = Matcher(rules, Definitions(brands=(Brand(name="Terrible Hate"),)))
    found = [post(WORST, language="en"), post(BEST, language="en"), post(WORST, language="de")]
    places_ = matcher.decide(found)
    assert [rules[place].name for _, place in places_] == ["negative", "positive", "unknown"]


def test_the_names_of_brands_have_no_tone_in_rules():
    definitions = Definitions(brands=(Brand(name="Worst Ever Hate"),))
    said = Post(
        network="x",
        id="1",
        author=Account(network="x", id="1", handle="a"),
        text="Worst Ever Hate opens at ten on Tuesday",
        posted_at=post("").posted_at,
        language="en",
    )
    rule = KeywordRule(name="bad", find="sentiment:negative")
    assert Matcher([rule], Definitions()).decide([said])
    assert not Matcher([rule], definitions).decide([said])


def test_the_models_that_ship_are_small_read_back_and_tell_one_language_each():
    assert set(FILES) == set(LANGUAGES)
    assert sum(path.stat().st_size for path in FILES.values()) <= 1_000_000
    for language, path in FILES.items():
        file = path.read_bytes()
        weights = unpacked(file)
        assert set(weights.beside) == {language}
        assert len(weights.hashed) == 3 * PLACES
        assert unpacked(packed(weights, {})) == weights


def test_the_models_that_ship_say_what_they_were_fitted_to():
    for path in FILES.values():
        head = json.loads(path.read_bytes().partition(b"\n")[0])
        assert head["fitted to"] == {"umsab-en": 2154, "umsab-fr": 2131}


def test_each_language_is_told_by_its_own_model():
    said = "excellent nul"
    assert tone(said, "en") != tone(said, "fr")
    assert shipped("en") is shipped("en") is not shipped("fr")


def test_places_are_the_same_on_every_machine():
    assert list(places(["hi", "!"])) == [10924, 11284, 24430, 47479, 65491, 50339]
