"""Words with * and ? in them: as prefixes where they can be, else as regular expressions."""

import re

from rules.importing.carrying import quoted, sound, word
from rules.importing.outcome import Dropped, Kept, Outcome
from rules.language.operators import FARTHEST
from rules.language.tree import Near, Node, Prefix, Regex, Word
from rules.text import fold_words

_LETTER = r"[^\s[:punct:]]"  # `\pL` says it better and takes RE2 a thousand steps
_LETTERS = _LETTER + "*"
_MOST = 20
_TOO_MANY = f"more than {_MOST} words are to be near each other"
_SLOWER = "a regular expression finds it, in which accents count"


def wildcard(text: str) -> Outcome:
    """One word in which `*` stands for any letters and `?` for one."""
    if not set("*?") & set(text):
        return word(text)
    stem = text.rstrip("*")
    if stem != text and not set("*?") & set(stem):
        prefix = Prefix(text=stem)
        if len(fold_words(stem)) == 1 and sound(prefix):
            return Kept(prefix)
    if not fold_words(text):
        return Dropped("there is no letter or digit to look for")
    return _as_regex(text)


def _as_regex(text: str) -> Outcome:
    r"""A regular expression for one word; it stands alone where it begins or ends with a letter.

    RE2 knows the ends of words in ASCII only: beside other letters, `\b` would find nothing.
    """
    core = text.strip("*")
    pattern = "".join(_LETTERS if c == "*" else _LETTER if c == "?" else re.escape(c) for c in core)
    before = r"\b" if text[0].isascii() and text[0].isalnum() else ""
    after = r"\b" if text[-1].isascii() and text[-1].isalnum() else ""
    node = Regex(pattern=f"{before}{pattern}{after}")
    if sound(node):
        return Kept(node, "changed", _SLOWER)
    return Dropped("a * or ? cannot stand here")


def phrase(text: str, *, gap: int = 0) -> Outcome:
    """A phrase in which `*` and `?` stand for letters, or a lone `*` for up to `gap` words."""
    if not set("*?") & set(text):
        return quoted(text)
    pieces: list[Node] = []
    distances: list[int] = []
    skipped = False
    for run in _runs(text):
        if run == "*":
            skipped = skipped or bool(pieces)
            continue
        carried = wildcard(run) if set("*?") & set(run) else _words(run)
        if isinstance(carried, Dropped):
            continue
        if isinstance(carried.node, Regex):
            return Dropped("a * or ? within a word cannot stand in a phrase")
        if pieces:
            distances.append(1 + gap if skipped else 1)
        pieces.append(carried.node)
        skipped = False
    if not pieces:
        return Dropped("there is no letter or digit to look for")
    if len(pieces) > _MOST:
        return Dropped(_TOO_MANY)
    whole = pieces[0]
    for piece, distance in zip(pieces[1:], distances, strict=True):
        whole = Near(left=whole, right=piece, distance=distance, ordered=True)
    if max(distances, default=1) == 1:
        return Kept(whole)
    return Kept(whole, "changed", f"the * stands for up to {gap} words, or none")


def _words(run: str) -> Outcome:
    return quoted(run) if len(fold_words(run)) > 1 else _single(run)


def _single(run: str) -> Outcome:
    node = Word(text=run)
    return Kept(node) if sound(node) else quoted(run)


def _runs(text: str) -> list[str]:
    """The words of a phrase, those without * or ? that stand together joined."""
    runs: list[str] = []
    plain: list[str] = []
    for piece in text.split():
        if piece == "*" or (set("*?") & set(piece) and fold_words(piece)):
            runs += [" ".join(plain)] if plain else []
            runs.append(piece)
            plain = []
        else:
            plain.append(piece)
    return [*runs, " ".join(plain)] if plain else runs


def within(text: str, slop: int, *, lucene: bool = False) -> Outcome:
    """`"a b"~n`: words with at most `slop` others between them, in any order.

    `lucene` counts a changed order as two words more, as X does. More than two words are read as
    a chain in which each is near the next.
    """
    pieces = [carried.node for carried in map(wildcard, text.split()) if isinstance(carried, Kept)]
    if len(pieces) < 2 or any(isinstance(piece, Regex) for piece in pieces):
        return phrase(text)
    if len(pieces) > _MOST:
        return Dropped(_TOO_MANY)
    whole: Node = pieces[0]
    for piece in pieces[1:]:
        whole = Near(left=whole, right=piece, distance=min(slop + 1, FARTHEST))
    if slop >= FARTHEST:
        return Kept(whole, "narrowed", f"NEAR reaches {FARTHEST} words here, and no further")
    if len(pieces) > 2:
        return Kept(whole, "widened", "each word is looked for near the one before it")
    if lucene:
        return Kept(whole, "widened", "the order of the words makes no difference to the distance")
    return Kept(whole)
