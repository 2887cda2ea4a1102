"""Rules compared with each other: which find the same posts, which only what another finds too.

Each rule is filed under facts of which every post that it finds has one, the rarest such among the
rules; another rule that finds no more asks for one of these itself, or for what entails one. So
ten thousand rules are compared in about as many steps. Not found: what two rules have in common
only by what they exclude, and what `rules.lint.truth` does not know. With hundreds of rules that
need the same rare word, each is compared with the first `_MOST_FILED` of them that look likely, at
most `_MOST_COMPARED` in earnest.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import islice

from rules.errors import Problem
from rules.keyword import KeywordRule
from rules.language.tree import And, AtLeast, Near, Node, Not, Or, Range
from rules.language.walk import is_single, walk, wanted
from rules.lint.codes import LINTS
from rules.lint.facts import NARROW, Fact, entailed, fact_of, loosely
from rules.lint.truth import Truth

_MOST_FILED = 100
_MOST_COMPARED = 20
_APART = frozenset({"name", "find", "any", "all", "none", "then", "allow", "enabled"})
"""Keys that may differ between rules that find the same."""
_ALIKE = tuple(one.name for one in fields(KeywordRule) if one.name not in _APART)


@dataclass(frozen=True, kw_only=True)
class _Subject:
    """A rule as it is compared."""

    number: int
    rule: KeywordRule
    tree: Node
    """What it asks for, the forms of its words among it."""
    facts: frozenset[Fact]
    """What it asks for anywhere, not behind a negation, and what that entails."""
    needs: list[frozenset[Fact]]
    """For each part that a post must fit, the facts of which it has one."""
    excludes: bool
    """Whether it excludes something by itself."""
    narrows: bool
    """Whether it asks for something of which a post has only one."""


def across(rules: Iterable[tuple[int, KeywordRule]]) -> Iterator[tuple[int, Problem]]:
    """Yield for each rule that another one makes needless its number and the problem.

    `rules` are numbered as the caller likes, each can be understood; those not enabled are skipped.
    """
    groups: dict[Hashable, list[tuple[int, KeywordRule]]] = defaultdict(list)
    for number, rule in rules:
        if rule.enabled:
            groups[_read_alike(rule)].append((number, rule))
    for group in groups.values():
        if len(group) > 1:
            yield from _in_group([_subject(number, rule) for number, rule in group])


def _read_alike(rule: KeywordRule) -> Hashable:
    """What two rules must have in common to be compared: all the keys beside the expressions."""
    return tuple([repr(getattr(rule, key)) for key in _ALIKE])


def _subject(number: int, rule: KeywordRule) -> _Subject:
    accents = not rule.fold_accents
    facts: set[Fact] = set()
    narrows = False
    tree = rule.inflected
    for node in wanted(tree):
        if is_single(node):
            fact = fact_of(node, accents=accents)
            facts |= _closure(fact)
            narrows = narrows or fact[0] in NARROW
    parts = tree.parts if isinstance(tree, And) else (tree,)
    needs = [need for part in parts if (need := _needed(part, accents=accents)) is not None]
    return _Subject(
        number=number,
        rule=rule,
        tree=tree,
        facts=frozenset(facts),
        needs=needs,
        excludes=any(isinstance(node, Not) for node in walk(tree)),
        narrows=narrows,
    )


@lru_cache(maxsize=65_536)
def _closure(fact: Fact) -> frozenset[Fact]:
    """A fact and what it entails; of ranges, that there is one."""
    return entailed(fact).union(loosely(fact), [fact, fact[:2] if fact[0] == "range" else fact])


def _needed(node: Node, *, accents: bool) -> frozenset[Fact] | None:
    """Facts of which every post that matches has at least one; None where that is not known."""
    if is_single(node):
        if isinstance(node, Near):
            return _needed(node.left, accents=accents)
        fact = fact_of(node, accents=accents)
        return frozenset({fact[:2] if isinstance(node, Range) else fact})
    if isinstance(node, And):
        known = (_needed(part, accents=accents) for part in node.parts)
        return next((one for one in known if one is not None), None)
    if isinstance(node, (Or, AtLeast)):
        parts = [_needed(part, accents=accents) for part in node.parts]
        return None if None in parts else frozenset().union(*(one for one in parts if one))
    return None


def _in_group(subjects: Sequence[_Subject]) -> Iterator[tuple[int, Problem]]:
    """Compare rules that are read alike."""
    told = Counter(fact for subject in subjects for fact in subject.facts)
    filed: dict[Fact, list[_Subject]] = defaultdict(list)
    for subject in subjects:
        if subject.needs:
            rarest = subject.needs[0]
            if len(subject.needs) > 1:
                rarest = min(subject.needs, key=lambda need: sum(told[fact] for fact in need))
            for fact in rarest:
                filed[fact].append(subject)
    for subject in subjects:
        if found := _wider(subject, filed):
            first, _ = next(iter(subject.rule.expressions()))
            yield subject.number, replace(found, path=first)


def _wider(subject: _Subject, filed: dict[Fact, list[_Subject]]) -> Problem | None:
    """The problem of a rule that another one makes needless."""
    candidates = {
        other.number: other
        for fact in subject.facts & filed.keys()
        for other in islice(filed[fact], _MOST_FILED)
    }
    candidates.pop(subject.number, None)
    likely = (other for other in candidates.values() if _may_hold(subject, other))
    for other in islice(likely, _MOST_COMPARED):
        truth = Truth([subject.tree, other.tree], accents=not subject.rule.fold_accents)
        if truth.never(subject.tree):
            return None
        if truth.entails(subject.tree, other.tree):
            same = truth.entails(other.tree, subject.tree)
            if same and other.number < subject.number:
                return _same(subject.rule, other.rule)
            told_too = subject.rule.then and set(subject.rule.then) <= set(other.rule.then)
            if not same and told_too:
                return _subsumed(other.rule)
    return None


def _may_hold(subject: _Subject, other: _Subject) -> bool:
    """Whether another rule may find all that a rule finds: the cheap half of the question."""
    if other.excludes and not (subject.excludes or subject.narrows):
        return False
    if any(subject.facts.isdisjoint(need) for need in other.needs):
        return False
    accents = not subject.rule.fold_accents
    return all(_ensures(subject.tree, need, accents=accents) for need in other.needs)


def _ensures(node: Node, need: frozenset[Fact], *, accents: bool) -> bool:
    """Whether a post that matches has one of the facts, as far as one leaf at a time tells."""
    if isinstance(node, And):
        return any(_ensures(part, need, accents=accents) for part in node.parts)
    if isinstance(node, Or):
        return all(_ensures(part, need, accents=accents) for part in node.parts)
    if isinstance(node, AtLeast):
        ensuring = sum(_ensures(part, need, accents=accents) for part in node.parts)
        return ensuring > len(node.parts) - node.count
    if isinstance(node, Not):
        return False
    if isinstance(node, Near) and (
        _ensures(node.left, need, accents=accents) or _ensures(node.right, need, accents=accents)
    ):
        return True
    return not need.isdisjoint(_closure(fact_of(node, accents=accents)))


def _same(rule: KeywordRule, other: KeywordRule) -> Problem:
    channels = list(dict.fromkeys((*other.then, *rule.then)))
    listed = ", ".join(f'"{channel}"' for channel in channels)
    help_ = "leave one of the two out"
    if set(rule.then) != set(other.then):
        help_ = f'leave this one out, and write then = [{listed}] in "{other.name}"'
    return _problem("same-rule", f'this finds exactly what the rule "{other.name}" finds', help_)


def _subsumed(other: KeywordRule) -> Problem:
    return _problem(
        "subsumed-rule",
        f'the rule "{other.name}" finds all of this too, and tells the same channels',
        "leave it out, or tell another channel",
    )


def _problem(code: str, message: str, help: str) -> Problem:
    return Problem(code=code, message=message, help=help, severity=LINTS[code].severity)
