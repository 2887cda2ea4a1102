"""From pieces to a tree, by recursive descent.

    either  = every { "OR" every }
    every   = unary { [ "AND" ] unary }
    unary   = ( "NOT" | "-" ) unary | near
    near    = primary { "NEAR/5" primary }
    primary = "(" either ")" | "2 OF" "(" either { "," either } ")" | leaf

Brackets are matched before parsing, so that a bracket that is never closed is shown itself, and
the parser meets balanced ones only. It goes on after every mistake and notes them all.
"""

from rules.errors import Problem
from rules.language.brackets import DEEPEST, TOO_DEEP, balanced
from rules.language.diagnostics import NOTHING_LEFT, ExpressionError, Notes
from rules.language.lexer import pieces
from rules.language.lowercase import lower_case_operators
from rules.language.operators import Piece
from rules.language.tree import (
    And,
    AtLeast,
    BrandName,
    ListName,
    Near,
    Node,
    Not,
    Or,
    Placed,
    Span,
    Word,
)
from rules.language.walk import children

__all__ = ["DEEPEST", "LONGEST", "check", "parse"]

LONGEST = 10_000
_ROUNDS = 4


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
    return (None if notes.failed else tree), notes.told(_mended)


def _mended(notes: Notes) -> str | None:
    """The expression with everything mended, so that it can be understood; None if it cannot be.

    What mends one mistake may bring another to light, which is mended in turn.
    """
    text = notes.mended(warnings=True)
    for _ in range(_ROUNDS):
        if not text.strip("() "):
            return ""
        again = Notes(text)
        _understand(again)
        if not again.failed:
            return text
        text = again.mended(warnings=False)
    return None


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
    paired = balanced(found, notes)
    if not paired:
        return None
    tree = _Parser(paired, notes).run()
    if tree is None or notes.failed:
        return tree
    nears = sum(piece.kind == "NEAR" for piece in paired)
    if nears > DEEPEST and _nested_nears(tree) > DEEPEST:
        notes.error("too-deep", tree.at, TOO_DEEP, "make several rules of it")
    else:
        lower_case_operators(paired, notes)
    return tree


class _Parser:
    """Reads balanced pieces; None stands for a part that was bad and has been noted."""

    def __init__(self, found: list[Piece], notes: Notes) -> None:
        self.pieces = found
        self.kinds: list[str] = [*(piece.kind for piece in found), ""]
        self.notes = notes
        self.next = 0
        self.kind = self.kinds[0]
        """That of the next piece; nothing at the end."""
        self.depth = 0
        self.gave_up = False

    def run(self) -> Node | None:
        return self._either()

    def _take(self) -> Piece:
        self.next += 1
        self.kind = self.kinds[self.next]
        return self.pieces[self.next - 1]

    def _either(self) -> Node | None:
        parts = [self._every()]
        while self.kind == "OR":
            operator = self._take()
            if self._lacks_operand(operator):
                continue
            parts.append(self._every())
        return _joined(Or, parts)

    def _every(self) -> Node | None:
        while self.kind in ("AND", "OR", "NEAR"):
            operator = self._take()
            self._dangling(operator, f"nothing stands before {self._written(operator)}")
        parts: list[Node | None] = []
        while self.kind not in ("", ")", "OR", ","):
            if self.kind == "AND":
                self._lacks_operand(self._take())
                continue
            if self.kind == "NEAR":  # behind AND
                operator = self._take()
                self._dangling(operator, f"nothing stands before {self._written(operator)}")
                continue
            parts.append(self._unary())
        return _joined(And, parts) if parts else None

    def _lacks_operand(self, operator: Piece) -> bool:
        """Note an operator that nothing follows which it could join or exclude."""
        if self.kind not in ("", ")", "AND", "OR", "NEAR", ","):
            return False
        self._dangling(operator, f"nothing stands after {self._written(operator)}")
        return True

    def _written(self, piece: Piece) -> str:
        return self.notes.expression[slice(*piece.at)]

    def _dangling(self, operator: Piece, message: str) -> None:
        repair = self.notes.write(operator.at, "")
        self.notes.error("dangling-operator", operator.at, message, repair)

    def _unary(self) -> Node | None:
        """A leaf or a group, with any number of negations before it."""
        negations: list[Piece] = []
        while self.kind == "NOT":
            operator = self._take()
            if self._lacks_operand(operator):
                return None
            negations.append(operator)
        self.depth += len(negations)
        if self.depth > DEEPEST:
            self._too_deep(self.pieces[self.next])
        node = self._near()
        self.depth -= len(negations)
        if node is None or self.gave_up:
            return None
        for operator in reversed(negations):
            node = Not(part=node, at=(operator.at[0], node.at[1]))
        return node

    def _near(self) -> Node | None:
        """One primary, or several near each other; the leftmost are joined first."""
        node = self._primary()
        while self.kind == "NEAR":
            operator = self._take()
            if self._lacks_operand(operator):
                return None
            if self.kind == "NOT":
                self._not_placed(operator, "what is excluded stands nowhere", "AND")
                self._unary()
                node = None
                continue
            right = self._primary()
            node = self._joined_near(node, operator, right)
        return node

    def _joined_near(self, left: Node | None, operator: Piece, right: Node | None) -> Node | None:
        if left is None or right is None:
            return None
        for side in (left, right):
            if not _is_placed(side):
                self._bad_operand(operator, side)
                return None
        return Near(
            left=left,
            right=right,
            distance=operator.number,
            ordered=operator.ordered,
            at=(left.at[0], right.at[1]),
        )

    def _bad_operand(self, operator: Piece, side: Node) -> None:
        name = self._written(operator)
        if isinstance(side, And) and all(isinstance(part, Word) for part in side.parts):
            words = [part.text for part in side.parts if isinstance(part, Word)]
            message = f"{name} joins words, or brackets with OR; write words that are all near so"
            repair = self.notes.write(side.at, f" {name} ".join(words))
            self.notes.error("near-operand", side.at, message, repair)
        else:
            what = "this stands at no place among the words"
            self._not_placed(operator, what, "AND", side.at)

    def _not_placed(self, operator: Piece, what: str, instead: str, at: Span | None = None) -> None:
        message = f"{self._written(operator)} joins words, phrases, and brackets of them with OR; "
        repair = self.notes.write(operator.at, instead)
        self.notes.error("near-operand", at or operator.at, message + what, repair)

    def _primary(self) -> Node | None:
        if self.kind == "OF":
            return self._at_least()
        return self._group() if self.kind == "(" else self._take().leaf

    def _at_least(self) -> Node | None:
        """`2 OF (a, b, c)`."""
        operator = self._take()
        if self.kind != "(":
            self._dangling(operator, "nothing stands after OF")
            return None
        self._take()
        self.depth += 1
        parts: list[Node | None] = []
        while True:
            parts.append(self._part(operator if not parts else None))
            if self.kind != ",":
                break
            self._take()
        self.depth -= 1
        closing = self._take()
        if None in parts:
            return None
        if not 1 <= operator.number <= len(parts):
            count = f"{len(parts)} part{'s' if len(parts) > 1 else ''}"
            message = f"{operator.number} of {count} cannot be asked for"
            digits = (operator.at[0], operator.at[0] + len(self._written(operator).split()[0]))
            meant = str(min(max(operator.number, 1), len(parts)))
            self.notes.error("bad-count", operator.at, message, self.notes.write(digits, meant))
            return None
        whole = tuple(part for part in parts if part is not None)
        return AtLeast(count=operator.number, parts=whole, at=(operator.at[0], closing.at[1]))

    def _part(self, operator: Piece | None) -> Node | None:
        """One part of what OF counts; `operator` before the first."""
        if self.kind not in (",", ")"):
            return self._either()
        before = operator or self.pieces[self.next - 1]
        at = self.pieces[self.next].at
        if operator and self.kind == ")":
            span = (before.at[0], at[1])
            message = "there is nothing between these brackets"
            self.notes.error("empty-group", span, message, self.notes.write(span, ""))
        else:
            comma = at if operator else before.at
            message = "nothing stands beside this comma"
            repair = self.notes.write(comma, "")
            self.notes.error("dangling-operator", comma, message, repair)
        return None

    def _group(self) -> Node | None:
        opening = self._take()
        if self.kind == ")":
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
            repair = "take out what changes nothing"
            self.notes.error("too-deep", piece.at, TOO_DEEP, repair)
        self.gave_up = True


def _joined(kind: type[And] | type[Or], parts: list[Node | None]) -> Node | None:
    """The parts under one node, those of the same kind taken up into it; None if one was bad."""
    if len(parts) == 1:
        return parts[0]
    whole: list[Node] = []
    for part in parts:
        if part is None:
            return None
        whole.extend(part.parts if isinstance(part, kind) else (part,))
    span: Span = (whole[0].at[0], whole[-1].at[1])
    return kind(parts=tuple(whole), at=span)


def _nested_nears(tree: Node) -> int:
    """How many NEARs are nested at most: a chain of them needs no bracket to be deep."""
    most = 0
    waiting = [(tree, 0)]
    while waiting:
        node, above = waiting.pop()
        above += isinstance(node, Near)
        most = max(most, above)
        waiting.extend((child, above) for child in children(node))
    return most


def _is_placed(node: Node) -> bool:
    """Whether a node stands at places among the words; a `Near` was looked at when it was made."""
    if isinstance(node, Or):
        return all(map(_is_placed, node.parts))
    return isinstance(node, Placed | Near | BrandName) or (
        isinstance(node, ListName) and not node.within
    )
