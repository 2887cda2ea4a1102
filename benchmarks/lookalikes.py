"""How many imitations the look-alike detector raises, how many ordinary names, and how fast.

    python -m benchmarks.lookalikes [FOLDER]

The folder holds gzip TSV files (id, brand, candidate, ...), brand alternatives separated by `|`:
`pos_*` names that imitated the brand, `neg_*` names that did not. Prints figures only, no names.
"""

import csv
import gzip
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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


def speed(folder: Path, count: int = 100_000) -> tuple[int, float, int]:
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


def main() -> None:
    """Print the figures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else NAMES
    scores = measure(folder)
    points = {
        f"min_score {DEFAULT}": DEFAULT,
        "1 in 100,000 handles": scores.threshold(("neg_handles",), 1e-5),
        "5 % of hard names": scores.threshold(HARD, 0.05),
    }
    print(f"{'raised at':22}", *(f"{label:>22}" for label in points))
    print(f"{'(score)':22}", *(f"{point:22.3f}" for point in points.values()))
    print(
        f"{'mean of imitations':22}",
        *(f"{scores.recall(point):22.3f}" for point in points.values()),
    )
    for name in SETS:
        print(f"{name:22}", *(f"{scores.share(name, point):22.6f}" for point in points.values()))
    accounts, seconds, found = speed(folder)
    print(
        f"{accounts} accounts, {len(BRANDS)} brands: {seconds:.1f} s CPU, "
        f"{accounts / seconds:.0f} accounts/s, {found} suspects"
    )


if __name__ == "__main__":
    main()
