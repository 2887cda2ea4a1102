"""Which rules may match a post, judged by the set of its terms alone.

The idea is Luwak's (today Lucene Monitor's) presearcher: a rule is filed under a set of terms of
which every matching post has at least one, the rarest such set, and looked at only when a post has
one of them. What passes is judged again by a test over all the terms, before it is evaluated.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet

from rules.evaluator import Reading, field_term
from rules.language.tree import (
    And,
    Exact,
    Field,
    Hashtag,
    Leaf,
    Mention,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Word,
)
from rules.metadata import fold_handle
from rules.text import HANDLE_PART, fold_tag, fold_words

Test = Callable[[AbstractSet[str]], bool]

_STEM = 3
"""Prefixes are filed under their first letters, as many as the language demands of them."""

_SHARE = {"lang": 0.4, "network": 0.9, "source": 0.5, "is": 0.4, "has": 0.4, "domain": 0.01}
"""What share of posts is guessed to have a term of the field."""
_SHARE_OF_NAMED = 1e-4
"""The same for an author, a mention, a hashtag."""


class Presearcher:
    """Rules filed by the terms they need."""

    def __init__(self, rules: Sequence[tuple[Node, Reading]]) -> None:
        by_term: dict[str, list[int]] = defaultdict(list)
        by_stem: dict[str, list[int]] = defaultdict(list)
        always: list[int] = []
        for number, (node, reading) in enumerate(rules):
            needed = _needed(node, reading)
            if needed is None:
                always.append(number)
                continue
            for key in needed:
                filed = by_stem if key.endswith("*") else by_term
                filed[key.removesuffix("*")].append(number)
        self._by_term = dict(by_term)
        self._by_stem = dict(by_stem)
        self._terms = frozenset(by_term)
        self._stems = frozenset(by_stem)
        self._always = tuple(always)
        self._tests = tuple(_possible(node, reading) for node, reading in rules)

    def candidates(self, terms: AbstractSet[str]) -> list[int]:
        """The numbers of the rules that a post with these terms may match, in ascending order."""
        numbers = set(self._always)
        for term in self._terms & terms:
            numbers.update(self._by_term[term])
        if self._stems:
            for stem in self._stems & {term[:_STEM] for term in terms}:
                numbers.update(self._by_stem[stem])
        return sorted(number for number in numbers if self._tests[number](terms))


def _needed(node: Node, reading: Reading) -> frozenset[str] | None:
    """Terms, and stems (`ste*`), of which a matching post has at least one; None: unknown."""
    if isinstance(node, Not):
        return None
    if isinstance(node, And):
        known = [needed for part in node.parts if (needed := _needed(part, reading)) is not None]
        return min(known, key=_share) if known else None
    if isinstance(node, Or):
        parts = [_needed(part, reading) for part in node.parts]
        if None in parts:
            return None
        return frozenset().union(*(part for part in parts if part is not None))
    return _needed_by_leaf(node, reading)


def _needed_by_leaf(leaf: Leaf, reading: Reading) -> frozenset[str]:
    if isinstance(leaf, Prefix):
        return frozenset(stem[:_STEM] + "*" for (stem,) in _ways(leaf, reading))
    ways = _ways(leaf, reading)
    return frozenset(min(way, key=lambda term: _share({term})) for way in ways)


def _share(terms: Iterable[str]) -> float:
    """A guess of the share of posts that have one of the terms: longer words are rarer."""
    total = 0.0
    for term in terms:
        name, colon, _ = term.partition(":")
        if colon:
            total += _SHARE.get(name, _SHARE_OF_NAMED)
        elif term[0] in "#@":
            total += _SHARE_OF_NAMED
        elif term.endswith("*"):
            total += 0.02
        else:
            total += 0.5 ** len(term)
    return total


def _ways(leaf: Leaf, reading: Reading) -> list[tuple[str, ...]]:
    """The sets of terms, any one of which a post must have in full for the leaf to match."""
    match leaf:
        case Hashtag(text=text):
            return [(fold_tag(text),)]
        case Mention(text=text):
            return [("@" + fold_handle(text),)]
        case Field(name="is", value="own"):
            return [(term,) for term in reading.own]
        case Field():
            return [(field_term(leaf),)]
        case Word(text=text) | Phrase(text=text) | Exact(text=text) | Prefix(text=text):
            words = fold_words(text)
            inside = [tuple(HANDLE_PART + word for word in words)] if reading.handles else []
            return [words, *inside]


def _possible(node: Node, reading: Reading) -> Test:
    """A test that fails only for the terms of posts that cannot match."""
    if isinstance(node, Not):
        certain = _certain(node.part, reading)
        return lambda terms: not certain(terms)
    if isinstance(node, And | Or):
        return _combined(node, [_possible(part, reading) for part in node.parts])
    if isinstance(node, Prefix):
        stems = tuple(stem for (stem,) in _ways(node, reading))
        return lambda terms: any(term.startswith(stems) for term in terms)
    return _has_one(_ways(node, reading))


def _certain(node: Node, reading: Reading) -> Test:
    """A test that passes only for the terms of posts that match for sure."""
    if isinstance(node, Not):
        possible = _possible(node.part, reading)
        return lambda terms: not possible(terms)
    if isinstance(node, And | Or):
        return _combined(node, [_certain(part, reading) for part in node.parts])
    if _told_by_terms(node, reading):
        return _has_one([way for way in _ways(node, reading) if len(way) == 1])
    return lambda terms: False  # noqa: ARG005


def _told_by_terms(leaf: Leaf, reading: Reading) -> bool:
    """Whether one term of the leaf proves that it matches."""
    if isinstance(leaf, Prefix | Exact):
        return False
    return isinstance(leaf, Field | Mention) or reading.fold_accents


def _combined(node: And | Or, tests: list[Test]) -> Test:
    if isinstance(node, And):
        return lambda terms: all(test(terms) for test in tests)
    return lambda terms: any(test(terms) for test in tests)


def _has_one(ways: list[tuple[str, ...]]) -> Test:
    if len(ways) == 1 and len(ways[0]) == 1:
        [[term]] = ways
        return lambda terms: term in terms
    sets = [frozenset(way) for way in ways]
    return lambda terms: any(way <= terms for way in sets)
