"""The key `allow` of a rule: which doubts are meant so."""

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches

from rules.errors import Problem
from rules.lint.codes import LINTS

_TOLD_BY_POSTS = frozenset({"too-common"})
"""Codes that depend on the posts gathered so far: not to be said now does not make them idle."""


def unknown_lints(allow: Sequence[str]) -> Iterator[Problem]:
    """Yield each code of a rule's `allow` that is none of the linter's."""
    for at, code in enumerate(allow):
        if code in LINTS:
            continue
        near = get_close_matches(code, LINTS, n=1)
        yield Problem(
            code="unknown-lint",
            message=f'the linter knows no "{code}"',
            path=("allow", at),
            help=f'did you mean "{near[0]}"?' if near else "docs/lint.md lists the codes",
        )


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
