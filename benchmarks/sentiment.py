"""How well the tone of posts is told, and how fast, beside VADER, AFINN and TextBlob.

    python -m benchmarks.sentiment [--quick] [--json] [FOLDER]

Each set is told by a model that was fitted to other sources. `shipped` is the model that ships,
which has seen `umsab` and is not tried on it; `held out` says what its stand-in was fitted to.
`split` is the recipes of what ships, fitted to what the publisher of `umsab` gives to train on, and
tried on what it holds back: posts of the same source, which is easier.
Then net satisfaction by brand and day, as told and as labelled; the same with corrections, learnt
from posts of each brand's earlier days and tried on the later ones; complaints; and languages.
Prints figures only, no posts.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from sklearn.metrics import f1_score  # type: ignore[import-untyped]

from benchmarks.sentiment_corrections import corrected, trends
from benchmarks.sentiment_language import languages
from benchmarks.sentiment_sets import (
    POSTS,
    RECIPES,
    Labelled,
    complaints,
    fitted,
    folded,
    read,
    taught_by_itself,
    unlabelled_french,
    what_is_told,
)
from rules.signals.sentiment import Heard, hear, told, tone, tones
from rules.signals.sentiment.model import FILES, LABELS, Model

WANTED = {"airline": 0.55, "umsab-en": 0.58, "techcom-fr": 0.52, "umsab-fr": 0.63}
"""Macro-F1 to reach, trained on one source and tested on another."""
HELD_OUT = {
    "umsab-en": ("crowdflower_brands", "techcom-fr"),
    "umsab-fr": ("umsab-en", "techcom-fr"),
}
"""What the stand-ins are fitted to, for sets that the model that ships has seen."""
TAUGHT_BY_ITSELF = ("umsab-fr",)
"""Sets whose stand-in also labels French posts by itself, and is fitted to these too."""
PARTS = (
    "split", "trend", "corrections", "corrections of both", "corrections of airline",
    "complaints", "languages", "within_the_source",
)  # fmt: skip
UNSEEN = ("airline", "techcom-en", "techcom-fr", "replab-en")
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
            fit = [read(source, folder) for source in sources]
            if name in TAUGHT_BY_ITSELF:
                model = taught_by_itself(fit, unlabelled_french(folder), free_level=False)
            else:
                model = Model(fitted(fit))
            tellers[name] = lambda posts, model=model: what_is_told(model, posts)
    f1: dict[str, dict[str, Any]] = {}
    for name, teller in tellers.items():
        posts = sets[name][:: max(1, len(sets[name]) // QUICK)] if quick else sets[name]
        f1[name] = {
            "posts": len(posts),
            "fitted to": ", ".join(HELD_OUT.get(name, ("shipped",)))
            + (", its own labels on other French posts" if name in TAUGHT_BY_ITSELF else ""),
            "ours": macro_f1(posts, teller(posts)),
            "wanted": WANTED.get(name),
        }
        for peer, score in peers().items():
            f1[name][peer] = macro_f1(posts, [_said(score(post.text)) for post in posts])
    numbers = (50,) if quick else (20, 50, 100, 200)
    figures: dict[str, Any] = {
        "macro_f1": f1,
        "split": split(folder, quick=quick),
        "trend": _trends(sets),
        "corrections": corrected(sets["replab-en"], numbers),
        "corrections of both": corrected([*sets["airline"], *sets["replab-en"]], numbers),
        "corrections of airline": corrected(sets["airline"], numbers),
        "complaints": complaints(folder),
        "languages": languages(folder),
        "posts_per_cpu_second": fast,
        "model_bytes": sum(file.stat().st_size for file in FILES.values()),
    }
    if not quick:
        within = sets["umsab-fr"]
        figures["within_the_source"] = {"umsab-fr": macro_f1(within, folded(within))}
    return figures


def split(folder: Path, *, quick: bool = False) -> dict[str, Any]:
    """Fit what ships to its publisher's part to train on, English and French; try the other part.

    Nothing is chosen by the other part.
    """
    if quick:
        return {}
    train = {name: read(name, folder, part="train") for name in HELD_OUT}
    figures = {}
    for name, seen in train.items():
        recipe = RECIPES[name.removeprefix("umsab-")]
        model = Model(fitted(list(train.values()), **recipe._asdict()))
        known = {post.text.casefold() for post in seen}
        posts = [
            post for post in read(name, folder, part="val") if post.text.casefold() not in known
        ]
        figures[name] = {
            "posts": len(posts),
            "fitted to": sum(map(len, train.values())),
            "ours": macro_f1(posts, what_is_told(model, posts)),
        }
    return figures


def _trends(sets: Mapping[str, Sequence[Labelled]]) -> dict[str, Any]:
    """Of each set alone, and of both as one; by labels, and by how likely they are."""
    figures = {}
    for reading, weigh in READINGS.items():
        rows = {
            name: [
                (post.brand, post.day, post.label, weigh(hear(post.text, "en", post.names)))
                for post in sets[name]
            ]
            for name in ("airline", "replab-en")
        }
        rows["both"] = [row for some in rows.values() for row in some]
        figures |= {f"{name}, {reading}": trends(some) for name, some in rows.items()}
    return figures


def _by_label(heard: Heard | None) -> float:
    label = told(heard.likely).label if heard else "unknown"
    return (label == "positive") - (label == "negative")


READINGS: Mapping[str, Callable[[Heard | None], float]] = {
    "by label": _by_label,
    "labels weighed": lambda heard: _by_label(heard) * max(heard.likely) if heard else 0.0,
    "all tones weighed": lambda heard: heard.likely[2] - heard.likely[0] if heard else 0.0,
}
"""How net satisfaction may be counted, of one post; the first is in use."""


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
    for part in PARTS:
        for name, row in figures.get(part, {}).items():
            print(f"{part}: {name}", json.dumps(row, ensure_ascii=False))
    print(f"{figures['posts_per_cpu_second']:,} posts/s, model {figures['model_bytes']:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
