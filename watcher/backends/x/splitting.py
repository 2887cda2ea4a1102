"""Queries within X's length: alternatives are spread over several, conditions left out at need."""

from collections.abc import Iterable, Sequence

from watcher.backends.x.query import (
    LIMIT,
    All,
    Any,
    Languages,
    Term,
    Tree,
    all_of,
    anchored,
    any_of,
    length,
    written,
)


class TooLongError(ValueError):
    """What cannot be asked for within the limit; the message says why."""


_OR = len(" OR ")


def queries(trees: Iterable[Tree], limit: int = LIMIT) -> list[str]:
    """Return as few queries as is simple that together find what the trees find, maybe more.

    Each tree must be `anchored`. Raises `TooLongError` where one cannot be made to fit.
    """
    pieces = [piece for tree in trees for piece in _alternatives(tree)]
    fitting = [small for piece in pieces for small in _cut(piece, limit)]
    return [written(tree) for tree in _packed(dict.fromkeys(fitting), limit)]


def _alternatives(tree: Tree) -> Sequence[Tree]:
    return tree.parts if isinstance(tree, Any) else (tree,)


def _cut(tree: Tree, limit: int) -> list[Tree]:
    """Return trees within the limit that together find what the tree finds."""
    if _length(tree) <= limit:
        return [tree]
    if isinstance(tree, Any):
        return [small for part in tree.parts for small in _cut(part, limit)]
    if not isinstance(tree, All):
        raise TooLongError(f"{written(tree)[:60]}... is longer than a query of X may be")
    spread = _to_spread(tree)
    if spread is None:
        return _cut(_shortened(tree), limit)
    rest = all_of(part for part in tree.parts if part is not spread)
    room = limit - _length(rest) - len(" ()") - (len("()") if isinstance(rest, Any) else 0)
    widest = max(_length(part) + 2 for part in spread.parts)
    if room < widest:
        return _cut(_shortened(tree), limit)
    groups = _packed(spread.parts, room)
    return [all_of([rest, group]) for group in groups]


def _to_spread(tree: All) -> Any | None:
    """Return the longest group of alternatives, where there is one."""
    groups = [part for part in tree.parts if isinstance(part, Any)]
    return max(groups, key=_length, default=None)


def _shortened(tree: All) -> Tree:
    """Return the tree without its least useful condition.

    Conditions that are kinds go first, then languages, then the longest; what anchors it stays.
    """
    ranked = sorted(tree.parts, key=lambda part: (_use(part), -_length(part)))
    for part in ranked:
        rest = all_of(one for one in tree.parts if one is not part)
        if anchored(rest):
            return rest
    raise TooLongError("its conditions are longer together than a query of X may be")


def _use(part: Tree) -> int:
    if isinstance(part, Languages):
        return 1
    return 0 if isinstance(part, Term) and not part.alone else 2


def _packed(parts: Iterable[Tree], limit: int) -> list[Tree]:
    """Join parts with OR, in their order, into as many as the limit makes of them."""
    groups: list[list[Tree]] = []
    room = 0
    for part in parts:
        size = _length(part) + (2 if isinstance(part, All) else 0)
        if groups and size + _OR <= room:
            groups[-1].append(part)
            room -= size + _OR
        else:
            groups.append([part])
            room = limit - size
    return [any_of(group) for group in groups]


def _length(tree: Tree) -> int:
    return length(written(tree))
