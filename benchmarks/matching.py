"""How many posts a CPU-second the matcher takes, beside other ways to match many rules.

    python benchmarks/matching.py                       # real posts, 10 to 100,000 rules
    python benchmarks/matching.py --quick --json        # 1,000 rules, for machines
    python benchmarks/matching.py --rules 10000 --peers hyperscan tantivy

Rules of mixed kinds are drawn from the words of posts that are then left out (`watch_rules.py`).
Each approach is timed on posts that nothing in the run has seen, after it has matched some of those
that lent the words. All must return the same pairs of posts and rules on a checked sample.
"""

import argparse
import gc
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from matching_costs import costs
from peers import PEERS
from peers.plan import Pairs
from watch_rules import LEARNT, POSTS, Maker, read_posts

from rules import KeywordRule
from rules.evaluator import evaluate
from rules.matcher import Matcher
from rules.model import Definitions, Post
from rules.text import analyse

SIZES = (10, 100, 1_000, 10_000, 100_000)
OURS = "watcher"
TIMED = {OURS: 750, "ahocorasick-rs": 250, "hyperscan": 250, "tantivy": 1_000, "perq": 100}
"""Posts on which each is timed in one round; Whoosh on the checked sample alone."""
ROUNDS = 6
"""In each every approach has its turn, for other work slows a machine in spells."""
WARMING = 250
EVERY = {"tantivy": 2}
"""Who has a turn in every second round only: each is a whole micro-batch."""
CHECKED = 1_000
AGAINST_EVALUATOR = 2_000_000
"""Posts times rules that the plain evaluator decides as well."""
LARGEST = {"Whoosh": 10_000, "hyperscan": 10_000, "perq": 10_000}
"""Beyond so many rules a peer takes minutes for its one batch, or to compile."""
REQUIRED = {"tantivy": 5.0, "hyperscan": 1.2, "Whoosh": 200.0}
"""How many times faster the watcher has to be with 10,000 rules."""


class Fresh:
    """Posts that nothing has seen."""

    def __init__(self, posts: Sequence[Post]) -> None:
        self._posts, self._next = posts, 0

    def take(self, count: int) -> Sequence[Post]:
        """The next posts; SystemExit where there are not so many left."""
        taken = self._posts[self._next : self._next + count]
        self._next += count
        if len(taken) < count:
            raise SystemExit("there are not enough posts: choose fewer sizes or peers")
        return taken


Decide = Callable[[Sequence[Post]], object]


def rate(decide: Decide, posts: Sequence[Post]) -> float:
    """Posts a CPU-second."""
    before = time.process_time()
    decide(posts)
    return len(posts) / (time.process_time() - before)


def rates(approaches: Mapping[str, Decide], fresh: Fresh, learnt: Sequence[Post]) -> dict[str, int]:
    """Posts a CPU-second of each: the median of its rounds.

    A turn begins with some posts that are not timed: whoever had the turn before has left the
    processor's caches full of its own.
    """
    found: dict[str, list[float]] = {name: [] for name in approaches}
    for round_ in range(ROUNDS):
        for name, decide in approaches.items():
            if round_ % EVERY.get(name, 1) == 0:
                decide(learnt[:WARMING])
                found[name].append(rate(decide, fresh.take(TIMED[name])))
    return {name: round(statistics.median(some)) for name, some in found.items()}


def measure(
    rules: Sequence[KeywordRule], learnt: Sequence[Post], fresh: Fresh, peers: Sequence[str]
) -> dict[str, Any]:
    """One column of the table."""
    row: dict[str, Any] = {"rules": len(rules)}
    before = time.process_time()
    matcher = Matcher(rules)
    row["build_s"] = round(time.process_time() - before, 2)
    sample = fresh.take(CHECKED)
    _freeze()
    found: dict[str, Pairs] = {}
    speeds: dict[str, int | None] = dict.fromkeys((OURS, *peers))
    matcher.decide(learnt)
    approaches: dict[str, Decide] = {OURS: matcher.decide}
    for name in peers:
        if len(rules) > LARGEST.get(name, len(rules)):
            continue
        peer = PEERS[name](rules)
        if name in TIMED:
            peer.decide(learnt[: 2 * TIMED[name]])
            approaches[name] = peer.decide
        else:
            _freeze()
            before = time.process_time()
            found[name] = peer.decide(sample)
            speeds[name] = round(len(sample) / (time.process_time() - before))
    _freeze()
    speeds |= rates(approaches, fresh, learnt)
    row["posts_per_cpu_second"] = speeds
    row["with_places"] = round(rate(matcher.match, fresh.take(2 * TIMED[OURS])))
    row["matches_a_post"] = round(len(matcher.decide(sample)) / len(sample), 2)
    row["tried_a_post"] = round(sum(map(matcher.candidates, sample)) / len(sample), 2)
    found |= {name: decide(sample) for name, decide in approaches.items()}
    check(matcher, rules, sample, found)
    return row


def _freeze() -> None:
    """As the service does once its rules are compiled: no collector visits them again."""
    gc.collect()
    gc.freeze()


def check(
    matcher: Matcher, rules: Sequence[KeywordRule], sample: Sequence[Post], found: dict[str, Pairs]
) -> None:
    """SystemExit unless all approaches return the same pairs, and the evaluator too."""
    ours = set(matcher.decide(sample))
    for name, pairs in found.items():
        if set(pairs) != ours:
            some = sorted(set(pairs) ^ ours)[:3]
            told = [(sample[p].text, rules[r].find, (p, r) in ours) for p, r in some]
            raise SystemExit(f"{name} does not return the pairs of the matcher: {told}")
    few = sample[: AGAINST_EVALUATOR // len(rules) // 10]
    compiled = [rule.compiled(Definitions()) for rule in rules] if few else []
    for number, post in enumerate(few[:100]):
        analysis = analyse(post)
        plain = {n for n, one in enumerate(compiled) if evaluate(*one, analysis) is not None}
        if plain != {rule for which, rule in ours if which == number}:
            raise SystemExit(f"the evaluator says otherwise about {post.text!r}")


def columns(
    maker: Maker, posts: Sequence[Post], sizes: Sequence[int], peers: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Measure every size with exact rules, and that next to 10,000 with fuzzy rules too."""
    learnt, fresh = posts[:LEARNT], Fresh(posts[LEARNT:])
    for size in sizes:
        print(f"{size:,} rules ...", file=sys.stderr)
        yield measure(maker.exact(size), learnt, fresh, peers)
    size = min(sizes, key=lambda one: abs(one - 10_000))
    print(f"{size:,} rules, 5 % fuzzy ...", file=sys.stderr)
    yield {**measure(maker.with_fuzzy(size), learnt, fresh, peers), "fuzzy": True}


def required(table: Sequence[dict[str, Any]], more: dict[str, Any]) -> list[dict[str, Any]]:
    """What must hold, as far as it was measured."""
    exact = {row["rules"]: row["posts_per_cpu_second"] for row in table if "fuzzy" not in row}
    rows: list[tuple[str, float, float, str]] = []
    if 10_000 in exact:
        at = exact[10_000]
        rows.append(("posts a CPU-second with 10,000 rules", 40_000, at[OURS], "least"))
        for name, times in REQUIRED.items():
            if at.get(name):
                rows.append((f"times {name}", times, round(at[OURS] / at[name], 2), "least"))
        [fuzzy] = [row for row in table if "fuzzy" in row]
        share = round(fuzzy["posts_per_cpu_second"][OURS] / at[OURS], 2)
        rows.append(("5 % fuzzy rules, share of the exact figure", 0.6, share, "least"))
        if 1_000 in exact:
            slower = round(exact[1_000][OURS] / at[OURS], 2)
            rows.append(("times slower from 1,000 to 10,000 rules", 2, slower, "most"))
    if 100_000 in exact:
        rows.append(
            ("posts a CPU-second with 100,000 rules", 12_000, exact[100_000][OURS], "least")
        )
    for name, bound in (
        ("ms to add a rule", 1), ("MB", 40), ("s to build from TOML", 3), ("ms worst post", 50),
    ):  # fmt: skip
        if name in more:
            rows.append((f"{more['rules']:,} rules: {name}", bound, more[name], "most"))
    return [
        {"what": what, "bound": f"{'≥' if kind == 'least' else '≤'} {bound:,}", "measured": value,
         "met": value >= bound if kind == "least" else value <= bound}
        for what, bound, value, kind in rows
    ]  # fmt: skip


def show(result: dict[str, Any]) -> None:
    table = result["table"]
    heads = [f"{row['rules']:,}{' fuzzy' if 'fuzzy' in row else ''}" for row in table]
    print(f"{'posts a CPU-second, rules:':28}" + "".join(f"{head:>14}" for head in heads))
    for name in table[0]["posts_per_cpu_second"]:
        values = [row["posts_per_cpu_second"][name] for row in table]
        print(f"{name:28}" + "".join(f"{'-' if v is None else f'{v:,}':>14}" for v in values))
    for key in ("with_places", "matches_a_post", "tried_a_post", "build_s"):
        print(f"{key.replace('_', ' '):28}" + "".join(f"{row[key]:>14,}" for row in table))
    for name, value in result["costs"].items():
        print(f"{name:28}{value!s:>14}")
    for row in result["required"]:
        print(f"{'met' if row['met'] else 'NOT MET':8}{row['what']}: {row['measured']:,}"
              f" ({row['bound']})")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--posts", type=Path, default=POSTS)
    parser.add_argument("--rules", type=int, nargs="+")
    parser.add_argument("--peers", nargs="*", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--quick", action="store_true", help="1,000 rules only, under 50 s")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if not options.posts.exists():
        print(f"there are no posts at {options.posts}: name a file with --posts", file=sys.stderr)
        return 1
    sizes = options.rules or ([1_000] if options.quick else SIZES)
    posts = read_posts(options.posts, 1_000_000)
    random.Random(1).shuffle(posts)  # the file has one source after the other
    maker = Maker(posts[:LEARNT])
    table = list(columns(maker, posts, sizes, options.peers))
    many = 1_000 if options.quick else 10_000
    more = costs(maker.exact(many + 1), posts[LEARNT : LEARNT + 2_000])
    result = {"table": table, "costs": more, "required": required(table, more)}
    if options.json:
        print(json.dumps(result, ensure_ascii=False, indent=2))
    else:
        show(result)
    return int(not options.quick and not all(row["met"] for row in result["required"]))


if __name__ == "__main__":
    sys.exit(main())
