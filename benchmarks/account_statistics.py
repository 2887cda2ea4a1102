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
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert

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
_CHUNK = 20_000


def fill(store: Store, size: int, part: float) -> None:
    """Store so many posts: a part is by the account, and many others are addressed to it."""
    rnd = random.Random(7)
    people = [_person(number) for number in range(1, PEOPLE + 2)]
    with store.writing() as connection:
        connection.execute(insert(accounts), people)
    rows: list[dict[str, object]] = []
    for row in _posts(rnd, size, part):
        rows.append(row)
        if len(rows) == _CHUNK or row["rid"] == size:
            with store.writing() as connection:
                connection.execute(insert(posts), rows)
            rows = []


def _person(number: int) -> dict[str, object]:
    name = f"user{number}"
    blank = dict.fromkeys(("display_name", "bio", "avatar", "url"), "")
    return blank | {
        "row": number, "network": "x", "id": str(1000 + number), "handle": name,
        "folded_handle": name, "seen": START, "examined": True,
    }  # fmt: skip


def _posts(rnd: random.Random, size: int, part: float) -> Iterator[dict[str, object]]:
    ours: list[int] = []
    theirs: list[tuple[int, int]] = []
    for number in range(1, size + 1):
        own = rnd.random() < part
        author = 1 if own else rnd.randrange(2, PEOPLE + 2)
        at = START + LENGTH * (number / size) + timedelta(seconds=rnd.randrange(3600))
        row: dict[str, object] = {
            "rid": number, "seen": at, "network": "x", "id": str(number), "author": author,
            "text": " ".join(rnd.choices(_WORDS, k=20)), "posted_at": at,
            "url": f"https://x.example/{author}/{number}", "source": "made up",
            "language": rnd.choice(("fr", "en", None)), "media": (), "mentions": (),
            "links": (f"https://www.site{rnd.randrange(2000)}.co.uk/{number}",)
            if rnd.random() < 0.4 else (),
            "hashtags": (f"tag{rnd.randrange(3000)}",) if rnd.random() < 0.3 else (),
            "reply_to": None, "reply_to_handle": None, "repost_of": None, "quote_of": None,
            "likes": rnd.randrange(200), "reposts": rnd.randrange(20), "replies": rnd.randrange(9),
        }  # fmt: skip
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
    rid = 0
    while some := store.posts_after(rid, 5000):
        rid = some[-1].rid
        for post in (one.post for one in some):
            if post.author.key != us:
                asked[post.id] = post.posted_at
                continue
            local = post.posted_at.astimezone(ZONE)
            hours[local.weekday(), local.hour] += 1
            tags.update(post.hashtags)
            if post.reply_to in asked:
                delays.append(post.posted_at - asked[post.reply_to])
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
    """Count in one way, and print what it took."""
    store = Store.open(url)
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        counted = WAYS[way](store)
    except ModuleNotFoundError:
        sys.stdout.write("null")
        return
    took = {
        "seconds": round(time.process_time() - cpu, 2),
        "wall": round(time.perf_counter() - wall, 2),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "posts": counted,
    }
    sys.stdout.write(json.dumps(took))


def measure(size: int) -> dict[str, dict[str, Mapping[str, float]]]:
    """Return, by store and way, CPU and wall seconds, megabytes and posts counted."""
    found: dict[str, dict[str, Mapping[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, part) in enumerate(STORES.items()):
            path = Path(folder) / f"{number}.sqlite"
            store = Store.open(f"sqlite:///{path}")
            fill(store, size, part)
            store.close()
            for way in WAYS:
                command = [sys.executable, __file__, "--alone", way, f"sqlite:///{path}"]
                out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                if took := json.loads(out):
                    found.setdefault(name, {})[way] = took
            path.unlink()
    return found


def main() -> int:
    """Measure and print; exit with 1 where the wanted figures are not reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--alone", nargs=2, metavar=("WAY", "URL"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        alone(options.alone[1], options.alone[0])
        return 0
    size = 100_000 if options.quick else 1_000_000
    found = measure(size)
    ways = [one["watcher stats"] for one in found.values()]
    good = all(one[name] <= most for one in ways for name, most in WANTED.items())
    if options.json:
        print(json.dumps({"posts": size, "wanted": WANTED, "reached": good, "figures": found}))
        return int(not good)
    print(f"{size:,} stored posts; wanted: {WANTED['seconds']} s, {WANTED['megabytes']} MB")
    for name, by_way in found.items():
        for way, took in by_way.items():
            print(f"  {name:18} {way:15} {took['seconds']:7.2f} s CPU {took['wall']:7.2f} s "
                  f"{took['megabytes']:6,} MB  {took['posts']:9,} posts counted")  # fmt: skip
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
