"""Runs the log drill from the command line; see `tests.log_drill`."""

import argparse
import json
import random
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.log_drill.drill import drill
from tests.servers import MissingServerError


def main() -> int:
    """Run it; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description="How the promises of the log hold.")
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=20, help="of appenders, workers and leaders")
    parser.add_argument("--server-kills", type=int, default=2, help="of PostgreSQL")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--keep", choices=("all", "matched"), default="all")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1_000_000)
    with tempfile.TemporaryDirectory(prefix="watcher-drill-") as folder:
        try:
            report = drill(
                posts=options.posts, kills=options.kills, server_kills=options.server_kills,
                folder=Path(folder), seed=seed, keep=options.keep, workers=options.workers,
                tell=lambda words: print(words, file=sys.stderr, flush=True),
            )  # fmt: skip
        except MissingServerError as missing:
            print(f"left out, {missing}", file=sys.stderr)
            return 1
    if options.json:
        print(json.dumps({"seed": seed, "kept": report.kept, **asdict(report)}))
    else:
        print(f"seed {seed}: {'the promise held' if report.kept else 'THE PROMISE WAS BROKEN'}")
        for key, value in asdict(report).items():
            print(f"  {key.replace('_', ' '):20} {value}")
    return 0 if report.kept else 1


if __name__ == "__main__":
    sys.exit(main())
