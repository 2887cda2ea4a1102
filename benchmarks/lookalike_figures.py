"""What is read off the scores of names that imitated brands, and of ordinary ones."""

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.imitations import KINDS, TECHNIQUES, imitations
from benchmarks.lookalike_peers import PEERS, YES_OR_NO, Peer, permutations
from rules.lookalike import score
from rules.lookalike.bands import HIGH_FROM, MEDIUM_FROM
from rules.lookalike.candidate import Candidate
from rules.lookalike.index import Index
from rules.lookalike.pattern import patterns

NAMES = Path(__file__).resolve().parents[2] / "shared/data/squat"
HARD = ("neg_contain", "neg_nearwords", "neg_ethwhitelist")
IMITATIONS = ("pos_csdb", "pos_discord", "pos_udrp", "pos_social")
SETS = (*IMITATIONS, "pos_pkg", "neg_handles", "neg_display", "neg_domains", *HARD)
QUICK = 20
"""From one in so many ordinary names on, a run is a quick one."""
BINS = (0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
BANDS = {"high": HIGH_FROM, "medium and high": MEDIUM_FROM, "all from 0.1": 0.1}


def rows(folder: Path, name: str) -> Iterator[tuple[str, str, str]]:
    """Yield (brands, candidate, technique)."""
    with gzip.open(folder / f"{name}.tsv.gz", "rt", encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(reader)
        for row in reader:
            yield row[1], row[2], row[4] if len(row) > 4 else ""


@dataclass(frozen=True)
class Scores:
    """The scores of every set, and what is read off them."""

    by_set: dict[str, list[float]]

    def share(self, name: str, threshold: float) -> float:
        """Return which part of a set is raised at a threshold."""
        return sum(one >= threshold for one in self.by_set[name]) / len(self.by_set[name])

    def recall(self, threshold: float) -> float:
        """Return the mean of the parts raised of the four sets of imitations."""
        return sum(self.share(name, threshold) for name in IMITATIONS) / len(IMITATIONS)

    def threshold(self, names: tuple[str, ...], rate: float) -> float:
        """Return the lowest threshold at which no more than `rate` of these sets is raised."""
        found = sorted((one for name in names for one in self.by_set[name]), reverse=True)
        return found[int(len(found) * rate)] + 1e-12


def measure(folder: Path, peer: Peer = score, every: int = 1) -> Scores:
    """Score names against their brands; of ordinary names one in `every`."""
    by_set = {}
    for name in SETS:
        found = list(rows(folder, name))
        if name in {"neg_handles", "neg_display", "neg_domains"}:
            found = found[::every]
        by_set[name] = [
            max(peer(brand, candidate) for brand in brands.split("|"))
            for brands, candidate, _ in found
        ]
    return Scores(by_set)


def calibration(scores: Scores) -> dict[str, Any]:
    """Return the share of imitations among names by score, and the expected calibration error."""
    pairs = [
        (one, name.startswith("pos_"))
        for name, found in scores.by_set.items()
        for one in found
        if one >= BINS[0]
    ]
    bins, error = [], 0.0
    for low, high in pairwise(BINS):
        inside = [pair for pair in pairs if low <= pair[0] < high or pair[0] == high == 1.0]
        if inside:
            mean = sum(one for one, _ in inside) / len(inside)
            share = sum(real for _, real in inside) / len(inside)
            error += abs(mean - share) * len(inside) / len(pairs)
            bins.append([f"{low}-{high}", len(inside), round(mean, 3), round(share, 3)])
    return {"names": len(pairs), "expected_calibration_error": round(error, 3), "bins": bins}


def _quality(scores: Scores, threshold: float, every: int) -> list[float]:
    """Return precision, recall, F1 and alarms per million handles at a threshold."""
    weight = {"neg_handles": every, "neg_display": every, "neg_domains": every}
    real = sum(one >= threshold for name in IMITATIONS for one in scores.by_set[name])
    all_real = sum(len(scores.by_set[name]) for name in IMITATIONS)
    false = sum(
        weight.get(name, 1) * sum(one >= threshold for one in scores.by_set[name])
        for name in SETS
        if name.startswith("neg_")
    )
    precision, recall = real / max(1, real + false), real / all_real
    f1 = 2 * real / (real + false + all_real)
    alarms_per_million = scores.share("neg_handles", threshold) * 1e6
    return [round(precision, 3), round(recall, 3), round(f1, 3), round(alarms_per_million, 1)]


def compared(folder: Path, own: Scores, every: int) -> list[list[Any]]:
    """Return label, threshold and quality of our bands and of the peers.

    Peers with a score are cut where the best F1 is: the kindest threshold there is. A quick run,
    of every twentieth ordinary name, leaves out what takes a minute.
    """
    found: list[list[Any]] = [
        [f"watcher, {label}", cut, *_quality(own, cut, 1)] for label, cut in BANDS.items()
    ]
    for name, peer in PEERS.items():
        if peer is permutations and every >= QUICK:
            found.append([name, 1.0, None, None, None, None])
            continue
        scores = measure(folder, peer, every)
        cuts = [1.0] if name in YES_OR_NO else [at / 100 for at in range(70, 101)]
        quality = {cut: _quality(scores, cut, every) for cut in cuts}
        best = max(quality, key=lambda cut: quality[cut][2])
        found.append([name, best, *quality[best]])
    return found


def missed(folder: Path, scores: Scores, threshold: float) -> list[list[Any]]:
    """Return by kind of imitation how many there are and which part is raised, and 1 in 100,000."""
    lower = scores.threshold(("neg_handles",), 1e-5)
    seen: dict[str, list[float]] = defaultdict(list)
    for name in (*IMITATIONS, "pos_pkg"):
        for (_, _, technique), one in zip(rows(folder, name), scores.by_set[name], strict=True):
            seen[technique.split(",(")[0]].append(one)
    return [
        [kind, len(found), *(round(_part(found, cut), 3) for cut in (threshold, lower))]
        for kind, found in sorted(seen.items(), key=lambda one: -len(one[1]))
        if len(found) > 4
    ]


def _part(found: Sequence[float], threshold: float) -> float:
    return sum(one >= threshold for one in found) / len(found)


def synthetic(threshold: float) -> dict[str, Any]:
    """Return by technique and kind of brand which part of the made-up names is raised."""
    count: Counter[tuple[str, str]] = Counter()
    raised: Counter[tuple[str, str]] = Counter()
    reached = lost = 0
    for one in imitations():
        found = score(one.brand, one.name)
        for kind in (one.kind, "all"):
            count[one.technique, kind] += 1
            raised[one.technique, kind] += found >= threshold
        full = _exhaustive(one.brand, one.name)
        reached += full >= threshold
        lost += full >= threshold > _indexed(one.brand, one.name, threshold)
    kinds = [*KINDS, "all"]
    table = {
        technique: [
            round(raised[technique, kind] / count[technique, kind], 2)
            if count[technique, kind]
            else None
            for kind in kinds
        ]
        for technique in TECHNIQUES
    }
    return {"names": sum(count[technique, "all"] for technique in TECHNIQUES), "kinds": kinds,
            "raised": table, "raised_by_exhaustive_comparison": reached,
            "lost_by_the_index": lost}  # fmt: skip


def _exhaustive(brand: str, name: str) -> float:
    candidate = Candidate(name)
    places = (candidate.place(pattern) for pattern in patterns(brand))
    return max((place.score for place in places if place), default=0.0)


def _indexed(brand: str, name: str, faintest: float) -> float:
    candidate, spellings = Candidate(name), patterns(brand)
    found = Index(spellings).find(candidate.looks)
    places = (candidate.place(spellings[at], faintest, near) for at, near in found.items())
    return max((place.score for place in places if place), default=0.0)


def alarms(folder: Path) -> list[tuple[float, float]]:
    """Return how many of a million ordinary handles reach a score, for one of the brands."""
    names = [candidate for _, candidate, _ in rows(folder, "neg_handles")]
    brands = sorted({brand for brands, _, _ in rows(folder, "neg_handles")
                     for brand in brands.split("|")})  # fmt: skip
    targets = [(at, one) for at, brand in enumerate(brands) for one in patterns(brand)]
    index = Index([pattern for _, pattern in targets])
    scores = []
    for name in names:
        candidate, best = Candidate(name), defaultdict[int, float](float)
        for at in index.find(candidate.looks):
            owner, pattern = targets[at]
            if place := candidate.place(pattern, 0.01):
                best[owner] = max(best[owner], place.score)
        scores += best.values()
    pairs = len(names) * len(brands) / 1e6
    cuts = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
    return [(cut, round(sum(one >= cut for one in scores) / pairs, 2)) for cut in cuts]
