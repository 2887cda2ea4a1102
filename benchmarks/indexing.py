"""How fast posts enter the search indexes and are found, beside SQLite FTS5 and tantivy.

    python benchmarks/indexing.py DATA/bench/posts-100k.jsonl.gz [--quick] [--json]

All read the same posts in batches of 1,000, one commit each, and index the same terms, the metadata
included. Times are CPU seconds of one process (of tantivy: of all of its threads; of the index in
PostgreSQL: of ours and of the server's, all of its processes).

The index in PostgreSQL is measured where one can be started: with what it keeps by default, so
that what it has confirmed survives its crash.
"""

import argparse
import gzip
import json
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rules.language import parse
from rules.model import Account, Post
from rules.text import analyse
from tests.servers import MissingServerError, Postgres
from watcher.search import DatabaseIndex, FolderIndex, Index
from watcher.store import Store, StoredPost

BATCH = 1_000
START = datetime(2026, 1, 1, tzinfo=UTC)
QUERIES = ("iphone", "apple", "renault", "samsung OR nokia", "the phone", '"the new"', "con*")
INDEXES = ("watcher", "postgresql")
REQUIRED = {"posts_per_second": 2_000, "brand_ms": 2.0, "longest_commit_s": 2.0}


class Posts:
    """The posts in memory, read as a store is read, so that SQL does not count."""

    def __init__(self, path: Path, count: int) -> None:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line, _ in zip(lines, range(count), strict=False)]
        self.posts = [
            StoredPost(rid=rid, post=_post(row, rid)) for rid, row in enumerate(rows, start=1)
        ]
        self.upto = len(self.posts)

    def posts_after(self, rid: int, limit: int) -> tuple[StoredPost, ...]:
        """Return the next posts after `rid`."""
        return tuple(self.posts[rid : min(rid + limit, self.upto)])

    def posts_by_rid(self, rids: Sequence[int]) -> tuple[StoredPost, ...]:
        """Return these posts."""
        return tuple(self.posts[rid - 1] for rid in rids)

    def rids_between(self, first_rid: int, last_rid: int) -> Sequence[int]:
        """Return the numbers from one to another."""
        return range(max(first_rid, 1), min(last_rid, self.upto) + 1)

    def count_posts(self, first_rid: int | None = None, last_rid: int | None = None) -> int:
        """Count the posts between two numbers."""
        last = self.upto if last_rid is None else min(last_rid, self.upto)
        return max(0, last - max(first_rid or 1, 1) + 1)

    def newest_rid(self) -> int:
        """Return the last number."""
        return self.upto

    def account_by_handle(self, network: str | None, handle: str) -> Account | None:  # noqa: ARG002
        """Return nobody: no account was renamed."""
        return None


def _post(row: dict[str, Any], rid: int) -> Post:
    author = Account(network="x", id=row["author"], handle=row["author"])
    return Post(
        network="x",
        id=str(rid),
        author=author,
        text=row["text"],
        posted_at=START + timedelta(seconds=rid),
        language=row["lang"],
        source="bench",
        links=tuple(f"https://{domain}/" for domain in row["domains"]),
    )


def cpu(work: Callable[[], object]) -> float:
    """Return how many CPU seconds some work takes."""
    before = time.process_time()
    work()
    return time.process_time() - before


def median_ms(work: Callable[[], object], times: int = 30) -> float:
    """Return the median of the wall-clock time, in milliseconds."""
    taken = []
    for _ in range(times):
        before = time.perf_counter()
        work()
        taken.append(time.perf_counter() - before)
    return 1_000 * statistics.median(taken)


def megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def in_folder(posts: Posts, folder: Path, pauses: tuple[int, int]) -> dict[str, Any]:
    index = FolderIndex.open(folder / "watcher")
    seconds = cpu(lambda: index.catch_up(posts, batch=BATCH))
    made = _measured(index, posts, seconds)
    made["minutes"] = minutes(posts, FolderIndex.open(folder / "minutes"), *pauses)
    return made


def in_database(posts: Posts, folder: Path, pauses: tuple[int, int]) -> dict[str, Any]:  # noqa: ARG001
    server = Postgres(durable=True)
    try:
        server.execute("CREATE DATABASE bench TEMPLATE template0")
        store = Store.open(server.url("bench"))
        index = DatabaseIndex.open(store)
        before = server_cpu(server)
        seconds = cpu(lambda: index.catch_up(posts, batch=BATCH))
        its = server_cpu(server) - before
        made = _measured(index, posts, seconds + its)
        made["server_us_per_post"] = round(1e6 * its / posts.upto)
        before = server_cpu(server)
        made["rebuild_posts_per_second"] = round(
            posts.upto / (cpu(lambda: index.rebuild(posts)) + server_cpu(server) - before)
        )
        made["rebuilt_megabytes"] = round(index.size_bytes() / 1e6, 1)
        store.close()
        server.execute("CREATE DATABASE minutes TEMPLATE template0")
        store = Store.open(server.url("minutes"))
        made["minutes"] = minutes(posts, DatabaseIndex.open(store), *pauses)
        store.close()
    finally:
        server.stop()
    return made


def server_cpu(server: Postgres) -> float:
    """Return the CPU seconds of all processes of a server, those that ended included."""
    ours = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            pid, rest = place.parent.name, place.read_text().rpartition(")")[2].split()
            if int(pid) == server.pid or int(rest[1]) == server.pid:
                ours.append(sum(map(int, rest[11:15] if int(pid) == server.pid else rest[11:13])))
    return sum(ours) / os.sysconf("SC_CLK_TCK")


def _measured(index: Index, posts: Posts, seconds: float) -> dict[str, Any]:
    queries = {
        query: {
            "hits": sum(1 for _ in index.matches(parse(query), posts)),
            "newest_20_ms": round(median_ms(lambda q=query: index.search(parse(q), posts)), 2),
        }
        for query in QUERIES
    }
    return {
        "posts_per_second": round(posts.upto / seconds),
        "megabytes": round(index.size_bytes() / 1e6, 1),
        "queries": queries,
    }


def minutes(posts: Posts, index: Index, count: int, each: int) -> dict[str, Any]:
    """Commit every minute's posts, as the service does; tell the longest pause."""
    pauses = []
    for upto in range(each, count + 1, each):
        posts.upto = upto
        before = time.perf_counter()
        index.catch_up(posts)
        pauses.append(time.perf_counter() - before)
    posts.upto = len(posts.posts)
    return {
        "posts_a_minute": each,
        "commits": len(pauses),
        "median_s": round(statistics.median(pauses), 3),
        "longest_s": round(max(pauses), 2),
    }


def _batches(posts: Posts) -> Iterator[tuple[StoredPost, ...]]:
    for start in range(0, posts.upto, BATCH):
        yield tuple(posts.posts[start : start + BATCH])


def fts5(posts: Posts, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    database = sqlite3.connect(folder / "fts.sqlite")
    database.execute(
        "CREATE VIRTUAL TABLE posts USING fts5(text, content='', tokenize='unicode61')"
    )

    def fill() -> None:
        for batch in _batches(posts):
            with database:
                database.executemany(
                    "INSERT INTO posts (rowid, text) VALUES (?, ?)",
                    [(one.rid, _all_terms(one)) for one in batch],
                )

    seconds = cpu(fill)
    query = "SELECT rowid FROM posts WHERE posts MATCH 'iphone' ORDER BY rowid DESC LIMIT 20"
    brand = median_ms(lambda: database.execute(query).fetchall())
    database.close()
    return _peer(posts, seconds, folder, brand)


def tantivy_(posts: Posts, folder: Path) -> dict[str, Any]:
    import tantivy  # of the benchmark group only

    folder.mkdir()
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", stored=False, tokenizer_name="whitespace", index_option="basic")
    builder.add_integer_field("rid", stored=True, fast=True)
    index = tantivy.Index(builder.build(), path=str(folder))
    writer = index.writer(50_000_000, 1)

    def fill() -> None:
        for batch in _batches(posts):
            for one in batch:
                writer.add_document(tantivy.Document(text=_all_terms(one), rid=one.rid))
            writer.commit()
        writer.wait_merging_threads()

    seconds = cpu(fill)
    index.reload()
    query = index.parse_query("iphone", ["text"])
    brand = median_ms(lambda: index.searcher().search(query, 20, order_by_field="rid"))
    return _peer(posts, seconds, folder, brand)


def _all_terms(one: StoredPost) -> str:
    return " ".join(analyse(one.post).terms)


def _peer(posts: Posts, seconds: float, folder: Path, brand: float) -> dict[str, Any]:
    return {
        "posts_per_second": round(posts.upto / seconds),
        "megabytes": round(megabytes(folder), 1),
        "queries": {"iphone": {"newest_20_ms": round(brand, 2)}},
    }


def measure(data: Path, *, quick: bool) -> dict[str, Any]:
    posts = Posts(data, 20_000 if quick else 100_000)
    pauses = (10_000 if quick else 30_000, 100)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        result: dict[str, Any] = {"posts": posts.upto, "batch": BATCH}
        result["watcher"] = in_folder(posts, folder, pauses)
        result["minutes"] = result["watcher"]["minutes"]
        shutil.rmtree(folder / "watcher")
        try:
            result["postgresql"] = in_database(posts, folder, pauses)
        except MissingServerError as missing:
            result["postgresql"] = None
            print(missing, file=sys.stderr)
        result["fts5"] = fts5(posts, folder / "fts5")
        result["tantivy"] = tantivy_(posts, folder / "tantivy")
    result["required"] = {
        f"{name} {what}": met
        for name in INDEXES
        if result[name]
        for what, met in _met(result[name]).items()
    }
    return result


def _met(one: dict[str, Any]) -> dict[str, bool]:
    """Say what is met. A search by a server is a dozen round trips: its time is told, not held."""
    met = {
        "posts_per_second": one["posts_per_second"] >= REQUIRED["posts_per_second"],
        "longest_commit_s": one["minutes"]["longest_s"] <= REQUIRED["longest_commit_s"],
    }
    if "server_us_per_post" not in one:
        met["brand_ms"] = one["queries"]["iphone"]["newest_20_ms"] <= REQUIRED["brand_ms"]
    return met


def show(result: dict[str, Any]) -> None:
    print(f"{result['posts']:,} posts, batches of {result['batch']:,}\n")
    print(f"{'':16}{'posts/CPU s':>12}{'MB':>8}{'brand, newest 20':>20}")
    for name in (*INDEXES, "fts5", "tantivy"):
        if one := result[name]:
            brand = one["queries"]["iphone"]["newest_20_ms"]
            print(f"{name:16}{one['posts_per_second']:>12,}{one['megabytes']:>8}{brand:>17} ms")
    for name in INDEXES:
        if one := result[name]:
            _show_index(name, one)
    for name, met in result["required"].items():
        print(f"{'met' if met else 'NOT MET':8} {name} {REQUIRED[name.rpartition(' ')[2]]}")


def _show_index(name: str, one: dict[str, Any]) -> None:
    minutes_ = one["minutes"]
    print(
        f"\n{name}: {minutes_['commits']} commits of {minutes_['posts_a_minute']} posts: "
        f"median {minutes_['median_s']} s, longest {minutes_['longest_s']} s"
    )
    if "server_us_per_post" in one:
        print(
            f"of its CPU the server's: {one['server_us_per_post']} µs a post; built anew: "
            f"{one['rebuild_posts_per_second']:,} posts/CPU s, {one['rebuilt_megabytes']} MB"
        )
    for query, found in one["queries"].items():
        print(f"{query:24}{found['hits']:>8,} hits{found['newest_20_ms']:>10} ms")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("data", type=Path, help="posts as JSON lines, gzipped")
    parser.add_argument("--quick", action="store_true", help="a fifth of the posts, under 50 s")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    result = measure(options.data, quick=options.quick)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        show(result)
    return 0 if all(result["required"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
