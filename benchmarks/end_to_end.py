"""How fast real posts walk from an archive to the queue of a mail, and what each step costs.

    python benchmarks/end_to_end.py                    # 100,000 posts, 100 rules, 20 brands
    python benchmarks/end_to_end.py --quick --json     # a fifth of them, for machines
    python benchmarks/end_to_end.py --profile          # where the time goes, function by function

It is the service's own pipeline over a configuration, with a clock around each part: archive,
store, rules, look-alike detector, search index. Nothing is sent. `watcher --help` is timed beside.
"""

import argparse
import cProfile
import gzip
import json
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.watch_rules import LEARNT, Maker, read_posts
from watcher import pipeline
from watcher.app import App
from watcher.config import load

BRANDS = (
    "Renault", "Peugeot", "Orange", "Crédit Agricole", "Société Générale", "Carrefour", "Decathlon",
    "EDF", "Free Mobile", "Air France", "Michelin", "Netflix", "Spotify", "PayPal", "Amazon",
    "Microsoft", "Chanel", "BNP Paribas", "La Poste", "Leroy Merlin",
)  # fmt: skip
POSTS = Path(__file__).resolve().parents[2] / "shared/data/bench/posts-100k.jsonl.gz"
RULES = 100
START = datetime(2026, 1, 1, tzinfo=UTC)
MOST_SHARE = 0.10
"""What the matcher may take of the whole."""
MOST_HELP = 0.3
"""CPU seconds that `watcher --help` may take."""

PARTS = {
    ("store", "save_page"): "save posts",
    ("store", "unmatched"): "read posts to match",
    ("matcher", "match"): "match the rules",
    ("detector", "domains"): "compare domains",
    ("store", "save_matches"): "save matches, queue them",
    ("store", "unexamined"): "read names to compare",
    ("detector", "accounts"): "compare names",
    ("store", "save_suspects"): "save suspects",
}


@dataclass
class Times:
    """CPU and wall seconds by step; what a step spends inside of another is counted once."""

    cpu: dict[str, float] = field(default_factory=dict)
    wall: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, step: str, outer: str = "") -> Iterator[None]:
        """Count what happens in the block to a step, and not to the one around it."""
        cpu, wall = time.process_time(), time.perf_counter()
        yield
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        for name, sign in ((step, 1), (outer, -1)):
            if name:
                self.cpu[name] = self.cpu.get(name, 0) + sign * cpu
                self.wall[name] = self.wall.get(name, 0) + sign * wall


class Timed:
    """Stands before a part of the application and times the calls named in `PARTS`."""

    def __init__(self, room: str, inner: Any, times: Times, outer: dict[str, str]) -> None:
        self._room, self._inner, self._times, self._outer = room, inner, times, outer

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        step = PARTS.get((self._room, name))
        if step is None:
            return value

        def call(*args: Any, **more: Any) -> Any:
            with self._times.of(step, self._outer["now"]):
                return value(*args, **more)

        return call


def prepare(source: Path, folder: Path, count: int) -> Path:
    """Write the posts with dates, ids and links into an archive, and a configuration for it."""
    with (
        gzip.open(source, "rt", encoding="utf-8") as lines,
        gzip.open(folder / "posts.jsonl.gz", "wt", encoding="utf-8") as archive,
    ):
        for number, line in zip(range(count), lines, strict=False):
            row = json.loads(line)
            post = {
                "id": f"1489{number:015d}",
                "created_at": (START + timedelta(seconds=number)).isoformat(),
                "text": row["text"],
                "lang": row["lang"],
                "author": row["author"],
                "links": [f"https://{domain}/" for domain in row["domains"]],
            }
            archive.write(json.dumps(post, ensure_ascii=False) + "\n")
    config = [
        '[mail]\nkind = "outbox"\nfolder = "mails"\nfrom = "watcher@acme.example"\n',
        '[[sources]]\nname = "archive"\nkind = "archive"\nfile = "posts.jsonl.gz"\n',
        '[[channels]]\nname = "daily"\nkind = "email"\nto = ["ada@acme.example"]\n',
        '[[rules]]\nname = "names"\nkind = "lookalike"\nthen = ["daily"]\n',
    ]
    config += [f'[[brands]]\nname = "{name}"\n' for name in BRANDS]
    for rule in Maker(read_posts(source, LEARNT)).exact(RULES):
        find = json.dumps(rule.find, ensure_ascii=False)
        config.append(f'[[rules]]\nname = "{rule.name}"\nfind = {find}\nthen = ["daily"]\n')
    path = folder / "watcher.toml"
    path.write_text("\n".join(config), encoding="utf-8")
    return path


def walk(app: App, times: Times) -> dict[str, int]:
    """Pull, match and index, timed; return what came of it."""
    outer = {"now": ""}
    timed = replace(
        app,
        store=Timed("store", app.store, times, outer),  # type: ignore[arg-type]
        matcher=Timed("matcher", app.matcher, times, outer),  # type: ignore[arg-type]
        detector=Timed("detector", app.detector, times, outer),  # type: ignore[arg-type]
    )
    outer["now"] = "read the archive"
    with times.of("read the archive"):
        pulled = pipeline.pull(timed, app.config.sources[0])
    outer["now"] = "match: the rest"
    with times.of("match: the rest"):
        matched = pipeline.match(timed)
    with times.of("index"):
        pipeline.index(app)
    return {"posts": pulled.new, "matches": matched.matches, "suspects": matched.suspects}


def help_seconds() -> float:
    """Return the CPU seconds of `watcher --help`, the least of five."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "watcher", "--help"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    return min(once() for _ in range(5))


def measure(source: Path, count: int, profile: cProfile.Profile | None = None) -> dict[str, Any]:
    times = Times()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        path = prepare(source, folder, count)
        started = time.process_time()
        with App.open(load(path, {})) as app:
            opening = time.process_time() - started
            if profile:
                profile.enable()
            found = walk(app, times)
            if profile:
                profile.disable()
            queued = sum(app.store.status().waiting.values())
            index = app.index.size_bytes()
        database = sum(
            one.stat().st_size for one in (path.parent / "watcher-data").glob("*.sqlite*")
        )
    posts = found["posts"]
    cpu, wall = sum(times.cpu.values()), sum(times.wall.values())
    steps = [
        {
            "step": name,
            "posts_per_cpu_second": round(posts / seconds) if seconds > 1e-4 else None,
            "cpu_seconds": round(seconds, 2),
            "wall_seconds": round(times.wall[name], 2),
            "share": round(seconds / cpu, 3),
        }
        for name, seconds in times.cpu.items()
    ]
    share = times.cpu["match the rules"] / cpu
    least = help_seconds()
    return {
        **found,
        "queued": queued,
        "rules": RULES,
        "brands": len(BRANDS),
        "steps": steps,
        "cpu_seconds": round(cpu, 2),
        "wall_seconds": round(wall, 2),
        "posts_per_cpu_second": round(posts / cpu),
        "posts_per_second": round(posts / wall),
        "matcher_share": round(share, 3),
        "opening_cpu_seconds": round(opening, 2),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "index_mb": round(index / 1e6, 1),
        "database_mb": round(database / 1e6, 1),
        "help_cpu_seconds": round(least, 3),
        "required": {"matcher_share": share <= MOST_SHARE, "help": least < MOST_HELP},
    }


def show(result: dict[str, Any]) -> None:
    print(
        f"{result['posts']:,} posts, {result['rules']} rules, {result['brands']} brands: "
        f"{result['matches']:,} matches, {result['suspects']} suspects, {result['queued']:,} queued"
    )
    print(f"{'step':26}{'posts/CPU s':>12}{'CPU s':>8}{'wall s':>8}{'share':>8}")
    for one in result["steps"]:
        rate = one["posts_per_cpu_second"]
        print(
            f"{one['step']:26}{rate or '':>12}{one['cpu_seconds']:>8}"
            f"{one['wall_seconds']:>8}{one['share']:>8.1%}"
        )
    print(
        f"{'the whole':26}{result['posts_per_cpu_second']:>12}{result['cpu_seconds']:>8}"
        f"{result['wall_seconds']:>8}   {result['posts_per_second']} posts/s"
    )
    print(
        f"peak memory {result['peak_memory_mb']} MB, index {result['index_mb']} MB, "
        f"database {result['database_mb']} MB"
    )
    print(f"matcher {result['matcher_share']:.1%} of the whole (at most {MOST_SHARE:.0%})")
    print(f"watcher --help {result['help_cpu_seconds']} CPU s (under {MOST_HELP})")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--posts", type=Path, default=POSTS)
    parser.add_argument("--quick", action="store_true", help="20,000 posts instead of all")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--profile", action="store_true", help="print the dearest functions too")
    options = parser.parse_args()
    if not options.posts.exists():
        print(f"there are no posts at {options.posts}: name a file with --posts", file=sys.stderr)
        return 1
    profile = cProfile.Profile() if options.profile else None
    result = measure(options.posts, 20_000 if options.quick else 100_000, profile)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        show(result)
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(35)
    return 0 if all(result["required"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
