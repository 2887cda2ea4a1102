"""How long a report takes: everything counted, put into words, drawn and written.

    python benchmarks/reports.py                  # 100,000 posts that speak of two brands
    python benchmarks/reports.py --quick --json   # a tenth of them, for machines
    python benchmarks/reports.py --check          # exit with 1 where it takes too long

The posts are real ones where the research data is at hand, else made up; each is given the name of
one of three brands to speak of, and a day of nine weeks. The report is about the last of them, a
month and all nine. What is judged is CPU time, which is what an idle machine takes: nothing is
waited for, and other work beside makes the clock run on. A tone is given to each, as matching
would: that is not measured here.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from alerts.words.render import Templates
from benchmarks.store import posts as some_posts
from rules.model import Post
from rules.signals.spoken import Hearing, Spoken
from watcher import files
from watcher.backends.interface import Page
from watcher.config import Config, load
from watcher.insights.model import Period
from watcher.reports import compose, gather, page, speaking
from watcher.store import Store

SECONDS = 15
"""That a report for 100,000 posts may take."""
DAYS = 63
FIRST = date(2026, 1, 5)
PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
BRANDS = ("Nordelia", "Voltrame", "Castorine")
TONES = ("negative", "neutral", "positive", "")
CONFIG = """
data = "data"
timezone = "Europe/Paris"
[[brands]]
name = "Nordelia"
accounts = ["nordelia"]
competitors = ["Voltrame", "Castorine"]
[[brands]]
name = "Voltrame"
accounts = ["voltrame"]
competitors = ["Nordelia", "Castorine"]
[[brands]]
name = "Castorine"
[[sources]]
name = "square"
kind = "local"
file = "town.sqlite"
"""


def spread(number: int) -> Iterator[tuple[Post, Spoken]]:
    """Yield posts over the days, each with the brand it speaks of and a tone."""
    random = Random(3)
    start = datetime.combine(FIRST, datetime.min.time(), PARIS).astimezone(UTC)
    for post in some_posts(number):
        brand = random.choices(BRANDS, (5, 4, 1))[0]
        at = start + timedelta(seconds=random.randrange(DAYS * 86_400))
        told = replace(post, text=f"{post.text} {brand}", posted_at=at)
        tone = random.choices(TONES, (3, 4, 2, 1))[0]
        yield (
            told,
            Spoken(
                brand=brand,
                post=told.key,
                tone=tone,
                confidence=0.8,
                complaint=random.random() < 0.02,
            ),
        )


def fill(store: Store, config: Config, number: int) -> None:
    """Store the posts as if sources had brought and rules matched them."""
    said = sorted(spread(number), key=lambda one: one[0].posted_at)
    forms = Hearing(config.definitions).forms
    begin = said[0][0].posted_at - timedelta(days=1)
    by_key = {one.post: one for _, one in said}
    for at in range(0, len(said), 2000):
        some = tuple(post for post, _ in said[at : at + 2000])
        store.save_page("square", Page(posts=some, cursor=str(at), more=False), begin)
        while (batch := store.unmatched(2000)).posts:
            spoken = [by_key[post.key] for post in batch.posts]
            store.save_matches(batch, [], [], {}, NOW, spoken=spoken, brands=forms)
    store.record_pull("square", begin, NOW, reached_newest=True)


def measure(store: Store, config: Config, days: int) -> dict[str, float]:
    """Return how long a report about two brands takes, step by step, and how large it is."""
    last = FIRST + timedelta(days=DAYS - 1)
    period = Period.of_days(last - timedelta(days=days - 1), last, PARIS)
    templates = Templates(files.templates())
    began, busy = time.perf_counter(), time.process_time()
    facts = gather(
        config, store, Hearing(config.definitions), config.brands[:2], period, NOW, "benchmark"
    )
    counted = time.perf_counter()
    report = compose(templates, facts, "en")
    written = page(templates, report, speaking(templates, facts, "en"))
    done = time.perf_counter()
    return {
        "days": days,
        "posts": sum(one.volume.posts for one in facts.brands),
        "counting": round(counted - began, 2),
        "writing": round(done - counted, 2),
        "seconds": round(done - began, 2),
        "cpu": round(time.process_time() - busy, 2),
        "kilobytes": round(len(written.encode()) / 1000),
    }


def main() -> int:
    """Measure, print, judge."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="a tenth of the posts")
    arguments.add_argument("--json", action="store_true", help="figures for a machine")
    arguments.add_argument("--check", action="store_true", help="exit with 1 where it is too slow")
    asked = arguments.parse_args()
    number = 10_000 if asked.quick else 100_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "watcher.toml"
        path.write_text(CONFIG)
        config = load(path, {})
        store = Store.open(f"sqlite:///{folder}/posts.sqlite")
        fill(store, config, number)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        runs = [measure(store, config, days) for days in (7, 30, DAYS)]
        store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest = max(one["cpu"] for one in runs)
    if asked.json:
        figures = {"posts": number, "reports": runs, "slowest": slowest, "allowed": SECONDS}
        print(json.dumps(figures | {"grown_megabytes": (peak - before) // 1024}))
    else:
        print(f"{number:,} posts stored, about three brands; a report about two of them")
        heads = ("posts", "counting", "writing", "in all", "CPU", "size")
        print(f"{'days':>6}" + "".join(f"{head:>11}" for head in heads))
        for one in runs:
            steps = (one["counting"], one["writing"], one["seconds"], one["cpu"])
            told = "".join(f"{step:>9.2f} s" for step in steps)
            print(f"{one['days']:>6.0f}{one['posts']:>11,.0f}{told}{one['kilobytes']:>8.0f} KB")
        print(f"memory grew by {(peak - before) // 1024} MB; {SECONDS} s are allowed")
    return int(asked.check and slowest > SECONDS)


if __name__ == "__main__":
    sys.exit(main())
