"""How long it takes to tell how people feel about a brand, its share of voice and its themes.

    python benchmarks/brands.py                   # 400,000 posts about three brands in 56 days
    python benchmarks/brands.py --quick --json    # 30,000 of them, for machines

Half of the posts lie in the four weeks that are told of, and nearly half of these speak of the
brand. Beside it, in the same run, what one would write first: the rows loaded and counted in
Python; of themes, the same scores over all words of all posts. Both must count the same number of
sayings and posts. CPU seconds, the best of three runs, since machines are shared; the posts are
made up, the same each time.
"""

import hashlib
import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from benchmarks.frame import Figures, Ways, account_row, compared, options, post_row, stored, tell
from rules.model import Brand
from rules.signals.distinctive import distinctive
from watcher.insights.model import Period
from watcher.insights.satisfaction import USUAL, satisfaction
from watcher.insights.themes import themes
from watcher.insights.voice import share_of_voice
from watcher.store import Store
from watcher.store.schema import accounts, heard, posts, spoken

BRANDS = tuple(Brand(name=name) for name in ("Acme", "Rivalo", "Thirdly"))
WEIGHTS = (0.47, 0.3, 0.23)
NOW = datetime(2026, 3, 15, tzinfo=UTC)
LENGTH = timedelta(days=28)
PERIOD = Period(since=NOW - LENGTH, until=NOW, zone=ZoneInfo("Europe/Paris"))
WANTED = 4.0
"""CPU seconds for each of the three."""
_WORDS = (
    "train", "late", "thanks", "please", "help", "order", "battery", "hinge", "price", "shop",
    "refund", "delivery", "colour", "screen", "broke", "love", "hate", "nice", "awful", "queue",
    "driver", "ticket", "seat", "window", "coffee", "branch", "account", "card",
)  # fmt: skip


def fill(store: Store, size: int) -> None:
    """Store so many posts; few people write much, and a third repeats what others wrote."""
    rnd = random.Random(7)
    people = max(100, size // 8)
    written = list(_posts(rnd, size, people))
    about = [_spoken(rnd, row) for row in written]
    since = NOW - 3 * LENGTH
    known = [{"brand": one.name, "form": "x", "since": since, "below": 0} for one in BRANDS]
    everybody = (account_row(n, NOW, bot=False, followers=n) for n in range(1, people + 1))
    for table, rows in ((accounts, everybody), (posts, written), (spoken, about), (heard, known)):
        stored(store, table, rows)


def _posts(rnd: random.Random, size: int, people: int) -> Iterator[dict[str, object]]:
    for number in range(1, size + 1):
        author = 1 + int(rnd.random() ** 3 * (people - 1))
        at = NOW - 2 * LENGTH * (1 - number / (size + 1))
        copied = rnd.random() < 0.3
        words = random.Random(int(rnd.random() ** 2 * size / 80)) if copied else rnd
        yield post_row(
            number, author, at, " ".join(words.choices(_WORDS, k=18)),
            repost_of="1" if copied else None, private=rnd.random() < 0.02,
            likes=1, reposts=1, replies=1, repost_author="",
        )  # fmt: skip


def _spoken(rnd: random.Random, row: Mapping[str, Any]) -> dict[str, object]:
    return {
        "brand": rnd.choices(BRANDS, WEIGHTS)[0].name, "rid": row["rid"],
        "posted_at": row["posted_at"], "tone": rnd.choice(("negative", "neutral", "positive", "")),
        "said": hashlib.blake2b(row["text"].encode(), digest_size=8).hexdigest(),
    }  # fmt: skip


def loaded(store: Store, since: datetime) -> list[Any]:
    """What speaks of the brands since a moment, in the order it was written in."""
    query = (
        select(spoken.c.brand, spoken.c.posted_at, spoken.c.tone, spoken.c.said,
               posts.c.author, posts.c.text, posts.c.private)
        .join(posts, posts.c.rid == spoken.c.rid)
        .where(spoken.c.posted_at >= since, spoken.c.posted_at < NOW)
        .order_by(spoken.c.posted_at, spoken.c.rid)
    )  # fmt: skip
    with store.reading() as connection:
        return list(connection.execute(query))


def loading_satisfaction(store: Store) -> int:
    """Count in Python who said what first: of each day, the period and the time before."""
    first: defaultdict[object, dict[str, tuple[str, int]]] = defaultdict(dict)
    for row in loaded(store, PERIOD.since - USUAL):
        if row.brand == BRANDS[0].name and row.tone:
            inside = row.posted_at >= PERIOD.since
            for span in (inside, PERIOD.day_of(row.posted_at) if inside else False):
                first[span].setdefault(row.said, (row.tone, row.author))
    for said in first.values():
        Counter(tone for tone, _ in said.values())
    return len(first[True])


def loading_voice(store: Store) -> int:
    """Count in Python the posts and the people of each brand, of each day and period."""
    counts: Counter[tuple[str, object]] = Counter()
    people: defaultdict[tuple[str, object], Counter[int]] = defaultdict(Counter)
    for row in loaded(store, PERIOD.before.since):
        inside = row.posted_at >= PERIOD.since
        for span in (inside, PERIOD.day_of(row.posted_at) if inside else False):
            counts[row.brand, span] += 1
            people[row.brand, span][row.author] += 1
    return sum(counts[brand.name, True] for brand in BRANDS)


def loading_themes(store: Store) -> int:
    """Compare all words of all posts with those of the others, and with those before."""
    own, before, others = dict[str, str](), dict[str, str](), dict[str, str]()
    for row in loaded(store, PERIOD.before.since):
        if not row.private:
            mine = row.brand == BRANDS[0].name
            if row.posted_at >= PERIOD.since:
                (own if mine else others).setdefault(row.said, row.text)
            elif mine:
                before.setdefault(row.said, row.text)
    return sum(len(distinctive([*own.values()], [*one.values()])) for one in (others, before))


def our_satisfaction(store: Store) -> int:
    """Tell how people feel; return of how many sayings."""
    return satisfaction(store, BRANDS[0].name, PERIOD).sayings


def our_voice(store: Store) -> int:
    """Tell the shares; return of how many posts."""
    return share_of_voice(store, [one.name for one in BRANDS], PERIOD).posts


def our_themes(store: Store) -> int:
    """Tell the themes; return how many they are: made-up words have none but by chance."""
    return len(themes(store, BRANDS[0], BRANDS[1:], PERIOD))


WAYS: Ways = {
    "satisfaction": (our_satisfaction, loading_satisfaction),
    "share of voice": (our_voice, loading_voice),
    "themes": (our_themes, loading_themes),
}


def measure(size: int) -> Figures:
    """Return, by question and way, CPU and wall seconds and how much was counted."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{Path(folder) / 'watcher.sqlite'}")
        fill(store, size)
        found = compared(store, WAYS, "plain Python", "counted")
        store.close()
    return found


def main() -> int:
    """Measure and print; exit with 1 where the wanted figures are not reached."""
    chosen = options(__doc__)
    size = 30_000 if chosen.quick else 400_000
    found = measure(size)
    quick = all(one["watcher"]["seconds"] <= WANTED for one in found.values())
    same = all(
        found[name]["watcher"]["counted"] == found[name]["plain Python"]["counted"]
        for name in ("satisfaction", "share of voice")
    )
    head = f"{size:,} posts about {len(BRANDS)} brands; wanted: {WANTED} s each"
    lines = [
        f"  {name:15} {way:13} {took['seconds']:6.2f} s CPU {took['wall']:6.2f} s "
        f"{took['counted']:8,} counted"
        for name, by_way in found.items()
        for way, took in by_way.items()
    ]
    lines += [] if same else ["The two ways do not count the same."]
    reached = {"wanted": WANTED, "reached": quick, "same counts": same}
    facts = {"posts": size, **reached, "figures": found}
    return tell(chosen.json, head, lines, facts, good=quick and same)


if __name__ == "__main__":
    sys.exit(main())
