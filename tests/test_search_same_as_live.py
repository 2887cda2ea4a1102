"""The same expression finds the same posts live and in the index: the law of the search room."""

import gzip
import json
import random
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import KeywordRule
from rules.evaluator import Reading
from rules.language import parse, render
from rules.language.tree import (
    And,
    Exact,
    Field,
    Hashtag,
    Mention,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Word,
)
from rules.matcher import Matcher
from rules.metadata import own_terms
from rules.model import Account, Brand, Post
from tests.expressions import posts, trees
from tests.search_samples import MINUTE, NOON, Shelf, everything, scanned
from watcher.search import Index

READINGS = [
    Reading(fold_accents=fold, handles=handles, own=own_terms([Brand(name="A", accounts=own)]))
    for fold in (True, False)
    for handles in (True, False)
    for own in ((), ("acme", "local:MaMarque"))
]


@pytest.fixture(autouse=True, scope="module")
def _quick_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("watcher.search.segments._flush", lambda _path: None)
        yield


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(posts, st.integers(0, 3)), max_size=12),
    st.lists(trees, min_size=1, max_size=8),
    st.sampled_from(READINGS),
    st.integers(1, 5),
)
def test_generated_expressions_find_the_same_generated_posts(
    some: list[tuple[Post, int]], nodes: list[Node], reading: Reading, batch: int
) -> None:
    dated = [replace(one, posted_at=NOON + minute * MINUTE) for one, minute in some]
    store = Shelf(dated, first_rid=99_995)
    with tempfile.TemporaryDirectory() as folder:
        index = Index.open(Path(folder))
        index.catch_up(store, batch=batch)
        for node in nodes:
            assert everything(index, store, node, reading) == scanned(store, node, reading)
        index.close()


def _real_posts(folder: Path) -> list[Post]:
    """A few hundred posts of each file, as they might have come from one network."""
    made = []
    for path in sorted(folder.glob("posts/*.jsonl.gz")):
        if "notext" in path.name:
            continue
        with gzip.open(path, "rt") as lines:
            rows = [json.loads(line) for _, line in zip(range(120), lines, strict=False)]
        for row in rows:
            handle = str(row.get("author") or row.get("user") or row.get("screen_name") or "a")
            made.append(
                Post(
                    network="x",
                    id=str(len(made)),
                    author=Account(network="x", id=handle, handle=handle),
                    text=str(row["text"]),
                    posted_at=NOON + timedelta(seconds=(len(made) * 7919) % 5_000),
                    language=row.get("lang") or None,
                    source=path.name.split(".")[0],
                    reply_to=None if len(made) % 5 else "1",
                )
            )
    return made


def _some_leaf(post: Post, random: random.Random) -> Node:
    """A leaf that holds for the post, or nearly."""
    words = re.findall(r"\w+", post.text) or ["nothing"]
    word = random.choice(words)
    start = random.randrange(len(words))
    run = " ".join(words[start : start + random.randint(2, 3)])
    leaves: list[Node] = [
        Word(text=word),
        Word(text=word.upper()),
        Phrase(text=run),
        Exact(text=word),
        Exact(text=run, phrase=True),
        Field(name="from", value=post.author.handle),
        Field(name="source", value=post.source),
        Field(name="is", value=random.choice(["reply", "repost", "original", "bot"])),
        Field(name="has", value=random.choice(["link", "mention", "hashtag", "question"])),
    ]
    leaves += [Prefix(text=word[:3])] if len(word) > 2 and word[:3].isalnum() else []
    leaves += [Hashtag(text=tag) for tag in re.findall(r"#(\w+)", post.text)[:1]]
    leaves += [Mention(text=handle) for handle in re.findall(r"@(\w+)", post.text)[:1]]
    leaves += [Field(name="lang", value=post.language)] if post.language else []
    return random.choice([leaf for leaf in leaves if _searchable(leaf)] or [Word(text="a")])


def _searchable(leaf: Node) -> bool:
    text = getattr(leaf, "text", "a")
    return any(character.isalnum() for character in text)


def _some_tree(made: list[Post], random: random.Random, depth: int = 2) -> Node:
    if depth == 0 or random.random() < 0.3:
        return _some_leaf(random.choice(made), random)
    parts = tuple(_some_tree(made, random, depth - 1) for _ in range(random.randint(2, 3)))
    if random.random() < 0.5:
        return Or(parts=parts)
    return And(parts=(*parts[:-1], Not(part=parts[-1])) if random.random() < 0.5 else parts)


def test_generated_expressions_find_the_same_real_posts(shared_data: Path, tmp_path: Path) -> None:
    made = _real_posts(shared_data)
    store = Shelf(made)
    index = Index.open(tmp_path / "index")
    index.catch_up(store)
    chance = random.Random(20)
    rules = [
        KeywordRule(name=f"{n}", find=render(_some_tree(made, chance)), then=("c",))
        for n in range(150)
    ]
    live: dict[str, set[str]] = {rule.name: set() for rule in rules}
    for match in Matcher(rules).match(made):
        live[match.rule].add(match.post)
    for rule in rules:
        hits = [hit.post.key for hit in index.matches(parse(rule.find), store)]
        assert len(hits) == len(set(hits))
        assert set(hits) == live[rule.name], rule.find
    assert sum(map(len, live.values())) > 3_000
    index.close()
