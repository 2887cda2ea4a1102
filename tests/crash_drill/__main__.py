"""Runs the drill from the command line; see `tests.crash_drill`."""

import argparse
import json
import random
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.crash_drill import page
from tests.crash_drill.counting import Report
from tests.crash_drill.scenarios import SCENARIOS, Effort, run
from tests.servers import MissingServerError


def main() -> int:
    """Run the scenarios asked for; 1 where the promise was broken in one of them."""
    parser = argparse.ArgumentParser(description="How the promise of delivery holds.")
    parser.add_argument("--kills", type=int, default=500, help="random kills in all")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--only", choices=sorted(SCENARIOS), action="append")
    parser.add_argument("--page", action="store_true", help="write the table of docs/delivery.md")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1_000_000)
    reports: dict[str, Report] = {}
    for name in options.only or SCENARIOS:
        with tempfile.TemporaryDirectory(prefix="watcher-drill-") as folder:
            try:
                reports[name] = run(name, Effort(kills=options.kills), seed, Path(folder))
            except MissingServerError as missing:
                print(f"{name}: left out, {missing}", file=sys.stderr)
                continue
        if not options.json:
            told = "the promise held" if reports[name].kept else "THE PROMISE WAS BROKEN"
            print(f"{name} (seed {seed}): {told}")
            for key, value in asdict(reports[name]).items():
                print(f"  {key.replace('_', ' '):14} {value}", flush=True)
    if options.json:
        print(json.dumps({"seed": seed, **{name: asdict(one) for name, one in reports.items()}}))
    if options.page:
        page.write(reports, seed)
    return 0 if all(report.kept for report in reports.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
