"""The same expression finds the same posts live, in the index and in a scan: the law of this room.

Where time is short one real post in eighty is looked at; `make whole` looks at every one.
"""

import gzip
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules import KeywordRule
from rules.characters import EMOJI
from rules.evaluator import Evaluator, Reading
from rules.language import ExpressionError, render
from rules.language.tree import (
    And,
    AtLeast,
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
    Or,
    Phrase,
    Placed,
    Prefix,
    Range,
    Regex,
    Word,
)
from rules.language.walk import walk
from rules.matcher import Matcher
from rules.metadata import own_terms
from rules.model import Account, Brand, Definitions, Post
from rules.text import analyse
from tests.expressions import posts, trees
from tests.search_samples import (
    MINUTE,
    NOON,
    Shelf,
    database_index,
    everything,
    index,
    index_database,
    scanned,
)
from watcher.backends.formats import Line, Mastodon
from watcher.search import DatabaseIndex, FolderIndex, Index

__all__ = ["database_index", "index", "index_database"]

READINGS = [
    Reading(
        fold_accents=fold,
        handles=handles,
        own=own_terms([Brand(name="A", accounts=own)]),
        confusables=handles,
        languages=languages,
    )
    for fold in (True, False)
    for handles in (True, False)
    for own, languages in (((), ("fr", "en")), (("acme", "local:MaMarque"), ()))
]


DEFINITIONS = Definitions(brands=(Brand(name="United", accounts=("united",)),), languages=("fr",))


@pytest.fixture(autouse=True, scope="module")
def _quick_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("watcher.search.disk._flush", lambda _path: None)
        yield


_GIVEN = (
    st.lists(st.tuples(posts, st.integers(0, 3)), max_size=12),
    st.lists(trees, min_size=1, max_size=8),
    st.sampled_from(READINGS),
    st.integers(1, 5),
)


def _find_the_same(
    index: Index,
    some: list[tuple[Post, int]],
    nodes: list[Node],
    reading: Reading,
    batch: int,
) -> None:
    dated = [replace(one, posted_at=NOON + minute * MINUTE) for one, minute in some]
    store = Shelf(dated, first_rid=99_995)
    index.catch_up(store, batch=batch)
    for node in nodes:
        assert everything(index, store, node, reading) == scanned(store, node, reading)


@settings(max_examples=100, deadline=None)
@given(*_GIVEN)
def test_generated_expressions_find_the_same_generated_posts(
    some: list[tuple[Post, int]], nodes: list[Node], reading: Reading, batch: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        index = FolderIndex.open(Path(folder))
        _find_the_same(index, some, nodes, reading, batch)
        index.close()


@pytest.mark.server
@pytest.mark.drill
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(*_GIVEN)
def test_generated_expressions_find_the_same_generated_posts_in_postgresql(
    database_index: DatabaseIndex,
    some: list[tuple[Post, int]],
    nodes: list[Node],
    reading: Reading,
    batch: int,
) -> None:
    database_index._text.empty()
    _find_the_same(database_index, some, nodes, reading, batch)


def _real_posts(folder: Path, every: int = 1) -> list[Post]:
    """One in so many posts of every file, as they might have come from one network."""
    made = list(_mastodon_posts(folder))
    for path in sorted(folder.glob("posts/*.jsonl.gz")):
        if "notext" in path.name:
            continue
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            some = islice(enumerate(lines), 0, None, every)
            made += (_post(json.loads(line), path.name, at) for at, line in some)
    return made


def _post(row: dict[str, Any], file: str, at: int) -> Post:
    handle = str(row.get("author") or "someone")
    age = timedelta(days=at % 700) if at % 3 else None
    posted_at = NOON + timedelta(seconds=at * 7919 % 5_000)
    return Post(
        network="x",
        id=f"{file}:{at}",
        author=Account(
            network="x",
            id=handle,
            handle=handle,
            bio="Journaliste, mes mots. Runs on coffee" if at % 5 == 0 else "",
            followers=at % 2_000 if at % 4 else None,
            created=posted_at - age if age is not None else None,
            bot=at % 50 == 0,
        ),
        text=str(row["text"]),
        posted_at=posted_at,
        language=row.get("lang") or None,
        source=file.split(".")[0],
        links=("https://shop.example/promo/%C3%A9t%C3%A9",) if at % 40 == 0 else (),
        titles=("Une promo de plus",) if at % 80 == 0 else (),
        reply_to=None if at % 5 else "1",
        likes=at % 30 if at % 2 else None,
        reposts=at % 7,
    )


def _mastodon_posts(folder: Path) -> Iterator[Post]:
    rows = json.loads((folder / "posts" / "mastodon_public_timeline_fixture.json").read_text())
    for row in rows:
        yield from Mastodon().parse(row, Line("a.json", 1, 0, NOON)).posts


def _some_leaf(post: Post, chance: Random) -> Node:
    """A leaf that holds for the post, or nearly."""
    words = re.findall(r"\w+", post.text) or ["nothing"]
    word = chance.choice(words)
    start = chance.randrange(len(words))
    run = " ".join(words[start : start + chance.randint(2, 3)])
    leaves: list[Node] = [
        Word(text=word),
        Word(text=word.upper()),
        Phrase(text=run),
        Exact(text=word),
        Exact(text=run, phrase=True),
        _some_near(words, chance),
        _some_near(words, chance),
        Field(name="from", value=post.author.handle),
        Field(name="source", value=post.source or "none"),
        Field(name="is", value=chance.choice(["reply", "repost", "original", "bot", "own"])),
        Field(name="has", value=chance.choice(["link", "mention", "hashtag", "question"])),
        Field(name="bio", value=chance.choice(["mes mots", "coffee", "mots mes"])),
        Field(name="url", value=chance.choice(["promo", "ete", "promo ete"])),
        Field(name="sentiment", value=chance.choice(["unknown", "negative"])),
        Range(name="followers", low=chance.randrange(2_000)),
        Range(name="likes", low=5, high=20),
        Range(name="reposts", high=3),
        Range(name="age", low=86_400 * chance.randrange(700)),
    ]
    if word.isascii():
        leaves += [Regex(pattern=rf"\b{word}\W+\w{{4}}")]
    if len(word) > 2 and word[:3].isalnum():
        leaves += [Prefix(text=word[:3])]
    leaves += [_misspelt(w, chance) for w in words if len(w) > 6 and w.isalpha()][:2]
    leaves += [Hashtag(text=tag) for tag in re.findall(r"#(\w+)", post.text)[:1]]
    leaves += [Mention(text=handle) for handle in re.findall(r"@(\w+)", post.text)[:1]]
    leaves += [
        Field(name="mentions", value=handle) for handle in re.findall(r"@(\w+)", post.text)[:1]
    ]
    leaves += [Cashtag(text=tag) for tag in re.findall(r"\$([A-Za-z]{1,6})\b", post.text)[:1]]
    leaves += [Emoji(text=found) for found in EMOJI.findall(post.text)[:2]]
    leaves += [Field(name="lang", value=post.language)] if post.language else []
    return chance.choice([leaf for leaf in leaves if _searchable(leaf)] or [Word(text="a")])


def _some_near(words: list[str], chance: Random) -> Node:
    at = chance.randrange(len(words))
    there = min(len(words) - 1, at + chance.randint(1, 3))
    left: Node = Word(text=words[at])
    if chance.random() < 0.3:
        left = Or(parts=(left, Word(text=chance.choice(words))))
    distance, ordered = chance.randint(1, 4), chance.random() < 0.5
    return Near(left=left, right=Word(text=words[there]), distance=distance, ordered=ordered)


def _misspelt(word: str, chance: Random) -> Node:
    at = chance.randrange(len(word) - 1)
    return Fuzzy(text=word[:at] + word[at + 1] + word[at] + word[at + 2 :])


def _searchable(leaf: Node) -> bool:
    """Whether the leaf has a word to look for, or needs none."""
    if isinstance(leaf, Emoji):
        return True
    texts = [getattr(part, "text", "a") for part in walk(leaf) if not isinstance(part, Or)]
    return all(any(character.isalnum() for character in text) for text in texts)


def _some_tree(made: Sequence[Post], chance: Random, depth: int = 2) -> Node:
    if depth == 0 or chance.random() < 0.3:
        return _some_leaf(chance.choice(made), chance)
    parts = tuple(_some_tree(made, chance, depth - 1) for _ in range(chance.randint(2, 3)))
    kind = chance.random()
    if kind < 0.4:
        return Or(parts=parts)
    if kind < 0.5:
        return AtLeast(count=2, parts=parts)
    return And(parts=(*parts[:-1], Not(part=parts[-1])) if kind < 0.75 else parts)


def _some_rules(made: Sequence[Post], count: int) -> list[KeywordRule]:
    """So many rules and some more, with every kind of node, read in every way.

    Left out are rules that are refused, and those of which a match is no news.
    """
    chance = Random(20)
    sample = [analyse(post) for post in made[:: len(made) // 100]]
    rare = [post for post in made if re.search(r"\$[A-Za-z]", post.text) or EMOJI.search(post.text)]
    made = [*made, *rare * (1 + len(made) // (2 * len(rare)))]
    rules: list[KeywordRule] = []
    missing = {*get_args(Placed), Regex, Field, Range, Near, AtLeast, And, Or, Not}
    while len(rules) < count or missing:
        tree = _some_tree(made, chance)
        find = render(tree) if isinstance(tree, And | Or) else f"{render(tree)} OR zzzz"
        rule = KeywordRule(
            name=f"{len(rules)}",
            find=find,
            fold_accents=chance.random() < 0.8,
            confusables=chance.random() < 0.2,
            in_=("text", "handles") if chance.random() < 0.2 else ("text",),
        )
        with suppress(ExpressionError):
            node, reading = rule.compiled(DEFINITIONS)
            kinds = set(map(type, walk(node)))
            evaluator = Evaluator(node, reading)
            if (len(rules) >= count and not kinds & missing) or sum(
                evaluator.spans(analysis) is not None for analysis in sample
            ) > 4:
                continue
            rules.append(rule)
            missing -= kinds
    return rules


def _same_everywhere(made: Sequence[Post], rules: Sequence[KeywordRule], index: Index) -> int:
    """Hold live matching, index and scan to each other; return how many matches there are."""
    live: dict[str, set[str]] = {rule.name: set() for rule in rules}
    for match in Matcher(rules, DEFINITIONS).match(made):
        live[match.rule].add(match.post)
    store = Shelf(made)
    index.catch_up(store)
    evaluators = []
    for rule in rules:
        node, reading = rule.compiled(DEFINITIONS)
        hits = [hit.post.key for hit in index.matches(node, store, reading=reading)]
        assert len(hits) == len(set(hits))
        assert set(hits) == live[rule.name], rule.find
        evaluators.append((rule, Evaluator(node, reading)))
    for number, post in enumerate(made):
        analysis = analyse(post)
        for rule, evaluator in evaluators[number % 4 :: 4]:
            assert (evaluator.spans(analysis) is not None) == (post.key in live[rule.name]), rule
    return sum(map(len, live.values()))


@pytest.mark.drill
def test_generated_expressions_find_the_same_real_posts(shared_data: Path, index: Index) -> None:
    made = _real_posts(shared_data, every=80)
    assert _same_everywhere(made, _some_rules(made, 60), index) > 200


@pytest.mark.drill
@pytest.mark.timeout(900)
def test_every_real_post_is_found_alike_live_in_the_index_and_in_a_scan(
    shared_data: Path, index: Index
) -> None:
    made = _real_posts(shared_data)
    assert len(made) > 80_000
    assert _same_everywhere(made, _some_rules(made, 24), index) > 2_000
