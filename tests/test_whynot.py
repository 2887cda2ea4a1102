"""Why a rule does not match a post: the least that would have to change, and what came near."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import KeywordRule
from rules.evaluator import Reading, evaluate
from rules.language import parse, render
from rules.language.tree import And, AtLeast, Node, Not, Or, Word
from rules.model import Account, Brand, Definitions
from rules.text import analyse
from rules.tuning.whynot import Change, held_against, leaves_found, missing
from tests.search_samples import post

LANGUAGES = Definitions(languages=("en", "fr", "de"))


def lacking(expression: str, text: str, **more: object) -> list[Change]:
    node, reading = KeywordRule(name="x", find=expression).compiled(LANGUAGES)
    return list(missing(node, reading, analyse(post(text, **more))))


def told(expression: str, text: str, **more: object) -> list[str]:
    """What is missing, as expressions; a `-` before what stands in the way."""
    return [
        ("" if change.lacking else "-") + render(change.node)
        for change in lacking(expression, text, **more)
    ]


def hints(expression: str, text: str, **more: object) -> str:
    return " | ".join(hint for change in lacking(expression, text, **more) for hint in change.hints)


@pytest.mark.parametrize(
    ("expression", "text", "expected"),
    [
        ("acme", "acme", []),
        ("acme late", "acme", ["late"]),
        ("acme late delayed", "late", ["acme", "delayed"]),
        ("acme -job", "acme job", ["-job"]),
        ("acme -(job (paris OR lyon))", "acme job paris", ["-job"]),
        ("(acme late) OR zoe", "late", ["acme"]),
        ("(acme late) OR zoe", "nothing", ["zoe"]),
        ("(a b c) OR (d e)", "a b", ["c"]),
        ("acme (late OR delayed)", "acme", ["late OR delayed"]),
        ("acme (late OR delayed)", "acme delayedd", ["delayed"]),
        ("2 OF (a, b, c, d)", "a", ["2 OF (a, b, c, d)"]),
        ("3 OF (a, b, c)", "a", ["b", "c"]),
        ("-(2 OF (a, b, c)) x", "x a b c", ["-a", "-b"]),
        ("-(a OR b) x", "x a b", ["-a", "-b"]),
        ("acme NEAR/2 late", "acme is once more very late", ["acme NEAR/2 late"]),
        ("acme NEAR/2 late", "acme", ["late"]),
        ("acme NEAR/2 late", "nothing", ["acme", "late"]),
        ("acme -(acme late)", "acme late", ["-late"]),
        ("acme -(acme late) -(acme job)", "acme late job", ["-late", "-job"]),
        ("(acme -late) OR (late zoe)", "late", ["zoe"]),
        ("2 OF (acme, late, job) -(2 OF (late, job, zoe))", "late job", ["-late", "acme"]),
    ],
)
def test_the_smallest_set_of_parts_is_named(
    expression: str, text: str, expected: list[str]
) -> None:
    assert told(expression, text) == expected


@pytest.mark.parametrize(
    ("expression", "text", "hint"),
    [
        (
            "losange",
            "la losanje",
            "“losanje” is one letter off: losange~1 finds it",
        ),
        ("renault", "la renautl", "“renautl” is one letter off: renault~1 finds it"),
        ("acme", "the acmes", "the post says “acmes”: acme* finds it"),
        ("acme", "hello @the_acme", 'in the handle “acme”: in = ["text", "handles"] looks there'),
        ("acme", "see #superacmefan", "inside the hashtag “#superacmefan”"),
        ("=Orange", "an orange", "the post writes it “orange”: without `=` that counts"),
        ("=été", "cet ete", "the post writes it “ete”"),
        ("#acme", "at acme today", "there without the sign: “acme”"),
        ("@acme", "at acme today", "the name is there without the @: “acme”"),
        ("$acme", "at acme today", "there without the sign: “acme”"),
        ('"acme late"', "acme was late", "2 apart: acme NEAR/2 late finds them"),
        ('"a b c"', "c b a", "all of its words are there, but not next to each other"),
        ("a NEAR/5 b", "a 1 2 3 4 5 6 7 b", "they are 8 words apart, and 5 are allowed"),
        ("a NEAR/1 b", "a x b", "they are 2 words apart, and must be next to each other"),
        ("a ONEAR/5 b", "b a", "the other way round: NEAR instead of ONEAR finds them"),
    ],
)
def test_what_came_near_is_said(expression: str, text: str, hint: str) -> None:
    assert hint in hints(expression, text)


@pytest.mark.parametrize(
    ("expression", "more", "hint"),
    [
        ("acme lang:fr", {"language": "de"}, "the post is stated to be in de"),
        ("acme likes:1000..", {"likes": 950}, "likes is 950 < 1,000"),
        ("acme likes:..10", {"likes": 950}, "likes is 950 > 10"),
        ("acme likes:1000..", {}, "the network does not tell the likes"),
        ("acme from:zoe", {}, "the post is by @ann"),
        ("acme @ann", {}, "it is the author: from:ann finds it"),
        ("acme @zoe", {"reply_to_handle": "zoe"}, "the post answers this account: to:zoe finds it"),
        ("acme network:x", {}, "the post is from town"),
        (
            "acme domain:b.example",
            {"links": ("https://a.example/x",)},
            "links to https://a.example/x",
        ),
        (
            "acme tariff",
            {"links": ("https://a.example/tariff",)},
            "in the link “https://a.example/tariff”: url:tariff finds it",
        ),
        (
            'acme "new tariff"',
            {"links": ("https://a.example/new-tariff",)},
            'url:"new tariff" finds it',
        ),
        ("acme tariff", {"titles": ("The tariff",)}, "title of the linked page: url:tariff"),
        (
            "acme tariff",
            {"links": ("https://www.tariff.example/x",)},
            "it is in the domain of a link: domain:tariff.example finds it",
        ),
    ],
)
def test_what_the_post_is_instead_is_said(
    expression: str, more: dict[str, object], hint: str
) -> None:
    assert hint in hints(expression, "acme", **more)


def test_the_author_is_looked_at_for_what_the_text_lacks() -> None:
    author = Account(network="town", id="1", handle="zoe_acme", bio="I drive a Renault")
    assert "in the author's bio: bio:renault finds it" in hints("renault", "hello", author=author)
    assert "in the author's name, “@zoe_acme”" in hints("acme", "hello", author=author)


@pytest.mark.parametrize("expression", ["art", "art*", '"the art"', "x"])
def test_what_is_but_part_of_a_word_elsewhere_is_not_near(expression: str) -> None:
    """What is advised must find the post: `url:` and `bio:` look for whole words."""
    author = Account(network="town", id="1", handle="zoe", bio="the party x-ray")
    links = ("https://example.com/partial",)
    said = hints(expression, "hello", author=author, links=links)
    assert "url:" not in said
    assert ("bio:" in said) == (expression == "x")


def test_one_word_is_told_to_be_near_in_one_way() -> None:
    assert "one letter off" not in hints("acme", "the acmes")
    assert "one letter off" not in hints("acme", "the \u0430cme")
    assert "one letter off" in hints("acme", "the acmes and the akme")


def test_accents_and_other_scripts_are_named_as_what_differs() -> None:
    rule = KeywordRule(name="x", find="été acme", fold_accents=False)
    node, reading = rule.compiled(Definitions())
    said = [c.hints[0] for c in missing(node, reading, analyse(post("ete \u0430cme")))]
    assert said[0].startswith("“ete” differs in accents only")
    assert "letters of another script" in said[1]


def test_what_stood_in_the_way_is_quoted_at_its_place() -> None:
    [change] = lacking("acme -(job OR emploi)", "acme: emploi à Lyon")
    assert not change.lacking
    assert change.spans == ((6, 12),)


def test_what_brands_stand_for_is_held_against_the_post() -> None:
    definitions = Definitions(brands=(Brand(name="Acme", spellings=("Ac Me",)),))
    node, reading = KeywordRule(name="x", find="brand:Acme").compiled(definitions)
    part = held_against(node, reading, analyse(post("at #acme")))
    assert [render(leaf.node) for leaf in leaves_found(part)] == ["Acme", "#acme"]


def test_a_brand_that_stands_for_nothing_is_itself_what_is_missing() -> None:
    [change] = missing(Or(parts=()), Reading(), analyse(post("acme")))
    assert change.node == Or(parts=())


WORDS = st.sampled_from("abcdef").map(lambda text: Word(text=text))


def _joined(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        parts.map(lambda some: And(parts=some)),
        parts.map(lambda some: Or(parts=some)),
        parts.map(lambda some: AtLeast(count=2, parts=some)),
        inner.map(lambda one: Not(part=one)),
    )


TREES = st.recursive(WORDS, _joined, max_leaves=8)


@settings(max_examples=40)
@given(tree=TREES, words=st.lists(st.sampled_from("abcdef"), max_size=4))
def test_nothing_is_missing_exactly_where_the_rule_matches(tree: Node, words: list[str]) -> None:
    analysis = analyse(post(" ".join(words)))
    changes = missing(tree, Reading(), analysis)
    assert (not changes) == (evaluate(tree, Reading(), analysis) is not None)


@settings(max_examples=40)
@given(tree=st.recursive(WORDS, lambda i: st.one_of(
    st.lists(i, min_size=2, max_size=3).map(lambda p: And(parts=tuple(p))),
    st.lists(i, min_size=2, max_size=3).map(lambda p: Or(parts=tuple(p))),
), max_leaves=8), words=st.lists(st.sampled_from("abcdef"), max_size=4))  # fmt: skip
def test_what_is_named_makes_the_post_match(tree: Node, words: list[str]) -> None:
    """Without exclusions: the post with all that it lacks fits."""
    text = " ".join(words)
    more = [_first(change.node) for change in missing(tree, Reading(), analyse(post(text)))]
    assert evaluate(tree, Reading(), analyse(post(" ".join([text, *more])))) is not None


def _first(node: Node) -> str:
    return node.text if isinstance(node, Word) else _first(node.parts[0])  # type: ignore[union-attr]


def test_a_list_of_ten_thousand_words_is_answered_at_once() -> None:
    tree = And(parts=(parse("acme"), Or(parts=tuple(Word(text=f"w{n}") for n in range(10_000)))))
    [change] = missing(tree, Reading(), analyse(post("acme " + "x " * 20)))
    assert isinstance(change.node, Or)
