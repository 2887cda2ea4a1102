"""How many imitations the look-alike detector raises, how many ordinary names, and how fast.

    python -m benchmarks.lookalikes [--quick] [--json] [FOLDER]
    python -m benchmarks.lookalikes --page      # write the figures into docs/lookalikes.md
    python -m benchmarks.lookalikes --alarms    # the table of rules/lookalike/bands.py, a minute

The folder holds gzip TSV files (id, brand, candidate, ...), brand alternatives separated by `|`:
`pos_*` names that imitated the brand, `neg_*` names that did not. Prints figures only, no names.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.lookalike_figures import (
    HARD,
    NAMES,
    QUICK,
    SETS,
    Scores,
    alarms,
    calibration,
    compared,
    measure,
    missed,
    synthetic,
)
from benchmarks.lookalike_page import PAGE, tables, text, written
from benchmarks.lookalike_speed import memory, speed
from rules.lookalike import LookalikeRule

__all__ = ["DEFAULT", "HARD", "Scores", "measure", "speed"]
DEFAULT = LookalikeRule(name="default").min_score


def table(folder: Path, *, quick: bool) -> dict[str, Any]:
    """Return every figure."""
    scores = measure(folder)
    points = {
        f"min_score {DEFAULT}": DEFAULT,
        "1 in 100,000 handles": scores.threshold(("neg_handles",), 1e-5),
        "5 % of hard names": scores.threshold(HARD, 0.05),
    }
    count = 5_000 if quick else 20_000
    one, thousand = (speed(folder, count, brands) for brands in (1, 1000))
    return {
        "raised at": {label: round(point, 3) for label, point in points.items()},
        "mean of imitations": [round(scores.recall(point), 3) for point in points.values()],
        "sets": {
            name: [round(scores.share(name, point), 6) for point in points.values()]
            for name in SETS
        },
        "calibration": calibration(scores),
        "compared": compared(folder, scores, every=QUICK if quick else 4),
        "missed": missed(folder, scores, DEFAULT),
        "synthetic": synthetic(DEFAULT),
        "accounts": thousand["accounts"],
        "brands": 1000,
        "accounts_per_cpu_second": thousand["accounts_per_cpu_second"],
        "speed": {"1": one, "1000": thousand},
        "memory_mb": memory(1000),
    }


def main() -> int:
    """Print the figures, or write them into the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=NAMES)
    parser.add_argument("--quick", action="store_true", help="fewer accounts and ordinary names")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--page", action="store_true", help="write the figures into the page")
    parser.add_argument("--alarms", action="store_true", help="print the table of alarms")
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"there are no names at {options.folder}: name a folder", file=sys.stderr)
        return 1
    if options.alarms:
        print(", ".join(f"({score}, {rate})" for score, rate in alarms(options.folder)))
        return 0
    result = table(options.folder, quick=options.quick)
    if options.json:
        print(json.dumps(result, indent=2, ensure_ascii=False))
    elif options.page:
        PAGE.write_text(written(PAGE.read_text("utf-8"), result), "utf-8")
        print(f"written: {PAGE}", file=sys.stderr)
    else:
        print(text(tables(result)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
