"""What a rule finds on X, the queries made of it find there too, and X takes each of them."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.evaluator import Reading, evaluate
from rules.keyword import KeywordRule
from rules.language import parse
from rules.language.tree import (
    And,
    AtLeast,
    Cashtag,
    Emoji,
    Exact,
    Field,
    Hashtag,
    Mention,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Word,
)
from rules.metadata import own_terms
from rules.model import Brand, Definitions, Post
from rules.text import analyse
from tests.contracts.world import FOUNDED
from tests.x.queries import compiled
from tests.x.server import FakeX
from watcher.backends.formats import X
from watcher.backends.formats.parsed import Line
from watcher.backends.x.asking import NO_ANCHOR, ask
from watcher.backends.x.query import LIMIT, anchored, length, written
from watcher.backends.x.splitting import TooLongError, queries
from watcher.backends.x.translating import Translation

BRAND = Brand(name="Acme", accounts=("acme", "x:acme_sav", "mastodon:acme@town.example"))
READING = Reading(own=own_terms([BRAND]))
LINE = Line("x", 1, 0, FOUNDED)


def translated(expression: str, **reading: Any) -> str:
    return written(Translation(Reading(own=READING.own, **reading)).of(parse(expression)))


@pytest.mark.parametrize(
    ("rule", "query"),
    [
        ("acme", "acme OR #acme OR $acme"),
        ("Été", "été OR ete OR #été OR #ete OR $ete"),
        ('"la losange"', '"la losange" OR #lalosange'),
        ("coca-cola", '"coca cola" OR #cocacola'),
        ('"or"', '"or" OR #or OR $or'),
        ("=Orange", "orange OR #orange OR $orange"),
        ("#clio acme", "#clio (acme OR #acme OR $acme)"),
        ("@acme", "@acme"),
        ("@acme@town.example", '@acme OR "acme town example"'),
        ("$ACME", "acme OR #acme OR $acme"),
        ("#clio -job", "#clio"),
        ("#clio -#job", "#clio -#job"),
        ("#clio -from:acme", "#clio -from:acme"),
        ("#clio -(#job OR is:repost)", "#clio -#job -is:retweet"),
        ("#clio -(#job is:repost)", "#clio"),
        ("#clio is:original", "#clio -is:reply -is:quote -is:retweet"),
        ("#clio is:repost", "#clio (is:retweet OR RT)"),
        ("#clio has:media has:link", "#clio has:media has:links"),
        ("#clio has:question", "#clio"),
        ("#clio NEAR/5 #twingo", "#clio #twingo"),
        ("#clio renau*", "#clio"),
        ("2 OF (#a, #b, #c)", "(#a #b) OR (#a #c) OR (#b #c)"),
        ("domain:shop.acme.com", 'url:"shop.acme.com" OR (shop acme)'),
        ("#clio is:own", "#clio (from:acme OR from:acme_sav)"),
        ("from:acme network:x", "from:acme"),
        ("#clio sentiment:negative followers:100..", "#clio"),
    ],
)
def test_a_rule_is_asked_for_so(rule: str, query: str) -> None:
    assert translated(rule) == query


def test_other_languages_are_left_out_rather_than_one_asked_for() -> None:
    """Where X cannot tell the language, we look for it ourselves."""
    query = translated("#clio (lang:fr OR lang:en)")
    assert query.startswith("#clio -lang:ja ")
    assert "-lang:de" in query
    assert "lang:fr" not in query
    assert translated("#clio -lang:fr") == "#clio -lang:fr"


def test_a_tag_is_only_excluded_where_accents_make_no_difference_to_both() -> None:
    assert translated("#clio -#job", fold_accents=False) == "#clio"


@pytest.mark.parametrize(
    "rule", ["renau*", "-acme", "lang:fr", "has:media is:reply", "acme OR renau*", "/acme/", "😡"]
)
def test_what_has_nothing_to_look_for_is_told(rule: str) -> None:
    asked = ask([KeywordRule(name="r", find=rule, allow=("only-negatives",))], Definitions())
    assert asked.queries == ()
    assert asked.unasked == (("r", NO_ANCHOR),)


def test_rules_of_other_networks_are_not_asked_for() -> None:
    asked = ask([KeywordRule(name="r", find="acme network:bluesky")], Definitions())
    assert asked.queries == asked.unasked == ()


def test_rules_share_queries() -> None:
    rules = [KeywordRule(name=f"r{n}", find=f"#clio{n} #r{n}") for n in range(3)]
    asked = ask(rules, Definitions())
    assert asked.queries == ("(#clio0 #r0) OR (#clio1 #r1) OR (#clio2 #r2)",)


def test_alternatives_are_spread_over_queries_and_conditions_repeated() -> None:
    words = " OR ".join(f"#word{n}" for n in range(200))
    found = queries([Translation(READING).of(parse(f"({words}) @acme -is:repost"))])
    assert len(found) > 3
    for query in found:
        assert query.startswith("@acme -is:retweet (#word")
        assert length(query) <= LIMIT
    assert sum(query.count("#word") for query in found) == 200


def test_what_is_longer_than_a_query_is_told() -> None:
    tree = Translation(READING).of(Word(text="a" * 600))
    with pytest.raises(TooLongError, match="longer than a query"):
        queries([tree])
    rule = KeywordRule(name="r", find="a" * 600)
    assert ask([rule], Definitions()).unasked[0][0] == "r"


def test_signs_beyond_sixteen_bits_count_twice() -> None:
    assert length("a😡") == 3


def test_a_brand_is_asked_for_by_all_its_names() -> None:
    rule = KeywordRule(name="r", find='brand:"Acme"')
    asked = ask([rule], Definitions(brands=(BRAND,)))
    assert asked.queries == ('acme OR #acme OR $acme OR @acme OR @acme_sav OR "acme town example"',)


# --- the law ------------------------------------------------------------------------------------

WORDS = ["acme", "Été", "losange", "job", "or", "über", "x1"]
HANDLES = ["acme", "acme_sav", "marie", "luc"]

leaves = st.one_of(
    st.builds(lambda w: Word(text=w), st.sampled_from(WORDS)),
    st.builds(lambda a, b: Phrase(text=f"{a} {b}"), *[st.sampled_from(WORDS)] * 2),
    st.builds(lambda w: Exact(text=w), st.sampled_from(WORDS)),
    st.builds(lambda w: Prefix(text=w[:3]), st.sampled_from(WORDS[:3])),
    st.builds(lambda w: Hashtag(text=w), st.sampled_from(WORDS)),
    st.builds(lambda h: Mention(text=h), st.sampled_from([*HANDLES, "acme@town.example"])),
    st.builds(lambda t: Cashtag(text=t), st.sampled_from(["acme", "job"])),
    st.just(Emoji(text="😡")),
    st.just(Range(name="likes", low=1)),
    st.builds(
        lambda name, handle: Field(name=name, value=handle),
        st.sampled_from(["from", "to", "mentions"]),
        st.sampled_from([*HANDLES, "acme.bsky.social"]),
    ),
    st.builds(
        lambda pair: Field(name=pair[0], value=pair[1]),
        st.sampled_from(
            [
                *(("lang", code) for code in ("fr", "en", "de")),
                *(("is", kind) for kind in ("reply", "repost", "quote", "original", "own", "bot")),
                *(("has", what) for what in ("link", "media", "mention", "hashtag", "question")),
                *(("network", name) for name in ("x", "bluesky")),
                *(("domain", name) for name in ("acme.com", "my-job.fr")),
                *(("url", "job"), ("bio", "acme"), ("source", "here"), ("sentiment", "positive")),
            ]
        ),
    ),
)
placed = st.builds(lambda w: Word(text=w), st.sampled_from(WORDS))


def compound(below: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    some = st.lists(below, min_size=2, max_size=4).map(tuple)
    return st.one_of(
        st.builds(lambda parts: And(parts=parts), some),
        st.builds(lambda parts: Or(parts=parts), some),
        st.builds(lambda part: Not(part=part), below),
        st.builds(lambda n, parts: AtLeast(count=min(n, len(parts)), parts=parts),
                  st.integers(1, 3), some),
        st.builds(lambda a, b: Near(left=a, right=b, distance=5), placed, placed),
    )  # fmt: skip


trees = st.recursive(leaves, compound, max_leaves=10)
FRAGMENTS = [
    *WORDS,
    *("ACME", "ete", "été,", "l'acme", "acme-job", "Losange!", "😡", "RT @acme: acme", "RT"),
    *("#acme", "#Été", "#ete", "#job", "$ACME", "@acme", "@Marie", "acme?"),
    *("https://acme.com/job", "https://www.shop.acme.com/", "acme[.]com", "my-job(dot)fr"),
    *("hxxps://my-job.fr/", "@acme@town.example"),
]
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=6).map(" ".join)
said = st.fixed_dictionaries(
    {
        "text": texts,
        "author": st.sampled_from(HANDLES),
        "lang": st.sampled_from(["fr", "en", "und", "zxx", "nl"]),
        "kind": st.sampled_from(["", "reply", "quote", "retweet"]),
        "media": st.booleans(),
        "to": st.sampled_from(HANDLES),
    }
)


def as_read(post: dict[str, Any]) -> tuple[dict[str, Any], Post]:
    """Return a post as X has it, and as we read it."""
    x = FakeX("token", FOUNDED + timedelta(days=1))
    kind = post["kind"]
    shown = "RT @luc: " * (kind == "retweet") + post["text"]
    refers = {"reply": "replied_to", "quote": "quoted", "retweet": "retweeted"}
    written_ = x.say(
        shown,
        post["author"],
        FOUNDED,
        lang=post["lang"],
        kinds=[kind] if kind else [],
        refers=[(refers[kind], "77")] if kind else [],
        media=[("3_1", "https://pbs.twimg.com/media/1.jpg")] if post["media"] else [],
        to=post["to"] if kind == "reply" else None,
    )
    fields = {
        "tweet.fields": "author_id,created_at,lang,entities,attachments,referenced_tweets,"
        "in_reply_to_user_id,public_metrics",
        "expansions": "author_id,attachments.media_keys,in_reply_to_user_id",
    }
    answer = {"data": [x._shown(written_, fields)], **x._beside([written_], fields)}
    return written_, X("x", "here").parse(answer, LINE).posts[0]


@settings(max_examples=120, deadline=None)
@given(tree=trees, posts=st.lists(said, min_size=1, max_size=5))
def test_no_match_is_lost(tree: Node, posts: list[dict[str, Any]]) -> None:
    query = Translation(READING).of(tree)
    if not anchored(query):
        return
    tests = [compiled(one) for one in queries([query])]
    for post in posts:
        written_, read = as_read(post)
        if evaluate(tree, READING, analyse(read)) is not None:
            assert any(test(written_) for test in tests), written(query)


@settings(max_examples=40, deadline=None)
@given(several=st.lists(trees, min_size=1, max_size=6), post=said, limit=st.integers(40, 120))
def test_nothing_is_lost_by_splitting(
    several: list[Node], post: dict[str, Any], limit: int
) -> None:
    asked = [one for node in several if anchored(one := Translation(READING).of(node))]
    try:
        found = queries(asked, limit)
    except TooLongError:
        return
    assert all(length(query) <= limit for query in found)
    written_, _ = as_read(post)
    tests = [compiled(query) for query in found]
    for tree in asked:
        if len(written(tree)) <= LIMIT and compiled(written(tree))(written_):
            assert any(test(written_) for test in tests)
