"""What an expression says that its writer can hardly have meant."""

from rules.characters import fold_case
from rules.language.diagnostics import Notes
from rules.language.lexer import Piece
from rules.language.tree import And, Node, Not, Or, Word

_LOWER_CASE = {"and": "AND", "or": "OR", "not": "NOT", "et": "AND", "ou": "OR"}


def lint(tree: Node, pieces: list[Piece], notes: Notes) -> None:
    """Note an expression that only excludes, and operators written in lower case."""
    if not needs_something(tree):
        message = "this says only what must not be there: nearly every post would match"
        written = " ".join(notes.expression.split())
        written = f"({written})" if isinstance(tree, Or) else written
        repair = f"add what must be there: WORD {written}"
        notes.error("only-negatives", tree.at, message, repair)
    for before, piece, after in zip(pieces, pieces[1:], pieces[2:], strict=False):
        if not isinstance(piece.leaf, Word):
            continue
        meant = _LOWER_CASE.get(fold_case(piece.leaf.text))
        if meant and before.kind in ("leaf", ")") and after.kind in ("leaf", "(", "NOT"):
            message = f"`{piece.leaf.text}` is looked for as a word; the operator is {meant}"
            notes.warn("lower-case-operator", piece.at, message, notes.write(piece.at, meant))


def needs_something(node: Node, *, negated: bool = False) -> bool:
    """Whether a post must have something, rather than only lack things, to match `node`."""
    if isinstance(node, Not):
        return needs_something(node.part, negated=not negated)
    if isinstance(node, And | Or):
        needs = [needs_something(part, negated=negated) for part in node.parts]
        return any(needs) if isinstance(node, And) != negated else all(needs)
    return not negated
