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
from dataclasses import fields
from itertools import chain, islice
from typing import NamedTuple

from rules.errors import Problem
from rules.keyword import KeywordRule
from rules.language.tree import And, AtLeast, Field, Near, Node, Not, Or, Range
from rules.language.walk import Single, is_single, walk, wanted
from rules.lint.codes import LINTS
from rules.lint.facts import Fact, entailed, fact_of, loosely
from rules.lint.never import may_contradict
from rules.lint.truth import Truth

_MOST_FILED = 100
_MOST_COMPARED = 20
_APART = frozenset({"name", "find", "any", "all", "none", "then", "allow", "enabled"})
"""Keys that may differ between rules that find the same."""
_ALIKE = tuple(one.name for one in fields(KeywordRule) if one.name not in _APART)


class _Subject(NamedTuple):
    """A rule as it is compared."""

    number: int
    rule: KeywordRule
    tree: Node
    """What it asks for, the forms of its words among it."""
    needs: list[frozenset[Fact]]
    """For each part that a post must fit, the facts of which it has one."""
    asks: list[Single]
    """What it asks for anywhere, not behind a negation."""
    excludes: bool
    """Whether it excludes something by itself."""
    narrows: bool
    """Whether it asks for something of which a post has only one."""
    may_contradict: bool
    """Whether it may be that no post fits it."""


class _Ensured(dict[Single, frozenset[Fact]]):
    """What is true of every post that a leaf finds, of the facts that some rule needs.

    Nothing else is looked for, and a word entails much: all its beginnings.
    """

    def __init__(self, needed: frozenset[Fact], *, accents: bool) -> None:
        self._needed = needed
        self._accents = accents

    def __missing__(self, leaf: Single) -> frozenset[Fact]:
        fact = fact_of(leaf, accents=self._accents)
        # Of ranges, that there is one.
        known = {fact, fact[:2] if fact[0] == "range" else fact, *entailed(fact), *loosely(fact)}
        self[leaf] = ensured = self._needed & known
        return ensured


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
    tree = rule.inflected
    parts = tree.parts if isinstance(tree, And) else (tree,)
    nodes = list(walk(tree))
    excludes = any(isinstance(node, Not) for node in nodes)
    asks = [node for node in (wanted(tree) if excludes else nodes) if is_single(node)]
    return _Subject(
        number=number,
        rule=rule,
        tree=tree,
        needs=[need for part in parts if (need := _needed(part, accents=accents)) is not None],
        asks=asks,
        excludes=excludes,
        narrows=any(isinstance(node, Field | Range) for node in asks),
        may_contradict=may_contradict(nodes),
    )


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
    accents = not subjects[0].rule.fold_accents
    needed = frozenset(fact for subject in subjects for need in subject.needs for fact in need)
    ensured = _Ensured(needed, accents=accents)
    facts = [frozenset().union(*(ensured[leaf] for leaf in subject.asks)) for subject in subjects]
    told = Counter(chain.from_iterable(facts))
    filed: dict[Fact, list[_Subject]] = defaultdict(list)
    for subject in subjects:
        if subject.needs:
            rarest = min(subject.needs, key=lambda need: sum(told[fact] for fact in need))
            for fact in rarest:
                filed[fact].append(subject)
    for subject, its in zip(subjects, facts, strict=True):
        likely = _likely(subject, its, filed, ensured)
        if found := _wider(subject, islice(likely, _MOST_COMPARED), accents=accents):
            yield subject.number, found


def _likely(
    subject: _Subject, facts: frozenset[Fact], filed: dict[Fact, list[_Subject]], ensured: _Ensured
) -> Iterator[_Subject]:
    """The rules that may find all that a rule finds: the cheap half of the question."""
    candidates = {
        other.number: other
        for fact in facts & filed.keys()
        for other in islice(filed[fact], _MOST_FILED)
    }
    candidates.pop(subject.number, None)
    for _, other in sorted(candidates.items()):
        if other.excludes and not (subject.excludes or subject.narrows):
            continue
        for need in other.needs:
            if facts.isdisjoint(need) or not _ensures(subject.tree, need, ensured):
                break
        else:
            yield other


def _ensures(node: Node, need: frozenset[Fact], ensured: _Ensured) -> bool:
    """Whether a post that matches has one of the facts, as far as one leaf at a time tells."""
    if is_single(node):
        if not need.isdisjoint(ensured[node]):
            return True
        return isinstance(node, Near) and (
            _ensures(node.left, need, ensured) or _ensures(node.right, need, ensured)
        )
    if isinstance(node, And):
        return any(_ensures(part, need, ensured) for part in node.parts)
    if isinstance(node, Or):
        return all(_ensures(part, need, ensured) for part in node.parts)
    if isinstance(node, AtLeast):
        ensuring = sum(_ensures(part, need, ensured) for part in node.parts)
        return ensuring > len(node.parts) - node.count
    return False


def _wider(subject: _Subject, others: Iterable[_Subject], *, accents: bool) -> Problem | None:
    """The problem of a rule that one of some others makes needless."""
    for other in others:
        same = subject.tree == other.tree
        if subject.may_contradict or not same:
            truth = Truth([subject.tree, other.tree], accents=accents)
            if subject.may_contradict and truth.never(subject.tree):
                return None
            if not truth.entails(subject.tree, other.tree):
                continue
            same = same or truth.entails(other.tree, subject.tree)
        if same and other.number < subject.number:
            return _same(subject.rule, other.rule)
        told_too = subject.rule.then and set(subject.rule.then) <= set(other.rule.then)
        if not same and told_too:
            return _subsumed(subject.rule, other.rule)
    return None


def _same(rule: KeywordRule, other: KeywordRule) -> Problem:
    channels = list(dict.fromkeys((*other.then, *rule.then)))
    listed = ", ".join(f'"{channel}"' for channel in channels)
    help_ = "leave one of the two out"
    if set(rule.then) != set(other.then):
        help_ = f'leave this one out, and write then = [{listed}] in "{other.name}"'
    message = f'this finds exactly what the rule "{other.name}" finds'
    return _problem(rule, "same-rule", message, help_)


def _subsumed(rule: KeywordRule, other: KeywordRule) -> Problem:
    return _problem(
        rule,
        "subsumed-rule",
        f'the rule "{other.name}" finds all of this too, and tells the same channels',
        "leave it out, or tell another channel",
    )


def _problem(rule: KeywordRule, code: str, message: str, help: str) -> Problem:
    first, _ = next(rule.expressions())
    severity = LINTS[code].severity
    return Problem(code=code, message=message, path=first, help=help, severity=severity)
