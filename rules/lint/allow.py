"""The key `allow` of a rule: which doubts are meant so."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import get_close_matches

from rules.errors import Problem
from rules.lint.codes import LINTS

_TOLD_BY_POSTS = frozenset({"too-common"})
"""Codes that depend on the posts gathered so far: not to be said now does not make them idle."""


def unknown_lints(allow: Sequence[str]) -> Iterator[Problem]:
    """Yield each code of a rule's `allow` that is none of the linter's."""
    for at, code in enumerate(allow):
        if code in LINTS:
            if not LINTS[code].may_be_allowed:
                message = f'"{code}" cannot be allowed'
                help_ = "change the rule: docs/lint.md says how"
                yield Problem(code="unknown-lint", message=message, path=("allow", at), help=help_)
            continue
        near = get_close_matches(code, LINTS, n=1)
        yield Problem(
            code="unknown-lint",
            message=f'the linter knows no "{code}"',
            path=("allow", at),
            help=f'did you mean "{near[0]}"?' if near else "docs/lint.md lists the codes",
        )


def unless_allowed(problems: Iterable[Problem], allow: Collection[str]) -> Iterator[Problem]:
    """Yield the problems that a rule does not allow, or that cannot be allowed."""
    for problem in problems:
        lint = LINTS.get(problem.code)
        if problem.code not in allow or lint is None or not lint.may_be_allowed:
            yield problem


def useless_allows(allow: Sequence[str], said: Collection[str]) -> Iterator[Problem]:
    """Yield a warning for each code that a rule allows and nothing said; `said` is all that was."""
    if "useless-allow" in allow:
        return
    for at, code in enumerate(allow):
        if code in LINTS and code not in said and code not in _TOLD_BY_POSTS:
            yield Problem(
                code="useless-allow",
                message=f'"{code}" is allowed, and nothing in this rule needs it',
                path=("allow", at),
                help="leave it out",
                severity=LINTS["useless-allow"].severity,
            )
