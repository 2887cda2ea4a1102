"""What whole networks would cost, from what one post costs: cores, storage, write-ahead log.

    python benchmarks/scale.py                    # 10,000 posts a run, up to 100,000 rules
    python benchmarks/scale.py --quick --json     # 4,000 posts, up to 10,000 rules
    python benchmarks/scale.py --page             # and writes the tables of docs/scale.md

On a durable PostgreSQL of its own posts are appended, worked off and indexed: with 1,000 rules and
100 brands, once for each way to keep posts, and with 10,000 rules, which find more, to learn what a
match costs. What matching by 100,000 rules takes is measured without a store. CPU seconds of this
process and of the server, differences of `pg_current_wal_lsn` after a checkpoint, and sizes of what
is stored: `scale_paper.py` makes of them what so many posts a second cost.
"""

import argparse
import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg

from benchmarks.log import BRANDS, LEARNT, NOW, PAGE, POSTS, RULES, Clock, configure
from benchmarks.scale_paper import FEW, MANY, NETWORKS, Units, cost, told, write
from benchmarks.store import posts
from benchmarks.watch_rules import Maker, read_posts
from rules.matcher import Matcher
from rules.model import Post
from tests.servers import Postgres
from watcher import pipeline
from watcher.app import App
from watcher.backends.interface import Page
from watcher.config import load
from watcher.store.log_claim import Claim
from watcher.walk.archiving import drop_old_log
from watcher.walk.working import work

WARM = 2_000
DENSER = 10_000
MOST_RULES = 100_000
MATCHED_ON = 2_000
"""Posts on which the matcher alone is timed."""


@dataclass
class Step:
    """What one step took for each post."""

    client: float
    server: float
    wal: float
    octets: float


class Meter:
    """Measures steps on one database of a server."""

    def __init__(self, server: Postgres, name: str) -> None:
        self._clock = Clock(psutil.Process(server.pid))
        url = server.url(name).replace("+psycopg", "")
        self._connection = psycopg.connect(url, autocommit=True)

    def step(self, count: int, do: Callable[[], Any]) -> Step:
        """Do a step with so many posts."""
        self._connection.execute("CHECKPOINT")
        size, at = self.size(), self._one("SELECT pg_current_wal_lsn()")
        timed = self._clock.timed(count, do)
        wal = self._one("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), %s)", at)
        return Step(
            client=timed["client_microseconds"],
            server=timed["server_microseconds"],
            wal=float(wal) / count,
            octets=(self.size() - size) / count,
        )

    def size(self) -> int:
        """Octets of the whole database."""
        return int(self._one("SELECT pg_database_size(current_database())"))

    def _one(self, query: str, *values: object) -> Any:
        row = self._connection.execute(query.encode(), values or None).fetchone()
        assert row is not None
        return row[0]

    def close(self) -> None:
        """Leave the server alone."""
        self._connection.close()


@dataclass
class Run:
    """What one walk through the log and the index took."""

    append: Step
    work: Step
    index: Step
    save: float
    """Microseconds of the worker's CPU time for each post while it held the writers' lock."""
    stored: float
    matches: float
    parquet: float


def walk(
    server: Postgres, keep: str, rules: int, learnt: list[Post], warm: list[Post], some: list[Post]
) -> Run:
    """Append, work off, index and archive the posts."""
    name = f"{keep}_{rules}"
    server.execute(f"CREATE DATABASE {name}")
    with tempfile.TemporaryDirectory() as temporary:
        path = configure(Path(temporary), server.url(name), keep, learnt, rules)
        path.write_text(path.read_text().replace("[store]", '[store]\narchive = "archive"', 1))
        with App.open(load(path, {}), clock=lambda: NOW) as app:
            pipeline.match(app)
            app.store.append("warm", None, _page(warm, 0), NOW)
            work(app, "benchmark")
            app.index.catch_up(app.store)
            gc.collect()
            gc.freeze()
            meter = Meter(server, name)
            before = app.store.status()
            append = meter.step(len(some), lambda: _append(app, some))
            saving = _Saving()
            with saving:
                worked = meter.step(len(some), lambda: work(app, "benchmark"))
            status = app.store.status()
            stored = status.posts - before.posts
            index = meter.step(max(1, stored), lambda: app.index.catch_up(app.store))
            meter.close()
            drop_old_log(app, NOW + timedelta(days=9))
            archive = sum(one.stat().st_size for one in (path.parent / "archive").iterdir())
            gc.unfreeze()
    return Run(
        append=append,
        work=worked,
        index=index,
        save=saving.seconds / len(some) * 1e6,
        stored=stored / len(some),
        matches=(status.matches - before.matches) / len(some),
        parquet=archive / (len(some) + len(warm)),
    )


class _Saving:
    """Sums up the CPU seconds that claims take to be saved, which they do one at a time."""

    seconds = 0.0

    def __enter__(self) -> None:
        self._save = save = Claim.save

        def timed(claim: Claim, *args: Any, **kwargs: Any) -> Any:
            before = time.process_time()
            try:
                return save(claim, *args, **kwargs)
            finally:
                self.seconds += time.process_time() - before

        Claim.save = timed  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        Claim.save = self._save  # type: ignore[method-assign]


def _append(app: App, some: Sequence[Post]) -> None:
    cursor = None
    for at in range(0, len(some), PAGE):
        page = _page(some[at : at + PAGE], at)
        app.store.append("benchmark", cursor, page, NOW)
        cursor = page.cursor


def _page(some: Sequence[Post], at: int) -> Page:
    return Page(posts=tuple(some), cursor=str(at + 1), more=True)


def matching(maker: Maker, count: int, learnt: list[Post], some: list[Post]) -> tuple[float, float]:
    """Return the microseconds and the matches of a post, by so many rules."""
    matcher = Matcher(maker.exact(count))
    matcher.decide(learnt[: 2 * MATCHED_ON])
    gc.collect()
    gc.freeze()
    before = time.process_time()
    found = matcher.decide(some)  # what is found in them, and where, is part of a match's cost
    spent = time.process_time() - before
    gc.unfreeze()
    return spent / len(some) * 1e6, len(found) / len(some)


def measure(count: int, most: int) -> Units:
    """Measure all of it with so many posts in a run, and with so many rules at most."""
    learnt = read_posts(POSTS, LEARNT)
    some = posts(LEARNT + count)
    warm, some = some[LEARNT - WARM : LEARNT], some[LEARNT:]
    maker = Maker(learnt)
    few = matching(maker, RULES, learnt, some[:MATCHED_ON])
    denser = matching(maker, DENSER, learnt, some[:MATCHED_ON])
    many = matching(maker, most, learnt, some[:MATCHED_ON]) if most > DENSER else denser
    server = Postgres(durable=True)
    try:
        everything = walk(server, "all", RULES, learnt, warm, some)
        matched = walk(server, "matched", RULES, learnt, warm, some)
        dense = walk(server, "all", DENSER, learnt, warm, some)
    finally:
        server.stop()
    more = dense.matches - everything.matches

    def a_match(of: Callable[[Step], float], known: float = 0.0) -> float:
        return max(0.0, (of(dense.work) - of(everything.work) - known) / more)

    values = {
        "append_client": everything.append.client,
        "append_server": everything.append.server,
        "all_client": everything.work.client,
        "all_server": everything.work.server,
        "matched_client": matched.work.client,
        "matched_server": matched.work.server,
        "rules": max(0.0, many[0] - few[0]),
        "match_client": a_match(lambda one: one.client, denser[0] - few[0]),
        "match_server": a_match(lambda one: one.server),
        "index_client": everything.index.client,
        "index_server": everything.index.server,
        "save_client": everything.save,
        "matched_save_client": matched.save,
        "log_octets": everything.append.octets,
        "post_octets": everything.work.octets,
        "index_octets": everything.index.octets,
        "match_octets": a_match(lambda one: one.octets),
        "parquet_octets": everything.parquet,
        "append_wal": everything.append.wal,
        "all_wal": everything.work.wal,
        "matched_wal": matched.work.wal,
        "index_wal": everything.index.wal,
        "match_wal": a_match(lambda one: one.wal),
        "kept": 100 * matched.stored,
        "few": 100 * everything.matches,
        "many": 100 * many[1],
    }
    return Units(**{name: round(value, 1) for name, value in values.items()})


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="4,000 posts, 10,000 rules at most")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--page", action="store_true", help="write the tables of docs/scale.md")
    options = parser.parse_args()
    if not POSTS.exists():
        print(f"there are no posts at {POSTS}", file=sys.stderr)
        return 1
    count, most = (4_000, DENSER) if options.quick else (10_000, MOST_RULES)
    load_before = os.getloadavg()[0]
    units = measure(count, most)
    if options.page:
        write(
            units,
            f"`python benchmarks/scale.py --page`, {datetime.now(UTC):%Y-%m-%d}, load "
            f"{load_before:.1f} before, {os.cpu_count()} cores, {count:,} posts a run, "
            f"{BRANDS} brands:",
        )
    if options.json:
        costs = {
            name: {
                f"{keep}, {found}": asdict(one) | {"cores": one.cores}
                for keep, found in (("all", FEW), ("matched", FEW), ("all", MANY))
                for one in [cost(units, rate, keep, found)]
            }
            for name, rate in NETWORKS.items()
        }
        print(json.dumps({"posts": count, "rules": most, "units": asdict(units), "costs": costs}))
    else:
        if most < MOST_RULES:
            print(f"{most:,} rules stand for {MOST_RULES:,} here\n")
        print(told(units))
    return 0


if __name__ == "__main__":
    sys.exit(main())
