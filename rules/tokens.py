"""The terms of a text at their places: for phrases, and for showing what was found.

`rules.text` says what the terms are.
"""

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from rules.characters import (
    ASCII_PARTS,
    CASHTAG,
    HANDLE,
    LINK,
    MEMO_LENGTH,
    fold_accents,
    fold_case,
    scanner,
)
from rules.metadata import handle_forms
from rules.signs import Sign, has_letters, name_words
from rules.terms import HANDLE_PART

_BESIDE = 10
"""Positions between the text and what the network states beside it: no phrase spans both."""


class Token(NamedTuple):
    """One term at one place."""

    term: str
    """What it is compared with: NFKC, case and accents folded."""
    position: int
    """Counts words: neighbours in a phrase differ by one. Several terms may share a position."""
    start: int
    end: int
    """Offsets into the post's text; both are its length for what is stated beside the text."""
    kept: str
    """The term with its accents."""


_token = partial(tuple.__new__, Token)
"""`Token` of a tuple: made in C, in a third of the time."""


def tokens_of(signs: Sequence[Sign], rest: str) -> tuple[Token, ...]:
    """The tokens of a text from its signs and what they leave of it (`rules.signs.find_signs`).

    In the order of the text, then those of the signs that the text does not show.
    """
    tokens: list[Token] = []
    add = tokens.append
    position = 0
    words = scanner(rest).words.finditer(rest)
    lowered = rest.lower() if rest.isascii() else ""
    folded = _Folded()
    word = next(words, None)
    for sign in (*signs, None):
        while word is not None and (sign is None or word.start() < sign.start):
            start, end = word.span()
            if lowered:
                term = kept = lowered[start:end]
            else:
                term, kept = folded[word[0]]
            add(_token((term, position, start, end, kept)))
            position += 1
            word = next(words, None)
        if sign is not None:
            beside = sign.start == sign.end
            position += _BESIDE * beside
            position += _add_sign(tokens, sign, position, beside=beside)
    return tuple(tokens)


class _Folded(dict[str, tuple[str, str]]):
    """Words of one text as a term and with their accents: each is folded once."""

    def __missing__(self, word: str) -> tuple[str, str]:
        kept = fold_case(word)
        self[word] = both = fold_accents(kept), kept
        return both


def _add_sign(tokens: list[Token], sign: Sign, position: int, *, beside: bool) -> int:
    """Add the terms of a sign and of the words in it; return how many positions they take.

    A link has no terms and takes one position, so that no phrase reaches across it.
    """
    kind, text, start, end = sign
    if kind == LINK:
        return 1
    short = len(text) <= MEMO_LENGTH
    heads, words, width = _parts_before(kind, text) if short else _parts(kind, text)
    for term, kept in heads:
        tokens.append(_token((term, position, start, end, kept)))
    for term, place, first, last, kept in words:
        if beside:
            tokens.append(_token((term, position + place, end, end, kept)))
        else:
            tokens.append(_token((term, position + place, start + first, start + last, kept)))
    return width


_Heads = tuple[tuple[str, str], ...]
_Words = tuple[Token, ...]


def _parts(kind: int, text: str) -> tuple[_Heads, _Words, int]:
    """The terms of a sign as a whole, those of its words at places counted from it, its width."""
    mark = HANDLE_PART if kind == HANDLE else ""
    heads: tuple[tuple[str, str], ...] = ()
    if kind == HANDLE:
        heads = tuple([("@" + form, "@" + form) for form in handle_forms(text)])
    elif kind == CASHTAG:
        heads = (("$" + fold_case(text),) * 2,)
    elif has_letters(text):
        kept = "#" + fold_case(text)
        heads = ((fold_accents(kept), kept),)
    if text.isascii() and text.isalnum():
        return heads, *_ascii_words(mark, text)
    names, width = name_words(text)
    words = []
    for name, place, offset in names:
        kept = mark + fold_case(name)
        words.append(_token((fold_accents(kept), place, 1 + offset, 1 + offset + len(name), kept)))
    return heads, tuple(words), max(1, width)


def _ascii_words(mark: str, name: str) -> tuple[_Words, int]:
    """What `name_words` finds in a name of ASCII letters and digits, in a third of the time."""
    lowered = name.lower()
    words = []
    place = 0
    for part in ASCII_PARTS.finditer(name):
        first, last = part.span()
        term = mark + lowered[first:last]
        words.append(_token((term, place, 1 + first, 1 + last, term)))
        place += 1
    if place > 1:
        term, size = mark + lowered, len(name)
        words.append(_token((term, 0, 1, 1 + size, term)))
        words.append(_token((term, place - 1, 1, 1 + size, term)))
    return tuple(words), place


_parts_before = lru_cache(maxsize=16_384)(_parts)
"""The same handles and hashtags come again and again."""
