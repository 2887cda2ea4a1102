"""Brackets paired before anything is parsed, and where one that is missing was probably meant."""

from rules.language.diagnostics import Notes
from rules.language.operators import Piece
from rules.language.tree import Field, Range

DEEPEST = 50
TOO_DEEP = f"brackets, negations and NEAR are nested more than {DEEPEST} deep"


def balanced(found: list[Piece], notes: Notes) -> list[Piece] | None:
    """The pieces with every bracket paired, those that are not noted.

    None where they are nested too deep to go on.
    """
    return _balance(_without_last_brackets(found, notes), notes)


def _without_last_brackets(found: list[Piece], notes: Notes) -> list[Piece]:
    """The pieces without brackets that open where the expression ends, which are noted."""
    count = len(found)
    while count and found[count - 1].kind == "(":
        count -= 1
    if count < len(found):
        at = (found[count].at[0], found[-1].at[1])
        message = "this bracket is never closed, and nothing follows it"
        notes.error("unclosed-bracket", at, message, notes.write(at, ""))
    return found[:count]


def _balance(found: list[Piece], notes: Notes) -> list[Piece] | None:
    """The pieces with every bracket paired; None where they are nested too deep to go on."""
    opened: list[int] = []
    kept: list[Piece | None] = list(found)
    for index, piece in enumerate(found):
        if piece.kind == "(":
            opened.append(index)
            if len(opened) > DEEPEST:
                notes.error("too-deep", piece.at, TOO_DEEP, "take out what changes nothing")
                return None
        elif piece.kind == ")":
            if opened:
                opened.pop()
            else:
                kept[index] = None
                repair = notes.write(piece.at, "")
                notes.error("unopened-bracket", piece.at, "this bracket was never opened", repair)
    end = len(notes.expression)
    meant = _end_of_alternatives(found[opened[0] + 1 :]) if len(opened) == 1 else None
    for index in opened:
        repair = notes.write((meant or end, meant or end), ")" * len(opened))
        at = found[index].at
        notes.error("unclosed-bracket", at, "this bracket is never closed", repair)
    closing = [Piece(")", (end, end)) for _ in opened]
    return [piece for piece in kept if piece is not None] + closing


def _end_of_alternatives(inside: list[Piece]) -> int | None:
    """Where a bracket that is never closed was probably meant to end; None where nothing tells.

    That is behind `a OR b`, before what is excluded or asked of the post as a whole: AND binds
    tighter than OR, so a bracket at the very end would tie that to the last alternative alone.
    """
    depth = 0
    end: int | None = None
    alternatives, begun = False, False
    for index, piece in enumerate(inside):
        depth += (piece.kind == "(") - (piece.kind == ")")
        if depth == 0 and piece.kind in ("AND", "OR", "NEAR", ","):
            alternatives = alternatives or piece.kind in ("OR", ",")
            begun = piece.kind == "AND"
            continue
        whole = depth == 0 and (piece.kind == "NOT" or isinstance(piece.leaf, Field | Range))
        if whole and alternatives and begun:
            return None if _has_alternatives(inside[index:]) else end
        begun = begun or piece.kind != "NOT"
        end = piece.at[1]
    return None


def _has_alternatives(pieces: list[Piece]) -> bool:
    """Whether an OR stands in it outside of brackets."""
    depth = 0
    for piece in pieces:
        depth += (piece.kind == "(") - (piece.kind == ")")
        if piece.kind == "OR" and not depth:
            return True
    return False
