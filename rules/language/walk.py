"""Going through every node of an expression tree, whatever its kind."""

from collections.abc import Iterator
from typing import TypeGuard

from rules.language.tree import And, AtLeast, BrandName, Leaf, ListName, Near, Node, Not, Or

Single = Leaf | BrandName | ListName | Near
"""What is not made of parts that are true or false by themselves."""

_LISTS = (And, Or, AtLeast)
_BRANCHES = (And, Or, AtLeast, Not, Near)
_COMPOUND = (And, Or, AtLeast, Not)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below a node, from left to right; none below a leaf."""
    if isinstance(node, _LISTS):
        return node.parts
    if isinstance(node, Not):
        return (node.part,)
    if isinstance(node, Near):
        return (node.left, node.right)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all below it, each before what is below it, from left to right."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(children(node)))


def leaves(node: Node) -> Iterator[Leaf | BrandName | ListName]:
    """Yield the leaves and references below a node, or itself, from left to right."""
    for one in walk(node):
        if not isinstance(one, _BRANCHES):
            yield one


def is_single(node: Node) -> TypeGuard[Single]:
    """Whether a node is a leaf, a reference or a NEAR."""
    return not isinstance(node, _COMPOUND)


def wanted(node: Node) -> Iterator[Node]:
    """Yield what `walk` yields, except what stands behind a negation."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Not):
            continue
        yield node
        waiting.extend(reversed(children(node)))
