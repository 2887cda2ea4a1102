"""Queries of other products, translated into the rule language; what is lost is said."""

from dataclasses import dataclass, replace

from rules.errors import Problem
from rules.importing.brandwatch import BRANDWATCH
from rules.importing.dialect import Dialect
from rules.importing.google_alerts import GOOGLE_ALERTS
from rules.importing.grammar import understand
from rules.importing.mistakes import Mistakes
from rules.importing.outcome import EFFECTS, Loss
from rules.importing.snippet import snippet
from rules.importing.talkwalker import TALKWALKER
from rules.importing.translating import Translation
from rules.importing.x import X
from rules.keyword import KeywordRule
from rules.language import ExpressionError, render
from rules.language.tree import Node

DIALECTS: dict[str, Dialect] = {
    "x": X,
    "brandwatch": BRANDWATCH,
    "talkwalker": TALKWALKER,
    "google-alerts": GOOGLE_ALERTS,
}

__all__ = ["DIALECTS", "EFFECTS", "MOST_TOLD", "Imported", "Loss", "snippet", "translate"]

MOST_TOLD = 50
"""Losses that are told with a caret; nobody reads more, and each costs the length of the query."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A query in the rule language."""

    query: str
    dialect: Dialect
    tree: Node
    expression: str
    """The tree as `find` takes it."""
    losses: tuple[Loss, ...]
    """What does not mean the same, in the order of the query."""
    warnings: tuple[Problem, ...]
    """What is doubtful in the expression itself, placed in it."""
    remark: str
    """What is different about the query as a whole, empty where nothing is."""


def translate(query: str, dialect: Dialect) -> Imported:
    """Translate a query of another product.

    Raises `ExpressionError`, with places in the query, where it cannot be understood, or where
    nothing of it can be carried over.
    """
    query = query.encode("utf-8", "replace").decode("utf-8")  # lone surrogates cannot be printed
    mistakes = Mistakes(query)
    understood = understand(mistakes, dialect.syntax)
    if understood is None:
        raise ExpressionError(mistakes.sorted(), query)
    translation = Translation(query, dialect.leaf)
    tree = translation.run(understood.whole)
    for at, message in understood.doubts:
        text = query[slice(*at)]
        loss = Loss(kind="changed", at=at, text=text, message=message, effect="other")
        translation.losses.append(loss)
    losses = tuple(sorted(translation.losses, key=lambda loss: loss.at))
    if tree is None:
        raise _refused(query, losses, "nothing of this query can be carried over")
    expression = render(tree)
    rule = KeywordRule(name=dialect.name, find=expression)
    wrong = [problem.message for problem in rule.doubts if problem.severity == "error"]
    if wrong or rule.tree != tree:
        why = wrong[0] if wrong else "it would not mean the same"
        raise _refused(query, losses, f"what can be carried over makes no rule: {why}")
    return Imported(
        query=query,
        dialect=dialect,
        tree=tree,
        expression=expression,
        losses=losses,
        warnings=rule.doubts,
        remark=dialect.remark(query),
    )


def _refused(query: str, losses: tuple[Loss, ...], message: str) -> ExpressionError:
    if len(losses) > MOST_TOLD:
        message += f"; the first {MOST_TOLD} parts of {len(losses):,} follow"
    whole = Problem(
        code="nothing-left", message=message, span=(0, len(query)), help="add a word to look for"
    )
    left = (replace(loss.problem(), message=loss.message) for loss in losses[:MOST_TOLD])
    return ExpressionError((whole, *left), query)
