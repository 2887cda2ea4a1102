"""The linter: what a rule says that its writer can hardly have meant.

`lint` judges a rule by itself; `lint_words` by how common its words are; `rules.lint.across`
compares rules. Each check is a function from a tree to remarks, in the list below.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from rules.errors import Problem
from rules.evaluator import Reading
from rules.frequencies import Frequencies
from rules.language.tree import (
    And,
    AtLeast,
    Field,
    Fuzzy,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Regex,
    Word,
)
from rules.lint.allow import unknown_lints, unless_allowed, useless_allows
from rules.lint.codes import LINTS, Lint
from rules.lint.cost import cost_problems, unfiltered_regex
from rules.lint.never import (
    can_never_match,
    needs_something,
    never_as_a_whole,
    only_negatives,
)
from rules.lint.remark import Expression, Remark, View, problems
from rules.lint.shape import (
    all_capitals,
    covered_terms,
    double_negation,
    repeated_terms,
    useless_inflections,
    wide_near,
    without_effect,
)
from rules.lint.words import Commonness, Shares, word_remarks

__all__ = [
    "LINTS",
    "Expression",
    "Lint",
    "Shares",
    "cost_problems",
    "lint",
    "lint_words",
    "needs_something",
    "unknown_lints",
    "unless_allowed",
    "useless_allows",
    "useless_inflections",
]


_Remarks = Callable[[View], Iterator[Remark]]


class _Check(NamedTuple):
    """A check, and the kinds of nodes without which it has nothing to say."""

    remarks: _Remarks
    about: frozenset[type] = frozenset()


CHECKS = (
    _Check(only_negatives, frozenset({Not})),
    _Check(can_never_match, frozenset({Not, AtLeast, Field, Range})),
    _Check(repeated_terms, frozenset({And, Or})),
    _Check(covered_terms, frozenset({Or})),
    _Check(double_negation, frozenset({Not})),
    _Check(unfiltered_regex, frozenset({Regex})),
    _Check(wide_near, frozenset({Near})),
    _Check(all_capitals, frozenset({Word, Phrase, Prefix, Fuzzy})),
    _Check(without_effect),
)
_OF_THE_FORMS = (can_never_match, covered_terms)
"""What is not said of a rule as it is written, where its words have more forms."""


def lint(
    tree: Node,
    expressions: Sequence[Expression],
    reading: Reading = Reading(),  # noqa: B008  # frozen
    *,
    inflected: Node | None = None,
) -> Iterator[Problem]:
    """Yield what is doubtful in a rule, judged by itself.

    `tree` is the whole of it, made of the trees of the `expressions`, which say where each part
    stands; `reading` tells its keys. `inflected` is the tree with the forms of its words in their
    places, where the rule asks for them.
    """
    yield from cost_problems(tree if inflected is None else inflected, expressions)
    view = View.of(tree, reading)
    plain = inflected is None or inflected is tree
    said: list[Remark] = []
    for remarks in _checks(frozenset(map(type, view.nodes))):
        if plain or remarks not in _OF_THE_FORMS:
            said += remarks(view)
    if inflected is not None and not plain:
        said += [
            replace(remark, node=tree) for remark in never_as_a_whole(View.of(inflected, reading))
        ]
    if said:
        yield from problems(said, expressions)


@lru_cache(maxsize=1_024)
def _checks(there: frozenset[type]) -> tuple[_Remarks, ...]:
    """The checks that may have something to say of such nodes."""
    return tuple(
        check.remarks for check in CHECKS if not check.about or not there.isdisjoint(check.about)
    )


def lint_words(
    tree: Node,
    expressions: Sequence[Expression],
    *,
    languages: Sequence[str],
    frequencies: Frequencies,
    own: Shares | None = None,
) -> Iterator[Problem]:
    """Yield what finds far more than was meant, judged by how common its words are.

    `languages` are those that posts are expected in. `own` tells the share of one's own posts that
    have a term, None where it does not know; then `frequencies` does.
    """
    common = Commonness(languages=languages, table=frequencies, own=own)
    yield from problems(word_remarks(tree, common), expressions)
