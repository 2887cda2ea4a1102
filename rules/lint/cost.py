"""What makes a rule costly: by itself, or because no word says which posts to look at."""

from collections.abc import Iterator, Sequence

from rules.errors import Problem
from rules.evaluation.cost import BUDGET, too_costly
from rules.language.printing import render
from rules.language.tree import Node, Regex
from rules.language.walk import wanted
from rules.lint.codes import LINTS
from rules.lint.remark import Expression, Remark, View
from rules.matching.presearch import filing


def unfiltered_regex(view: View) -> Iterator[Remark]:
    """Remark on a regular expression that the matcher has to try on every post."""
    tree = view.tree
    patterns = [node for node in wanted(tree) if isinstance(node, Regex)]
    if not patterns or filing(tree, view.reading, _as_rare).keys is not None:
        return
    written = render(patterns[0])
    yield Remark(
        code="unfiltered-regex",
        node=patterns[0],
        message="every post is tried against this regular expression: no word must be there "
        "besides, which would tell most posts apart at a glance",
        replaced=patterns[0],
        by=f"WORD {written}" if patterns[0] is tree else f"(WORD {written})",
    )


def _as_rare(_: str) -> float:
    """Which words the matcher would look for does not matter here, only whether there are any."""
    return 0.001


def cost_problems(tree: Node, expressions: Sequence[Expression]) -> Iterator[Problem]:
    """Yield the problem of a rule that would make one post cost too much.

    `tree` is what is executed, with the forms of words, brands and lists in their places.
    """
    span = too_costly(tree)
    if span is None:
        return
    alone = expressions[0] if len(expressions) == 1 else None
    yield Problem(
        code="too-costly",
        message=f"one post could keep the watcher busy for over {BUDGET // 1_000} ms with this",
        path=alone.path if alone else (),
        span=span if alone and span != (0, 0) else None,
        help="fewer fuzzy words, regular expressions and NEARs within NEARs cost less, and so does "
        "NEAR in the place of a regular expression like `.{40}`; or make two rules of it",
        severity=LINTS["too-costly"].severity,
    )
