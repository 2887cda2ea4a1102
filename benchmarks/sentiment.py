"""How well the tone of posts is told, and how fast, beside VADER, AFINN and TextBlob.

    python -m benchmarks.sentiment [--quick] [--json] [FOLDER]

Each set is told by a model that was fitted to other sources. `shipped` is the model that ships,
which has seen `umsab` and is not tried on it; `held out` says what its stand-in was fitted to.
Prints figures only, no posts.
"""

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from scipy.stats import spearmanr  # type: ignore[import-untyped]
from sklearn.metrics import f1_score  # type: ignore[import-untyped]

from benchmarks.sentiment_sets import POSTS, Labelled, fitted, read, told
from rules.signals.sentiment import tone, tones
from rules.signals.sentiment.model import FILE, LABELS, Model

WANTED = {"airline": 0.55, "umsab-en": 0.58, "techcom-fr": 0.52, "umsab-fr": 0.63}
"""Macro-F1 to reach, trained on one source and tested on another."""
HELD_OUT = dict.fromkeys(("umsab-en", "umsab-fr"), ("crowdflower_brands", "techcom-fr"))
"""What the stand-ins are fitted to, for sets that the model that ships has seen."""
UNSEEN = ("airline", "techcom-en", "techcom-fr", "replab-en")
FEWEST = 5
"""Posts of a brand on a day whose net satisfaction is compared."""
QUICK = 400

Teller = Callable[[Sequence[Labelled]], list[str]]
Scorer = Callable[[str], float]


def shipped(posts: Sequence[Labelled]) -> list[str]:
    """What the model that ships says."""
    return [tone(post.text, post.language, post.names).label for post in posts]


@cache
def peers() -> dict[str, Scorer]:
    """The lists of words of others, as -1 to 1 or so; English whatever the post is in."""
    from afinn import Afinn  # type: ignore[import-not-found]
    from textblob import TextBlob  # type: ignore[import-not-found]
    from vaderSentiment.vaderSentiment import (  # type: ignore[import-not-found]
        SentimentIntensityAnalyzer,
    )

    vader, afinn = SentimentIntensityAnalyzer(), Afinn(emoticons=True)
    return {
        "VADER": lambda text: float(vader.polarity_scores(text)["compound"]),
        "AFINN": lambda text: float(afinn.score(text)),
        "TextBlob": lambda text: float(TextBlob(text).sentiment.polarity),
    }


def _said(score: float) -> str:
    """VADER's own bounds; the others are 0 where they know nothing."""
    return "positive" if score >= 0.05 else "negative" if score <= -0.05 else "neutral"


def macro_f1(posts: Sequence[Labelled], said: Sequence[str]) -> float:
    """The mean of the F1 of the three classes; what is unknown is none of them, and missed."""
    real = [post.label for post in posts]
    return round(float(f1_score(real, said, labels=LABELS, average="macro")), 3)


def trend(posts: Sequence[Labelled], said: Sequence[str]) -> dict[str, float]:
    """Rank correlation of net satisfaction by brand and day, as told and as labelled."""
    days: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for post, label in zip(posts, said, strict=True):
        days[post.brand, post.day].append((_sign(post.label), _sign(label)))
    kept = [list(zip(*day, strict=True)) for day in days.values() if len(day) >= FEWEST]
    real, ours = ([sum(day[n]) / len(day[n]) for day in kept] for n in (0, 1))
    return {"days": len(kept), "rank_correlation": round(float(spearmanr(real, ours)[0]), 3)}


def _sign(label: str) -> int:
    return (label == "positive") - (label == "negative")


def speed(posts: Sequence[Labelled]) -> int:
    """Posts a second of CPU, in a batch."""
    batch = [(post.text, post.language) for post in posts]
    tones(batch[:10])
    start = time.process_time()
    tones(batch, ("United", "American"))
    return round(len(batch) / (time.process_time() - start))


def table(folder: Path, *, quick: bool) -> dict[str, Any]:
    """Return every figure."""
    sets = {name: read(name, folder) for name in (*UNSEEN, *HELD_OUT)}
    fast = speed(sets["airline"] + sets["umsab-fr"])
    tellers: dict[str, Teller] = dict.fromkeys(UNSEEN, shipped)
    for name, sources in HELD_OUT.items():
        if not quick:
            model = Model(fitted([read(source, folder) for source in sources]))
            tellers[name] = lambda posts, model=model: told(model, posts)
    f1: dict[str, dict[str, Any]] = {}
    for name, teller in tellers.items():
        posts = sets[name][:: max(1, len(sets[name]) // QUICK)] if quick else sets[name]
        f1[name] = {
            "posts": len(posts),
            "fitted to": ", ".join(HELD_OUT.get(name, ("shipped",))),
            "ours": macro_f1(posts, teller(posts)),
            "wanted": WANTED.get(name),
        }
        for peer, score in peers().items():
            f1[name][peer] = macro_f1(posts, [_said(score(post.text)) for post in posts])
    return {
        "macro_f1": f1,
        "trend": {
            name: trend(sets[name], shipped(sets[name])) for name in ("airline", "replab-en")
        },
        "posts_per_cpu_second": fast,
        "model_bytes": FILE.stat().st_size,
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=POSTS)
    parser.add_argument("--quick", action="store_true", help="some posts, what ships only")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"there are no posts at {options.folder}: name a folder", file=sys.stderr)
        return 1
    figures = table(options.folder, quick=options.quick)
    if options.json:
        print(json.dumps(figures, ensure_ascii=False))
        return 0
    for name, row in figures["macro_f1"].items():
        print(f"{name:12}", *(f"{key} {value}" for key, value in row.items()), sep="  ")
    for name, row in figures["trend"].items():
        print(f"{name:12}", *(f"{key} {value}" for key, value in row.items()), sep="  ")
    print(f"{figures['posts_per_cpu_second']:,} posts/s, model {figures['model_bytes']:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
