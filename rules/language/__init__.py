"""The rule language: from a `find` expression to a tree, and back to text and plain words."""

from rules.language.brackets import DEEPEST
from rules.language.codes import CODES
from rules.language.diagnostics import ExpressionError, show
from rules.language.expansion import expand
from rules.language.explaining import explain
from rules.language.parser import LONGEST, check, parse
from rules.language.printing import render

__all__ = [
    "CODES",
    "DEEPEST",
    "LONGEST",
    "ExpressionError",
    "check",
    "expand",
    "explain",
    "parse",
    "render",
    "show",
]
