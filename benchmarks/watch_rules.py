"""Real posts, and watch rules generated from the words of some of them.

What people watch are names: mostly rare words, a few frequent ones. So a rule's main word is drawn
log-uniformly over how many posts say it, up to `MOST` of them; what stands beside it (context to
ask for, or to shut out) is drawn from common words. The posts that lend their words are left out
of what is matched.
"""

import gzip
import json
import math
import random
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rules import KeywordRule
from rules.model import Account, Post
from rules.text import analyse

POSTS = Path(__file__).parents[2] / "shared/data/bench/posts-100k.jsonl.gz"
LEARNT = 20_000
"""Posts at the head of the file that only lend their words to the rules."""
MOST = 3e-4
"""The share of posts that say the most frequent of the words watched."""
FUZZY_LETTERS = 6


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


class Maker:
    """Draws rules from the words of posts; the same seed and posts make the same rules."""

    def __init__(self, posts: Sequence[Post], seed: int = 7) -> None:
        self._chance = random.Random(seed)
        counts: Counter[str] = Counter()
        for post in posts:
            counts.update(analyse(post).terms)
        most = max(2, round(MOST * len(posts)))
        words = {term: n for term, n in counts.items() if term.isascii() and term.isalpha()}
        self._watched = _Drawer({w: n for w, n in words.items() if len(w) > 3 and n <= most})
        self._long = _Drawer(
            {w: n for w, n in words.items() if len(w) >= FUZZY_LETTERS and n <= most // 4}
        )
        self._common = sorted(words, key=lambda word: (-words[word], word))[30:1_500]
        self._tags = _Drawer(_signed(counts, "#", most))
        self._handles = _Drawer(_signed(counts, "@", most))
        starts: Counter[str] = Counter()
        for word, n in words.items():
            for length in range(4, min(len(word), 7)):
                starts[word[:length]] += n
        self._starts = _Drawer({start: n for start, n in starts.items() if n <= most})
        authors = Counter(post.author.handle for post in posts)
        self._authors = _Drawer({author: n for author, n in authors.items() if n <= most})
        domains = {term[7:]: n for term, n in counts.items() if term.startswith("domain:")}
        self._domains = _Drawer({domain: n for domain, n in domains.items() if n <= most})
        self._phrases = self._real_phrases(posts, words, most)

    def _real_phrases(
        self, posts: Sequence[Post], words: dict[str, int], most: int
    ) -> list[tuple[str, str]]:
        """Neighbours that posts really say, the one to be watched and the other any word."""
        found = set()
        for post in posts:
            for pair in re.findall(r"(?=\b([a-z]{2,})[ ]([a-z]{2,})\b)", post.text):
                if min(words.get(pair[0], 0), words.get(pair[1], 0)) in range(1, most):
                    found.add(pair)
        return sorted(found)

    def exact(self, count: int) -> list[KeywordRule]:
        """So many rules of mixed kinds without fuzzy words."""
        return [self._rule(number, fuzzy=False) for number in range(count)]

    def with_fuzzy(self, count: int, share: float = 0.05) -> list[KeywordRule]:
        """The same kinds, a share of the rules with a fuzzy word."""
        every = round(1 / share)
        return [self._rule(number, fuzzy=number % every == 0) for number in range(count)]

    def _rule(self, number: int, *, fuzzy: bool) -> KeywordRule:
        kinds = FUZZY_KINDS if fuzzy else KINDS
        shape = kinds[self._chance.randrange(len(kinds))]
        find = re.sub(r"<(\w+)>", lambda match: self._draw(match[1]), shape)
        return KeywordRule(name=f"rule {number}", find=find, then=("daily",))

    def _draw(self, what: str) -> str:
        chance = self._chance
        match what:
            case "context":
                return chance.choice(self._common)
            case "phrase":
                return " ".join(chance.choice(self._phrases))
            case "Name":
                return self._watched.draw(chance).capitalize()
        drawers = {"start": self._starts, "tag": self._tags, "handle": self._handles}
        drawers |= {"long": self._long, "author": self._authors, "domain": self._domains}
        return drawers.get(what, self._watched).draw(chance)


KINDS = (
    "<name>",
    "<name> OR <name> OR #<name>",
    "(<name> OR <name>) -(<context> OR <context>) -is:repost",
    "<name> (<context> OR <context> OR <context>)",
    '"<phrase>"',
    '"<phrase>" OR <name>',
    "<start>* lang:en",
    "#<tag>",
    "<name> (lang:fr OR lang:en) -has:link",
    "=<Name> OR @<name>",
    "<name> NEAR/5 <context>",
    "from:<author> (<context> OR <context>)",
    "@<handle> -is:reply",
    "domain:<domain> (<name> OR <context>)",
)
FUZZY_KINDS = ("<long>~1", "<long>~1 lang:en", "(<long>~1 OR <name>) -<context>")


class _Drawer:
    """Draws log-uniformly over the counts."""

    def __init__(self, counts: dict[str, int]) -> None:
        self._ranked = sorted(counts, key=lambda term: (counts[term], term))
        self._counts = [counts[term] for term in self._ranked]

    def draw(self, chance: random.Random) -> str:
        wanted = math.exp(chance.uniform(0, math.log(self._counts[-1] + 0.5)))
        nearest = self._counts[min(bisect_left(self._counts, wanted), len(self._counts) - 1)]
        first = bisect_left(self._counts, nearest)
        after = bisect_left(self._counts, nearest + 1)
        return self._ranked[chance.randrange(first, after)]


def _signed(counts: Counter[str], sign: str, most: int) -> dict[str, int]:
    """The hashtags or handles that the rule language can write, without their sign."""
    return {
        term[1:]: n
        for term, n in counts.items()
        if term[0] == sign and n <= most and re.fullmatch("[a-z][a-z0-9_]+", term[1:])
    }
