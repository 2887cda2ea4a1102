"""Why a post fits a tree or not, part by part, and the least that would have to be different.

Pure: everything is asked of `rules.evaluator`, so that what is told here is what matching does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rules.evaluator import Reading, evaluate
from rules.language.tree import And, AtLeast, Near, Node, Not, Or, Span
from rules.text import Analysis
from rules.tuning.nearmiss import near_misses

MOST_ASKED = 300
"""Leaves for which near misses are looked for: a list may have ten thousand."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part of a tree, held against a post."""

    node: Node
    fits: bool
    """Whether the post fits this part; for a `Not`, whether it lacks what is excluded."""
    spans: tuple[Span, ...] = ()
    """Where in the text, empty where it is about metadata or does not fit."""
    parts: tuple["Part", ...] = ()
    """The parts of an `And`, `Or`, `AtLeast`, `Near` or `Not`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """Something that would have to be different in the post, or in the rule."""

    node: Node
    """The part of the tree. An `Or` or `AtLeast` stands for any of its parts."""
    lacking: bool
    """The post lacks it (True), or has it although the rule excludes it (False)."""
    spans: tuple[Span, ...] = ()
    """Where the post has what is excluded; empty for what is lacking, and for metadata."""
    hints: tuple[str, ...] = ()
    """What came near, in sentences that quote no more of the post than a few words."""


def held_against(node: Node, reading: Reading, analysis: Analysis) -> Part:
    """Hold an expanded tree against a post: each part with whether it fits, and where."""
    spans = evaluate(node, reading, analysis)
    return Part(
        node=node,
        fits=spans is not None,
        spans=spans or (),
        parts=tuple(held_against(part, reading, analysis) for part in _inner(node)),
    )


def missing(node: Node, reading: Reading, analysis: Analysis) -> tuple[Change, ...]:
    """Return the smallest set of changes after which the post would match; empty if it does.

    Of sets equally small the one is taken that the post comes nearest to. Where a rule asks for a
    word and also excludes it somewhere, the smallest changes of its parts may not go together; then
    such words are left as they are if they can be, and the set may not be the smallest.
    """
    part = held_against(node, reading, analysis)
    changes = _Changes(reading, analysis).to(part, fit=True)
    if _with(part, {change.node: change for change in changes}).fits:
        return changes
    torn = frozenset(_leaves(node, asked=True)) & frozenset(_leaves(node, asked=False))
    finder, found = _Changes(reading, analysis, torn), dict[Node, Change]()
    while not (now := _with(part, found)).fits:
        more = {one.node: one for one in finder.to(now, fit=True) if one.node not in found}
        if not more:
            break  # it contradicts itself
        found |= more
    return tuple(found.values())


def _with(part: Part, changes: Mapping[Node, Change]) -> Part:
    """The part as it would be after some changes of the post."""
    change = changes.get(part.node)
    if change is not None or not part.parts:
        return part if change is None else replace(part, fits=change.lacking)
    parts = tuple(_with(one, changes) for one in part.parts)
    fitting = sum(one.fits for one in parts)
    match part.node:
        case Not():
            fits = not fitting
        case Or():
            fits = fitting > 0
        case AtLeast(count=count):
            fits = fitting >= count
        case Near():
            fits = fitting == 2 and (part.fits or parts != part.parts)
        case _:
            fits = fitting == len(parts)
    return replace(part, fits=fits, parts=parts)


def _leaves(node: Node, *, asked: bool) -> Iterator[Node]:
    """Yield the leaves that are asked for, or those that are excluded."""
    pending = [(node, True)]
    while pending:
        one, wanted = pending.pop()
        inner = _inner(one)
        if not inner and wanted is asked:
            yield one
        pending += [(each, wanted is not isinstance(one, Not)) for each in inner]


def _inner(node: Node) -> tuple[Node, ...]:
    match node:
        case And(parts=parts) | Or(parts=parts) | AtLeast(parts=parts):
            return parts
        case Not(part=part):
            return (part,)
        case Near(left=left, right=right):
            return left, right
    return ()


@dataclass(slots=True)
class _Changes:
    """Finds the smallest sets, from the leaves upward."""

    reading: Reading
    analysis: Analysis
    torn: frozenset[Node] = frozenset()
    """Leaves that are both asked for and excluded: rather not to be changed."""
    asked: int = field(default=0, init=False)
    """Leaves for which near misses were looked for."""

    def to(self, part: Part, *, fit: bool) -> tuple[Change, ...]:
        """What must change for the part to fit, or not to fit."""
        if part.fits is fit:
            return ()
        match part.node:
            case Not():
                return self.to(part.parts[0], fit=not fit)
            case And():
                return self._so_many(part, len(part.parts) if fit else 1, fit=fit)
            case Or():
                return self._so_many(part, 1 if fit else len(part.parts), fit=fit)
            case AtLeast(count=count, parts=parts):
                return self._so_many(part, count if fit else len(parts) - count + 1, fit=fit)
            case Near() if fit and not all(side.fits for side in part.parts):
                return self._so_many(part, 2, fit=True)
        return (self._change(part, fit=fit),)

    def _so_many(self, part: Part, count: int, *, fit: bool) -> tuple[Change, ...]:
        """The changes by which `count` of the parts come to fit, or not to fit."""
        open_ = [inner for inner in part.parts if inner.fits is not fit]
        needed = count - (len(part.parts) - len(open_))
        if len(open_) < needed or not open_:
            return (self._change(part, fit=fit),)  # an alternative of nothing
        sets = [self.to(inner, fit=fit) for inner in open_]
        alike = all([one.node for one in s] == [p.node] for s, p in zip(sets, open_, strict=True))
        if fit and needed < len(open_) and alike and not any(map(_is_near, sets)):
            return (self._change(part, fit=True),)  # any of them: none is nearer than another
        sets.sort(key=self._cost)
        return tuple(dict.fromkeys(change for one in sets[:needed] for change in one))

    def _change(self, part: Part, *, fit: bool) -> Change:
        hints: tuple[str, ...] = ()
        if fit and self.asked < MOST_ASKED:
            self.asked += 1
            hints = near_misses(part.node, self.reading, self.analysis)
        return Change(node=part.node, lacking=fit, spans=() if fit else part.spans, hints=hints)

    def _cost(self, changes: Sequence[Change]) -> tuple[int, int, int]:
        torn = sum(change.node in self.torn for change in changes)
        return torn, len(changes), sum(not change.hints for change in changes)


def _is_near(changes: Sequence[Change]) -> bool:
    return any(change.hints for change in changes)


def leaves_found(part: Part) -> Iterator[Part]:
    """Yield the leaves by which a tree fits: those not behind a `Not`, and found."""
    if isinstance(part.node, Not) or not part.fits:
        return
    if not part.parts:
        yield part
    for inner in part.parts:
        yield from leaves_found(inner)
