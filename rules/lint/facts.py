"""What a leaf says of a post, as a fact that can be compared; which facts entail or exclude others.

A fact is a tuple that begins with its kind. Leaves that are written differently and ask for the
same are one fact: `Acme` and `"acme"`. Only what is certain of every post is said here, whatever
the evaluator does with the rest: a missing entailment makes the linter silent, a wrong one makes
it lie.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from rules.characters import fold_accents, fold_case
from rules.language.tree import (
    BrandName,
    Cashtag,
    Emoji,
    Exact,
    Field,
    Fuzzy,
    Hashtag,
    ListName,
    Mention,
    Near,
    Node,
    Or,
    Phrase,
    Prefix,
    Range,
    Regex,
    Word,
)
from rules.language.walk import Single
from rules.metadata import fold_domain, fold_handle, handle_forms
from rules.text import fold_tag, fold_words

Fact = tuple[Any, ...]

BY_COMPARISON = frozenset({"prefix", "fuzzy", "range", "near"})
"""Kinds of facts of which only `entails` knows whether another entails them, not `entailed`."""
NARROW = frozenset({"field", "range"})
"""Kinds of facts that may exclude each other."""

_SHORTEST_PREFIX = 3
_LONGEST_PHRASE = 8
"""Of longer phrases only what is within their first words is looked at."""
_LONGEST_WORD = 40
_MOST_LABELS = 9
"""Domains above one are known up to so many labels: `rules.metadata`."""


@lru_cache(maxsize=65_536)
def fact_of(leaf: Single, *, accents: bool) -> Fact:
    """What a leaf asks for; `accents` where the rule tells `été` from `ete`."""
    match leaf:
        case Word(text=text) | Phrase(text=text):
            return ("words", *fold_words(text, accents=accents))
        case Prefix(text=text):
            return ("prefix", *fold_words(text, accents=accents))
        case Exact(text=text, phrase=phrase):
            return ("exact", text, phrase, accents)
        case Hashtag(text=text):
            return ("tag", fold_tag(text, accents=accents))
        case Mention(text=text):
            return ("mention", fold_handle(text))
        case Fuzzy(text=text):
            return ("fuzzy", *fold_words(text))
        case Regex(pattern=pattern):
            return ("regex", pattern)
        case Emoji(text=text):
            return ("emoji", fold_accents(fold_case(text)))
        case Cashtag(text=text):
            return ("cashtag", fold_case(text))
        case Field():
            return ("field", leaf.name, _value(leaf))
        case Range(name=name, low=low, high=high):
            return ("range", name, low, high)
        case BrandName(name=name):
            return ("brand", fold_case(name.strip()))
        case ListName(name=name, within=within):
            return ("list", within, fold_case(name.strip()))
        case Near():
            sides = [_side(leaf.left, accents=accents), _side(leaf.right, accents=accents)]
            if not leaf.ordered:
                sides.sort(key=repr)
            return ("near", leaf.ordered, *sides, leaf.distance)


def _value(field: Field) -> str:
    if field.name in ("from", "to", "mentions"):
        return fold_handle(field.value)
    return fold_domain(field.value) if field.name == "domain" else fold_case(field.value.strip())


def _side(node: Node, *, accents: bool) -> Any:
    """One side of a NEAR: a fact, or the facts of its alternatives."""
    if isinstance(node, Or):
        return frozenset(_side(part, accents=accents) for part in node.parts)
    return fact_of(node, accents=accents)  # a side holds nothing else


@lru_cache(maxsize=65_536)
def entailed(fact: Fact) -> frozenset[Fact]:
    """Facts that are true of every post of which this one is.

    Those of `loosely`, and what follows for ranges and NEAR, `entails` alone knows.
    """
    return frozenset(_entailed(fact)) - {fact}


def loosely(fact: Fact) -> Iterator[Fact]:
    """The prefixes and fuzzy words that are true of every post of which this fact is."""
    for term in terms_of(fact):
        for length in range(_SHORTEST_PREFIX, min(len(term), _LONGEST_WORD) + 1):
            yield ("prefix", term[:length])
        if fact[0] != "prefix":
            yield ("fuzzy", fold_accents(term))


def terms_of(fact: Fact) -> tuple[str, ...]:
    """The words, or beginnings of words, that a post has of which the fact is true."""
    match fact:
        case ("words" | "prefix", *terms):
            return tuple(terms[:_LONGEST_PHRASE])
        case ("exact", text, _, False):
            return fold_words(text)[:_LONGEST_PHRASE]
        case ("tag", tag) if (name := tag[1:]).isascii() and name.isalnum():
            return (name,)
    return ()


def _entailed(fact: Fact) -> Iterator[Fact]:
    match fact:
        case ("words", _):
            pass  # by far the most frequent
        case ("words" | "exact" | "tag", *_):
            yield from _within(terms_of(fact))
        case ("mention", handle):
            yield from (("mention", form) for form in handle_forms(handle))
        case ("field", "from", author):
            yield from _authors(author)
        case ("field", "to", handle):
            yield from (("field", "to", form) for form in handle_forms(handle))
            yield ("field", "is", "reply")
        case ("field", "domain", domain):
            labels = domain.split(".")
            for count in range(2, min(len(labels), _MOST_LABELS + 1)):
                yield ("field", "domain", ".".join(labels[-count:]))


def _within(terms: tuple[str, ...]) -> Iterator[Fact]:
    """The phrases within a phrase, down to its words."""
    for first in range(len(terms)):
        for end in range(first + 1, len(terms) + 1):
            yield ("words", *terms[first:end])


def _authors(author: str) -> Iterator[Fact]:
    """The wider ways to name an author: without the network, without the server."""
    network, colon, handle = author.rpartition(":")
    for form in handle_forms(handle):
        yield ("field", "from", form)
        if colon:
            yield ("field", "from", f"{network}:{form}")


def entails(fact: Fact, other: Fact) -> bool:
    """Whether every post of which `fact` is true is one of which `other` is."""
    if fact == other or other in entailed(fact):
        return True
    if other[0] == "prefix":
        return any(term.startswith(other[1]) for term in terms_of(fact))
    if other[0] == "fuzzy":
        return fact[0] != "prefix" and other[1] in map(fold_accents, terms_of(fact))
    if fact[0] == other[0] == "range" and fact[1] == other[1]:
        return _contains(other[2], other[3], fact[2], fact[3])
    if fact[0] == other[0] == "near":
        (_, ordered, *sides, distance), (_, also, *others, wider) = fact, other
        if ordered and not also:
            sides.sort(key=repr)
        return sides == others and distance <= wider and (ordered or not also)
    return False


def _contains(low: int | None, high: int | None, low_of: int | None, high_of: int | None) -> bool:
    """Whether a range holds all of another."""
    return (low is None or (low_of is not None and low <= low_of)) and (
        high is None or (high_of is not None and high_of <= high)
    )


_OF_ONE_KIND = frozenset({"lang", "network", "source", "sentiment"})
"""Fields of which a post has at most one value."""


def excludes(fact: Fact, other: Fact) -> bool:
    """Whether no post is one of which both are true."""
    if fact[:2] != other[:2] or fact == other:
        return False
    if fact[0] == "range":
        return _disjoint(fact, other) or _disjoint(other, fact)
    if fact[0] != "field":
        return False
    name, one, two = fact[1], fact[2], other[2]
    if name in _OF_ONE_KIND:
        return True
    if name == "is":
        return "original" in (one, two) and not {one, two}.isdisjoint(("reply", "repost", "quote"))
    return name in ("from", "to") and not _may_be_one(one, two)


def _disjoint(lower: Fact, upper: Fact) -> bool:
    return lower[3] is not None and upper[2] is not None and lower[3] < upper[2]


def _may_be_one(one: str, two: str) -> bool:
    """Whether two ways to name an account may name the same."""
    network, _, handle = one.rpartition(":")
    other_network, _, other = two.rpartition(":")
    if network and other_network and network != other_network:
        return False
    return other in handle_forms(handle) or handle in handle_forms(other)


KINDS_OF_POST: frozenset[Fact] = frozenset(
    ("field", "is", kind) for kind in ("original", "reply", "repost", "quote")
)
"""Every post is one of these."""
