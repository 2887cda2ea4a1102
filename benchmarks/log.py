"""What a post costs on its way through the log to workers: appended, claimed, matched and stored.

    python benchmarks/log.py                    # 40,000 posts, 1,000 rules, 100 brands
    python benchmarks/log.py --quick --json     # 8,000 of them, for machines
    python benchmarks/log.py --profile          # where a worker's time goes

A PostgreSQL of its own, with all that makes it durable, in a temporary folder. Beside it in the
same run, without any matching or storing: a table of one row per post from which workers take with
`SELECT ... FOR UPDATE SKIP LOCKED`, and mark what they have done, as queues in tables commonly do.
CPU seconds are those of this process; the server's own are told apart.
"""

import argparse
import cProfile
import json
import os
import pstats
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg
from sqlalchemy import update

from benchmarks.store import PAGE, POSTS, posts
from benchmarks.watch_rules import LEARNT, Maker, read_posts
from rules.model import Post
from tests.servers import Postgres
from watcher import pipeline
from watcher.app import App
from watcher.backends.interface import Page
from watcher.config import load
from watcher.store.log_rows import pack, unpack
from watcher.store.schema import log_cursors
from watcher.walk.working import work

RULES = 1000
BRANDS = 100
WARM = 4000
NOW = datetime(2026, 2, 1, tzinfo=UTC)
MOST_MICROSECONDS = 150
LEAST_A_SECOND = 5000


def brands(learnt: list[Post]) -> list[str]:
    """Return names that 1 to 3 posts of 10,000 say."""
    words = Counter(word for one in learnt for word in set(re.findall(r"\w+", one.text.lower())))
    rare = [word for word, times in words.items() if word.isalpha() and len(word) > 5 >= times > 1]
    return sorted(rare)[:: max(1, len(rare) // BRANDS)][:BRANDS]


def configure(folder: Path, url: str, keep: str, learnt: list[Post], rules: int = RULES) -> Path:
    """Write a configuration with rules, brands and a rule for look-alikes."""
    lines = [
        f'[store]\nurl = "{url}"\nkeep = "{keep}"\n',
        '[mail]\nkind = "outbox"\nfolder = "mails"\nfrom = "watcher@acme.example"\n',
        '[[channels]]\nname = "daily"\nkind = "email"\nto = ["ada@acme.example"]\n',
        '[[rules]]\nname = "names"\nkind = "lookalike"\nthen = ["daily"]\n',
    ]
    lines += [f'[[brands]]\nname = "{name}"\n' for name in brands(learnt)]
    for rule in Maker(learnt).exact(rules):
        find = json.dumps(rule.find, ensure_ascii=False)
        lines.append(f'[[rules]]\nname = "{rule.name}"\nfind = {find}\nthen = ["daily"]\n')
    path = folder / "watcher.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


class Clock:
    """CPU seconds of this process and of a server, and seconds on the wall."""

    def __init__(self, server: psutil.Process) -> None:
        self._server = server
        self._gone: dict[int, float] = {}

    def _of_server(self) -> float:
        for one in (self._server, *self._server.children(recursive=True)):
            try:
                times = one.cpu_times()
            except psutil.NoSuchProcess:
                continue
            self._gone[one.pid] = times.user + times.system
        return sum(self._gone.values())

    def timed(self, count: int, do: Callable[[], Any]) -> dict[str, float]:
        """Return what a post costs, where `do` is done with so many."""
        server, cpu, wall = self._of_server(), time.process_time(), time.perf_counter()
        do()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        server = self._of_server() - server
        return {
            "client_microseconds": round(cpu / count * 1e6, 1),
            "server_microseconds": round(server / count * 1e6, 1),
            "posts_per_cpu_second": round(count / cpu),
            "posts_per_second": round(count / wall),
        }


def through_log(
    server: Postgres, clock: Clock, keep: str, warm: list[Post], some: list[Post],
    learnt: list[Post], profile: cProfile.Profile | None,
) -> dict[str, Any]:  # fmt: skip
    """Append all posts and work them off."""
    server.execute(f"CREATE DATABASE {keep}_kept")
    with tempfile.TemporaryDirectory() as temporary:
        path = configure(Path(temporary), server.url(f"{keep}_kept"), keep, learnt)
        with App.open(load(path, {}), clock=lambda: NOW) as app:
            pipeline.match(app)  # the leader has been there
            # Models of languages and tones are loaded when they are first asked for.
            app.store.append("warm", None, _page(warm, 0), NOW)
            work(app, "benchmark")
            store = app.store

            def append() -> None:
                cursor = None
                for at in range(0, len(some), PAGE):
                    page = _page(some[at : at + PAGE], at)
                    store.append("benchmark", cursor, page, NOW + timedelta(microseconds=at))
                    cursor = page.cursor

            appended = clock.timed(len(some), append)
            found: dict[str, Any] = {}

            def off() -> None:
                if profile:
                    profile.enable()
                found.update(vars(work(app, "benchmark")))
                if profile:
                    profile.disable()

            worked = clock.timed(len(some), off)
            status = store.status()
    cost = appended["client_microseconds"] + worked["client_microseconds"]
    return {
        "append": appended,
        "work": worked,
        "client_microseconds": round(cost, 1),
        "stored": status.posts,
        "matches": found["matches"],
        "claims": found["claims"],
        "suspects": sum(status.suspects.values()),
        "ok": {
            "microseconds": cost <= MOST_MICROSECONDS,
            "a_worker": worked["posts_per_cpu_second"] >= LEAST_A_SECOND,
        },
    }


def _page(some: list[Post], at: int) -> Page:
    return Page(posts=tuple(some), cursor=str(at + 1), more=True)


def naive(server: Postgres, clock: Clock, some: list[Post]) -> dict[str, Any]:
    """Send the posts through a table with a row for each, without matching or storing."""
    server.execute("CREATE DATABASE naive")
    url = server.url("naive").replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE jobs (id bigserial PRIMARY KEY, payload bytea, done boolean)"
        )
        connection.execute("CREATE INDEX waiting ON jobs (id) WHERE NOT done")

        def append() -> None:
            for at in range(0, len(some), PAGE):
                with connection.transaction(), connection.cursor() as cursor:
                    cursor.executemany(
                        "INSERT INTO jobs (payload, done) VALUES (%s, false)",
                        [(pack([one], ()),) for one in some[at : at + PAGE]],
                    )

        def off() -> None:
            while True:
                with connection.transaction():
                    rows = connection.execute(
                        "SELECT id, payload FROM jobs WHERE NOT done ORDER BY id LIMIT 1000"
                        " FOR UPDATE SKIP LOCKED"
                    ).fetchall()
                    for _, payload in rows:
                        unpack(payload)
                    done = [row[0] for row in rows]
                    connection.execute("UPDATE jobs SET done = true WHERE id = ANY(%s)", (done,))
                if not rows:
                    return

        return {
            "append": clock.timed(len(some), append),
            "work": clock.timed(len(some), off),
        }


def carried(server: Postgres, clock: Clock, some: list[Post]) -> dict[str, Any]:
    """Send the posts through the log in the same way, without matching or storing them."""
    from watcher.store import Store

    server.execute("CREATE DATABASE carried")
    store = Store.open(server.url("carried"))

    def append() -> None:
        cursor = None
        for at in range(0, len(some), PAGE):
            page = _page(some[at : at + PAGE], at)
            store.append("benchmark", cursor, page, NOW)
            cursor = page.cursor

    def off() -> None:
        while True:
            with store.claim("benchmark", PAGE, NOW) as claim:
                if claim is None:
                    return
                own = log_cursors.c.partition == claim.partition
                with claim.writing() as connection:
                    connection.execute(update(log_cursors).where(own).values(number=claim.upto))

    appended, worked = clock.timed(len(some), append), clock.timed(len(some), off)
    store.close()
    return {"append": appended, "work": worked}


def measure(count: int, profile: cProfile.Profile | None) -> dict[str, Any]:
    learnt = read_posts(POSTS, LEARNT)
    some = posts(LEARNT + count)
    warm, some = some[LEARNT - WARM : LEARNT], some[LEARNT:]
    server = Postgres(durable=True)
    try:
        clock = Clock(psutil.Process(server._server.pid))  # noqa: SLF001
        result = {
            "posts": len(some),
            "rules": RULES,
            "brands": BRANDS,
            "cores": os.cpu_count(),
            "all": through_log(server, clock, "all", warm, some, learnt, profile),
            "matched": through_log(server, clock, "matched", warm, some, learnt, None),
            "log_alone": carried(server, clock, some),
            "row_per_post": naive(server, clock, some),
        }
    finally:
        server.stop()
    return result


def show(result: dict[str, Any]) -> None:
    print(f"{result['posts']:,} posts, {result['rules']} rules, {result['brands']} brands")
    print(f"{'':34}{'client µs':>10}{'server µs':>10}{'posts/CPU s':>13}{'posts/s':>9}")
    for name, told in (
        ("all", 'keep = "all"'),
        ("matched", 'keep = "matched"'),
        ("log_alone", "the log alone"),
        ("row_per_post", "a row per post, taken and done"),
    ):
        for step in ("append", "work"):
            one = result[name][step]
            print(
                f"{told + ', ' + step:34}{one['client_microseconds']:>10}"
                f"{one['server_microseconds']:>10}{one['posts_per_cpu_second']:>13,}"
                f"{one['posts_per_second']:>9,}"
            )
    for name in ("all", "matched"):
        one = result[name]
        print(
            f'keep = "{name}": {one["client_microseconds"]} µs CPU a post all in (at most '
            f"{MOST_MICROSECONDS}), {one['stored']:,} stored, {one['matches']} matches, "
            f"{one['suspects']} suspects, {one['claims']} claims"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="8,000 posts")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--profile", action="store_true", help="print the dearest functions too")
    options = parser.parse_args()
    if not POSTS.exists():
        print(f"there are no posts at {POSTS}", file=sys.stderr)
        return 1
    profile = cProfile.Profile(time.process_time) if options.profile else None
    result = measure(8_000 if options.quick else 40_000, profile)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        show(result)
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(40)
    return 0 if all(all(result[name]["ok"].values()) for name in ("all", "matched")) else 1


if __name__ == "__main__":
    sys.exit(main())
