"""Fits the models that ship: `rules/signals/sentiment/data/model-en.bin` and `model-fr.bin`.

    python -m benchmarks.train_sentiment [FOLDER]

The folder holds the labelled sets named in `SETS`. They are the ones whose licences let what is
learnt from them ship; `docs/sentiment.md` has them. Takes about half a minute, and makes the same
files from the same posts.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # sums of several threads come in any order

from benchmarks.sentiment_sets import POSTS, RECIPES, Labelled, fitted, only, read
from rules.signals.sentiment.model import FILES, packed

SETS = ("umsab-en", "umsab-fr")
"""Never `airline`, which is for non-commercial use, nor a set whose licence is not stated."""


def made(language: str, sets: Mapping[str, Sequence[Labelled]]) -> bytes:
    """Fit the model of a language to sets of posts; return its file."""
    about = {"fitted to": {name: len(posts) for name, posts in sets.items()}}
    weights = fitted(list(sets.values()), **RECIPES[language]._asdict())
    return packed(only(weights, language), about)


def main() -> int:
    """Fit the models and write the files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=POSTS)
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"there are no posts at {options.folder}: name a folder", file=sys.stderr)
        return 1
    sets = {name: read(name, options.folder) for name in SETS}
    for language, path in FILES.items():
        file = made(language, sets)
        path.write_bytes(file)
        print(f"{path.name}: {len(file):,} bytes, fitted to {sum(map(len, sets.values())):,} posts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
