"""Words that look alike across scripts: `аcme` with a Cyrillic `а` reads as `acme`.

The letters are those by which `rules.lookalike` compares names (Unicode's confusables). A letter
changes only where it looks like an ASCII letter or digit, so that words of other scripts stay what
they are. Capitals look like other letters than small ones do (`Ν` is `N`, `ν` is `v`), so a word
has a form as it was written and one in small letters; two words look alike that share a form.
"""

import unicodedata
from functools import lru_cache

from rules.characters import MEMO_LENGTH, fold_accents, fold_case, plain
from rules.lookalike.forms import fold

LOOKS = "≈"
"""Stands before a form in the terms of a post, to keep it apart from what was written."""


def look_forms(written: str, term: str) -> tuple[str, ...]:
    """The one or two forms of a word: of how it was `written`, and of the `term` it is folded to.

    A word of a rule is found in a post by any of its forms, as a term or after `LOOKS`.
    """
    if written.isascii():
        return (term,)
    short = len(written) <= MEMO_LENGTH
    forms = [_skeleton_before(word) if short else _skeleton(word) for word in (written, term)]
    return tuple(dict.fromkeys(forms))


def look_terms(written: str, term: str) -> list[str]:
    """The terms that a word adds to those of its post: none for one that looks like itself."""
    return [LOOKS + form for form in look_forms(written, term) if form != term]


def _skeleton(word: str) -> str:
    return fold_accents("".join(map(_letter, plain(word))))


_skeleton_before = lru_cache(maxsize=16_384)(_skeleton)


@lru_cache(maxsize=4_096)
def _letter(letter: str) -> str:
    alike = fold(letter)
    if not alike or not alike.isascii():
        return fold_case(letter)
    if alike == "l" and letter.isupper() and "LETTER L" not in unicodedata.name(letter, ""):
        return "i"  # to Unicode a capital `I` is a small `l`, to a reader of `ΝΙΚΕ` it is not
    return alike
