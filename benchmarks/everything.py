"""Runs every benchmark and writes what they measured into `docs/benchmarks.md`.

    python benchmarks/everything.py              # about ten minutes; nothing else should run
    python benchmarks/everything.py --quick      # small inputs, to the screen only

Each benchmark runs by itself in a process of its own, one after the other.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
POSTS = DATA / "bench" / "posts-100k.jsonl.gz"
PAGE = ROOT / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Benchmark:
    """One script of this folder, and how its figures become Markdown."""

    name: str
    title: str
    told: str
    table: Callable[[Any], str]
    takes_data: bool = False

    def run(self, *, quick: bool) -> tuple[Any, float]:
        """Return its figures and the load of the machine when it began."""
        load = os.getloadavg()[0]
        command = [sys.executable, f"benchmarks/{self.name}.py", "--json"]
        command += ["--quick"] * quick + [str(POSTS)] * self.takes_data
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        if not done.stdout:
            raise SystemExit(f"benchmarks/{self.name}.py ended with {done.returncode}")
        return json.loads(done.stdout), load


def grid(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table, its first column left, the others right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else "" if value is None else str(value)


def _end_to_end(found: dict[str, Any]) -> str:
    rows = [
        [one["step"], one["posts_per_cpu_second"], one["cpu_seconds"], one["wall_seconds"],
         f"{one['share']:.1%}"]
        for one in found["steps"]
    ]  # fmt: skip
    rows.append(
        ["**the whole**", found["posts_per_cpu_second"], found["cpu_seconds"],
         found["wall_seconds"], ""]
    )  # fmt: skip
    return (
        f"{found['posts']:,} posts, {found['rules']} rules, {found['brands']} brands: "
        f"{found['matches']:,} matches, all queued. {found['posts_per_second']:,} posts a second "
        f"by the clock on the wall. Peak memory {found['peak_memory_mb']} MB, index "
        f"{found['index_mb']} MB, database {found['database_mb']} MB.\n\n"
        + grid(["step", "posts / CPU s", "CPU s", "wall s", "share"], rows)
    )


def _indexing(found: dict[str, Any]) -> str:
    peers = [("the watcher's index (Whoosh)", "watcher"), ("SQLite FTS5", "fts5")]
    peers.append(("tantivy", "tantivy"))
    size = grid(
        ["", "posts / CPU s", "MB", "brand, newest 20, ms"],
        [
            [label, found[name]["posts_per_second"], found[name]["megabytes"],
             found[name]["queries"]["iphone"]["newest_20_ms"]]
            for label, name in peers
        ],
    )  # fmt: skip
    queries = grid(
        ["query", "posts found", "newest 20, ms"],
        [
            [f"`{query}`", one["hits"], one["newest_20_ms"]]
            for query, one in found["watcher"]["queries"].items()
        ],
    )
    each = found["minutes"]
    return (
        f"{found['posts']:,} posts in batches of {found['batch']:,}.\n\n{size}\n\n{queries}\n\n"
        f"{each['commits']} commits of {each['posts_a_minute']} posts, as the service makes each "
        f"minute: median {each['median_s']} s, longest {each['longest_s']} s."
    )


def _matching(found: dict[str, Any]) -> str:
    table = found["table"]
    heads = [f"{row['rules']:,}{', 5 % fuzzy' if 'fuzzy' in row else ''}" for row in table]
    speeds = [
        [f"**{name}**" if name == "watcher" else name,
         *("–" if (n := row["posts_per_cpu_second"][name]) is None else n for row in table)]
        for name in table[0]["posts_per_cpu_second"]
    ]  # fmt: skip
    told = {
        "with_places": "watcher, with places and reasons",
        "matches_a_post": "matches a post",
        "tried_a_post": "rules looked at for a post",
        "build_s": "s to compile the rules",
    }
    speeds += [[label, *(row[key] for row in table)] for key, label in told.items()]
    costs = [[name, value] for name, value in found["costs"].items() if name != "rules"]
    return (
        f"Posts a CPU-second, by the number of rules.\n\n{grid(['', *heads], speeds)}\n\n"
        f"A dash: not tried, for its one batch or its compilation takes minutes.\n\n"
        + grid([f"{found['costs']['rules']:,} rules", ""], costs)
    )


def _store(found: dict[str, Any]) -> str:
    rows = grid(["step", "posts / CPU s"], list(found["posts_per_cpu_second"].items()))
    size = found["bytes"] / 1e6
    memory = found["peak_memory_mb"]
    return f"{rows}\n\n{found['posts']:,} posts: database {size:.1f} MB, peak memory {memory} MB."


def _archive(found: list[dict[str, Any]]) -> str:
    return grid(
        ["file", "posts", "skipped", "posts / CPU s", "peak MB"],
        [list(row.values()) for row in found],
    )


def _streams(found: dict[str, Any]) -> str:
    fast, soon, slow = found["full_speed"], found["live"], found["slow"]
    return (
        f"{found['rules']:,} rules, {found['brands']} brands. At full speed {fast['posts']:,} "
        f"posts, {fast['posts_per_cpu_second']:,} a CPU-second, {fast['posts_per_second']:,} a "
        f"second by the clock on the wall, peak memory {fast['peak_memory_mb']} MB. Live, "
        f"{soon['posts_per_second']} posts a second: from writing to stored match "
        f"{soon['median_s']} s in the median, {soon['p99_s']} s at the 99th percentile. While "
        f"nobody reads, memory grows by {slow['grown_mb']} MB, and then all {slow['posts']:,} "
        f"posts come, {slow['most_behind_s']} s late."
    )


def _backends(found: dict[str, Any]) -> str:
    rows = [
        [name, *(round(one[key]) for key in (
            "posts_a_second", "posts_a_cpu_second", "parsed_a_second"))]
        for name, one in found.items()
    ]  # fmt: skip
    return grid(["backend", "stored a second", "stored a CPU-second", "only parsed a second"], rows)


def _delivering(found: dict[str, Any]) -> str:
    walk, peers = found["delivering"], found["mails_per_second"]
    plans = grid(
        ["a digest of 10,000 matches for 100 recipients", "s", "CPU s", "MB added"],
        [
            [label, plan["seconds"], plan["cpu_seconds"], plan["megabytes"]]
            for label, plan in (
                ("planned, rendered, frozen", found["planning"]),
                ("the same, each mail signed", found["planning_signed"]),
            )
        ],
    )
    rates = grid(
        [f"{found['mails']:,} mails of {found['planning']['mail_kb']} kB", "mails a second"],
        [
            ["**the walk**, each attempt on disk before its message", walk["mails_per_second"]],
            ["its sender alone", peers["sender_alone"]],
            ["smtplib, one connection", peers["smtplib_one_connection"]],
            ["smtplib, a connection for each mail", peers["smtplib_connection_each"]],
        ],
    )
    return (
        f"{plans}\n\n{rates}\n\nThe walk takes {walk['cpu_ms_per_mail']} ms of CPU for each mail "
        f"and adds {walk['megabytes']} MB; a write that reaches the disk takes "
        f"{walk['commit_ms']} ms here, and each mail waits for two."
    )


BENCHMARKS = (
    Benchmark(
        "end_to_end", "The whole walk",
        "Real posts from an archive through store, rules and look-alike detector into the queue of "
        "a mail, and into the search index.", _end_to_end,
    ),
    Benchmark(
        "indexing", "The search index",
        "Beside two others that take in the same terms of the same posts, in the same run.",
        _indexing, takes_data=True,
    ),
    Benchmark(
        "matching", "The rules",
        "Beside other ways to match many rules, in the same run; all return the same pairs of "
        "posts and rules on a checked sample. Rules of fourteen kinds are drawn from the words of "
        "posts that are then left out, and each approach is timed on posts that nothing has seen "
        "before. "
        "Hyperscan and ahocorasick-rs find candidates, which the watcher's own tests verify; "
        "tantivy and Whoosh take a thousand posts as a small index; perq files queries.", _matching,
    ),
    Benchmark("store", "The store", "SQLite, pages of 1,000 posts.", _store),
    Benchmark(
        "streams", "Live streams",
        "Events of Jetstream's shape over a WebSocket, from a server in a process of its own, into "
        "store and rules by the service's own threads, on one core.", _streams,
    ),
    Benchmark(
        "delivering", "Mails",
        "To an SMTP server in a process of its own that keeps nothing, over one connection; "
        "smtplib sends the same bytes in the same run, without a record of anything.", _delivering,
    ),
    Benchmark("archive", "Archives", "Reading alone: nothing is stored.", _archive),
    Benchmark(
        "backends", "Live backends",
        "From a server on the same machine, which takes its share of the time by the clock.",
        _backends,
    ),
)  # fmt: skip


def required(found: dict[str, Any]) -> str:
    """Return the table of what must hold beside what was measured."""
    whole, index, store = found["end_to_end"], found["indexing"], found["store"]
    rates = store["posts_per_cpu_second"]
    brand = index["watcher"]["queries"]["iphone"]["newest_20_ms"]
    speed = index["watcher"]["posts_per_second"]
    pause = index["minutes"]["longest_s"]
    live = found["streams"]
    median, grown = live["live"]["median_s"], live["slow"]["grown_mb"]
    taken = live["full_speed"]["posts_per_cpu_second"]
    clock = live["full_speed"]["posts_per_second"]
    share, start = whole["matcher_share"], whole["help_cpu_seconds"]
    rows = [
        ("index, posts a CPU-second in batches of 1,000", "≥ 2,000", speed, speed >= 2000),
        ("a brand by date, newest 20", "≤ 2 ms", f"{brand} ms", brand <= 2),
        ("longest pause of the one-minute commits", "≤ 2 s", f"{pause} s", pause <= 2),
        ("the matcher's share of the whole, 100 rules", "≤ 10 %", f"{share:.1%}", share <= 0.1),
        ("`watcher --help`, CPU", "< 0.3 s", f"{start} s", start < 0.3),
        ("store, save a page, posts a CPU-second", "≥ 15,000", rates["save a page"],
         rates["save a page"] >= 15_000),
        ("store, read on, posts a CPU-second", "≥ 20,000", rates["read on"],
         rates["read on"] >= 20_000),
    ]  # fmt: skip
    rows += [
        ("live stream, 1,000 rules, posts a CPU-second", "≥ 2,000", taken, taken >= 2000),
        ("the same by the clock, on one core", "≥ 2,000", clock, clock >= 2000),
        ("from post to stored match, median", "< 1 s", f"{median} s", median < 1),
        ("a stream that nobody reads", "< 64 MB", f"{grown} MB", grown < 64),
    ]  # fmt: skip
    plan, mails = found["delivering"]["planning"]["seconds"], found["delivering"]["delivering"]
    rate, added = mails["mails_per_second"], mails["megabytes"]
    rows += [
        ("a digest of 10,000 matches for 100 recipients", "≤ 5 s", f"{plan} s", plan <= 5),
        ("mails a second over SMTP, by the clock", "≥ 200", rate, rate >= 200),
        ("memory that delivering adds", "≤ 100 MB", f"{added} MB", added <= 100),
    ]
    rows += [
        (f"matching, {row['what']}", row["bound"], row["measured"], row["met"])
        for row in found["matching"]["required"]
    ]
    return grid(
        ["", "required", "measured", ""],
        [[what, bound, value, "met" if met else "**not met**"] for what, bound, value, met in rows],
    )


def machine() -> str:
    """Describe this machine in a line."""
    model = ""
    if (cpuinfo := Path("/proc/cpuinfo")).exists():
        named = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = named[0].partition(":")[2].strip() + ", " if named else ""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{model}{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def page(results: dict[str, tuple[Any, float]]) -> str:
    """Return the whole of the document."""
    parts = [
        "# How fast it is",
        (
            "Written by `make benchmarks` (`python benchmarks/everything.py`), not by hand.\n"
            "The posts and names are real ones of the research data, which does not come with the "
            "program."
        ),
        (
            f"{datetime.now(UTC):%Y-%m-%d}, {machine()}. Figures per CPU-second hardly depend on "
            "what else a machine does; those by the clock do, so the load is given with each."
        ),
        "## What is required",
        required({name: found for name, (found, _) in results.items()}),
    ]
    for one in BENCHMARKS:
        found, load = results[one.name]
        made = f"`python benchmarks/{one.name}.py{' FILE' * one.takes_data}`"
        parts += [
            f"## {one.title}",
            f"{one.told} {made}, load {load:.1f} before.",
            one.table(found),
        ]
    return "\n\n".join(parts) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small inputs, to the screen")
    options = parser.parse_args()
    if not DATA.is_dir():
        print(f"the research data is not at {DATA}", file=sys.stderr)
        return 1
    results = {}
    for one in BENCHMARKS:
        print(f"{one.title} ...", file=sys.stderr)
        results[one.name] = one.run(quick=options.quick)
    written = page(results)
    if options.quick:
        print(written)
    else:
        PAGE.write_text(written, encoding="utf-8")
        print(f"written: {PAGE.relative_to(ROOT)}", file=sys.stderr)
    return int("**not met**" in written)


if __name__ == "__main__":
    sys.exit(main())
