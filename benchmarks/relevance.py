"""How well posts about a brand are told from those that only name it, beside simpler ways.

    python -m benchmarks.relevance [--quick] [--json] [FOLDER]

On `replab` each brand learns from its earliest posts, and what was written after its 300th is told:
the brands with at least 20 posts of each kind, macro-F1 averaged over brands. `apple` and
`ambiguous` have no times: shuffled by five seeds. Peers in the same run: the commoner kind, context
words such as somebody would write down on the first day, scikit-learn's logistic regression over
words. `left_out` is what the watcher really does: nothing before it is tried, and then only what is
clearly not about the brand. Prints figures only, no posts.
"""

import argparse
import gzip
import json
import os
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from rules.model import Account, Brand, Post
from rules.signals.relevance import ByContext, Judged, Learner, learn
from rules.signals.relevance.learning import macro_f1

POSTS = Path(__file__).resolve().parents[2] / "shared" / "data" / "posts"
WANTED = {20: 0.51, 50: 0.59, 100: 0.64, 300: 0.73}
"""Macro-F1 on `replab` to reach, by the number of posts judged."""
JUDGED = tuple(WANTED)
TOLD_AFTER = 300
FEWEST = 20
"""Posts of each kind that a brand has to have."""
SEEDS = range(5)
CONTEXT = {
    "automotive": "car cars auto coche coches motor engine drive driving dealer suv sedan race",
    "banking": "bank banco account card loan mortgage credit finance",
    "music": "album song music concert band rock tour listen cancion musica guitar",
    "university": "university universidad campus student students professor college degree",
    "apple": "iphone ipad mac ios app itunes store aapl",
    "orange": "forfait 4g fibre sosh livebox telecom reseau",
    "free": "forfait freebox mobile 4g fibre reseau",
    "delta": "flight airlines airport plane gate",
    "target": "store shopping gift card aisle",
}
"""What somebody would write down on the first day, by field or name."""

Tell = Callable[[Sequence[Post]], list[bool]]
Teller = Callable[[Sequence[Judged], Brand], Tell]


@dataclass(frozen=True)
class Labelled:
    """The posts of one brand, in the order in which they are judged."""

    brand: Brand
    posts: tuple[Judged, ...]


def ours(judged: Sequence[Judged], brand: Brand) -> Tell:
    """What was learnt, whichever is likelier; all is told where there is nothing to learn."""
    return _takes(learn(replace(brand, context=()), judged))


def ours_with_context(judged: Sequence[Judged], brand: Brand) -> Tell:
    """The same with the context words as one more thing to go by."""
    return _takes(learn(brand, judged))


def _takes(learner: Learner) -> Tell:
    return lambda posts: [learner.takes_for_relevant(post) is not False for post in posts]


def majority(judged: Sequence[Judged], brand: Brand) -> Tell:  # noqa: ARG001
    """The commoner kind."""
    common = 2 * sum(one.relevant for one in judged) >= len(judged)
    return lambda posts: [common] * len(posts)


def context_only(judged: Sequence[Judged], brand: Brand) -> Tell:  # noqa: ARG001
    """The context words, without any judgement."""
    teller = ByContext(brand)
    return lambda posts: [not teller.judge(post).left_out for post in posts]


def scikit(judged: Sequence[Judged], brand: Brand) -> Tell:
    """scikit-learn's logistic regression over weighted words, both kinds as heavy."""
    labels = [one.relevant for one in judged]
    if len(set(labels)) < 2:
        return majority(judged, brand)
    words = TfidfVectorizer(sublinear_tf=True)
    model = LogisticRegression(C=10, class_weight="balanced", max_iter=1000)
    model.fit(words.fit_transform([one.post.text for one in judged]), labels)
    return lambda posts: [
        bool(one) for one in model.predict(words.transform([p.text for p in posts]))
    ]


TELLERS: dict[str, Teller] = {
    "ours": ours,
    "ours, with context": ours_with_context,
    "majority": majority,
    "context words only": context_only,
    "scikit-learn": scikit,
}


def read(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a set."""
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _judged(row: dict[str, Any]) -> Judged:
    author = row["author"] or row["id"]
    account = Account(network="x", id=author, handle=author)
    try:
        at = datetime.fromisoformat(row["created_at"] or "")
    except ValueError:  # a set without times, or with days in words
        at = datetime(2020, 1, 1, tzinfo=UTC)
    post = Post(network="x", id=row["id"], author=account, text=row["text"], posted_at=at)
    return Judged(post=post, relevant=bool(row["labels"]["related"]))


def replab(folder: Path) -> list[Labelled]:
    """The brands with enough posts of each kind, their posts in the order of time."""
    rows = defaultdict(list)
    for row in read(folder, "replab"):
        labels = row["labels"]
        rows[labels["query"], labels["domain"]].append(_judged(row))
    found = []
    for (name, domain), posts in sorted(rows.items()):
        relevant = sum(one.relevant for one in posts)
        if min(relevant, len(posts) - relevant) < FEWEST:
            continue
        posts.sort(key=lambda one: (one.post.posted_at, one.post.id))
        short = name.removesuffix(" University")
        brand = Brand(name=name, spellings=(short,), context=tuple(CONTEXT[domain].split()))
        found.append(Labelled(brand, tuple(posts)))
    return found


def untimed(folder: Path, name: str, least: int) -> list[Labelled]:
    """The names of a set without times that have `least` posts and 5 of each kind."""
    rows = defaultdict(list)
    for row in read(folder, name):
        rows[row["labels"].get("word", "apple")].append(_judged(row))
    return [
        Labelled(Brand(name=word.title(), context=tuple(CONTEXT[word].split())), tuple(posts))
        for word, posts in sorted(rows.items())
        if word in CONTEXT
        and len(posts) >= least
        and min(kind := sum(one.relevant for one in posts), len(posts) - kind) >= 5
    ]


def told(judged: Sequence[Judged], later: Sequence[Judged], brand: Brand, how: Teller) -> float:
    """The macro-F1 of one way on later posts."""
    found = how(judged, brand)([one.post for one in later])
    return macro_f1(found, [one.relevant for one in later])


def on_replab(brands: Sequence[Labelled], sizes: Sequence[int]) -> dict[str, dict[int, float]]:
    """Macro-F1 by way and number of posts judged, averaged over brands."""
    return {
        name: {
            size: round(
                fmean(
                    told(one.posts[:size], one.posts[TOLD_AFTER:], one.brand, how) for one in brands
                ),
                3,
            )
            for size in sizes
        }
        for name, how in TELLERS.items()
    }


def shuffled(sets: Sequence[Labelled], size: int | None) -> dict[str, float]:
    """Macro-F1 by way, averaged over names and seeds; `size` None: the half is judged."""
    figures: dict[str, list[float]] = defaultdict(list)
    for one in sets:
        for seed in SEEDS:
            posts = list(one.posts)
            random.Random(seed).shuffle(posts)
            at = size or len(posts) // 2
            for name, how in TELLERS.items():
                figures[name].append(told(posts[:at], posts[at:], one.brand, how))
    return {name: round(fmean(values), 3) for name, values in figures.items()}


def left_out(brands: Sequence[Labelled], sizes: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What is left out of all later posts, rightly and wrongly, by the number judged."""
    found = {}
    for size in sizes:
        on = out = rightly = irrelevant = 0
        each = []
        for one in brands:
            learner = learn(replace(one.brand, context=()), one.posts[:size])
            later = one.posts[size:]
            irrelevant += sum(not post.relevant for post in later)
            said = [(learner.judge(post.post), post.relevant) for post in later]
            left = [relevant for judged, relevant in said if judged and judged.left_out]
            on += learner.is_on
            out += len(left)
            rightly += len(left) - sum(left)
            each += [1 - sum(left) / len(left)] if left else []
        found[size] = {
            "brands_on": on,
            "brands": len(brands),
            "left_out": out,
            "precision": round(rightly / out, 3) if out else None,
            "precision_by_brand": round(fmean(each), 3) if each else None,
            "recall": round(rightly / irrelevant, 3),
        }
    return found


def speed(brands: Sequence[Labelled]) -> dict[str, float]:
    """Seconds to learn from 300 posts, the slowest brand's, and posts told in a CPU-second."""
    seconds, posts, telling = 0.0, 0, 0.0
    for one in brands:
        began = time.process_time()
        learner = learn(one.brand, one.posts[:300])
        seconds = max(seconds, time.process_time() - began)
        began = time.process_time()
        for judged in one.posts:
            learner.takes_for_relevant(judged.post)
        telling += time.process_time() - began
        posts += len(one.posts)
    return {
        "seconds_to_learn_from_300": round(seconds, 2),
        "posts_per_cpu_second": round(posts / telling),
    }


def figures(folder: Path, *, quick: bool) -> dict[str, Any]:
    """All that is measured."""
    brands = replab(folder)
    sizes = (20, 100) if quick else JUDGED
    apple, ambiguous = untimed(folder, "apple", 200), untimed(folder, "ambiguous", 30)
    return {
        "brands": len(brands),
        "replab": on_replab(brands, sizes),
        "wanted": {size: WANTED[size] for size in sizes},
        "left_out": left_out(brands, sizes),
        "apple": {size: shuffled(apple, size) for size in ((50,) if quick else (20, 50, 100))},
        "ambiguous": shuffled(ambiguous, None),
        "speed": speed(brands[:5] if quick else brands),
    }


def main() -> int:
    """Print the figures; 1 where there are no posts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=POSTS)
    parser.add_argument("--quick", action="store_true", help="fewer numbers of judged posts")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"there are no posts at {options.folder}: name a folder", file=sys.stderr)
        return 1
    found = figures(options.folder, quick=options.quick)
    if options.json:
        print(json.dumps(found))
        return 0
    print(f"replab, {found['brands']} brands, macro-F1 by posts judged; wanted {found['wanted']}")
    for name, row in found["replab"].items():
        print(f"  {name:20}", *(f"{size}: {value:.3f}" for size, value in row.items()), sep="  ")
    for size, row in found["left_out"].items():
        print(f"left out with {size} judged:", json.dumps(row))
    for size, row in found["apple"].items():
        print(f"apple, {size} judged:", json.dumps(row))
    print("ambiguous, the half judged:", json.dumps(found["ambiguous"]))
    print("speed:", json.dumps(found["speed"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
