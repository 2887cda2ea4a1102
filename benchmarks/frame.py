"""What the benchmarks of figures over a made-up store share: filling it, timing, and telling."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Table, insert

from rules.model import Post
from watcher.store import Store

CHUNK = 20_000
RUNS = 3

Ways = Mapping[str, tuple[Callable[[Store], int], Callable[[Store], int]]]
"""By question: how the watcher counts, and what one would write first."""
Figures = dict[str, dict[str, Mapping[str, float]]]
"""By question and way, CPU and wall seconds, and what was counted."""


def account_row(number: int, seen: datetime, **more: object) -> dict[str, object]:
    """Return the row of a made-up account, `user1` and so on."""
    name = f"user{number}"
    blank = dict.fromkeys(("display_name", "bio", "avatar", "url"), "")
    return blank | {
        "row": number, "network": "x", "id": str(number), "handle": name, "folded_handle": name,
        "seen": seen, "examined": True, **more,
    }  # fmt: skip


def post_row(
    number: int, author: int, at: datetime, text: str, **more: object
) -> dict[str, object]:
    """Return the row of a made-up post that answers, quotes and links to nothing."""
    lists = dict.fromkeys(("media", "mentions", "links", "hashtags"), ())
    to = dict.fromkeys(("reply_to", "reply_to_handle", "repost_of", "quote_of"))
    return lists | to | {
        "rid": number, "seen": at, "network": "x", "id": str(number), "author": author,
        "text": text, "posted_at": at, "url": f"https://x.example/{author}/{number}",
        "source": "made up", "language": "en", **more,
    }  # fmt: skip


def stored(store: Store, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows, some thousands in a transaction."""
    left = iter(rows)
    while some := list(islice(left, CHUNK)):
        with store.writing() as connection:
            connection.execute(insert(table), some)


def loaded(store: Store) -> Iterator[Post]:
    """All stored posts, one after the other."""
    rid = 0
    while some := store.posts_after(rid, 5000):
        rid = some[-1].rid
        yield from (one.post for one in some)


def seconds(count: Callable[[Store], int], store: Store, runs: int) -> tuple[float, float, int]:
    """Return the least CPU and wall seconds of some runs, and what was counted."""
    cpus, walls, found = [], [], 0
    for _ in range(runs):
        cpu, wall = time.process_time(), time.perf_counter()
        found = count(store)
        cpus.append(time.process_time() - cpu)
        walls.append(time.perf_counter() - wall)
    return round(min(cpus), 2), round(min(walls), 2), found


def compared(store: Store, ways: Ways, peer: str, counted: str) -> Figures:
    """Count in the watcher's way, the best of some runs, and in the other one, which `peer` names.

    What was counted stands in the figures under the name `counted`.
    """
    found: Figures = {}
    for name, (ours, theirs) in ways.items():
        for way, count, runs in (("watcher", ours, RUNS), (peer, theirs, 1)):
            cpu, wall, number = seconds(count, store, runs)
            found.setdefault(name, {})[way] = {"seconds": cpu, "wall": wall, counted: number}
    return found


def options(words: str | None, *more: Callable[[argparse.ArgumentParser], object]) -> Any:
    """Read the command line: `--quick`, `--json` and what `more` adds to it."""
    parser = argparse.ArgumentParser(description=(words or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    for add in more:
        add(parser)
    return parser.parse_args()


def tell(
    as_json: bool, head: str, lines: Sequence[str], facts: Mapping[str, object], *, good: bool
) -> int:
    """Print what was measured; return 1 where what is wanted was not reached."""
    if as_json:
        sys.stdout.write(json.dumps(facts) + "\n")
    else:
        sys.stdout.write("\n".join((head, *lines)) + "\n")
    return int(not good)
