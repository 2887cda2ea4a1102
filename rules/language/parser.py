"""From pieces to a tree, by recursive descent.

    either  = every { "OR" every }
    every   = unary { [ "AND" ] unary }
    unary   = ( "NOT" | "-" ) unary | "(" either ")" | leaf

Brackets are matched before parsing, so that a bracket that is never closed is shown itself, and
the parser meets balanced ones only. It goes on after every mistake and notes them all.
"""

from rules.errors import Problem
from rules.language.diagnostics import NOTHING_LEFT, ExpressionError, Notes
from rules.language.lexer import Piece, pieces
from rules.language.lint import lint
from rules.language.tree import And, Field, Node, Not, Or, Span

LONGEST = 10_000
DEEPEST = 50


def parse(expression: str) -> Node:
    """The tree of an expression. Raises `ExpressionError` with every problem found."""
    tree, problems = check(expression)
    if tree is None:
        raise ExpressionError(problems, expression)
    return tree


def check(expression: str) -> tuple[Node | None, tuple[Problem, ...]]:
    """The tree, or None where there are errors, and every error and warning. Never raises."""
    notes = Notes(expression)
    tree = _understand(notes)
    return (None if notes.failed else tree), notes.sorted()


def _understand(notes: Notes) -> Node | None:
    if len(notes.expression) > LONGEST:
        message = f"the expression has {len(notes.expression):,} characters; at most {LONGEST:,}"
        notes.error("too-long", (LONGEST, len(notes.expression)), message, "make two rules of it")
        return None
    found = list(pieces(notes))
    if not found:
        span = (0, len(notes.expression))
        notes.error("empty-expression", span, "there is nothing to look for", NOTHING_LEFT)
        return None
    balanced = _balance(_without_last_brackets(found, notes), notes)
    if not balanced:
        return None
    tree = _Parser(balanced, notes).run()
    if tree is not None and not notes.failed:
        lint(tree, balanced, notes)
    return tree


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
                message = f"brackets and negations are nested more than {DEEPEST} deep"
                notes.error("too-deep", piece.at, message, "take out what changes nothing")
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
        if depth == 0 and piece.kind in ("AND", "OR"):
            alternatives = alternatives or piece.kind == "OR"
            begun = piece.kind == "AND"
            continue
        whole = depth == 0 and (piece.kind == "NOT" or isinstance(piece.leaf, Field))
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


class _Parser:
    """Reads balanced pieces; None stands for a part that was bad and has been noted."""

    def __init__(self, found: list[Piece], notes: Notes) -> None:
        self.pieces = found
        self.notes = notes
        self.next = 0
        self.depth = 0
        self.gave_up = False

    def run(self) -> Node | None:
        return self._either()

    def _peek(self) -> str:
        return self.pieces[self.next].kind if self.next < len(self.pieces) else ""

    def _take(self) -> Piece:
        self.next += 1
        return self.pieces[self.next - 1]

    def _either(self) -> Node | None:
        parts = [self._every()]
        while self._peek() == "OR":
            operator = self._take()
            if self._lacks_operand(operator):
                continue
            parts.append(self._every())
        return _joined(Or, parts)

    def _every(self) -> Node | None:
        while self._peek() in ("AND", "OR"):
            operator = self._take()
            message = f"nothing stands before {operator.kind}"
            self._dangling(operator, message)
        parts: list[Node | None] = []
        while self._peek() not in ("", ")", "OR"):
            if self._peek() == "AND":
                self._lacks_operand(self._take())
                continue
            parts.append(self._unary())
        return _joined(And, parts) if parts else None

    def _lacks_operand(self, operator: Piece) -> bool:
        """Note an operator that nothing follows which it could join or exclude."""
        if self._peek() not in ("", ")", "AND", "OR"):
            return False
        sign = self.notes.expression[slice(*operator.at)]
        self._dangling(operator, f"nothing stands after {sign}")
        return True

    def _dangling(self, operator: Piece, message: str) -> None:
        repair = self.notes.write(operator.at, "")
        self.notes.error("dangling-operator", operator.at, message, repair)

    def _unary(self) -> Node | None:
        """A leaf or a group, with any number of negations before it."""
        negations: list[Piece] = []
        while self._peek() == "NOT":
            operator = self._take()
            if self._lacks_operand(operator):
                return None
            negations.append(operator)
        self.depth += len(negations)
        if self.depth > DEEPEST:
            self._too_deep(self.pieces[self.next])
        node = self._group() if self._peek() == "(" else self._take().leaf
        self.depth -= len(negations)
        if node is None or self.gave_up:
            return None
        for operator in reversed(negations):
            node = Not(part=node, at=(operator.at[0], node.at[1]))
        return node

    def _group(self) -> Node | None:
        opening = self._take()
        if self._peek() == ")":
            at = (opening.at[0], self._take().at[1])
            message = "there is nothing between these brackets"
            self.notes.error("empty-group", at, message, self.notes.write(at, ""))
            return None
        self.depth += 1
        node = self._either()
        self.depth -= 1
        self._take()
        return node

    def _too_deep(self, piece: Piece) -> None:
        if not self.gave_up:
            message = f"brackets and negations are nested more than {DEEPEST} deep"
            repair = "take out what changes nothing"
            self.notes.error("too-deep", piece.at, message, repair)
        self.gave_up = True


def _joined(kind: type[And] | type[Or], parts: list[Node | None]) -> Node | None:
    """The parts under one node, those of the same kind taken up into it; None if one was bad."""
    whole: list[Node] = []
    for part in parts:
        if part is None:
            return None
        whole.extend(part.parts if isinstance(part, kind) else (part,))
    if len(whole) == 1:
        return whole[0]
    span: Span = (whole[0].at[0], whole[-1].at[1])
    return kind(parts=tuple(whole), at=span)
