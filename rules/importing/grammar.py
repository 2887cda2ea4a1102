"""From the tokens of a foreign query to a tree of what it asks for, by recursive descent.

either  = every { "OR" every }            where OR binds tighter than AND, the two change places
every   = near { [ "AND" ] near }
near    = unary { NEAR unary }
unary   = { "NOT" } ( [ field ":" ] "(" either ")" [ "~" n ] | leaf )
"""

from dataclasses import dataclass, replace

from rules.importing.mistakes import Mistakes
from rules.importing.tokens import Syntax, Token, tokens
from rules.language.parser import DEEPEST, LONGEST
from rules.language.tree import Span

LEAVE_OUT = "leave it out"


@dataclass(frozen=True, slots=True)
class Every:
    """All of them."""

    parts: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of them."""

    parts: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Not this."""

    part: "Part"


@dataclass(frozen=True, slots=True)
class Nearby:
    """Two parts near each other; `operator` is the token that says how near."""

    left: "Part"
    right: "Part"
    operator: Token


Part = Every | Either | Without | Nearby | Token


@dataclass(frozen=True, slots=True)
class Query:
    """A query as it was understood, and what in it can be read in two ways."""

    whole: Part
    doubts: tuple[tuple[Span, str], ...]


def understand(mistakes: Mistakes, syntax: Syntax) -> Query | None:
    """The tree of `mistakes.query`; None where something is wrong, which is noted."""
    if len(mistakes.query) > LONGEST:
        message = f"the query has {len(mistakes.query):,} characters; at most {LONGEST:,}"
        mistakes.add("too-long", (LONGEST, len(mistakes.query)), message, "import it in two parts")
        return None
    found = list(tokens(mistakes, syntax))
    if not found and not mistakes.found:
        mistakes.add("empty-expression", (0, 0), "there is nothing to look for")
    balanced = _balanced(found, mistakes)
    if not balanced:
        return None
    parser = _Parser(balanced, mistakes, syntax)
    whole = parser.run()
    deep = _too_deep(whole) if whole is not None else None
    if deep:
        message = "brackets and nearness are nested too deep"
        mistakes.add("too-deep", deep.at, message, "take out what changes nothing")
    return None if whole is None or mistakes.found else Query(whole, tuple(parser.doubts))


def _too_deep(whole: Part) -> Token | None:
    """A leaf or operator that lies too deep to go on, as NEARs do that begin with one another."""
    waiting: list[tuple[Part, int]] = [(whole, 0)]
    while waiting:
        part, depth = waiting.pop()
        match part:
            case Token():
                if depth > 3 * DEEPEST:
                    return part
            case Every() | Either():
                waiting += [(one, depth + 1) for one in part.parts]
            case Without():
                waiting.append((part.part, depth + 1))
            case Nearby():
                waiting += [(part.left, depth + 1), (part.right, depth + 1)]
    return None


def _balanced(found: list[Token], mistakes: Mistakes) -> list[Token]:
    """The tokens with every bracket paired; none where they are nested too deep to go on."""
    opened: list[Token] = []
    kept: list[Token] = []
    for token in found:
        if token.kind == ")" and not opened:
            mistakes.add("unopened-bracket", token.at, "this bracket was never opened", LEAVE_OUT)
            continue
        kept.append(token)
        if token.kind == ")":
            opened.pop()
        elif token.kind == "(":
            opened.append(token)
            if len(opened) > DEEPEST:
                message = f"brackets are nested more than {DEEPEST} deep"
                mistakes.add("too-deep", token.at, message, "take out what changes nothing")
                return []
    for token in opened:
        mistakes.add("unclosed-bracket", token.at, "this bracket is never closed")
        kept.append(Token(kind=")", at=(len(mistakes.query), len(mistakes.query))))
    return kept


class _Parser:
    """Reads balanced tokens; None stands for a part that was bad and has been noted."""

    def __init__(self, found: list[Token], mistakes: Mistakes, syntax: Syntax) -> None:
        self.tokens = found
        self.mistakes = mistakes
        self.syntax = syntax
        self.next = 0
        self.field = ""
        self.doubts: list[tuple[Span, str]] = []

    def run(self) -> Part | None:
        return self._every() if self.syntax.or_first else self._either()

    def _peek(self) -> str:
        return self.tokens[self.next].kind if self.next < len(self.tokens) else ""

    def _take(self) -> Token:
        token = self.tokens[self.next]
        self.next += 1
        if token.text in self.syntax.doubtful and token.kind != "leaf":
            self.doubts.append((token.at, self.syntax.doubtful[token.text]))
        return token

    def _either(self) -> Part | None:
        parts: list[Part | None] = []
        operator: Token | None = None
        several = False
        while True:
            begun = self.next
            parts.append(self._near() if self.syntax.or_first else self._every())
            several = several or (isinstance(parts[-1], Every) and self._joined_openly(begun))
            if self._peek() != "OR":
                break
            operator = self._take()
        if operator and several and self.syntax.mixing:
            self.doubts.append((operator.at, self.syntax.mixing))
        return _whole(Either, parts)

    def _joined_openly(self, begun: int) -> bool:
        """Whether the tokens since `begun` are joined outside of brackets."""
        depth = 0
        for at in range(begun, self.next - 1):
            kind = self.tokens[at].kind
            depth += (kind == "(") - (kind == ")")
            if not depth and kind != "NOT":
                return True
        return False

    def _every(self) -> Part | None:
        part = self._either if self.syntax.or_first else self._near
        parts = [part()]
        while self._peek() not in ("", ")", "OR"):
            if self._peek() == "AND":
                self._take()
            parts.append(part())
        return _whole(Every, parts)

    def _near(self) -> Part | None:
        left = self._unary()
        count = 0
        while self._peek() == "NEAR":
            operator = self._take()
            count += 1
            right = self._unary()
            if count == DEEPEST:
                self._too_many(operator)
                right = None
            left = None if left is None or right is None else Nearby(left, right, operator)
        return left

    def _too_many(self, operator: Token) -> None:
        message = f"more than {DEEPEST} parts are to be near each other"
        self.mistakes.add("too-deep", operator.at, message, "make two rules of it")

    def _unary(self) -> Part | None:
        negations = 0
        while self._peek() == "NOT":
            self._take()
            negations += 1
        if self._peek() not in ("(", "leaf"):
            self._lacking()
            return None
        part = self._group() if self._peek() == "(" else self._leaf()
        return Without(part) if part is not None and negations % 2 else part

    def _leaf(self) -> Token:
        token = self._take()
        return replace(token, field=self.field) if self.field and not token.field else token

    def _group(self) -> Part | None:
        opening = self._take()
        if self._peek() == ")":
            at = (opening.at[0], self._take().at[1])
            message = "there is nothing between these brackets"
            self.mistakes.add("empty-group", at, message, LEAVE_OUT)
            return None
        outer = self.field
        self.field = opening.field or outer
        part = self.run()
        self.field = outer
        closing = self._take() if self._peek() == ")" else opening
        if closing.slop is None or not isinstance(part, Every):
            return part
        if len(part.parts) > DEEPEST:
            self._too_many(closing)
            return None
        return _all_near(part, closing)

    def _lacking(self) -> None:
        """Note an operator that lacks what it joins, and step over it."""
        at = min(self.next, len(self.tokens) - 1)
        if self._peek() in ("", ")") and self.next:
            at = self.next - 1
        token = self.tokens[at]
        if token.kind in ("AND", "OR", "NOT", "NEAR"):
            sign = self.mistakes.query[slice(*token.at)]
            message = f"{sign} lacks what it joins or excludes"
            self.mistakes.add("dangling-operator", token.at, message, LEAVE_OUT)
        if self._peek() not in ("", ")"):
            self.next += 1


def _all_near(group: Every, closing: Token) -> Part:
    """`(a AND b)~5`: the parts of the group, each near the next."""
    operator = replace(closing, kind="NEAR", distance=(closing.slop or 0) + 1)
    whole = group.parts[0]
    for part in group.parts[1:]:
        whole = Nearby(whole, part, operator)
    return whole


def _whole(kind: type[Every] | type[Either], parts: list[Part | None]) -> Part | None:
    """The parts under one node; None if one was bad."""
    good = [part for part in parts if part is not None]
    if len(good) < len(parts):
        return None
    return good[0] if len(good) == 1 else kind(tuple(good))
