"""What rules cost beside matching: memory, building, adding one, and posts that wish us ill."""

import gc
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rules import KeywordRule
from rules.matcher import Matcher
from rules.model import Definitions, Post
from watcher.config import load

HOSTILE = {
    "one word": "a" * 100_000,
    "short words": "a b " * 25_000,
    "new words": " ".join(f"w{n:x}" for n in range(18_000)),
    "a watched word": "{word} " * 12_000,
    "hashtags": " ".join(f"#Tag{n:x}Two" for n in range(9_000)),
    "accounts": " ".join(f"@user{n:x}" for n in range(11_000)),
    "half signs": "#@$" * 33_000,
    "dots": "a." * 50_000,
    "two watched words": "{near} " + " ".join(f"#Tag{n:x}Two" for n in range(9_000)) + " {near}",
    "links": "https://a.example/x " * 5_000,
    "half links": "https://" * 12_500,
    "accents": "e\u0301" * 50_000,
    "Chinese": "\u65b0" * 100_000,
    "emoji": "\U0001f44d\U0001f3fd" * 50_000,
    "Arabic": "\u0645\u0631\u062d\u0628\u0627 " * 16_000,
}
"""Posts of 100,000 characters."""

_TABLES = """
[[brands]]
name = "Acme"

[[channels]]
name = "daily"
kind = "email"
to = ["ada@acme.example"]
send = "daily"
at = "08:00"
timezone = "Europe/Paris"
"""

_REFUSED = ("too-costly",)
EVIL_RULES: dict[str, tuple[str, ...]] = {
    "10,000 alternatives": tuple(f"name{n}" for n in range(10_000)),
    "10,000 phrases": tuple(f'"a name{n}"' for n in range(10_000)),
    "1,000 NEARs": tuple(f"a NEAR/9 b{n}" for n in range(1_000)),
    "1,000 patterns": tuple(f"a /(x+x+)+y{n}/" for n in range(1_000)),
    "deep nesting": ("(a -" * 20 + "b" + ")" * 20,),
    "catastrophic patterns": ("/(a+)+(b|a)*c/", r"/(\w+\s?)*$x/"),
    "a prefix of all": ("tag*", "use*"),
    "NEAR of repetition": ("a NEAR/10 b",),
}
"""Rules that would be slow if anything about them were not linear."""


def costs(rules: Sequence[KeywordRule], posts: Sequence[Post]) -> dict[str, Any]:
    """Everything but the speed; the last rule is the one that is added."""
    *most, last = rules
    return {
        "rules": len(most),
        "ms to add a rule": _adding(most, last),
        "MB": _memory(most, posts),
        "s to build from TOML": _building(most),
        **_worst(most, posts[0]),
    }


def _cpu(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def _adding(most: Sequence[KeywordRule], last: KeywordRule) -> float:
    matcher = Matcher(most)
    rules = [*most, last]
    taken = [_cpu(lambda: matcher.with_rules(rules, Definitions())) for _ in range(20)]
    return round(sorted(taken)[10] * 1_000, 2)


def _memory(most: Sequence[KeywordRule], posts: Sequence[Post]) -> float:
    """Of the rules and all that is made of them, once they have matched posts."""
    gc.collect()
    tracemalloc.start()
    rules = [KeywordRule(name=rule.name, find=rule.find, then=rule.then) for rule in most]
    matcher = Matcher(rules)
    whole = tracemalloc.get_traced_memory()[0]
    matcher.decide(posts)
    tracemalloc.stop()
    return round(whole / 1e6, 1)


def _building(most: Sequence[KeywordRule]) -> float:
    tables = [_TABLES]
    tables += [
        f"[[rules]]\nname = '{rule.name}'\nfind = '{rule.find}'\nthen = ['daily']\n"
        for rule in most
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "watcher.toml"
        file.write_text("\n".join(tables), encoding="utf-8")
        before = time.process_time()
        config = load(file)
        Matcher([r for r in config.rules if isinstance(r, KeywordRule)], config.definitions)
        return round(time.process_time() - before, 2)


def _worst(most: Sequence[KeywordRule], like: Post) -> dict[str, Any]:
    """The most CPU milliseconds that one post took, and which; then with rules that try as well."""
    evil = [KeywordRule(name=name, any=parts) for name, parts in EVIL_RULES.items()]
    refused = [rule for rule in evil if any(p.code in _REFUSED for p in rule.problems())]
    word = next(rule.find for rule in most if rule.find.isalpha())
    near = next(rule.find for rule in most if "NEAR" in rule.find).replace(
        "NEAR/5", "and so on " * 3
    )
    posts = {
        name: _said(like, text.replace("{word}", word).replace("{near}", near)[:100_000])
        for name, text in HOSTILE.items()
    }
    told: dict[str, Any] = {}
    for label, rules in (
        ("ms worst post", most),
        (
            "ms worst post, also slow rules",
            [*most, *(rule for rule in evil if rule not in refused)],
        ),
    ):
        matcher = Matcher(rules)
        gc.collect()
        gc.freeze()
        taken = {
            name: min(_cpu(lambda: matcher.decide([post])) for _ in range(3))  # noqa: B023
            for name, post in posts.items()
        }
        slowest = max(taken, key=lambda name: taken[name])
        told[label] = round(taken[slowest] * 1_000, 1)
        told[label.replace("ms worst post", "which")] = slowest
    return {**told, "refused by name": ", ".join(rule.name for rule in refused)}


def _said(like: Post, text: str) -> Post:
    return Post(
        network=like.network,
        id="hostile",
        author=like.author,
        text=text,
        posted_at=like.posted_at,
    )
