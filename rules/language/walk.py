"""Going through every node of an expression tree, whatever its kind."""

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, TypeGuard

from rules.language.tree import And, AtLeast, BrandName, Leaf, ListName, Near, Node, Not, Or

Single = Leaf | BrandName | ListName | Near
"""What is not made of parts that are true or false by themselves."""

_BELOW: dict[type, Callable[[Any], tuple[Node, ...]]] = {
    And: attrgetter("parts"),
    Or: attrgetter("parts"),
    AtLeast: attrgetter("parts"),
    Not: lambda negation: (negation.part,),
    Near: attrgetter("left", "right"),
}
_COMPOUND = frozenset({And, Or, AtLeast, Not})


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below a node, from left to right; none below a leaf."""
    below = _BELOW.get(type(node))
    return below(node) if below else ()


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all below it, each before what is below it, from left to right."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        if below := _BELOW.get(type(node)):
            waiting += below(node)[::-1]


def leaves(node: Node) -> Iterator[Leaf | BrandName | ListName]:
    """Yield the leaves and references below a node, or itself, from left to right."""
    for one in walk(node):
        if type(one) not in _BELOW:
            yield one  # type: ignore[misc]  # what has nothing below it


def is_single(node: Node) -> TypeGuard[Single]:
    """Whether a node is a leaf, a reference or a NEAR."""
    return type(node) not in _COMPOUND


def wanted(node: Node) -> Iterator[Node]:
    """Yield what `walk` yields, except what stands behind a negation."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Not):
            continue
        yield node
        if below := _BELOW.get(type(node)):
            waiting += below(node)[::-1]
