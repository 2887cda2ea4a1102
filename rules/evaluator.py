"""The plain meaning of an expression tree: does a post match it, and where.

`rules.matcher` uses it for the posts that its index of terms lets through, `watcher.search` for
those that Whoosh finds, archive scans for all: they agree because this one decides.
"""

from rules.evaluation.fields import field_term, language_of
from rules.evaluation.making import made
from rules.evaluation.reading import MOST_SPANS, Reading, Test, merged
from rules.language.tree import And, AtLeast, Node, Or, Span
from rules.text import Analysis

__all__ = ["MOST_SPANS", "Evaluator", "Reading", "evaluate", "field_term", "language_of"]


class Evaluator:
    """A tree made ready to be asked about many posts. Threads may share it."""

    __slots__ = ("_parts", "_test", "node", "reading")

    def __init__(self, node: Node, reading: Reading) -> None:
        """Make a tree ready; TypeError where it holds references, which have to be expanded."""
        self.node, self.reading = node, reading
        self._test: Test = made(node, reading)
        self._parts: tuple[Evaluator, ...] | None = None

    @property
    def parts(self) -> tuple["Evaluator", ...]:
        """The parts of an `And`, `Or` or `AtLeast`, made ready when they are first asked for."""
        if self._parts is None:
            parts = self.node.parts if isinstance(self.node, And | Or | AtLeast) else ()
            self._parts = tuple(Evaluator(part, self.reading) for part in parts)
        return self._parts

    def spans(self, analysis: Analysis) -> tuple[Span, ...] | None:
        """Where the post matches the tree, or None where it does not.

        The spans are sorted and do not overlap, the first `MOST_SPANS` of them; they are empty
        where only metadata, or only the absence of something, made the match.
        """
        found = self._test.find(analysis)
        if found is None:
            return None
        return merged(found)[:MOST_SPANS] if found else ()


def evaluate(node: Node, reading: Reading, analysis: Analysis) -> tuple[Span, ...] | None:
    """Where one post matches the tree: `Evaluator.spans` for those who ask but once."""
    return Evaluator(node, reading).spans(analysis)
