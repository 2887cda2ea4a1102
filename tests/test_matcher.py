"""What a rule finds, one post at a time and all rules at once."""

import gzip
import itertools
import json
import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import KeywordRule
from rules.evaluator import MOST_SPANS, Reading, evaluate
from rules.language import ExpressionError, render
from rules.language.tree import Node
from rules.lint import needs_something
from rules.matcher import Matcher
from rules.matching import rulebook
from rules.matching.decide import decider
from rules.matching.filed import Filed
from rules.matching.presearch import filing, shipped_shares
from rules.metadata import own_terms
from rules.model import Account, Brand, Definitions, Post
from rules.reasons import REASONS
from rules.text import analyse
from tests.expressions import post, posts, trees

BRAND = Brand(name="Acme", accounts=("acme@far.example", "local:@MaMarque"))
DEFINITIONS = Definitions(brands=(BRAND,))


def found(
    find: str, text: str = "", *, rule: dict[str, object] | None = None, **more: object
) -> list[str] | None:
    """The parts of the text that match, or None."""
    table = KeywordRule(name="r", find=find, **(rule or {}))  # type: ignore[arg-type]
    subject = post(text, **more)  # type: ignore[arg-type]
    matches = Matcher([table], DEFINITIONS).match([subject])
    if not matches:
        return None
    return [text[start:end] for start, end in matches[0].spans]


@pytest.mark.parametrize(
    ("find", "text", "expected"),
    [
        ("acme", "I like ACME.", ["ACME"]),
        ("acme", "acmes", None),
        ("été", "cet ete", ["ete"]),
        ("ete", "cet été", ["été"]),
        ("coeur", "mon cœur", ["cœur"]),
        ("fin", "ﬁn", ["ﬁn"]),
        ("strasse", "Straße", ["Straße"]),
        ("acme", "𝓐𝓬𝓶𝓮 et Ａｃｍｅ et ⒶⒸⓂⒺ", ["𝓐𝓬𝓶𝓮", "Ａｃｍｅ", "ⒶⒸⓂⒺ"]),
        ("acme", "Acme™", ["Acme"]),
        ("acme", "ac\u00adme ac\u200bme", ["ac\u00adme", "ac\u200bme"]),
        ("orange", "l'orange, l’orange", ["orange", "orange"]),
        ("l'orange", "L’Orange bleue", ["L’Orange"]),
        ("porte-monnaie", "porte monnaie", ["porte monnaie"]),
        ("don't", "I don’t know", ["don’t"]),
        ("acme orange", "orange then acme", ["orange", "acme"]),
        ("acme AND orange", "acme", None),
        ("acme OR orange", "orange", ["orange"]),
        ("acme -job", "acme job", None),
        ("acme NOT (job OR emploi)", "acme emploi", None),
        ("acme -(job emploi)", "acme emploi", ["acme"]),
        ("a OR b c", "a", ["a"]),
        ("(a OR b) c", "a", None),
        ('"la losange"', "la  losange", ["la  losange"]),
        ('"la losange"', "losange la", None),
        ('"bonjour acme"', "bonjour https://a.example acme", None),
        ('"bonjour acme"', "bonjour @bob acme", None),
        ("renau*", "Renault, renaude", ["Renault", "renaude"]),
        ("été*", "Etes", ["Etes"]),
        ("=Orange", "orange Orange ORANGE", ["Orange"]),
        ("=été", "ete été e\u0301te\u0301", ["été", "e\u0301te\u0301"]),
        ('="Total SA"', "Total SA, total sa, Total-SA", ["Total SA"]),
        ('="Yahoo!"', "Yahoo yahoo! Yahoo!", ["Yahoo"]),
        ('="l\'Orange"', "l’Orange l orange", ["l’Orange"]),
        ("#acme", "#Acme acme", ["#Acme"]),
        ("acme", "#Acme", ["Acme"]),
        ("mamarque", "#MaMarque", ["MaMarque"]),
        ('"ma marque"', "#MaMarque", ["MaMarque"]),
        ('"vive mamarque aussi"', "vive #MaMarque aussi", None),
        ('"vive mamarque"', "vive #MaMarque", ["vive #MaMarque"]),
        ('"mamarque aussi"', "#MaMarque aussi", ["MaMarque aussi"]),
        ("agricole", "#CréditAgricole", ["Agricole"]),
        ("#creditagricole", "#CréditAgricole", ["#CréditAgricole"]),
        ("#page", "https://a.example/x#page", None),
        ("page", "https://a.example/page www.page.example", None),
        ("acme", "@acme", None),
        ("support", "@AcmeSupport", None),
        ("@acme", "hello @Acme!", ["@Acme"]),
        ("@acme", "@acme@far.example", ["@acme@far.example"]),
        ("@acme@far.example", "@acme", None),
        ("@acme", "@acme.bsky.social", ["@acme.bsky.social"]),
        ("@acme", "@acmes bob@acme.com", None),
        ("アクメ", "新しいアクメの商品", ["アクメ"]),
        ("アクメ", "ｱｸﾒ", ["ｱｸﾒ"]),
        ("バ", "ﾊﾞ ハ", ["ﾊﾞ"]),
        ("東京", "京東", None),
        ("ไทย", "ประเทศไทย", ["ไทย"]),
        ("कि", "का", None),
        ("إسلام", "اسلام", ["اسلام"]),
        ("Booking.com", "booking.com rocks", ["booking.com"]),
        ("AT&T", "at&t", ["at&t"]),
    ],
)  # fmt: skip
def test_words_are_found_where_a_reader_sees_them(
    find: str, text: str, expected: list[str] | None
) -> None:
    assert found(find, text) == expected


@pytest.mark.parametrize(
    ("find", "more", "matches"),
    [
        ("from:acme", {"handle": "Acme"}, True),
        ("from:acme", {"handle": "acme@far.example"}, True),
        ("from:@acme@far.example", {"handle": "acme@far.example"}, True),
        ("from:acme@far.example", {"handle": "acme"}, False),
        ("from:local:acme", {"handle": "acme"}, True),
        ("from:x:acme", {"handle": "acme"}, False),
        ("to:bob", {"reply_to": "0", "reply_to_handle": "Bob"}, True),
        ("lang:fr", {"language": "fr-CA"}, True),
        ("lang:fr", {"language": "FR_ca"}, True),
        ("lang:fr", {"language": "frr"}, False),
        ("lang:fr", {"language": None}, False),
        ("network:Local", {}, True),
        ("network:x", {}, False),
        ('source:"my town"', {"source": "My town"}, True),
        ("is:reply", {"reply_to": "0"}, True),
        ("is:repost", {"repost_of": "0"}, True),
        ("is:repost", {"text": "RT @bob hi"}, True),
        ("is:quote", {"quote_of": "0"}, True),
        ("is:original", {}, True),
        ("is:original", {"quote_of": "0"}, False),
        ("is:own", {"handle": "acme@far.example"}, True),
        ("is:own", {"handle": "mamarque"}, True),
        ("is:own", {"handle": "acme"}, False),
        ("is:own", {"handle": "mamarque@evil.example"}, False),
        ("is:bot", {}, False),
        ("has:link", {"text": "see https://a.example"}, True),
        ("has:link", {"links": ("https://a.example",)}, True),
        ("has:link", {"titles": ("A page",)}, True),
        ("has:link -is:repost", {"titles": ("A page",)}, True),
        ("has:link", {"text": "a.example"}, False),
        ("has:media", {"media": ("https://a.example/1.png",)}, True),
        ("has:mention", {"text": "@bob"}, True),
        ("has:mention", {"mentions": ("bob",)}, True),
        ("has:hashtag", {"text": "#1"}, False),
        ("has:hashtag", {"hashtags": ("a",)}, True),
        ("has:question", {"text": "why?"}, True),
        ("has:question", {"text": "なぜ？"}, True),
        ("has:question", {"text": "https://a.example/?a"}, False),
        ("domain:acme.com", {"links": ("https://Shop.ACME.com:8080/x?y",)}, True),
        ("domain:acme.com", {"text": "http://user@acme.com/"}, True),
        ("domain:acme.com", {"links": ("https://notacme.com/",)}, False),
        ("domain:acme.com", {"links": ("https://acme.com.evil.example",)}, False),
        ("domain:shop.acme.com", {"links": ("https://acme.com/",)}, False),
        ("domain:crédit.example", {"links": ("https://xn--crdit-csa.example/",)}, True),
        ("#acme", {"hashtags": ("Acme",)}, True),
        ("@acme", {"mentions": ("acme@far.example",)}, True),
    ],
)  # fmt: skip
def test_fields_look_at_what_the_post_is(find: str, more: dict[str, object], matches: bool) -> None:
    assert (found(find, **{"text": "", **more}) is not None) == matches  # type: ignore[arg-type]


def test_a_bot_is_what_says_so() -> None:
    robot = Account(network="local", id="1", handle="r", bot=True)
    subject = Post(network="local", id="1", author=robot, text="", posted_at=post("").posted_at)
    assert Matcher([KeywordRule(name="r", find="is:bot")]).match([subject])


def test_a_rule_may_look_into_handles() -> None:
    both = {"in_": ("text", "handles")}
    assert found("support", "@AcmeSupport", rule=both) == ["Support"]
    assert found("acmesupport", "@AcmeSupport", rule=both) == ["AcmeSupport"]
    assert found("acm*", "@acme_fr", rule=both) == ["acme"]
    assert found("acme", "", rule=both, mentions=("acme",)) == []
    assert found("=Acme", "@acme @Acme", rule=both) == ["Acme"]


def test_a_rule_may_keep_accents() -> None:
    keep = {"fold_accents": False}
    assert found("été", "ete ÉTÉ", rule=keep) == ["ÉTÉ"]
    assert found("ete", "été", rule=keep) is None
    assert found("#été", "#ete #Été", rule=keep) == ["#Été"]
    assert found("été*", "etes étés", rule=keep) == ["étés"]
    assert found("acme -été", "acme ete", rule=keep) == ["acme"]


def test_what_the_text_does_not_show_has_no_span() -> None:
    assert found("acme", "hello", hashtags=("Acme",)) == []
    assert found('"hello acme"', "hello", hashtags=("Acme",)) is None


def test_matches_come_in_the_order_of_posts_and_then_of_rules() -> None:
    rules = [KeywordRule(name=name, find=find) for name, find in (("z", "b"), ("a", "a OR b"))]
    matches = Matcher(rules).match([post("b", id="2"), post("a b", id="1")])
    assert [(match.post, match.rule) for match in matches] == [
        ("local:2", "z"), ("local:2", "a"), ("local:1", "z"), ("local:1", "a"),
    ]  # fmt: skip


def test_a_rule_that_is_switched_off_matches_nothing() -> None:
    assert Matcher([KeywordRule(name="a", find="a", enabled=False)]).match([post("a")]) == []


def test_a_broken_rule_is_refused_when_rules_are_compiled() -> None:
    with pytest.raises(ExpressionError, match="never closed"):
        Matcher([KeywordRule(name="a", find='"a')])


def test_a_match_remembers_a_bounded_number_of_places() -> None:
    assert len(found("acme", "acme " * 1_000) or ()) == MOST_SPANS


def test_overlapping_places_are_one_span() -> None:
    assert found('ma OR "ma marque" OR marq*', "Ma marque") == ["Ma marque"]


@pytest.mark.parametrize(
    ("find", "text", "sentence"),
    [
        ("acme", "Acme, ACME, Acme", "The post says “Acme”, “ACME”."),
        ("a OR b OR c OR d OR e", "a b c d e", "The post says “a”, “b”, “c”, “d”, …."),
        ("acme lang:fr -job", "Acme", "The post says “Acme”."),
        ("from:someone", "x", "The post fits from:someone."),
        ('"the “acme” way"', "the “acme” way", "The post says “the 'acme' way”."),
    ],
)
def test_the_reason_names_what_was_found(find: str, text: str, sentence: str) -> None:
    [match] = Matcher([KeywordRule(name="r", find=find)]).match([post(text, language="fr")])
    assert str(match.reason) == sentence
    assert match.reason.template in REASONS


def test_a_reason_stays_on_one_short_line() -> None:
    text = "acme " + "\n".join(["very"] * 5 + ["long" * 100])
    [match] = Matcher([KeywordRule(name="r", find=f'"{text}"')]).match([post(text)])
    assert "\n" not in str(match.reason)
    assert len(str(match.reason)) < 100


readings = st.builds(
    Reading,
    fold_accents=st.booleans(),
    handles=st.booleans(),
    own=st.just(own_terms([BRAND])),
)


def said_by(node: Node, reading: Reading, subject: Post) -> bool:
    return evaluate(node, reading, analyse(subject)) is not None


@given(st.lists(st.tuples(trees, readings), max_size=6), posts)
@settings(max_examples=200, deadline=None)
def test_no_match_is_lost_by_how_rules_are_filed(
    rules: list[tuple[Node, Reading]], subject: Post
) -> None:
    filings = [filing(node, reading, shipped_shares(("en",))) for node, reading in rules]
    filed = Filed().changed(added=[(n, one.keys) for n, one in enumerate(filings)])
    brought_up = {number for _, number in filed.brought_up(analyse(subject))}
    matching = {n for n, (node, reading) in enumerate(rules) if said_by(node, reading, subject)}
    assert matching <= brought_up
    for number in brought_up - matching:
        rest = filings[number].rest
        assert rest is not None
        assert not said_by(rest, rules[number][1], subject)
    for number in matching:
        rest = filings[number].rest
        assert rest is None or said_by(rest, rules[number][1], subject)


@given(trees, readings, st.lists(posts, min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_a_decision_is_what_the_evaluator_says(
    node: Node, reading: Reading, subjects: list[Post]
) -> None:
    decide = decider(node, reading)
    assert [decide(analyse(subject)) for subject in subjects] == [
        said_by(node, reading, subject) for subject in subjects
    ]


written_rules = st.lists(
    st.builds(
        lambda node, folded, where: KeywordRule(
            name="r", find=render(node), fold_accents=folded, in_=where
        ),
        trees.filter(needs_something),
        st.booleans(),
        st.sampled_from((("text",), ("text", "handles"))),
    ),
    max_size=5,
)


@given(st.lists(written_rules, min_size=2, max_size=4), st.lists(posts, min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_a_matcher_for_other_rules_matches_as_one_made_anew(
    versions: list[list[KeywordRule]], subjects: list[Post]
) -> None:
    named = [
        [replace(rule, name=f"{rule.name}{at}") for at, rule in enumerate(rules)]
        for rules in versions
    ]
    matchers = [Matcher(named[0], DEFINITIONS)]
    for rules in named[1:]:
        matchers.append(matchers[-1].with_rules(rules, DEFINITIONS))
    for rules, matcher in zip(named, matchers, strict=True):
        expected = [
            (number, place)
            for number, subject in enumerate(subjects)
            for place, rule in enumerate(rules)
            if said_by(*rule.compiled(DEFINITIONS), subject)
        ]
        assert matcher.decide(subjects) == expected
        assert [match.rule for match in matcher.match(subjects)] == [
            rules[place].name for _, place in expected
        ]


def test_rules_that_come_and_go_leave_the_older_matcher_as_it_was() -> None:
    rules = [KeywordRule(name=str(n), find=f"w{n} OR été -off") for n in range(30)]
    subjects = [post(f"w{n} w{n + 1} {'off' * (n % 2)}", id=str(n)) for n in range(30)]
    matcher = Matcher(rules)
    before = matcher.decide(subjects)
    chance = Random(5)
    for _ in range(60):
        some = [rule for rule in rules if chance.random() < 0.9]
        chance.shuffle(some)
        changed = matcher.with_rules(some)
        assert changed.decide(subjects) == Matcher(some).decide(subjects)
    assert matcher.decide(subjects) == before


def test_numbers_of_rules_that_are_gone_are_used_again() -> None:
    matcher = Matcher([KeywordRule(name="a", find="a")])
    for n in range(1_200):
        matcher = matcher.with_rules([KeywordRule(name="a", find=f"w{n}")])
    assert matcher.decide([post("w1198 w1199")]) == [(0, 0)]
    assert matcher.decide([post("w1198")]) == []


def test_other_definitions_make_other_matches() -> None:
    rules = [KeywordRule(name="own", find="acme is:own")]
    subject = post("acme", handle="mamarque")
    matcher = Matcher(rules, DEFINITIONS)
    assert matcher.decide([subject]) == [(0, 0)]
    assert matcher.with_rules(rules, Definitions()).decide([subject]) == []


def test_a_rule_that_breaks_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> bool:
        raise RuntimeError("broken")

    rules = [KeywordRule(name="bad", find="a -b"), KeywordRule(name="good", find="a OR b")]
    matcher = Matcher(rules)
    made = rulebook.entry
    monkeypatch.setattr(
        rulebook,
        "entry",
        lambda rest, *others: made(rest, *others) if rest is None else (broken, others[-1]),
    )
    assert [match.rule for match in matcher.match([post("a")])] == ["good"]
    assert "the rule 'bad' could not be tried" in caplog.text


@given(trees.filter(needs_something), posts)
@settings(max_examples=200, deadline=None)
def test_all_rules_at_once_find_what_each_finds_alone(node: Node, subject: Post) -> None:
    rule = KeywordRule(name="r", find=render(node))
    expected = evaluate(*rule.compiled(DEFINITIONS), analyse(subject))
    matches = Matcher([rule], DEFINITIONS).match([subject])
    assert [match.spans for match in matches] == ([] if expected is None else [expected])


@given(trees, readings, posts)
@settings(max_examples=200, deadline=None)
def test_spans_are_sorted_apart_and_within_the_text(
    node: Node, reading: Reading, subject: Post
) -> None:
    spans = evaluate(node, reading, analyse(subject)) or ()
    assert all(0 <= start < end <= len(subject.text) for start, end in spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


def test_threads_may_share_a_matcher() -> None:
    matcher = Matcher([KeywordRule(name=str(n), find=f"w{n} OR été") for n in range(50)])
    subjects = [post(f"w{n} é{n}", id=str(n)) for n in range(50)]
    results: list[object] = []
    threads = [
        threading.Thread(target=lambda: results.append(matcher.match(subjects))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert all(result == results[0] for result in results)


EXPRESSIONS = (
    "service OR client",
    "(free OR orange) -(mobile OR wifi)",
    '"customer service" OR "service client"',
    "serv* lang:fr",
    "prob* -is:repost",
    "=Apple OR =Amazon",
    '="thank you"',
    "l'abonnement OR qu'il",
    "has:question has:mention",
    "#fail OR #service OR réseau*",
    "@united OR @americanair",
    "-(a OR the OR le OR la) has:link",
    "(is:reply OR has:hashtag) (bad OR good OR nul OR super)",
    "été OR déjà",
    "network:local -service -client -flight -réseau has:question",
)


LARGE = ("airline", "umsab", "replab")


@pytest.mark.parametrize(
    "name",
    ["freemobile", *(pytest.param(name, marks=pytest.mark.drill) for name in LARGE)],
)
def test_real_posts_are_matched_as_the_plain_evaluator_says(shared_data: Path, name: str) -> None:
    with gzip.open(shared_data / "posts" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in itertools.islice(lines, 0, 6_000, 5)]
    subjects = [post(row["text"], id=str(n), language=row["lang"]) for n, row in enumerate(rows)]
    rules = [
        KeywordRule(name=f"{find} {folded} {where}", find=find, fold_accents=folded, in_=where)
        for find in EXPRESSIONS
        for folded in (True, False)
        for where in (("text",), ("text", "handles"))
    ]
    compiled = [(rule.name, *rule.compiled(DEFINITIONS)) for rule in rules]
    expected = []
    for subject in subjects:
        analysis = analyse(subject)
        for rule, node, reading in compiled:
            spans = evaluate(node, reading, analysis)
            if spans is not None:
                expected.append((rule, subject.key, spans))
    found = Matcher(rules, DEFINITIONS).match(subjects)
    assert [(match.rule, match.post, match.spans) for match in found] == expected
    assert len(expected) > 100
