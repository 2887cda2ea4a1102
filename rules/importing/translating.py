"""From the tree of a foreign query to a tree of ours, with everything that is lost on the way.

What a loss does to the posts found depends on where it stands: leaving out one of several parts
that must all be there finds more, leaving out an alternative finds fewer, and below a NOT it is
the other way round. So a part that is left out waits until it is known what it was joined to.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from rules.importing.carrying import either, every, sound
from rules.importing.grammar import Either, Every, Nearby, Part, Without
from rules.importing.outcome import Dropped, Effect, Kind, Loss, Outcome
from rules.importing.tokens import SENTENCE, Token
from rules.language.operators import FARTHEST
from rules.language.tree import And, Near, Node, Not, Or, Placed, Span

_MOST = 20
"""Parts on one side of NEAR that are each looked for near the other side."""


@dataclass(frozen=True, slots=True)
class _Left:
    """A part that is left out; `sign` is -1 below an odd number of NOTs."""

    token: Token
    why: Dropped
    sign: int


@dataclass
class Translation:
    """One query on its way; `losses` are those of the parts already met."""

    query: str
    leaf: Callable[[Token], Outcome]
    losses: list[Loss] = field(default_factory=list)

    def run(self, whole: Part) -> Node | None:
        """The tree, or None where nothing of the query can be carried over."""
        node, left = self._part(whole, 1)
        for one in left:  # nothing is left that it was joined to
            self._lose("left-out", one.token.at, one.why.message, "other")
        self.losses.sort(key=lambda loss: loss.at)
        return node

    def _part(self, part: Part, sign: int) -> tuple[Node | None, list[_Left]]:
        match part:
            case Token():
                return self._leaf(part, sign)
            case Without():
                node, left = self._part(part.part, -sign)
                return (None if node is None else Not(part=node)), left
            case Every():
                return self._several(part.parts, sign, sign, every)
            case Either():
                return self._several(part.parts, sign, -sign, either)
            case Nearby():
                return self._near(part, sign)

    def _leaf(self, token: Token, sign: int) -> tuple[Node | None, list[_Left]]:
        outcome = self.leaf(token)
        if isinstance(outcome, Dropped):
            return None, [_Left(token, outcome, sign)]
        if outcome.kind:
            self._changed(outcome.kind, token.at, outcome.message, sign)
        return outcome.node, []

    def _several(
        self, parts: tuple[Part, ...], sign: int, more: int, join: Callable[[list[Node]], Node]
    ) -> tuple[Node | None, list[_Left]]:
        """The parts joined; `more` is 1 where leaving one out finds more posts, -1 for fewer."""
        met = [self._part(part, sign) for part in parts]
        nodes = [node for node, _ in met if node is not None]
        left = [one for _, some in met for one in some]
        if not nodes:
            return None, _as_one(left, sign, more)
        for one in left:
            self._lose("left-out", one.token.at, one.why.message, _effect(one, sign, more))
        return join(nodes), []

    def _near(self, part: Nearby, sign: int) -> tuple[Node | None, list[_Left]]:
        operator = part.operator
        (first, left), (second, more) = self._part(part.left, sign), self._part(part.right, sign)
        if first is None or second is None:
            for one in left + more if first or second else []:
                self._lose(
                    "left-out", one.token.at, one.why.message, "more" if sign > 0 else "fewer"
                )
            return first or second, [] if first or second else left + more
        if operator.text == "SENTENCE":
            message = f"within {SENTENCE} words of each other stands for the same sentence"
            self._changed("changed", operator.at, message, sign)
        if operator.distance > FARTHEST:
            message = f"NEAR reaches {FARTHEST} words here, and no further"
            self._changed("narrowed", operator.at, message, sign)
            operator = replace(operator, distance=FARTHEST)
        node = _nearby(first, second, operator)
        if node is None:
            message = "both are looked for anywhere in the post: NEAR joins words and phrases only"
            self._changed("widened", operator.at, message, sign)
            node = every([first, second])
        elif isinstance(node, And):
            message = "each of the parts is looked for near the other side by itself"
            self._changed("widened", operator.at, message, sign)
        return node, []

    def _changed(self, kind: Kind, at: Span, message: str, sign: int) -> None:
        more = (kind == "widened") == (sign > 0)
        effect: Effect = "other" if kind == "changed" else "more" if more else "fewer"
        self._lose(kind, at, message, effect)

    def _lose(self, kind: Kind, at: Span, message: str, effect: Effect) -> None:
        text = self.query[slice(*at)]
        self.losses.append(Loss(kind=kind, at=at, text=text, message=message, effect=effect))


def _effect(one: _Left, sign: int, more: int) -> Effect:
    """What leaving a part out does where `sign` says how often what it was joined to is negated."""
    if one.why.constant is not None:
        holds = one.why.constant == (one.sign == sign)
        if holds == (more == sign):  # true among parts of an AND, false among those of an OR
            return "same"
    return "more" if more > 0 else "fewer"


def _as_one(left: list[_Left], sign: int, more: int) -> list[_Left]:
    """Parts that are left out together, said to be what they are when joined."""
    held = [
        None if one.why.constant is None else one.why.constant == (one.sign == sign) for one in left
    ]
    decides = more != sign  # one truth decides an OR, one falsehood an AND
    if decides in held:
        whole: bool | None = decides
    else:
        whole = None if None in held else not decides
    return [replace(one, why=replace(one.why, constant=whole), sign=sign) for one in left]


def _nearby(left: Node, right: Node, operator: Token) -> Node | None:
    """Both near each other; where one side is several, each of these; None where that cannot be."""
    if isinstance(left, And) and _placed(right):
        return _each([_nearby(one, right, operator) for one in left.parts[:_MOST]], left)
    if isinstance(right, And) and _placed(left):
        return _each([_nearby(left, one, operator) for one in right.parts[:_MOST]], right)
    if not (_placed(left) and _placed(right)):
        return None
    node = Near(left=left, right=right, distance=operator.distance, ordered=operator.ordered)
    return node if sound(node) else None


def _each(nodes: list[Node | None], several: And) -> Node | None:
    """All of the nodes, if there is one for each of several parts."""
    whole = [node for node in nodes if node is not None]
    return every(whole) if len(whole) == len(several.parts) else None


def _placed(node: Node) -> bool:
    if isinstance(node, Or):
        return all(map(_placed, node.parts))
    return isinstance(node, Placed | Near)
