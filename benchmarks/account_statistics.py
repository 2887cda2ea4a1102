"""How long the statistics of an account take, and how much memory, over a million stored posts.

    python benchmarks/account_statistics.py               # 1,000,000 posts, a minute to make them
    python benchmarks/account_statistics.py --quick --json    # a tenth of them, for machines

Twice: a store in which one account wrote nearly all posts, and one in which it wrote a fiftieth and
is spoken to in most others. Beside it, in the same run, what one would write first: all posts
loaded through the store and counted in Python, and with pandas where it is installed. Each in a
process of its own, so that its memory is its own. CPU seconds, since machines are shared; the posts
are made up, the same each time.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.frame import Figures, account_row, loaded, options, post_row, seconds, stored, tell
from rules.model import Account
from watcher.store import Store
from watcher.store.schema import accounts, posts

US = "x:1001"
ZONE = ZoneInfo("Europe/Paris")
START = datetime(2014, 5, 1, tzinfo=UTC)
LENGTH = timedelta(days=3500)
PEOPLE = 20_000
STORES = {"of one account": 0.9, "of many accounts": 0.02}
"""Which part of the posts is by the account."""
WANTED = {"seconds": 5.0, "megabytes": 300}
_WORDS = ("train", "late", "thanks", "please", "help", "order", "we", "you", "une", "pour", "avec")


def fill(store: Store, size: int, part: float) -> None:
    """Store so many posts: a part is by the account, and many others are addressed to it."""
    rnd = random.Random(7)
    people = (account_row(n, START, id=str(1000 + n)) for n in range(1, PEOPLE + 2))
    stored(store, accounts, people)
    stored(store, posts, _posts(rnd, size, part))


def _posts(rnd: random.Random, size: int, part: float) -> Iterator[dict[str, object]]:
    ours: list[int] = []
    theirs: list[tuple[int, int]] = []
    for number in range(1, size + 1):
        own = rnd.random() < part
        author = 1 if own else rnd.randrange(2, PEOPLE + 2)
        at = START + LENGTH * (number / size) + timedelta(seconds=rnd.randrange(3600))
        row = post_row(
            number, author, at, " ".join(rnd.choices(_WORDS, k=20)),
            language=rnd.choice(("fr", "en", None)),
            links=(f"https://www.site{rnd.randrange(2000)}.co.uk/{number}",)
            if rnd.random() < 0.4 else (),
            hashtags=(f"tag{rnd.randrange(3000)}",) if rnd.random() < 0.3 else (),
            likes=rnd.randrange(200), reposts=rnd.randrange(20), replies=rnd.randrange(9),
        )  # fmt: skip
        kind = rnd.random()
        if own and kind < 0.35 and theirs:
            target, by = theirs[-1 - int(rnd.random() ** 3 * min(len(theirs), 200))]
            row |= {"reply_to": str(target), "reply_to_handle": f"user{by}"}
        elif own and kind < 0.5:
            row["repost_of"] = f"-{number}"
        elif not own and kind < 0.5:
            row["mentions"] = ("user1",)
        elif not own and kind < 0.7 and ours:
            target = ours[-1 - int(rnd.random() ** 3 * min(len(ours), 200))]
            row |= {"reply_to": str(target), "reply_to_handle": "user1", "mentions": ("user1",)}
        if own:
            ours.append(number)
        else:
            theirs.append((number, author))
        yield row


def ours(store: Store) -> int:
    """Count with `watcher stats`."""
    from watcher.insights.account import account_statistics

    found = account_statistics(store, US, None, ZONE, around=date(2019, 1, 1))
    return sum(map(sum, found.hours))


def loading(store: Store) -> int:
    """Load every post through the store and count hours, kinds, tags and delays in Python."""
    hours: Counter[tuple[int, int]] = Counter()
    tags: Counter[str] = Counter()
    asked: dict[str, datetime] = {}
    delays: list[timedelta] = []
    us = Account(network="x", id="1001", handle="user1").key
    for one in loaded(store):
        if one.author.key != us:
            asked[one.id] = one.posted_at
            continue
        local = one.posted_at.astimezone(ZONE)
        hours[local.weekday(), local.hour] += 1
        tags.update(one.hashtags)
        if one.reply_to in asked:
            delays.append(one.posted_at - asked[one.reply_to])
    return hours.total()


def pandas(store: Store) -> int:
    """Load the columns that are needed into a data frame, and count the same as `loading`."""
    import pandas as pd  # type: ignore[import-untyped,unused-ignore]

    sql = "SELECT id, author, posted_at, reply_to, hashtags FROM posts"
    with store.reading() as connection:
        frame = pd.read_sql_query(sql, connection.connection.driver_connection)
    own = frame[frame.author == 1]
    local = pd.to_datetime(own.posted_at, unit="us", utc=True).dt.tz_convert(ZONE.key)
    hours = local.groupby([local.dt.weekday, local.dt.hour]).count()
    own.hashtags.map(json.loads).explode().value_counts()
    answered = own.merge(frame[frame.author != 1], left_on="reply_to", right_on="id")
    (answered.posted_at_x - answered.posted_at_y).quantile([0.5, 0.9])
    return int(hours.sum())


WAYS = {"watcher stats": ours, "plain loading": loading, "pandas": pandas}


def alone(url: str, way: str) -> None:
    """Fill a store, or count in one way and print what it took."""
    store = Store.open(url)
    if way in STORES:
        fill(store, int(sys.stdin.read()), STORES[way])
        store.close()
        return
    try:
        cpu, wall, counted = seconds(WAYS[way], store, 1)
    except ModuleNotFoundError:
        sys.stdout.write("null")
        return
    took = {
        "seconds": cpu,
        "wall": wall,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "posts": counted,
    }
    sys.stdout.write(json.dumps(took))


def measure(size: int) -> Figures:
    """Return, by store and way, CPU and wall seconds, megabytes and posts counted.

    Stores are filled by processes of their own, too: what a process has used it bequeaths.
    """
    found: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(STORES):
            path = Path(folder) / f"{number}.sqlite"
            for way in (name, *WAYS):
                command = [sys.executable, __file__, "--alone", way, f"sqlite:///{path}"]
                done = subprocess.run(
                    command, check=True, stdout=subprocess.PIPE, text=True, input=str(size)
                )
                if way in WAYS and (took := json.loads(done.stdout)):
                    found.setdefault(name, {})[way] = took
            path.unlink()
    return found


def main() -> int:
    """Measure and print; exit with 1 where the wanted figures are not reached."""
    chosen = options(
        __doc__,
        lambda parser: parser.add_argument(
            "--alone", nargs=2, metavar=("WAY", "URL"), help=argparse.SUPPRESS
        ),
    )
    if chosen.alone:
        alone(chosen.alone[1], chosen.alone[0])
        return 0
    size = 100_000 if chosen.quick else 1_000_000
    found = measure(size)
    ways = [one["watcher stats"] for one in found.values()]
    good = all(one[name] <= most for one in ways for name, most in WANTED.items())
    head = f"{size:,} stored posts; wanted: {WANTED['seconds']} s, {WANTED['megabytes']} MB"
    lines = [
        f"  {name:18} {way:15} {took['seconds']:7.2f} s CPU {took['wall']:7.2f} s "
        f"{took['megabytes']:6,} MB  {took['posts']:9,} posts counted"
        for name, by_way in found.items()
        for way, took in by_way.items()
    ]
    facts = {"posts": size, "wanted": WANTED, "reached": good, "figures": found}
    return tell(chosen.json, head, lines, facts, good=good)


if __name__ == "__main__":
    sys.exit(main())
