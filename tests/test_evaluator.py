"""What each node of a tree means to a post; where the oracle and the evaluator are one."""

from datetime import timedelta
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.evaluator import Reading, evaluate
from rules.language.tree import (
    And,
    AtLeast,
    BrandName,
    Cashtag,
    Emoji,
    Exact,
    Field,
    Fuzzy,
    Hashtag,
    ListName,
    Mention,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Regex,
    Word,
)
from rules.metadata import own_terms
from rules.model import Brand, Post
from rules.text import analyse
from tests.expressions import post, posts, trees
from tests.oracle import Oracle

readings = st.builds(
    Reading,
    fold_accents=st.booleans(),
    handles=st.booleans(),
    own=st.sampled_from((frozenset(), own_terms([Brand(name="A", accounts=("acme",))]))),
    confusables=st.booleans(),
    languages=st.sampled_from(((), ("fr", "en"))),
)


@given(trees, readings, posts)
@settings(max_examples=300)
def test_the_evaluator_agrees_with_the_oracle(node: Node, reading: Reading, subject: Post) -> None:
    analysis = analyse(subject)
    assert evaluate(node, reading, analysis) == Oracle(reading, analysis).spans(node)


_leaves = st.sampled_from(
    (
        Word(text="aa"),
        Word(text="bb"),
        Word(text="aabb"),
        Phrase(text="aa bb"),
        Phrase(text="bb aa bb"),
        Prefix(text="aab"),
        Prefix(text="aa"),
        Exact(text="Aa"),
        Exact(text="aa, bb", phrase=True),
        Fuzzy(text="aabb"),
        Hashtag(text="AaBb"),
        Mention(text="aa_bb"),
        Cashtag(text="aa"),
        Emoji(text="👍"),
    )
)


def _nears(operand: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(operand, min_size=1, max_size=11).map(lambda parts: Or(parts=tuple(parts)))
    side = st.one_of(operand, several)
    return st.builds(
        Near, left=side, right=side, distance=st.sampled_from((1, 2, 3, 100)), ordered=st.booleans()
    )


_PIECES = """
    aa bb aa, Aa аа cc #AaBb #aabb #BbAaBb #AaAa @aa_bb @cc $aa 👍 👍🏽 abab http://a.b
"""
_crowded = st.lists(st.sampled_from(_PIECES.split()), max_size=12).map(" ".join)


@given(
    st.recursive(_nears(_leaves), _nears, max_leaves=4),
    readings,
    _crowded,
    st.lists(st.sampled_from(("AaBb", "aa", "AaAa_Bb")), max_size=2, unique=True),
    st.lists(st.sampled_from(("aa_bb", "bb@aa.example")), max_size=2, unique=True),
)
@pytest.mark.drill
@settings(max_examples=300)
def test_what_is_near_agrees_with_the_oracle_in_a_crowd(
    node: Node, reading: Reading, text: str, tags: list[str], mentions: list[str]
) -> None:
    analysis = analyse(post(text, hashtags=tuple(tags), mentions=tuple(mentions)))
    assert evaluate(node, reading, analysis) == Oracle(reading, analysis).spans(node)


PLAIN = Reading()


def found(node: Node, text: str = "", reading: Reading = PLAIN, **more: object) -> list[str] | None:
    """The parts of the text where the node is found, or None."""
    spans = evaluate(node, reading, analyse(post(text, **more)))  # type: ignore[arg-type]
    return None if spans is None else [text[start:end] for start, end in spans]


def near(left: Node | str, right: Node | str, distance: int = 2, *, ordered: bool = False) -> Near:
    sides = [Word(text=side) if isinstance(side, str) else side for side in (left, right)]
    return Near(left=sides[0], right=sides[1], distance=distance, ordered=ordered)


@pytest.mark.parametrize(
    ("node", "text", "expected"),
    [
        (near("a", "b", 1), "a b", ["a", "b"]),
        (near("a", "b", 1), "b a", ["b", "a"]),
        (near("a", "b", 1, ordered=True), "b a", None),
        (near("a", "b", 2), "a x b", ["a", "b"]),
        (near("a", "b", 2), "a x x b", None),
        (near("a", "b", 2), "a x b x x a", ["a", "b"]),
        (near("a", "a", 5), "a b", None),
        (near("a", "a", 5), "a b a", ["a", "a"]),
        (near("a", "a", 5, ordered=True), "a b a", ["a", "a"]),
        (near(Phrase(text="a b"), Phrase(text="b c")), "a b c", None),
        (near(Phrase(text="a b"), Phrase(text="b c")), "a b x b c", ["a b", "b c"]),
        (near(Phrase(text="a b"), Phrase(text="a b")), "a b a b", ["a b", "a b"]),
        (near(Phrase(text="a a"), Phrase(text="a a")), "a a a", None),
        (near(Phrase(text="a x x b"), "c", 1), "a x x b c", ["a x x b", "c"]),
        (near("a", Or(parts=(Word(text="b"), Phrase(text="c d"))), 1), "c d a", ["c d", "a"]),
        (near("a", "b", 2), "a 👍 b", ["a", "b"]),
        (near("a", "b", 1), "a 👍 b", None),
        (near("a", "b", 1), "a https://x.example/y b", None),
        (near("a", "b", 1), "a #AbCd b", None),
        (near("a", "b", 3), "a #AbCd b", ["a", "b"]),
        (near("a", "abcd", 1), "a #AbCd b", ["a", "AbCd"]),
        (near("abcd", "b", 1), "a #AbCd b", ["AbCd", "b"]),
        (near(Hashtag(text="abcd"), "b", 1), "a #AbCd b", ["#AbCd", "b"]),
        (near("abcd", "abcd", 9), "a #AbCd b", None),
        (near("abcd", "cd", 9), "a #AbCd b", None),
        (near("ab", "cd", 1), "#AbCd", ["Ab", "Cd"]),
        (near(Mention(text="bob_x"), "hi", 1), "@bob_x hi", ["@bob_x", "hi"]),
        (near(Cashtag(text="acme"), Emoji(text="👍")), "$ACME 👍🏽", ["$ACME", "👍🏽"]),
        (near(Prefix(text="acm"), Fuzzy(text="orange")), "acmes ornage", ["acmes", "ornage"]),
        (near(near("a", "b", 1), "c", 1), "a b c", ["a", "b", "c"]),
        (near(near("a", "b", 1), "c", 1), "a c b", None),
        (near(near("a", "c", 2), "b", 9), "a b c", None),
        (near(near("a", "b", 1), near("c", "d", 1), 2), "b a x d c", ["b", "a", "d", "c"]),
        (near(near("a", "b", 3), "c", 1), "a x b c a b", ["a", "b", "c", "a", "b"]),
    ],
)  # fmt: skip
def test_what_is_near(node: Node, text: str, expected: list[str] | None) -> None:
    assert found(node, text) == expected


@pytest.mark.parametrize("distance", [1, 10, 20, 100])
def test_nothing_is_near_what_the_network_states_beside_the_text(distance: int) -> None:
    more = {"hashtags": ("Acme", "OrangeBank"), "mentions": ("bob",)}
    assert found(near("hello", "acme", distance), "hello", **more) is None
    assert found(near("acme", "orange", distance), "hello", **more) is None
    assert found(near("acme", Mention(text="bob"), distance), "hello", **more) is None
    assert found(near("orange", "bank", distance), "hello", **more) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("orange", ["orange"]),
        ("orang oranges", ["orang", "oranges"]),
        ("ornage", ["ornage"]),
        ("roange", ["roange"]),
        ("orrange", ["orrange"]),
        ("arange", ["arange"]),
        ("orangé", ["orangé"]),
        ("#orangee", ["orangee"]),
        ("oarnge oragne", ["oarnge", "oragne"]),
        ("ranges aronge oranegs", None),
        ("@ornage", None),
    ],
)
def test_one_edit_is_forgiven(text: str, expected: list[str] | None) -> None:
    assert found(Fuzzy(text="Orange"), text) == expected


def test_a_fuzzy_word_may_look_into_handles_and_at_accents() -> None:
    assert found(Fuzzy(text="orange"), "@ornage", Reading(handles=True)) == ["ornage"]
    kept = Reading(fold_accents=False)
    assert found(Fuzzy(text="orange"), "orangé oràngé", kept) == ["orangé"]
    assert found(Fuzzy(text="orangé"), "orange ornage", kept) == ["orange"]


def test_skins_and_variants_of_an_emoji_are_one_unless_it_is_exact() -> None:
    assert found(Emoji(text="👍🏽"), "👍 👍🏿") == ["👍", "👍🏿"]
    assert found(Emoji(text="❤️"), "❤") == ["❤"]
    assert found(Exact(text="👍🏽"), "👍 👍🏽 👍🏿") == ["👍🏽"]
    assert found(Exact(text="👍"), "👍🏽") is None
    assert found(Phrase(text="acme 👍"), "Acme 👍🏽!") == ["Acme 👍🏽"]


def test_a_cashtag_is_more_than_its_word() -> None:
    assert found(Cashtag(text="Acme"), "$ACME $5 acme") == ["$ACME"]
    assert found(Word(text="acme"), "$ACME") == ["ACME"]


@pytest.mark.parametrize(
    ("node", "more", "matches"),
    [
        (Range(name="followers", low=10), {"followers": 10}, True),
        (Range(name="followers", low=10), {"followers": 9}, False),
        (Range(name="followers", high=10), {"followers": None}, False),
        (Range(name="followers", low=0), {"followers": None}, False),
        (Range(name="likes", low=1, high=5), {"likes": 5}, True),
        (Range(name="reposts", high=5), {"reposts": 6}, False),
        (Range(name="reposts", high=5), {"reposts": 0}, True),
        (Range(name="age", low=3600), {"age": timedelta(hours=1)}, True),
        (Range(name="age", low=3600), {"age": timedelta(minutes=59)}, False),
        (Range(name="age", high=3600), {"age": None}, False),
        (Field(name="mentions", value="@Acme"), {"mentions": ("acme@far.example",)}, True),
        (Field(name="mentions", value="acme"), {"text": "hi @acme"}, True),
        (Field(name="mentions", value="acme"), {"text": "acme"}, False),
        (Field(name="bio", value="cafe"), {"bio": "Café & thé"}, True),
        (Field(name="bio", value="cafe the"), {"bio": "Café & thé"}, True),
        (Field(name="bio", value="the cafe"), {"bio": "Café & thé"}, False),
        (Field(name="bio", value="cafe"), {"text": "cafe"}, False),
        (Field(name="url", value="promo"), {"links": ("https://a.example/Promo-2026",)}, True),
        (Field(name="url", value="promo 2026"), {"text": "see http://a.fr/x?promo=2026"}, True),
        (Field(name="url", value="été"), {"links": ("https://a.example/%C3%A9t%C3%A9#x",)}, True),
        (Field(name="url", value="grand prix"), {"titles": ("Le grand prix",)}, True),
        (Field(name="url", value="a"), {"links": ("https://a.example/b", "//a/c")}, False),
        (Field(name="url", value="b c"), {"links": ("https://x.fr/b", "https://x.fr/c")}, False),
        (Field(name="url", value="promo"), {"text": "promo http://a.example"}, False),
        (Field(name="sentiment", value="unknown"), {"text": "I hate it"}, True),
        (Field(name="sentiment", value="negative"), {"text": "I hate it"}, False),
        (AtLeast(count=2, parts=(Word(text="a"), Word(text="b"), Word(text="c"))), {}, False),
        (AtLeast(count=2, parts=(Word(text="a"), Word(text="b"))), {"text": "b c a"}, True),
        (AtLeast(count=1, parts=(Not(part=Word(text="a")), Word(text="b"))), {}, True),
        (Or(parts=()), {"text": "a"}, False),
        (And(parts=()), {"text": "a"}, True),
    ],
)  # fmt: skip
def test_conditions(node: Node, more: dict[str, object], matches: bool) -> None:
    assert (found(node, **{"text": "", **more}) is not None) == matches  # type: ignore[arg-type]


def test_the_bio_is_read_with_accents_where_they_count() -> None:
    field = Field(name="bio", value="café")
    assert found(field, bio="Café", reading=Reading(fold_accents=False)) == []
    assert found(field, bio="Cafe", reading=Reading(fold_accents=False)) is None


def test_letters_of_other_scripts_count_as_what_they_look_like_where_asked() -> None:
    alike = Reading(confusables=True)
    assert found(Word(text="acme"), "аcme АСМЕ acme", alike) == ["аcme", "АСМЕ", "acme"]
    assert found(Word(text="acme"), "аcme") is None
    assert found(Word(text="аcme"), "acme", alike) == ["acme"]
    assert found(Phrase(text="acme corp"), "Аcme соrp", alike) == ["Аcme соrp"]
    assert found(Hashtag(text="acme"), "#аcme", alike) == ["#аcme"]
    assert found(Prefix(text="acm"), "аcmes", alike) == ["аcmes"]
    assert found(Exact(text="acme"), "аcme", alike) is None
    assert found(Word(text="कि"), "का", alike) is None


FRENCH = "Bonjour, quelqu'un sait pourquoi le réseau ne marche pas ce matin ?"


def test_a_language_is_stated_or_else_detected_among_those_expected() -> None:
    french, english = (Field(name="lang", value=tag) for tag in ("fr", "en"))
    expected = Reading(languages=("fr", "en"))
    assert found(french, FRENCH) is None
    assert found(french, FRENCH, expected) == []
    assert found(english, FRENCH, expected) is None
    assert found(english, FRENCH, expected, language="en") == []
    assert found(french, FRENCH, expected, language="en") is None
    assert found(french, FRENCH, Reading(languages=("en", "de"))) is None
    assert found(french, "ok", expected) is None
    assert found(english, "https://example.com/this-is-an-english-page @someone", expected) is None


def test_the_language_of_a_post_is_read_once_by_threads_too() -> None:
    reading = Reading(languages=("fr", "en", "nl"))
    results: list[object] = []
    threads = [
        Thread(
            target=lambda: results.append(found(Field(name="lang", value="fr"), FRENCH, reading))
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[]] * 8


@pytest.mark.parametrize("node", [BrandName(name="Acme"), ListName(name="press")])
def test_a_reference_has_to_be_expanded_first(node: Node) -> None:
    with pytest.raises(TypeError, match="expanded"):
        found(node)
    with pytest.raises(TypeError, match="expanded"):
        found(And(parts=(node,)))


def test_a_list_of_many_words_finds_each_of_them() -> None:
    words = tuple(Word(text=f"w{n}") for n in range(5_000))
    others = (
        Prefix(text="pre"),
        Phrase(text="a b"),
        Not(part=Word(text="w1")),
        Fuzzy(text="orange"),
        Regex(pattern="x{3}"),
        And(parts=(Word(text="c"), Word(text="d"))),
        Field(name="from", value="bob"),
    )
    node = Or(parts=(*words, *others))
    assert found(node, "W7 prefix a b") == ["W7", "prefix", "a b"]
    assert found(node, "w1 ornage xxx d c") == ["w1", "ornage", "xxx", "d", "c"]
    assert found(node, "w1 nothing", handle="bob") == ["w1"]
    assert found(Or(parts=words), "nothing") is None
    assert found(near(Or(parts=words), "x", 1), "w9 x w8 w7") == ["w9", "x", "w8"]
