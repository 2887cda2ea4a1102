"""Makes `rules/data/frequencies.txt` from the Python package `wordfreq`, which nothing else needs.

Run it with that package beside the project, in the project's folder:

    uv run --with wordfreq==3.1.1 python docs/word_frequencies.py
"""

import math
from collections import defaultdict
from pathlib import Path

from wordfreq import get_frequency_dict  # type: ignore[import-not-found]

from rules.text import fold_words

LANGUAGES = ("de", "en", "es", "fr", "it", "nl", "pt")
WORDS = 7_000
FILE = Path(__file__).parent.parent / "rules" / "data" / "frequencies.txt"


def folded(language: str) -> dict[str, float]:
    """The words of a language as the rules compare them; what folds to one word is added up."""
    total: dict[str, float] = defaultdict(float)
    for word, frequency in get_frequency_dict(language, "best").items():
        for term in fold_words(word):
            if not any(char.isdigit() for char in term):
                total[term] += frequency
    return total


def main() -> None:
    """Write the file: a line for the language, then one for each level, in tenths of log10."""
    lines: list[str] = []
    for language in LANGUAGES:
        levels: dict[int, list[str]] = defaultdict(list)
        for term, frequency in sorted(folded(language).items(), key=lambda one: -one[1])[:WORDS]:
            levels[round(-10 * math.log10(frequency))].append(term)
        lines.append(language)
        lines += [f"{level} {' '.join(sorted(terms))}" for level, terms in sorted(levels.items())]
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
