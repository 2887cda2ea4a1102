"""A text as the words that its tone is read from: names, mentions and links are masked here.

Finer than `rules.text`, which compares words alone: `!!!`, `:(` and `don't` tell a tone too. A name
leaves the same mark whatever it is, so that `Free` and `United` are no praise.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import islice
from typing import NamedTuple

from rules.characters import EMOJI, MEMO_LENGTH, fold_accents, fold_case, parts, plain

LONGEST = 2_000
"""Characters of a text that are looked at: more of them tell no more, and take longer."""
MOST_PIECES = 500
"""Words and signs of a text that are looked at."""

NAME = "\x00"
"""What stands where a name or a mention stood."""
LINK = "\x01"

_EYES = "[:;=8xX]"
EMOTICON = re.compile(rf"{_EYES}['^-]?[()\[\]DPpOo3/\\|*]+|<3+|\^_*\^|[(\[]{_EYES[:-1]}]|-_+-")
_EMOTICON = rf"(?<!\w){EMOTICON.pattern}(?!\w)"


@cache
def _piece() -> re.Pattern[str]:
    """What cuts a text; made on first use, which takes some 20 ms."""
    return re.compile(
        r"(?P<link>(?:https?://|www\.)\S+|\bhttp\b)"
        r"|(?P<mention>[@＠][A-Za-z0-9_](?:[A-Za-z0-9_.@-]*[A-Za-z0-9_])?)"
        r"|(?P<tag>[#＃]\w+)"
        r"|(?P<word>[^\W\d_]+n['’]t\b|[^\W\d_]+)"
        r"|(?P<number>\d+)"
        rf"|(?P<emoticon>{_EMOTICON})"
        rf"|(?P<emoji>{EMOJI.pattern})"
        r"|(?P<mark>[!?]+|\.\.+|…)"
    )


class Cut(NamedTuple):
    """A text in pieces."""

    pieces: list[str]
    """Words, folded; `0` for a number; signs; `NAME` and `LINK`."""
    words: int
    """How many of the pieces are words."""
    shouted: int
    """How many of the words are in capitals."""


class Names:
    """Names that have no tone of their own; made once for many texts."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_first: dict[str, list[tuple[str, ...]]] = {}
        self._joined: set[str] = set()
        for name in names:
            read = _read(name.lstrip("@＠#＃")[:MEMO_LENGTH])
            words = tuple(word for word, _ in read if word[0].isalnum())
            if words:
                self._by_first.setdefault(words[0], []).append(words)
                self._joined.add("".join(words))
        for longest_first in self._by_first.values():
            longest_first.sort(key=len, reverse=True)

    def at(self, read: Sequence[tuple[str, bool]], start: int) -> int:
        """How many pieces the longest name takes that begins here; 0 where none does."""
        first = read[start][0]
        for words in self._by_first.get(first, ()):
            if tuple(word for word, _ in read[start : start + len(words)]) == words:
                return len(words)
        return int(first in self._joined)


def cut(text: str, names: Names) -> Cut:
    """Cut the beginning of a text, in linear time; one mark for names that stand side by side."""
    read = _read(text)
    pieces: list[str] = []
    words = shouted = at = 0
    while at < len(read):
        length = names.at(read, at)
        piece, loud = (NAME, False) if length else read[at]
        at += length or 1
        if piece == NAME:
            if not (pieces and pieces[-1] == NAME):
                pieces.append(NAME)
        elif piece[0].isdecimal():
            pieces.append("0")
        else:
            pieces.append(piece)
            words += piece[0].isalpha()
            shouted += loud
    return Cut(pieces, words, shouted)


def _read(text: str) -> list[tuple[str, bool]]:
    """The pieces of a text, each with whether it is a word in capitals."""
    read: list[tuple[str, bool]] = []
    for match in islice(_piece().finditer(text[:LONGEST]), MOST_PIECES):
        piece = match[0]
        match match.lastgroup:
            case "word":
                read.append((_folded(piece), len(piece) > 1 and piece.isupper()))
            case "link":
                read.append((LINK, False))
            case "mention":
                read.append((NAME, False))
            case "tag":
                read += [(word, False) for word in _words_of_tag(piece[1:])]
            case "mark":
                read.append((_MARKS.get(piece[:2], piece[0]), False))
            case _:
                read.append((fold_accents(plain(piece)), False))
    return read


_MARKS = {"!!": "!!", "??": "??", "?!": "?!", "!?": "?!", "..": "…"}


def _words_of_tag(tag: str) -> list[str]:
    """`AcmeFails` says `acme fails`; a tag in one case is one word."""
    pieces = (piece for piece in tag.split("_") if piece)
    return [_folded(piece[start:end]) for piece in pieces for start, end in parts(piece)]


def _folded(word: str) -> str:
    return _folded_before(word) if len(word) <= MEMO_LENGTH else _fold(word[:MEMO_LENGTH])


def _fold(word: str) -> str:
    """`Sooooo` is `soo`, `don't` is `dont`, `Déçu` is `decu`."""
    return _DRAWN_OUT.sub(r"\1\1", fold_accents(fold_case(word)).translate(_APOSTROPHES))


_DRAWN_OUT = re.compile(r"(.)\1{2,}")
_APOSTROPHES = {ord("'"): None, ord("’"): None}
_folded_before = lru_cache(maxsize=16_384)(_fold)
