"""Net satisfaction by brand and day, as told and as labelled; and what corrections make of it.

As the product uses them: judged posts come from a brand's earlier days, and what they teach is
tried on its later days. Nothing is chosen by what comes out there.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, cast

from scipy.stats import spearmanr  # type: ignore[import-untyped]
from sklearn.metrics import f1_score  # type: ignore[import-untyped]

from benchmarks.sentiment_sets import Labelled
from rules.signals.sentiment import UNKNOWN, Heard, hear, told
from rules.signals.sentiment.correcting import Judged, learnt, quality
from rules.signals.sentiment.model import LABELS, Told

FEWEST = (5, 10, 20)
"""Posts of a brand on a day whose net satisfaction is compared."""

Row = tuple[str, str, str, str | float]
"""Brand, day, as labelled; as told, by name or as a number from -1 to 1."""


def trends(rows: Iterable[Row]) -> dict[str, Any]:
    """Rank correlation of net satisfaction by brand and day, for days of so many posts at least."""
    days: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for brand, day, label, said in rows:
        days[brand, day].append((_sign(label), _sign(said)))
    figures = {}
    for fewest in FEWEST:
        kept = [list(zip(*day, strict=True)) for day in days.values() if len(day) >= fewest]
        real, ours = ([sum(day[n]) / len(day[n]) for day in kept] for n in (0, 1))
        rank = round(float(spearmanr(real, ours)[0]), 3) if len(kept) > 2 else None
        figures[f"days of {fewest}"] = {"days": len(kept), "rank_correlation": rank}
    return figures


def _sign(label: str | float) -> float:
    if not isinstance(label, str):
        return label
    return (label == "positive") - (label == "negative")


def corrected(posts: Sequence[Labelled], numbers: Sequence[int]) -> dict[str, Any]:
    """Learn from so many judged posts of each brand's earlier half of days; try the later half.

    Brands with fewer earlier posts are left out; what is not adopted is told as it ships. `weighed`
    is `with` where each tone counts by how likely it is: a trend that nothing shows as yet.
    """
    brands: dict[str, list[Labelled]] = defaultdict(list)
    for post in posts:
        brands[post.brand].append(post)
    heard = {id(post): hear(post.text, post.language, post.names) for post in posts}
    figures = {}
    for number in numbers:
        before: list[Row] = []
        after: list[Row] = []
        weighed: list[Row] = []
        used = adopted = 0
        for brand, its in sorted(brands.items()):
            days = sorted({post.day for post in its})
            middle = days[len(days) // 2]
            judged = _drawn([post for post in its if post.day < middle], heard, number)
            if len(judged) < number:
                continue
            correction = learnt(judged) if quality(judged).adopted else None
            used += 1
            adopted += correction is not None
            for post in its:
                if post.day < middle:
                    continue
                made = heard[id(post)]
                alone = told(made.likely) if made else UNKNOWN
                said = told(correction.likely(made)) if made and correction else alone
                before.append((brand, post.day, post.label, alone.label))
                after.append((brand, post.day, post.label, said.label))
                part = _sign(said.label) * said.confidence
                weighed.append((brand, post.day, post.label, part))
        figures[f"{number} judged posts a brand"] = {
            "brands": used,
            "adopted": adopted,
            "later posts": len(before),
            "without": _figures(before),
            "with": _figures(after),
            "weighed": trends(weighed),
        }
    return figures


def _drawn(posts: Sequence[Labelled], heard: dict[int, Heard | None], number: int) -> list[Judged]:
    """Posts by lot: by a checksum of their text, the same at every run."""
    drawn = sorted(posts, key=lambda post: zlib.crc32(post.text.encode()))
    made = ((heard[id(post)], post.label) for post in drawn)
    return [(one, cast("Told", label)) for one, label in made if one][:number]


def _figures(rows: Sequence[Row]) -> dict[str, Any]:
    real, said = [row[2] for row in rows], [row[3] for row in rows]
    macro = f1_score(real, said, labels=LABELS, average="macro")
    return {"macro_f1": round(float(macro), 3), **trends(rows)}
