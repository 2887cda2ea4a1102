"""How many posts a CPU-second the store takes in, hands out and marks as matched.

    python benchmarks/store.py                    # 100,000 posts, pages of 1,000, SQLite
    python benchmarks/store.py --quick --json     # a tenth of them, for machines
    python benchmarks/store.py --url postgresql+psycopg://...     # an empty database of a server

On a server the figures count the CPU time of this process only. The posts are real ones where the
research data is at hand, else made up.
"""

import argparse
import gzip
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from rules.model import Account, Match, Post, Reason
from watcher.backends.interface import Page
from watcher.store import Store

POSTS = Path(__file__).parents[2] / "shared/data/bench/posts-100k.jsonl.gz"
START = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = 1000
WANTED = {"save a page": 15_000, "read on": 20_000}
"""Posts per CPU-second that the design asks for."""


def posts(limit: int) -> list[Post]:
    """Return posts in the order of their dates."""
    rows = islice(_real() if POSTS.exists() else _made_up(), limit)
    return [
        Post(
            network="x",
            id=f"1489{number:015d}",
            author=Account(network="x", id=row["author"], handle=row["author"]),
            text=row["text"],
            posted_at=START + timedelta(seconds=number),
            url=f"https://x.example/{row['author']}/status/1489{number:015d}",
            language=row["lang"],
            links=tuple(f"https://{domain}/" for domain in row["domains"]),
            repost_of="0" if row["rt"] else None,
            likes=number % 7,
        )
        for number, row in enumerate(rows)
    ]


def _real() -> Iterator[dict[str, object]]:
    with gzip.open(POSTS, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _made_up() -> Iterator[dict[str, object]]:
    for number in range(10**9):
        text = f"The train to the sea is late again, the {number}th time this year #delays " * 2
        author = f"traveller{number * 7919 % 60_000}"
        yield {"text": text, "lang": "en", "author": author, "domains": (), "rt": number % 4 == 0}


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the CPU and the wall seconds that a piece of work takes."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def measure(store: Store, some: list[Post]) -> dict[str, tuple[float, float]]:
    """Run every step over all the posts; return CPU and wall seconds by its name."""
    later = START + timedelta(days=30)
    pages = [
        Page(posts=tuple(some[at : at + PAGE]), cursor=str(at), more=True)
        for at in range(0, len(some), PAGE)
    ]
    reason = Reason(template='"{word}" is in the post.', values={"word": "train"})
    routes = {"talk": ("daily",)}

    def save() -> None:
        for page in pages:
            store.save_page("benchmark", page, later)

    def read() -> None:
        rid = 0
        while found := store.posts_after(rid, PAGE):
            rid = found[-1].rid

    def matched() -> None:
        while (batch := store.unmatched(PAGE)).posts:
            matches = [
                Match(rule="talk", post=post.key, spans=((0, 3),), reason=reason)
                for post in batch.posts[::20]
            ]
            store.save_matches(batch, matches, (), routes, later)

    def tell() -> None:
        store.waiting("daily", START, later, limit=20_000)

    return {
        "save a page": timed(save),
        "save it again": timed(save),
        "read on": timed(read),
        "match (1 in 20)": timed(matched),
        "read what waits": timed(tell),
        "forget all": timed(lambda: store.forget_before(later + timedelta(days=1))),
    }


def main() -> int:
    """Measure, print, and return 1 where a figure falls short of what the design asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="10,000 posts")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--url", help="an empty database; default: SQLite in a temporary folder")
    options = parser.parse_args()
    some = posts(10_000 if options.quick else 100_000)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "watcher.sqlite"
        store = Store.open(options.url or f"sqlite:///{file}")
        seconds = measure(store, some)
        store.close()
        size = file.stat().st_size if file.exists() else None
    rates = {step: round(len(some) / cpu) for step, (cpu, _) in seconds.items()}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    report(options.json, len(some), rates, seconds, size, memory)
    return int(any(rates[step] < wanted for step, wanted in WANTED.items()))


def report(
    as_json: bool,
    count: int,
    rates: dict[str, int],
    seconds: dict[str, tuple[float, float]],
    size: int | None,
    memory: int,
) -> None:
    """Print the figures for people or for machines."""
    if as_json:
        figures = {"posts": count, "posts_per_cpu_second": rates, "bytes": size}
        print(json.dumps(figures | {"peak_memory_mb": memory}))
        return
    print(f"{count} posts, pages of {PAGE}, peak memory {memory} MB")
    for step, (cpu, wall) in seconds.items():
        wanted = f"   wanted {WANTED[step]}" if step in WANTED else ""
        print(f"{step:18} {rates[step]:>9} posts/CPU-s  {cpu:7.2f} s CPU {wall:7.2f} s{wanted}")
    if size:
        print(f"database {size / 1e6:.1f} MB, {size / count:.0f} bytes a post")


if __name__ == "__main__":
    sys.exit(main())
