"""What a rule asks of a post's terms, in the words that search libraries share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rules import KeywordRule
from rules.evaluator import Reading, field_term
from rules.language.tree import (
    And,
    Exact,
    Field,
    Fuzzy,
    Hashtag,
    Mention,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Word,
)
from rules.matching.decide import Decider, decider
from rules.metadata import fold_handle
from rules.model import Definitions
from rules.text import Analysis, fold_tag, fold_words

Pairs = list[tuple[int, int]]

METADATA = ":"
"""Stands before terms of the metadata, so that the prefix `domain*` does not meet `domain:`."""


@dataclass(frozen=True)
class Term:
    """Posts with this term."""

    term: str


@dataclass(frozen=True)
class Start:
    """Posts with a word that begins so."""

    start: str


@dataclass(frozen=True)
class Like:
    """Posts with a word that is one edit away at most."""

    word: str


@dataclass(frozen=True)
class AllOf:
    """Posts that fit all of the parts; every post where there are none."""

    parts: tuple["Plan", ...] = ()


@dataclass(frozen=True)
class AnyOf:
    """Posts that fit any of the parts."""

    parts: tuple["Plan", ...]


@dataclass(frozen=True)
class Without:
    """Posts that do not fit the part."""

    part: "Plan"


Plan = Term | Start | Like | AllOf | AnyOf | Without


@dataclass(frozen=True)
class Planned:
    """A rule for a peer."""

    number: int
    plan: Plan
    exact: bool
    """Whether the plan finds exactly the posts that match; else each is verified."""
    holds: Decider


def planned(rules: Sequence[KeywordRule]) -> list[Planned]:
    """Every rule with its plan and its test."""
    whole = []
    for number, rule in enumerate(rules):
        node, reading = rule.compiled(Definitions())
        plan, exact = _plan(node)
        whole.append(Planned(number, plan, exact, decider(node, reading)))
    return whole


def _plan(node: Node) -> tuple[Plan, bool]:
    match node:
        case And(parts=parts) | Or(parts=parts):
            plans = [_plan(part) for part in parts]
            kind = AllOf if isinstance(node, And) else AnyOf
            return kind(tuple(plan for plan, _ in plans)), all(exact for _, exact in plans)
        case Not(part=part):
            plan, exact = _plan(part)
            return (Without(plan), True) if exact else (AllOf(), False)
        case Near(left=left, right=right):
            return AllOf((_plan(left)[0], _plan(right)[0])), False
        case Word(text=text) | Phrase(text=text) | Exact(text=text):
            words = fold_words(text)
            exact = len(words) == 1 and not isinstance(node, Exact)
            return (Term(words[0]) if len(words) == 1 else AllOf(tuple(map(Term, words)))), exact
        case Prefix(text=text):
            return Start(fold_words(text)[0]), True
        case Fuzzy(text=text):
            return Like(fold_words(text)[0]), False
        case Hashtag(text=text):
            return Term(fold_tag(text)), True
        case Mention(text=text):
            return Term("@" + fold_handle(text)), True
        case Field():
            return Term(METADATA + field_term(node)), True
    raise NotImplementedError(type(node))


def needed(plan: Plan, counts: Callable[[str], float]) -> list[Plan]:
    """Terms, starts and likenesses of which a fitting post has at least one, the rarest such set.

    Empty where nothing is needed. `counts` tells how frequent a term is.
    """
    match plan:
        case AllOf(parts=parts):
            known = [found for part in parts if (found := needed(part, counts))]
            return min(known, key=lambda found: _frequency(found, counts), default=[])
        case AnyOf(parts=parts):
            each = [needed(part, counts) for part in parts]
            return [one for found in each for one in found] if all(each) else []
        case Without():
            return []
    return [plan]


def _frequency(plans: Sequence[Plan], counts: Callable[[str], float]) -> float:
    total = 0.0
    for plan in plans:
        match plan:
            case Term(term=term):
                total += counts(term)
            case _:
                total += 0.001
    return total


def terms_of(analysis: Analysis) -> list[str]:
    """Every term that a plan may ask a post for."""
    return [*analysis.said, *(METADATA + term for term in analysis.metadata)]


__all__ = [
    "METADATA",
    "AllOf",
    "AnyOf",
    "Like",
    "Pairs",
    "Plan",
    "Planned",
    "Reading",
    "Start",
    "Term",
    "Without",
    "needed",
    "planned",
    "terms_of",
]
