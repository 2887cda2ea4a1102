"""A rule that no source can feed is told, with its reason; one that a source may feed never is."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.characters import fold_case
from rules.evaluator import Reading, evaluate
from rules.language import expand
from rules.language.tree import Node
from rules.metadata import fold_handle, own_terms
from rules.model import Post
from rules.text import analyse
from tests.expressions import DEFINITIONS, posts, written_trees
from watcher.backends.reach import Reach
from watcher.coherence.feeding import Feed, could
from watcher.config import load

PUBLIC = 'kind = "local"\nfile = "town.sqlite"\n'
ACME = PUBLIC + 'query = "@acme"\n'
TAG = PUBLIC + 'query = "#coffee"\n'
FILES = 'kind = "archive"\nfile = "posts.jsonl"\n'
BLOG = 'kind = "feed"\nurl = "https://blog.example/feed.xml"\n'


def told(folder: Path, find: str, *sources: str, more: str = "") -> list[str]:
    """What is said of a rule beside these sources, which are called s0, s1 ..."""
    return said(folder, f"[[rules]]\nname = 'r'\nfind = '{find}'\nthen = []\n{more}", *sources)


def said(folder: Path, rules: str, *sources: str) -> list[str]:
    tables = [f'[[sources]]\nname = "s{i}"\n{source}' for i, source in enumerate(sources)]
    brand = '[[brands]]\nname = "Acme"\naccounts = ["acme"]\n'
    path = folder / "watcher.toml"
    path.write_text("\n".join(['languages = ["fr", "en"]', brand, *tables, rules]))
    return [
        warning.problem.message
        for warning in load(path, {}).warnings
        if warning.problem.code in ("unfed-rule", "useless-allow")
    ]


@pytest.mark.parametrize(
    ("find", "sources", "reason"),
    [
        ("acme network:x", [PUBLIC], 'no source reads the network "x", only "local"'),
        ("from:x:acme", [PUBLIC, BLOG], 'no source reads the network "x", only "local" and "feed"'),
        (
            "from:zoe coffee",
            [ACME],
            "no source shows what @zoe writes: there are only posts by @acme",
        ),
        (
            "acme -is:own",
            [ACME],
            "every post of the sources is excluded here: there are only posts by @acme",
        ),
        (
            "acme -#coffee",
            [TAG],
            "every post of the sources is excluded here: there are only posts with #coffee",
        ),
        (
            "acme followers:100..",
            [BLOG],
            "no source states `followers:`; what is not stated never fits",
        ),
        (
            "acme source:s1",
            [PUBLIC, f"{PUBLIC}enabled = false\n"],
            'the source "s1" rests',
        ),
        (
            "from:zoe source:s0",
            [ACME, PUBLIC],
            "no source shows what @zoe writes: there are only posts by @acme",
        ),
        (
            "coffee lang:fr",
            [ACME],
            'only posts by @acme can feed this rule, if they are in "fr"',
        ),
    ],
)
def test_a_rule_that_no_source_can_feed_is_told_with_the_reason(
    find: str, sources: list[str], reason: str, tmp_path: Path
) -> None:
    assert told(tmp_path, find, *sources) == [reason]


@pytest.mark.parametrize(
    ("find", "sources"),
    [
        ("coffee lang:fr", [PUBLIC]),
        ("coffee lang:fr", [ACME, PUBLIC]),
        ("coffee lang:fr", [TAG]),
        ("coffee (lang:fr OR #fr)", [ACME]),
        ("lang:fr from:acme", [ACME]),
        ("coffee", [ACME]),
        ("acme -is:own", [PUBLIC]),
        ("from:zoe", [PUBLIC]),
        ("from:acme@town.example", [ACME]),
        ("acme network:x", [FILES]),
        ("acme network:x", [BLOG, FILES]),
        ("acme OR network:x", [PUBLIC]),
        ("acme -network:x", [PUBLIC]),
        ("coffee -followers:100..", [BLOG]),
        ("coffee OR #tea", [TAG]),
        ("coffee #tea", [TAG]),
        ("coffee", [f"{PUBLIC}enabled = false\n"]),
    ],
)
def test_a_rule_that_a_source_may_feed_is_left_in_peace(
    find: str, sources: list[str], tmp_path: Path
) -> None:
    assert told(tmp_path, find, *sources) == []


def test_a_look_alike_rule_needs_a_source_that_shows_accounts(tmp_path: Path) -> None:
    rule = "[[rules]]\nname = 'r'\nkind = 'lookalike'\nthen = []\n"
    assert said(tmp_path, rule, BLOG) == [
        "no source shows accounts: only the names of authors and the domains of links are compared"
    ]
    assert said(tmp_path, rule, BLOG, PUBLIC) == []
    assert said(tmp_path, f"{rule}enabled = false\n", BLOG) == []


def test_what_is_meant_so_is_allowed(tmp_path: Path) -> None:
    allow = "allow = ['unfed-rule']\n"
    assert told(tmp_path, "acme network:x", PUBLIC, more=allow) == []
    rule = f"[[rules]]\nname = 'r'\nkind = 'lookalike'\nthen = []\n{allow}"
    assert said(tmp_path, rule, BLOG) == []
    assert said(tmp_path, rule, PUBLIC) == [
        '"unfed-rule" is allowed, and nothing in this rule needs it'
    ]


def test_the_place_is_that_of_what_cannot_be(tmp_path: Path) -> None:
    told(tmp_path, "acme network:x", PUBLIC)
    (warning,) = load(tmp_path / "watcher.toml", {}).warnings
    assert warning.problem.span == (5, 14)


OWN = frozenset(fold_handle(account) for brand in DEFINITIONS.brands for account in brand.accounts)


@given(tree=written_trees, post=posts, which=st.sampled_from(("", "author", "tag", "network")))
@settings(max_examples=150)
def test_no_rule_is_doubted_that_a_post_of_the_source_fits(
    tree: Node, post: Post, which: str
) -> None:
    post = replace(post, source="my town")
    reach = {
        "": Reach(),
        "author": Reach(network="local", author=post.author.handle),
        "tag": Reach(network="local", tag=post.hashtags[0]) if post.hashtags else Reach(),
        "network": Reach(network="local"),
    }[which]
    feed = Feed(name="My Town", reach=reach, own=OWN, configured=frozenset({fold_case("My Town")}))
    expanded = expand(tree, DEFINITIONS)
    reading = Reading(own=own_terms(DEFINITIONS.brands), languages=DEFINITIONS.languages)
    fits = evaluate(expanded, reading, analyse(post)) is not None
    possible = could(expanded, feed)
    assert possible.fit if fits else possible.not_fit


X = 'kind = "x"\ntoken = "${file:token}"\nquery = "rules"\n'


def test_a_rule_that_the_only_sources_leave_out_is_told(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret")
    (tmp_path / "token").chmod(0o600)
    limited = X + 'rules = ["other"]\n'
    other = "[[rules]]\nname = 'other'\nfind = 'tea'\nthen = []\n"
    assert told(tmp_path, "coffee", limited, more=other) == [
        'no source looks for what this rule finds: "s0" looks for other rules'
    ]
    assert told(tmp_path, "coffee", limited, PUBLIC, more=other) == []
    assert told(tmp_path, "coffee", X, more=other) == []
