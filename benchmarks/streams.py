"""How fast a live stream is taken in, how soon a match is stored, and what a slow reader costs.

    python -m benchmarks.streams [--quick] [--json]

A server in a process of its own sends invented events of Jetstream's shape over a WebSocket; texts
are those of real posts. The watcher's side runs on one core: the service's own stream thread and
the service's own matching, with 1,000 rules, 20 brands and a look-alike rule. Three runs:

1. full speed: all events lie ready; how many posts a second are stored and matched.
2. live: posts are written at a steady pace; how long from the writing to the stored match.
3. slow: nobody takes a page for some seconds; how much memory that takes, and whether all comes.
"""

import argparse
import gzip
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psutil

from benchmarks.imitations import brands
from benchmarks.watch_rules import LEARNT, Maker, read_posts
from watcher import pipeline
from watcher.app import App
from watcher.backends.interface import Page, Stream
from watcher.config import load
from watcher.streams import Listener, Streams

ROOT = Path(__file__).resolve().parents[1]
POSTS = ROOT.parent / "shared/data/bench/posts-100k.jsonl.gz"
RULES = 1000
BRANDS = 20
LEAST_RATE = 2000
"""Posts a CPU-second: of the one core, whatever else the machine does."""
LONGEST_MEDIAN = 1.0
MOST_MEMORY = 64
"""MB that a stream nobody reads from may take."""
PACE = 200
"""Posts a second of the live run: more than the whole of Bluesky writes in a quiet hour."""
STALL = 3.0
"""Seconds in which nobody takes a page."""


# The server, in a process of its own.


def serve(count: int, pace: int) -> None:
    """Send so many events, `pace` a second (0: at once), to each connection from its cursor on."""
    from websockets.sync.server import ServerConnection
    from websockets.sync.server import serve as listen

    with gzip.open(POSTS, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in islice(lines, LEARNT, LEARNT + count)]
    first = int(time.time() * 1e6) - count  # at full speed: as if all had just been written
    events = [] if pace else [frame(row, n, first + n) for n, row in enumerate(rows)]

    def handle(connection: ServerConnection) -> None:
        assert connection.request is not None
        asked = parse_qs(urlsplit(connection.request.path).query)
        line = connection.socket
        try:
            if pace:
                live(line, rows, pace)
            else:
                after = int(asked.get("cursor", ["0"])[0]) - first
                start = min(max(after, 0), count)
                for at in range(start, count, 100):
                    line.sendall(b"".join(events[at : min(at + 100, count)]))
            connection.recv()  # until the other side has enough
        except Exception:  # noqa: BLE001 - whoever reads may go at any time
            return

    with listen(handle, "127.0.0.1", 0, compression=None) as server:
        print(server.socket.getsockname()[1], flush=True)
        server.serve_forever()


def live(line: socket.socket, rows: list[dict[str, Any]], pace: int) -> None:
    """Send posts at a steady pace, each with the time at which it is sent."""
    begun = time.monotonic()
    for number, row in enumerate(rows):
        time.sleep(max(0.0, begun + number / pace - time.monotonic()))
        line.sendall(frame(row, number, int(time.time() * 1e6)))


def frame(row: dict[str, Any], number: int, at: int) -> bytes:
    """Return an event as a WebSocket frame (RFC 6455, a server's: not masked)."""
    text = row["text"]
    links = [
        {"index": {"byteStart": 0, "byteEnd": 1},
         "features": [{"$type": "app.bsky.richtext.facet#link", "uri": f"https://{domain}/"}]}
        for domain in row["domains"]
    ]  # fmt: skip
    record = {
        "$type": "app.bsky.feed.post",
        "createdAt": datetime.fromtimestamp(at / 1e6, UTC).isoformat(),
        "langs": [row["lang"]],
        "text": text,
        **({"facets": links} if links else {}),
    }
    event = {
        "did": f"did:plc:{row['author']}",
        "time_us": at,
        "kind": "commit",
        "commit": {
            "rev": "3l3qo2vutsw2b",
            "operation": "create",
            "collection": "app.bsky.feed.post",
            "rkey": f"3l3{number:010}",
            "record": record,
            "cid": "bafyreidwaivazkwu67xztlmuobx35hs2lnfh3kolmgfmucldvhd3sgzcqi",
        },
    }
    body = json.dumps(event, ensure_ascii=False).encode()
    size = len(body)
    head = bytes([0x81, size]) if size < 126 else b"\x81\x7e" + size.to_bytes(2, "big")
    return head + body


@contextmanager
def server(count: int, pace: int = 0) -> Iterator[str]:
    """Run a server; give its address."""
    command = [sys.executable, "-m", "benchmarks.streams", "--serve", str(count), str(pace)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"ws://127.0.0.1:{int(process.stdout.readline())}/subscribe"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


# The watcher.


@contextmanager
def watcher(address: str) -> Iterator[App]:
    """Open a watcher whose only source is the stream, in an empty folder."""
    config = [
        '[mail]\nkind = "outbox"\nfolder = "mails"\nfrom = "watcher@acme.example"\n',
        '[[sources]]\nname = "live"\nkind = "bluesky"\nquery = "jetstream"\nnames = false',
        f'begin = "oldest"\nurl = "{address}"\n',
        '[[channels]]\nname = "daily"\nkind = "email"\nto = ["ada@acme.example"]\n',
        '[[rules]]\nname = "names"\nkind = "lookalike"\nthen = ["daily"]\n',
    ]
    config += [f'[[brands]]\nname = "{name}"\n' for name in brands(BRANDS)[:BRANDS]]
    for rule in Maker(read_posts(POSTS, LEARNT)).exact(RULES):
        find = json.dumps(rule.find, ensure_ascii=False)
        config.append(f'[[rules]]\nname = "{rule.name}"\nfind = {find}\nthen = ["daily"]\n')
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "watcher.toml"
        path.write_text("\n".join(config), encoding="utf-8")
        with App.open(load(path, {})) as app:
            yield app


def on_one_core() -> None:
    """Keep this process and its threads on one core, and leave the others to the server."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def run(app: App, count: int) -> list[tuple[int, float]]:
    """Follow the stream as the service does until so many posts are matched.

    Return (posts matched so far, time) of every step.
    """
    news, troubles = threading.Event(), []
    streams = Streams(
        Listener(
            app=lambda: app,
            found=news.set,
            looked=lambda _: None,
            tell=lambda name, what: troubles.append(f"{name}: {what}") if what else None,
        )
    )
    steps = [(0, time.time())]
    streams.follow(app.config.sources)
    try:
        while steps[-1][0] < count:
            if not news.wait(20):
                raise SystemExit(f"nothing comes any more: {troubles}")
            news.clear()
            matched = pipeline.match(app)
            steps.append((steps[-1][0] + matched.posts, time.time()))
    finally:
        streams.stop()
        streams.wait(10)
    return steps


def full_speed(count: int) -> dict[str, Any]:
    with server(count) as address, watcher(address) as app:
        cpu = time.process_time()
        steps = run(app, count)
        cpu = time.process_time() - cpu
        stored = app.store.count_posts()
    seconds = steps[-1][1] - steps[0][1]
    return {
        "posts": count,
        "stored": stored,
        "posts_per_second": round(count / seconds),
        "posts_per_cpu_second": round(count / cpu),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def latency(count: int) -> dict[str, Any]:
    with server(count, PACE) as address, watcher(address) as app:
        steps = run(app, count)
        posts = [one.post for one in app.store.posts_after(0, count)]
    delays, at = [], 0
    for done, when in steps[1:]:
        delays += [when - post.posted_at.timestamp() for post in posts[at:done]]
        at = done
    delays.sort()
    return {
        "posts": count,
        "posts_per_second": PACE,
        "median_s": round(statistics.median(delays), 3),
        "p99_s": round(delays[int(len(delays) * 0.99)], 3),
    }


def slow_reader(count: int) -> dict[str, Any]:
    """Take a page, then none for some seconds, then all the rest."""
    me = psutil.Process()
    with server(count) as address, watcher(address) as app:
        reader = app.config.sources[0].open(app.config.folder)
        assert isinstance(reader, Stream)
        pages = reader.live(None, lambda: False)
        got, behind = len(next(pages).posts), timedelta(0)
        before = me.memory_info().rss
        time.sleep(STALL)
        grown = me.memory_info().rss - before
        while got < count:
            page: Page = next(pages)
            got += len(page.posts)
            behind = max(behind, page.behind or timedelta(0))
        grown = max(grown, me.memory_info().rss - before)
        reader.close()
    return {
        "posts": got,
        "grown_mb": round(grown / 1e6, 1),
        "most_behind_s": round(behind.total_seconds(), 1),
    }


def measure(*, quick: bool) -> dict[str, Any]:
    on_one_core()
    fast = full_speed(20_000 if quick else 80_000)
    soon = latency(1_000 if quick else 6_000)
    slow = slow_reader(20_000 if quick else 80_000)
    required = {
        "rate": min(fast["posts_per_cpu_second"], fast["posts_per_second"]) >= LEAST_RATE
        and fast["stored"] == fast["posts"],
        "median": soon["median_s"] < LONGEST_MEDIAN,
        "memory": slow["grown_mb"] < MOST_MEMORY and slow["most_behind_s"] >= STALL,
    }
    return {
        "rules": RULES, "brands": BRANDS, "full_speed": fast, "live": soon, "slow": slow,
        "required": required,
    }  # fmt: skip


def show(found: dict[str, Any]) -> None:
    fast, soon, slow = found["full_speed"], found["live"], found["slow"]
    print(
        f"full speed, {found['rules']:,} rules, {found['brands']} brands: {fast['posts']:,} posts, "
        f"{fast['posts_per_cpu_second']:,} a CPU-second, {fast['posts_per_second']:,} a second by "
        f"the clock on one core; peak memory {fast['peak_memory_mb']} MB"
    )
    print(
        f"live, {soon['posts_per_second']} posts a second: from writing to stored match "
        f"{soon['median_s']} s in the median, {soon['p99_s']} s at the 99th percentile"
    )
    print(
        f"slow: nobody reads for {STALL:g} s: {slow['grown_mb']} MB more; it lay "
        f"{slow['most_behind_s']} s behind, and {slow['posts']:,} posts came"
    )
    for name, met in found["required"].items():
        print(f"{name}: {'met' if met else 'NOT MET'}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer posts: under a minute")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", nargs=2, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not POSTS.exists():
        print(f"there are no posts at {POSTS}", file=sys.stderr)
        return 1
    if options.serve:
        serve(*options.serve)
        return 0
    found = measure(quick=options.quick)
    print(json.dumps(found, indent=2)) if options.json else show(found)
    return int(not all(found["required"].values()))


if __name__ == "__main__":
    sys.exit(main())
