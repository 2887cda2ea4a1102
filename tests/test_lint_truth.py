"""What the linter claims of every post holds for every post."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.evaluator import Reading, evaluate
from rules.language import parse
from rules.language.tree import (
    And,
    Cashtag,
    Emoji,
    Exact,
    Field,
    Fuzzy,
    Hashtag,
    Mention,
    Near,
    Node,
    Not,
    Phrase,
    Prefix,
    Range,
    Word,
)
from rules.lint.facts import entails, excludes, fact_of
from rules.lint.truth import MOST, Truth
from rules.text import analyse
from tests.expressions import nears, post, posts, trees

LEAVES: tuple[Node, ...] = (
    *(Word(text=text) for text in ("acme", "Acme", "été", "ete", "orange", "l'orange", "ma")),
    *(Word(text=text) for text in ("marque", "mamarque", "アクメ", "メ", "acme_orange")),
    *(Phrase(text=text) for text in ("ma marque", "l'orange acme", "アクメ orange", "Acme été")),
    *(Phrase(text=text) for text in ("acme 👍", "👍👎", "acme ma marque")),
    *(Prefix(text=text) for text in ("acm", "ora", "oran", "été", "ete", "mam")),
    *(Exact(text=text) for text in ("acme", "Acme", "Été", "été", "l'orange", "👍")),
    *(Exact(text=text, phrase=True) for text in ("ma marque", "Acme été", "yahoo! ma")),
    *(Fuzzy(text=text) for text in ("orange", "marque", "mamarque")),
    *(Hashtag(text=text) for text in ("MaMarque", "mamarque", "Été", "acme_orange", "アクメ")),
    *(Mention(text=text) for text in ("acme", "acme@far.example", "orange.bsky.social", "orange")),
    *(Emoji(text=text) for text in ("👍", "👍🏽", "👎")),
    *(Cashtag(text=text) for text in ("ACME", "acme", "ACM.A")),
    *(Field(name="from", value=handle) for handle in ("acme", "acme@far.example", "local:acme")),
    *(Field(name="from", value=handle) for handle in ("x:acme", "orange.bsky.social", "orange")),
    *(Field(name="to", value=handle) for handle in ("orange", "orange@far.example", "acme")),
    *(Field(name="lang", value=code) for code in ("fr", "en")),
    *(Field(name="is", value=kind) for kind in ("original", "reply", "repost", "quote", "own")),
    *(Field(name="domain", value=name) for name in ("acme.com", "shop.acme.com", "a.fr")),
    *(Field(name="network", value=name) for name in ("local", "other")),
    *(Field(name="sentiment", value=name) for name in ("negative", "unknown")),
    Range(name="likes", low=1, high=10),
    Range(name="likes", low=11),
    Range(name="likes", high=0),
    Range(name="likes", low=5, high=5),
    Range(name="followers", low=10),
    Near(left=Word(text="acme"), right=Word(text="orange"), distance=2),
    Near(left=Word(text="orange"), right=Word(text="acme"), distance=5),
    Near(left=Word(text="acme"), right=Word(text="orange"), distance=2, ordered=True),
)
readings = st.builds(
    Reading,
    fold_accents=st.booleans(),
    handles=st.booleans(),
    confusables=st.booleans(),
    own=st.sampled_from((frozenset(), frozenset({"author:acme"}))),
    languages=st.sampled_from(((), ("fr", "en"))),
)
RELATED = {
    accents: [
        (one, two, entails(first, second))
        for (one, first), (two, second) in permutations(
            [(leaf, fact_of(leaf, accents=accents)) for leaf in LEAVES],  # type: ignore[arg-type]
            2,
        )
        if entails(first, second) or excludes(first, second)
    ]
    for accents in (False, True)
}


@settings(max_examples=100)
@given(posts, readings)
def test_what_entails_or_excludes_another_does_so_in_every_post(
    post: object, reading: Reading
) -> None:
    analysis = analyse(post)  # type: ignore[arg-type]
    true = {id(leaf): evaluate(leaf, reading, analysis) is not None for leaf in LEAVES}
    wrong = [
        (one, "entails" if implied else "excludes", two)
        for one, two, implied in RELATED[not reading.fold_accents]
        if true[id(one)] and true[id(two)] != implied
    ]
    assert wrong == []


small = st.recursive(
    st.one_of(st.sampled_from(LEAVES), nears),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(parts=tuple(parts))),
        inner.map(lambda part: Not(part=part)),
    ),
    max_leaves=5,
)


@settings(max_examples=100)
@given(st.one_of(trees, small), st.one_of(trees, small), posts, readings)
def test_a_tree_said_never_to_match_or_to_be_covered_is_so_for_every_post(
    one: Node, two: Node, post: object, reading: Reading
) -> None:
    truth = Truth([one, two], accents=not reading.fold_accents)
    analysis = analyse(post)  # type: ignore[arg-type]
    first, second = (evaluate(tree, reading, analysis) is not None for tree in (one, two))
    assert not (first and truth.never(one))
    assert not (first and not second and truth.entails(one, two))
    both = And(parts=(one, Not(part=one)))
    assert Truth([both], accents=False).never(both) or len(list(_leaves(one))) > MOST


def _leaves(node: Node) -> list[Node]:
    from rules.language.walk import leaves

    return list(leaves(node))


NEVER = (
    "a -a",
    "acme -acme*",
    'acme -"acme"',
    '"a b" -a',
    '"a b c" -"b c"',
    "=Acme -acme",
    "#acme -acme",
    "acme* -(acm* OR fish)",
    "lang:fr lang:en",
    "network:x network:mastodon",
    "is:original is:reply",
    "a -is:original -is:reply -is:repost -is:quote",
    "from:a@x.example from:b@x.example",
    "from:mastodon:a from:bluesky:a",
    "from:a@x.example -from:a",
    "to:acme -is:reply",
    "@a@x.example -@a",
    "domain:shop.acme.com -domain:acme.com",
    "followers:10..20 followers:30..",
    "followers:10..20 -followers:5..",
    "a NEAR/3 b -b",
    "a NEAR/3 b -(a NEAR/5 b)",
    "b ONEAR/3 a -(a NEAR/3 b)",
    "2 OF (lang:fr, lang:en, is:bot) -is:bot",
    "(a OR b) -a -b",
)
PERHAPS = (
    "a -b",
    "acme* -acme",
    '"a b" -"b a"',
    "acme -=Acme",
    "acme -#acme",
    "is:reply is:quote",
    "from:a from:a@x.example",
    "from:mastodon:a from:a",
    "domain:acme.com -domain:shop.acme.com",
    "followers:10..20 followers:20..30",
    "a NEAR/5 b -(a NEAR/3 b)",
    "a NEAR/3 b -(a ONEAR/3 b)",
    "2 OF (a, b, c) -a",
    "(a OR b) -a",
    "renault~1 -renault",
)


@pytest.mark.parametrize("expression", NEVER)
def test_a_contradiction_is_seen(expression: str) -> None:
    tree = parse(expression)
    assert Truth([tree], accents=False).never(tree)


@pytest.mark.parametrize("expression", PERHAPS)
def test_what_some_post_may_fit_is_none(expression: str) -> None:
    tree = parse(expression)
    assert not Truth([tree], accents=False).never(tree)


def test_a_contradiction_is_seen_among_more_facts_than_a_table_has() -> None:
    many = " ".join(f"word{number}" for number in range(100))
    tree = parse(f"{many} -word50")
    assert Truth([tree], accents=False).never(tree)
    assert not Truth([parse(many)], accents=False).never(parse(many))
    assert evaluate(parse(many), Reading(), analyse(post(many))) is not None
