"""How many imitations the look-alike detector raises, how many ordinary names, and how fast.

    python -m benchmarks.lookalikes [--quick] [--json] [FOLDER]

The folder holds gzip TSV files (id, brand, candidate, ...), brand alternatives separated by `|`:
`pos_*` names that imitated the brand, `neg_*` names that did not. Prints figures only, no names.
"""

import argparse
import csv
import gzip
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rules.lookalike import Detector, LookalikeRule, score
from rules.model import Account, Brand

NAMES = Path(__file__).resolve().parents[2] / "shared/data/squat"
SETS = (
    "pos_csdb", "pos_discord", "pos_udrp", "pos_social", "pos_pkg", "neg_handles", "neg_display",
    "neg_domains", "neg_contain", "neg_nearwords", "neg_ethwhitelist",
)  # fmt: skip
HARD = ("neg_contain", "neg_nearwords", "neg_ethwhitelist")
IMITATIONS = ("pos_csdb", "pos_discord", "pos_udrp", "pos_social")
BRANDS = (
    "Renault", "Peugeot", "Orange", "Crédit Agricole", "Société Générale", "Carrefour", "Decathlon",
    "EDF", "Free Mobile", "Air France", "Michelin", "Netflix", "Spotify", "PayPal", "Amazon",
    "Microsoft", "Chanel", "BNP Paribas", "La Poste", "Leroy Merlin",
)  # fmt: skip
DEFAULT = LookalikeRule(name="default").min_score


def rows(folder: Path, name: str) -> Iterator[tuple[str, str]]:
    """Yield (brands, candidate)."""
    with gzip.open(folder / f"{name}.tsv.gz", "rt", encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(reader)
        for row in reader:
            yield row[1], row[2]


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


def measure(folder: Path) -> Scores:
    """Score every name against its brands."""
    return Scores(
        {
            name: [
                max(score(brand, candidate) for brand in brands.split("|"))
                for brands, candidate in rows(folder, name)
            ]
            for name in SETS
        }
    )


def speed(folder: Path, count: int) -> tuple[int, float, int]:
    """Return accounts, CPU seconds and suspects of a run over ordinary handles and names."""
    names = [candidate for _, candidate in rows(folder, "neg_display")]
    accounts = [
        Account(network="x", id=str(at), handle=handle, display_name=names[at * 7919 % len(names)])
        for at, (_, handle) in zip(range(count), rows(folder, "neg_handles"), strict=False)
    ]
    detector = Detector([LookalikeRule(name="all")], [Brand(name=name) for name in BRANDS])
    began = time.process_time()
    found = detector.accounts(accounts)
    return len(accounts), time.process_time() - began, len(found)


def table(folder: Path, count: int) -> dict[str, Any]:
    """Return every figure: the share of each set raised at three scores, and the speed."""
    scores = measure(folder)
    points = {
        f"min_score {DEFAULT}": DEFAULT,
        "1 in 100,000 handles": scores.threshold(("neg_handles",), 1e-5),
        "5 % of hard names": scores.threshold(HARD, 0.05),
    }
    accounts, seconds, found = speed(folder, count)
    return {
        "raised at": {label: round(point, 3) for label, point in points.items()},
        "mean of imitations": [round(scores.recall(point), 3) for point in points.values()],
        "sets": {
            name: [round(scores.share(name, point), 6) for point in points.values()]
            for name in SETS
        },
        "accounts": accounts,
        "brands": len(BRANDS),
        "accounts_per_cpu_second": round(accounts / seconds),
        "suspects": found,
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=NAMES)
    parser.add_argument("--quick", action="store_true", help="time 20,000 accounts, not 100,000")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"there are no names at {options.folder}: name a folder", file=sys.stderr)
        return 1
    result = table(options.folder, 20_000 if options.quick else 100_000)
    if options.json:
        print(json.dumps(result, indent=2))
        return 0
    print(f"{'raised at':22}", *(f"{label:>22}" for label in result["raised at"]))
    rows = {"(score)": list(result["raised at"].values())}
    rows |= {"mean of imitations": result["mean of imitations"]}
    for name, values in (rows | result["sets"]).items():
        print(f"{name:22}", *(f"{value:22}" for value in values))
    print(
        f"{result['accounts']} accounts, {result['brands']} brands: "
        f"{result['accounts_per_cpu_second']} accounts a CPU-second, "
        f"{result['suspects']} suspects"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
