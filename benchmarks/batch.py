"""Batch work: `local:2` and a Dask cluster, each beside a plain process pool at the same matching.

    .venv/bin/python benchmarks/batch.py [--quick] [--json]

Three ways over the same archive and rules, in one run: one process; a bare loop that submits the
same shards to a `concurrent.futures.ProcessPoolExecutor` and throws the results away; and the
engine `local:2` with the ledger, its hits in a SQLite database. The ratios are what counts: the
clock of a machine that others share says little. Then the same of a Dask cluster on loopback, by
`benchmarks/batch_dask.py`. Ends with 1 where what is required of Dask is not met.
"""

import argparse
import json
import multiprocessing
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import batch_dask
from rules import KeywordRule, LookalikeRule
from rules.model import Brand, Definitions
from watcher.scale.driving import Asked, create, drive
from watcher.scale.engines import Failed
from watcher.scale.local import LocalEngine
from watcher.scale.model import Shard, ShardResult, Work
from watcher.scale.planning import Plan, plan
from watcher.scale.shard import run_shard
from watcher.scale.sought import pack
from watcher.store import Store

WORKERS = 2
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
WORDS = [f"{a}{b}{c}" for a in "bcdfgklmnprst" for b in ("a", "ei", "o", "u") for c in "klmnrst"]


class Silent:
    """Nobody looks on."""

    def begins(self, shards: Sequence[Shard]) -> None:
        """Say nothing."""

    def moved(self, number: int, part: float) -> None:
        """Say nothing."""

    def died(self, number: int, what: str) -> None:
        """Say nothing."""

    def ended(self, ended: ShardResult | Failed) -> None:
        """Say nothing."""


def made_work(rules: int, brands: int) -> Work:
    """Return rules of two to four words each, and look-alike detection of some brands."""
    draw = random.Random(7)
    words = [
        KeywordRule(name=f"rule {n}", find=" ".join(draw.sample(WORDS, draw.randint(2, 4))))
        for n in range(rules)
    ]
    names = tuple(Brand(name="".join(draw.sample(WORDS, 3)).title()) for _ in range(brands))
    return Work("backtest", pack([*words, LookalikeRule(name="alike")], Definitions(brands=names)))


def write_archive(path: Path, posts: int) -> None:
    """Write posts of about 20 words by a tenth as many people."""
    draw = random.Random(8)
    with path.open("w") as file:
        for number in range(posts):
            author = draw.randrange(max(1, posts // 10))
            record = {
                "id": str(number),
                "author": {"id": f"u{author}", "handle": f"{WORDS[author % len(WORDS)]}{author}"},
                "text": " ".join(draw.choices(WORDS, k=20)),
                "posted_at": (BEGAN + timedelta(seconds=number)).isoformat(),
            }
            file.write(json.dumps(record) + "\n")


@contextmanager
def timed(told: dict[str, float], posts: int) -> Iterator[None]:
    """Measure clock and CPU seconds of this process and those it waits for."""

    def cpu() -> float:
        both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        return sum(one.ru_utime + one.ru_stime for one in map(resource.getrusage, both))

    began, used = time.perf_counter(), cpu()
    yield
    told["seconds"] = time.perf_counter() - began
    told["posts_a_second"] = posts / told["seconds"]
    told["cpu_seconds_seen"] = cpu() - used


def alone(work: Work, shards: Sequence[Shard]) -> int:
    """Work the shards off in this process; return the number of hits."""
    return sum(run_shard(work, shard).hits for shard in shards)


def bare_pool(work: Work, shards: Sequence[Shard]) -> int:
    """Work them off in a pool, and nothing more."""
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        return sum(one.hits for one in pool.map(run_shard, [work] * len(shards), shards))


def with_ledger(folder: Path) -> Callable[[Work, Sequence[Shard]], int]:
    """Return what works shards off as a job does: ledger, retries and hits in the store."""

    def run(work: Work, shards: Sequence[Shard]) -> int:
        with closing(Store.open(f"sqlite:///{folder / 'jobs.sqlite'}")) as store:
            asked = Asked(work=work, to="store", rules="made up", archives=("made up",))
            job = create(store, asked, Plan(tuple(shards)), BEGAN)
            with closing(LocalEngine(WORKERS)) as engine:
                drive(store, job, engine, Silent(), lambda: datetime.now(UTC))
            return store.job(job).hits

    return run


def measure(posts: int, rules: int, brands: int, size: int) -> dict[str, object]:
    """Return the figures of all three ways."""
    work = made_work(rules, brands)
    told: dict[str, dict[str, float]] = {}
    hits = set()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_archive(folder / "posts.jsonl", posts)
        shards = plan([str(folder / "posts.jsonl")], size).shards
        ways = {"alone": alone, "pool": bare_pool, "local": with_ledger(folder)}
        for way, run in ways.items():
            told[way] = {}
            with timed(told[way], posts):
                hits.add(run(work, shards))
    assert len(hits) == 1, f"the ways disagree: {hits}"
    return {
        "posts": posts,
        "rules": rules,
        "brands": brands,
        "shards": len(shards),
        "hits": hits.pop(),
        "ways": told,
        "local_to_pool": told["pool"]["seconds"] / told["local"]["seconds"],
        "local_to_alone": told["alone"]["seconds"] / told["local"]["seconds"],
    }


def main() -> int:
    """Measure, print, and return 1 where a figure falls short of what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="Fewer posts: about half a minute.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the cluster ends with us
    posts, size = (16_000, 4_000) if options.quick else (400_000, 25_000)
    load = round(os.getloadavg()[0], 1)
    told = {"load": load, **measure(posts, rules=1_000, brands=100, size=size)}
    told["dask"] = dask = batch_dask.measured(quick=options.quick)
    told["required"] = batch_dask.required(dask)
    missed = any(line.startswith("MISSED") for line in batch_dask.required(dask))
    if options.json:
        print(json.dumps(told, indent=2))
        return int(missed)
    print(f"{told['posts']:,} posts, 1,000 rules, 100 brands, {told['shards']} shards")
    ways: dict[str, dict[str, float]] = told["ways"]  # type: ignore[assignment]
    for name, way in (("one process", "alone"), ("bare pool of 2", "pool"), ("local:2", "local")):
        seconds, rate = ways[way]["seconds"], ways[way]["posts_a_second"]
        print(f"  {name:16} {seconds:7.1f} s {rate:10,.0f} posts/s")
    print(f"  local:2 to the bare pool: {told['local_to_pool']:.2f}")
    print(f"Dask, {dask['workers']:.0f} workers, {dask['posts']:,} posts, load {load} before")
    for name in ("share_of_pool_by_wall", "share_of_pool_by_cpu", "start_wall_seconds",
                 "start_cpu_seconds", "cancel_wall_seconds"):  # fmt: skip
        print(f"  {name.replace('_', ' '):24} {dask[name]:7}")
    print(*batch_dask.required(dask), sep="\n")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
