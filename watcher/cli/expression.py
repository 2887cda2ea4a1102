"""An expression that a person wrote: understood, and what is doubtful in it said."""

from rules.language import ExpressionError, check, show
from rules.language.tree import Node
from watcher.cli.console import safe_lines, stderr


def understood(expression: str) -> Node:
    """Return the tree of an expression; its warnings go to standard error.

    Raises `ExpressionError` with every problem in it.
    """
    tree, problems = check(expression)
    if tree is None:
        raise ExpressionError(problems, expression)
    for problem in problems:
        stderr().say(*safe_lines(show(problem, expression)), "")
    return tree
