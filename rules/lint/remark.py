"""What the linter looks at, what it has to say of a node, and how that becomes a problem."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from rules.errors import Problem
from rules.evaluator import Reading
from rules.language.diagnostics import Notes
from rules.language.printing import render
from rules.language.tree import Node, Span
from rules.language.walk import walk
from rules.lint.codes import LINTS

Place = tuple[str | int, ...]

_LONGEST_QUOTED = 40


class Expression(NamedTuple):
    """One expression of a rule: where it stands in the rule's table, its text and its tree."""

    path: Place
    text: str
    tree: Node


class View(NamedTuple):
    """What a check looks at."""

    tree: Node
    """All that a rule asks for."""
    nodes: Sequence[Node]
    """Those of the tree as `walk` goes through them: most checks pick theirs from these."""
    reading: Reading
    """What the rule's keys say about its words."""

    @classmethod
    def of(cls, tree: Node, reading: Reading) -> "View":
        """Walk through a tree."""
        return cls(tree, list(walk(tree)), reading)


@dataclass(frozen=True, kw_only=True)
class Remark:
    """Something to say of a node of a tree."""

    code: str
    node: Node | None
    """What it is about; None: the rule as a whole."""
    message: str
    help: str = ""
    """What to do where no repaired text can be shown."""
    replaced: Node | None = None
    """The node in whose place `by` would mend it; None where there is no such text."""
    by: str = ""


def problems(remarks: Iterable[Remark], expressions: Sequence[Expression]) -> Iterator[Problem]:
    """Yield the remarks as problems, each at its node.

    A node that joins several expressions has no place of its own: the problem is then that of the
    rule's table.
    """
    homes: dict[int, Expression] = {}
    for remark in remarks:
        homes = homes or {id(node): one for one in expressions for node in walk(one.tree)}
        home = homes.get(id(remark.node))
        if home is None or remark.node is None:
            yield _problem(remark)
        else:
            span = closed(home.text, remark.node.at)
            help_ = _written(remark, home) if id(remark.replaced) in homes else remark.help
            yield replace(_problem(remark), path=home.path, span=span, help=help_)


def short(node: Node) -> str:
    """A node as it is written, cut where it is too long for a sentence."""
    text = render(node)
    return text if len(text) <= _LONGEST_QUOTED else text[: _LONGEST_QUOTED - 1] + "…"


def _problem(remark: Remark) -> Problem:
    return Problem(
        code=remark.code,
        message=remark.message,
        help=remark.help,
        severity=LINTS[remark.code].severity,
    )


def _written(remark: Remark, home: Expression) -> str:
    """The expression with the remark taken to heart."""
    if remark.replaced is None:
        return remark.help
    notes = Notes(home.text)
    span = closed(home.text, remark.replaced.at)
    notes.warn(remark.code, span, remark.message, notes.write(span, remark.by))
    [problem] = notes.told(lambda _: None)
    return problem.help


def closed(text: str, span: Span) -> Span:
    """A span with the brackets that close what opens within it: those of `-(a b)` reach to `b`."""
    start, end = span
    missing = text.count("(", start, end) - text.count(")", start, end)
    while missing > 0 and (closing := text.find(")", end)) >= 0:
        if text[end:closing].strip():
            break
        end = closing + 1
        missing -= 1
    return start, end
