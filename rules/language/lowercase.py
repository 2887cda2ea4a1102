"""Operators in lower case, or in another language, which are read as words."""

from rules.characters import fold_case
from rules.language.diagnostics import Notes
from rules.language.operators import Piece
from rules.language.tree import Word

_CERTAIN = {
    "and": "AND", "et": "AND", "und": "AND",
    "or": "OR", "ou": "OR", "oder": "OR",
    "not": "NOT",
}  # fmt: skip
_ELSEWHERE_LETTERS = {"y": "AND", "e": "AND", "en": "AND", "o": "OR", "of": "OR"}
_LONGEST = max(map(len, _CERTAIN | _ELSEWHERE_LETTERS))
"""Words of Spanish, Italian, Portuguese and Dutch that mean much else: taken for operators only
between things that no sentence has, such as phrases in quotes, brackets and hashtags."""


def lower_case_operators(pieces: list[Piece], notes: Notes) -> None:
    """Warn of each word that was hardly meant to be looked for."""
    if len(pieces) < 3:
        return
    told = {problem.span for problem in notes.problems}
    for before, piece, after in zip(pieces, pieces[1:], pieces[2:], strict=False):
        if not isinstance(piece.leaf, Word) or len(piece.leaf.text) > _LONGEST:
            continue
        if piece.at in told:
            continue
        word = fold_case(piece.leaf.text)
        meant = _CERTAIN.get(word)
        if meant is None and not isinstance(before.leaf, Word) and not isinstance(after.leaf, Word):
            meant = _ELSEWHERE_LETTERS.get(word)
        if meant and before.kind in ("leaf", ")") and after.kind in ("leaf", "(", "NOT"):
            message = f"`{piece.leaf.text}` is looked for as a word; the operator is {meant}"
            notes.warn("lower-case-operator", piece.at, message, notes.write(piece.at, meant))
