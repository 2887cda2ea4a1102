"""How many posts a CPU-second the matcher takes, beside a loop of regular expressions.

    python benchmarks/matching.py                    # the real posts, 100 and 1,000 rules
    python benchmarks/matching.py --quick --json     # a few thousand of them, for machines

Rules are drawn from the words of posts that are then left out, in the kinds that people write:
single words, alternatives, conjunctions with exclusions, phrases, prefixes, hashtags, fields. Each
post is seen once, so that no memory of words flatters the result.
"""

import argparse
import gzip
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rules import KeywordRule
from rules.language import parse
from rules.language.tree import And, Field, Node, Not, Or, Prefix
from rules.matcher import Matcher
from rules.model import Account, Post
from rules.text import analyse

POSTS = Path(__file__).parents[2] / "shared/data/bench/posts-100k.jsonl.gz"
LEARNT = 5_000
"""Posts at the head of the file that only lend their words to the rules."""
WALK = 600.0
"""Microseconds that the whole walk of a post may take, of which the matcher may take a tenth."""


def read_posts(path: Path, limit: int) -> list[Post]:
    """The first posts of a file of JSON lines with `text`, `lang`, `author`, `domains`, `rt`."""
    posts = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number == limit:
                break
            row = json.loads(line)
            author = Account(network="x", id=row["author"], handle=row["author"])
            posts.append(
                Post(
                    network="x",
                    id=str(number),
                    author=author,
                    text=row["text"],
                    language=row["lang"],
                    links=tuple(f"https://{domain}/" for domain in row["domains"]),
                    repost_of="0" if row["rt"] else None,
                    posted_at=datetime(2026, 1, 1, tzinfo=UTC),
                )
            )
    return posts


def make_rules(posts: Sequence[Post], count: int) -> list[KeywordRule]:
    """Rules of mixed kinds from the words of the posts, rare and common ones alike."""
    chance = random.Random(7)
    counts = Counter(t for p in posts for t in analyse(p).terms if t.isascii() and t.isalpha())
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    words = [word for word in ranked[100:20_000] if len(word) > 3]
    tags = sorted(t for p in posts for t in analyse(p).terms if t[0] == "#" and t[1:].isalnum())
    texts = [p.text.split() for p in posts]

    def word() -> str:
        return chance.choice(words)

    def phrase() -> str:
        while True:
            text = chance.choice(texts)
            at = chance.randrange(len(text))
            pair = [re.sub(r"\W", "", part) for part in text[at : at + 2]]
            if len(pair) == 2 and all(part.isalpha() for part in pair):
                return f'"{" ".join(pair)}"'

    kinds: list[Callable[[], str]] = [
        word,
        lambda: f"{word()} OR {word()} OR #{word()}",
        lambda: f"({word()} OR {word()}) -({word()} OR {word()}) -is:repost",
        lambda: f"{word()} {word()}",
        phrase,
        lambda: f"{phrase()} OR {word()}",
        lambda: f"{word()[:4]}* lang:en",
        lambda: chance.choice(tags),
        lambda: f"{word()} (lang:fr OR lang:en) -has:link",
        lambda: f"={word().capitalize()} OR @{word()}",
    ]
    return [KeywordRule(name=str(number), find=chance.choice(kinds)()) for number in range(count)]


def as_regex(node: Node) -> str:
    """The words of a rule as one pattern: what a loop of regular expressions would look for."""
    if isinstance(node, And | Or):
        return "|".join(filter(None, map(as_regex, node.parts)))
    if isinstance(node, Not | Field):
        return ""
    return rf"\b{re.escape(node.text)}" + (r"\w*" if isinstance(node, Prefix) else r"\b")


def per_post(work: Callable[[list[Post]], object], posts: list[Post]) -> float:
    """CPU microseconds a post."""
    start = time.process_time()
    work(posts)
    return (time.process_time() - start) / len(posts) * 1e6


def measure(posts: list[Post], count: int) -> dict[str, float]:
    """One row of the table."""
    rules = make_rules(posts[:LEARNT], count)
    fresh = posts[LEARNT:]
    start = time.process_time()
    matcher = Matcher(rules)
    compile_time = (time.process_time() - start) / count * 1e6
    matches = 0

    def match(some: list[Post]) -> None:
        nonlocal matches
        for at in range(0, len(some), 1_000):
            matches += len(matcher.match(some[at : at + 1_000]))

    patterns = [re.compile(as_regex(parse(rule.find)), re.IGNORECASE) for rule in rules]

    def loop(some: list[Post]) -> None:
        for post in some:
            for pattern in patterns:
                pattern.search(post.text)

    ours = per_post(match, fresh)
    regexes = per_post(loop, fresh[: max(200, 200_000 // count)])
    return {
        "rules": count,
        "matches a post": round(matches / len(fresh), 3),
        "µs to add a rule": round(compile_time, 1),
        "µs a post": round(ours, 1),
        "posts a CPU-second": round(1e6 / ours),
        "regex loop, posts a CPU-second": round(1e6 / regexes),
        "times faster": round(regexes / ours, 1),
        "share of the walk": round(ours / WALK, 3),
    }


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--posts", type=Path, default=POSTS)
    arguments.add_argument("--rules", type=int, nargs="+", default=[100, 1_000])
    arguments.add_argument("--quick", action="store_true", help="8,000 posts instead of all")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    if not options.posts.exists():
        print(f"there are no posts at {options.posts}: name a file with --posts", file=sys.stderr)
        return 1
    posts = read_posts(options.posts, 8_000 if options.quick else 1_000_000)
    analysis = per_post(lambda some: [analyse(post).terms for post in some], posts[LEARNT:])
    rows = [
        {**measure(posts, count), "µs of analysis": round(analysis, 1)} for count in options.rules
    ]
    if options.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return 0
    for name in rows[0]:
        print(f"{name:32}" + "".join(f"{row[name]:>12}" for row in rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
