"""How long it takes to tell who matters, who talks with whom and who waits for an answer.

    python benchmarks/people.py               # 100,000 posts about a brand in 14 days
    python benchmarks/people.py --quick --json    # a third of them, for machines

30,000 accounts speak of one brand, answer each other, pass things on and ask the brand, which
answers many. Beside it, in the same run, what one would write first: all posts loaded through the
store and counted in Python, for who answered and passed on whom, who addressed whom, and which
complaint got no answer. CPU seconds, the best of three runs, since machines are shared; the posts
are made up, the same each time.
"""

import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.frame import (
    Figures,
    Ways,
    account_row,
    compared,
    loaded,
    options,
    post_row,
    stored,
    tell,
)
from rules.model import Brand, Post
from watcher.insights.inbox import inbox
from watcher.insights.model import Period
from watcher.insights.people import influencers, talks
from watcher.store import Store
from watcher.store.schema import accounts, posts, spoken

BRAND = Brand(name="Acme", accounts=("user1",))
PEOPLE = 30_000
NOW = datetime(2026, 3, 15, tzinfo=UTC)
LENGTH = timedelta(days=14)
PERIOD = Period(since=NOW - LENGTH, until=NOW, zone=ZoneInfo("UTC"))
WAITING = timedelta(hours=4)
WANTED = 2.0
"""CPU seconds for each of the three."""
LISTED = 1000
_WORDS = ("train", "late", "thanks", "please", "help", "order", "we", "you", "acme", "pour", "avec")


def fill(store: Store, size: int) -> None:
    """Store so many posts about the brand; a twentieth more are the brand's own ones."""
    rnd = random.Random(7)
    people = (
        account_row(number, NOW, bot=number % 50 == 0, followers=number * 7)
        for number in range(1, PEOPLE + 1)
    )
    written = list(_posts(rnd, size))
    stored(store, accounts, people)
    stored(store, posts, written)
    stored(store, spoken, [_spoken(rnd, row) for row in written if row["author"] != 1])


def _posts(rnd: random.Random, size: int) -> Iterator[dict[str, object]]:
    asked: list[tuple[str, int]] = []
    for number in range(1, size + size // 20 + 1):
        own = number % 21 == 0
        # Few write much: the tenth part writes about a half.
        author = 1 if own else 2 + int(rnd.random() ** 3 * (PEOPLE - 1))
        at = PERIOD.since + LENGTH * (number / (size + size // 20 + 1))
        text = " ".join(rnd.choices(_WORDS, k=20)) + rnd.choice(("?", "", "", "!"))
        row = post_row(
            number, author, at, text, private=rnd.random() < 0.02,
            likes=rnd.choice((0, 0, 1, 3, 40)), reposts=rnd.randrange(3), replies=rnd.randrange(3),
            repost_author="",
        )  # fmt: skip
        kind = 0.0 if own else rnd.random()
        if not asked:
            kind = 1.0
        if kind < 0.3:
            target, by = asked[-1 - int(rnd.random() ** 3 * len(asked))]
            row |= {"reply_to": target, "mentions": (f"user{by}",)}
        elif kind < 0.45:
            row["repost_of"] = asked[-1 - int(rnd.random() ** 3 * len(asked))][0]
        elif kind < 0.5:
            row["quote_of"] = asked[-1 - int(rnd.random() ** 3 * len(asked))][0]
        elif kind < 0.75:
            row["mentions"] = (f"user{rnd.choice((1, rnd.randrange(2, PEOPLE)))}",)
        if row["repost_of"] is None:
            asked.append((str(number), author))
        yield row


def _spoken(rnd: random.Random, row: Mapping[str, object]) -> dict[str, object]:
    tone = rnd.choice(("negative", "neutral", "positive", ""))
    return {
        "brand": BRAND.name, "rid": row["rid"], "posted_at": row["posted_at"], "tone": tone,
        "complaint": tone == "negative" and rnd.random() < 0.3,
    }  # fmt: skip


def loading_influencers(store: Store) -> int:
    """Count in Python by how many others everybody was answered and passed on."""
    author: dict[str, str] = {}
    answered, passed = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for post in loaded(store):
        author[post.id] = post.author.key
        if (to := author.get(post.reply_to or "")) and to != post.author.key:
            answered[to].add(post.author.key)
        if (to := author.get(post.repost_of or post.quote_of or "")) and to != post.author.key:
            passed[to].add(post.author.key)
    return len(answered.keys() | passed.keys())


def loading_talks(store: Store) -> int:
    """Count in Python who addressed whom how often."""
    author: dict[str, str] = {}
    pairs: Counter[tuple[str, str]] = Counter()
    for post in loaded(store):
        author[post.id] = post.author.handle
        to = post.reply_to or post.repost_of or post.quote_of
        named = (author[to],) if to in author else post.mentions
        pairs.update((post.author.handle, one) for one in named)
    return len(pairs.most_common(LISTED))


def loading_inbox(store: Store) -> int:
    """Find in Python the posts with a question mark that the brand did not answer."""
    asked: dict[str, Post] = {}
    for post in loaded(store):
        if post.author.handle == "user1":
            asked.pop(post.reply_to or "", None)
        elif "?" in post.text and "user1" in post.mentions:
            asked[post.id] = post
    return len(asked)


WAYS: Ways = {
    "influencers": (
        lambda store: len(influencers(store, [BRAND.name], PERIOD, LISTED, own=[BRAND])),
        loading_influencers,
    ),
    "talks": (
        lambda store: len(talks(store, [BRAND.name], PERIOD, LISTED, own=[BRAND])),
        loading_talks,
    ),
    "inbox": (lambda store: len(inbox(store, [BRAND], NOW, WAITING, LISTED)), loading_inbox),
}


def measure(size: int) -> Figures:
    """Return, by question and way, CPU and wall seconds and how many were found."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{Path(folder) / 'watcher.sqlite'}")
        fill(store, size)
        found = compared(store, WAYS, "plain loading", "found")
        store.close()
    return found


def main() -> int:
    """Measure and print; exit with 1 where the wanted figures are not reached."""
    chosen = options(__doc__)
    size = 33_000 if chosen.quick else 100_000
    found = measure(size)
    good = all(one["watcher"]["seconds"] <= WANTED for one in found.values())
    head = f"{size:,} posts about one brand by {PEOPLE:,} accounts; wanted: {WANTED} s each"
    lines = [
        f"  {name:12} {way:14} {took['seconds']:6.2f} s CPU {took['wall']:6.2f} s "
        f"{took['found']:7,} found"
        for name, by_way in found.items()
        for way, took in by_way.items()
    ]
    facts = {"posts": size, "wanted": WANTED, "reached": good, "figures": found}
    return tell(chosen.json, head, lines, facts, good=good)


if __name__ == "__main__":
    sys.exit(main())
