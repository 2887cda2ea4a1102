"""Rules, and alternatives of rules, that no post can match; rules that only exclude."""

from collections.abc import Iterable, Iterator
from itertools import combinations, islice

from rules.language.printing import render
from rules.language.tree import And, AtLeast, Field, Near, Node, Not, Or, Range
from rules.language.walk import walk
from rules.lint.remark import Remark, View, short
from rules.lint.truth import Truth

_LISTS = (And, Or, AtLeast)
_EXCLUDING = (Not, AtLeast)
_NARROW = (Field, Range)
_MOST_ALTERNATIVES = 50
_MOST_PAIRS = 200


def only_negatives(view: View) -> Iterator[Remark]:
    """Remark on a tree that asks for nothing."""
    tree = view.tree
    if needs_something(tree):
        return
    yield Remark(
        code="only-negatives",
        node=tree,
        message="this says only what must not be there: nearly every post would match",
        help="say in `find` what must be there",
        replaced=tree,
        by=f"WORD ({render(tree)})" if isinstance(tree, Or) else f"WORD {render(tree)}",
    )


def needs_something(node: Node) -> bool:
    """Whether a post must have something, rather than only lack things, to match `node`."""
    return not _fits_nothing_said(node)


def _fits_nothing_said(node: Node) -> bool:
    """Whether a post matches of which nothing is true that a leaf asks for."""
    if isinstance(node, Not):
        return not _fits_nothing_said(node.part)
    if isinstance(node, _LISTS):
        fitting = sum(map(_fits_nothing_said, node.parts))
        if isinstance(node, AtLeast):
            return fitting >= node.count
        return fitting == len(node.parts) if isinstance(node, And) else fitting > 0
    return False


def can_never_match(view: View) -> Iterator[Remark]:
    """Remark on a tree that contradicts itself, or on those of its alternatives that do."""
    if not may_contradict(view.nodes):
        return
    if whole := list(never_as_a_whole(view)):
        yield from whole
        return
    accents = not view.reading.fold_accents
    for alternative in islice(_alternatives(view.nodes), _MOST_ALTERNATIVES):
        if may_contradict(walk(alternative)) and Truth([alternative], accents=accents).never(
            alternative
        ):
            message = "no post can fit this alternative"
            yield _remark(alternative, message, accents=accents)


def never_as_a_whole(view: View) -> Iterator[Remark]:
    """Remark on a tree that contradicts itself."""
    accents = not view.reading.fold_accents
    if may_contradict(view.nodes) and Truth([view.tree], accents=accents).never(view.tree):
        yield _remark(view.tree, "no post can fit this", accents=accents)


def may_contradict(nodes: Iterable[Node]) -> bool:
    """Whether something in the nodes of a tree excludes something; most ask only for words."""
    exclusive = 0
    for node in nodes:
        if isinstance(node, _EXCLUDING):
            return True
        exclusive += isinstance(node, _NARROW)
    return exclusive > 1


def _alternatives(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        if isinstance(node, Or):
            yield from (part for part in node.parts if isinstance(part, And | Near | AtLeast))


def _remark(node: Node, message: str, *, accents: bool) -> Remark:
    parts = node.parts if isinstance(node, And) else ()
    for one, other in islice(combinations(parts, 2), _MOST_PAIRS):
        both = And(parts=(one, other))
        if Truth([both], accents=accents).never(both):
            message = f"{message}: {_conflict(one, other)}"
            break
    return Remark(
        code="can-never-match",
        node=node,
        message=message,
        help="leave out one of the two, or join them with OR" if ":" in message else "",
    )


def _conflict(one: Node, other: Node) -> str:
    for asked, excluded in ((one, other), (other, one)):
        if isinstance(excluded, Not) and not isinstance(asked, Not):
            return f"`{short(asked)}` is asked for, and `{short(excluded)}` excludes it"
    return f"`{short(one)}` and `{short(other)}` exclude each other"
