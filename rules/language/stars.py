"""A phrase with stars in it, as the language can look for it."""

import re
from itertools import groupby

from rules.language.marks import quoted
from rules.text import fold_words

SHORTEST_PREFIX = 3
_STAR = re.compile(r"(?<!\S)\*(?!\S)|(?<=[^\W\d_]{3})\*(?!\w)")


def has_star(phrase: str) -> bool:
    """Whether a star in it was meant for more words: `acme corp*`, `acme * corp`, not `5*`."""
    return bool(_STAR.search(phrase))


def apart(phrase: str) -> str:
    """The expression that was meant: `(acme ONEAR/1 corp*)`.

    A star behind a word makes it a prefix where it may be one; one by itself stands for one word.
    """
    text, skipped = "", 0
    for kind, group in groupby(phrase.split(), _kind):
        pieces = list(group)
        if kind == "*":
            skipped = len(pieces)
            continue
        for piece in pieces if kind == "prefix" else [_words(pieces)]:
            text += f" ONEAR/{skipped + 1} {piece}" if text else piece
            skipped = 0
    return f"({text})" if " ONEAR/" in text else text


def _kind(piece: str) -> str:
    if not piece.strip("*"):
        return "*"
    stem = piece.rstrip("*")
    long_enough = stem.isalnum() and [len(word) >= SHORTEST_PREFIX for word in fold_words(stem)]
    return "prefix" if stem != piece and long_enough == [True] else "words"


def _words(pieces: list[str]) -> str:
    words = " ".join(pieces).replace("*", "")
    return words if words.isalnum() else quoted(words)
