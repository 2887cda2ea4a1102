"""What a rule costs at worst: a post of 100,000 characters made to cost it most.

In microseconds of a slow core, as measured on posts of 50,000 words that hold all that a rule asks
for, everywhere (`tests/test_evaluator_cost.py`). What such posts cost all rules alike, to be cut
into words and counted out once, is left out. A rule over the budget is refused when it is read, and
so nobody's post can make the watcher stumble.
"""

from rules.evaluation.patterns import going_on
from rules.evaluation.standing import FARTHEST
from rules.language.tree import (
    And,
    AtLeast,
    Emoji,
    Exact,
    Field,
    Fuzzy,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Regex,
    Span,
    Word,
)
from rules.text import fold_words

BUDGET = 50_000
"""Microseconds: 50 ms for one post, as 10,000 rules together may take."""

_LEAF, _PREFIX, _FUZZY, _REGEX, _MODEL = 2, 15, 1_500, 1_000, 500
_PHRASE, _NEXT = 20, 5
_GOES_ON = 2_500
_NEAR, _PAIR = 45, 7


def cost(node: Node) -> int:
    """Microseconds at worst of one post. Brands and lists count when they have been expanded."""
    match node:
        case And(parts=parts) | Or(parts=parts) | AtLeast(parts=parts):
            return 1 + sum(map(cost, parts))
        case Not(part=part):
            return 1 + cost(part)
        case Near(left=left, right=right):
            return _near(node) + cost(left) + cost(right)
        case Word(text=text) | Phrase(text=text) | Exact(text=text) | Emoji(text=text):
            return _run(text)
        case Field(name="bio" | "url", value=text):
            return _run(text)
        case Prefix():
            return _PREFIX
        case Fuzzy():
            return _FUZZY
        case Regex(pattern=pattern):
            return _REGEX + int(_GOES_ON * going_on(pattern))
        case Field(name="lang" | "sentiment"):
            return _MODEL
    return _LEAF


def _run(text: str) -> int:
    """What words next to each other cost."""
    words = len(fold_words(text))
    return _PHRASE + _NEXT * words if words > 1 else _LEAF


def too_costly(node: Node) -> Span | None:
    """Where in its expression the tree costs most, when all of it costs more than the `BUDGET`.

    The place is the `at` of the smallest part that takes over half of it.
    """
    whole = cost(node)
    if whole <= BUDGET:
        return None
    while True:
        dear = [part for part in _parts(node) if 2 * cost(part) > whole]
        if not dear:
            return node.at
        node = dear[0]


def _near(near: Near) -> int:
    """What the pairs of a NEAR cost beside its sides.

    Where one side is a NEAR itself, it takes as many words as it finds between, or fewer: each
    width is looked at for itself.
    """
    if near.distance > FARTHEST:
        return BUDGET + 1
    if not any(_holds_near(side) for side in (near.left, near.right)):
        return _NEAR
    inner = 0
    for side in (near.left, near.right):
        for part in _nears(side):
            pairs = _widths(part.left).bit_count() * _widths(part.right).bit_count()
            inner += _PAIR * pairs * part.distance * (1 if part.ordered else 2)
    sides = _widths(near.left).bit_count() * _widths(near.right).bit_count()
    return _NEAR + inner + _PAIR * sides


def _parts(node: Node) -> tuple[Node, ...]:
    match node:
        case And(parts=parts) | Or(parts=parts) | AtLeast(parts=parts):
            return parts
        case Not(part=part):
            return (part,)
        case Near(left=left, right=right):
            return (left, right)
    return ()


def _nears(node: Node) -> list[Near]:
    """The NEARs right below a side of a NEAR, or the side itself."""
    if isinstance(node, Near):
        return [node]
    return [near for part in _parts(node) for near in _nears(part)]


def _holds_near(node: Node) -> bool:
    return bool(_nears(node))


def _widths(node: Node) -> int:
    """How many words a side may take, as a set: bit n for n words."""
    match node:
        case Near(left=left, right=right):
            one, other = _widths(left), _widths(right)
            whole = 0
            while one:
                low = one & -one
                for between in range(node.distance):
                    whole |= other << (low.bit_length() - 1 + between)
                one ^= low
            return whole
        case Or(parts=parts):
            whole = 0
            for part in parts:
                whole |= _widths(part)
            return whole
        case Word(text=text) | Phrase(text=text) | Exact(text=text):
            return 1 << max(1, len(fold_words(text)))
    return 2
