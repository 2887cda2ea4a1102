"""Fits the model that ships: `rules/signals/sentiment/data/model.bin`.

    python -m benchmarks.train_sentiment [FOLDER]

The folder holds the labelled sets named in `SETS`. They are the ones whose licences let what is
learnt from them ship; `docs/sentiment.md` has them. Takes about a minute, and makes the same file
from the same posts.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # sums of several threads come in any order

from benchmarks.sentiment_sets import POSTS, fitted, read
from rules.signals.sentiment.model import FILE, packed

SETS = ("umsab-en", "umsab-fr")
"""Never `airline`, which is for non-commercial use, nor a set whose licence is not stated."""


def main() -> int:
    """Fit the model and write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=POSTS)
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"there are no posts at {options.folder}: name a folder", file=sys.stderr)
        return 1
    sets = {name: read(name, options.folder) for name in SETS}
    about = {"fitted to": {name: len(posts) for name, posts in sets.items()}}
    file = packed(fitted(list(sets.values())), about)
    FILE.write_bytes(file)
    print(f"{FILE.name}: {len(file):,} bytes, fitted to {sum(map(len, sets.values())):,} posts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
