"""Why a post fits a tree or not, part by part, and the least that would have to be different.

Pure: everything is asked of `rules.evaluator`, so that what is told here is what matching does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rules.evaluator import Reading, evaluate
from rules.language.tree import And, AtLeast, Near, Node, Not, Or, Span
from rules.nearmiss import near_misses
from rules.text import Analysis

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

    Of sets equally small the one is taken that the post comes nearest to.
    """
    part = held_against(node, reading, analysis)
    return _Changes(reading, analysis).to(part, fit=True)


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
        sets.sort(key=_cost)
        return tuple(dict.fromkeys(change for one in sets[:needed] for change in one))

    def _change(self, part: Part, *, fit: bool) -> Change:
        hints: tuple[str, ...] = ()
        if fit and self.asked < MOST_ASKED:
            self.asked += 1
            hints = near_misses(part.node, self.reading, self.analysis)
        return Change(node=part.node, lacking=fit, spans=() if fit else part.spans, hints=hints)


def _cost(changes: Sequence[Change]) -> tuple[int, int]:
    return len(changes), sum(not change.hints for change in changes)


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
