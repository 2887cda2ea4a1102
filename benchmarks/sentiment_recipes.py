"""How the recipe of the French model was chosen: by cross-validation of French posts to train on.

    python -m benchmarks.sentiment_recipes [FOLDER]

In five parts, drawn twice: each post is told by a model that was fitted to the others, and to the
English posts that the publisher of `umsab` gives to train on. What it holds back is not read, nor
is any other source. Prints the mean of both macro-F1 of each recipe; takes some 20 minutes.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.sentiment import macro_f1
from benchmarks.sentiment_sets import POSTS, Labelled, Recipe, fitted, read, what_is_told
from rules.signals.sentiment.model import Model

RECIPES = (
    Recipe(),
    Recipe(strength=3.0, shares=(0.3, 1.0)),
    Recipe(strength=3.0, shares=(0.3, 1.0), free_level=False),
    *(
        Recipe(strength=strength, shares=(share, 1.0), telling=True, free_level=False)
        for strength, share in ((0.5, 0.3), (1.0, 0.1), (1.0, 0.3), (1.0, 1.0), (2.0, 0.3))
    ),
)
PARTS = 5
DRAWN = (0, 1)


def tried(recipe: Recipe, english: Sequence[Labelled], french: Sequence[Labelled]) -> float:
    """Return the macro-F1 of French posts, each told by what the others teach."""
    found = []
    for seed in DRAWN:
        posts = list(french)
        Random(seed).shuffle(posts)
        said = [""] * len(posts)
        for part in range(PARTS):
            others = [post for at, post in enumerate(posts) if at % PARTS != part]
            model = Model(fitted([english, others], **recipe._asdict()))
            said[part::PARTS] = what_is_told(model, posts[part::PARTS])
        found.append(macro_f1(posts, said))
    return sum(found) / len(found)


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=POSTS)
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"there are no posts at {options.folder}: name a folder", file=sys.stderr)
        return 1
    english, french = (
        read(name, options.folder, part="train") for name in ("umsab-en", "umsab-fr")
    )
    for recipe in RECIPES:
        print(f"{tried(recipe, english, french):.3f}", recipe, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
