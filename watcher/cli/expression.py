"""An expression that a person wrote: understood, and what is doubtful in it said."""

from dataclasses import replace

from rules import KeywordRule
from rules.errors import Problem
from rules.language import ExpressionError, show
from watcher.cli.console import safe_lines, stderr
from watcher.coherence import names
from watcher.config import Config

AD_HOC = "this expression"
"""What a rule is called that stands in no configuration."""


def understood(expression: str, config: Config, like: KeywordRule | None = None) -> KeywordRule:
    """Return a rule that looks for an expression; what is doubtful in it goes to standard error.

    Its other keys are those of the rule `like`. Raises `ExpressionError` with every problem in it,
    names among them that the configuration does not have.
    """
    base = like or KeywordRule(name=AD_HOC)
    rule = replace(base, find=expression, any=(), all=(), none=())
    found = [one for one in rule.problems() if one.path[:1] in ((), ("find",))]
    found += _unknown_names(rule, config)
    if any(problem.severity == "error" for problem in found):
        raise ExpressionError(tuple(found), expression)
    for problem in found:
        stderr().say(*safe_lines(show(problem, expression)), "")
    return rule


def _unknown_names(rule: KeywordRule, config: Config) -> list[Problem]:
    """The brands, lists and sources that the rule names and the configuration lacks."""
    alone = replace(config, rules=(rule,))
    return [one for one in names.problems(alone) if one.path[:3] == ("rules", 0, "find")]
