"""What the index keeps of a post, and what it is asked for an expression.

A plan finds every post that an expression matches, and some that it does not: `newest` verifies
each on the stored post with the evaluator that live matching uses. So a plan only has to be wide
enough, and the same expression finds the same posts live and here:

- a phrase or an exact word is all of its words; a negation is everything; `is:bot` too, since an
  account may become a bot after its post was indexed;
- `from:` asks for the handle at the time of indexing, or for the account that has the handle now;
- what an account may change is never asked for in any other way.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import assert_never

from rules.evaluator import Reading, field_term
from rules.language.tree import (
    And,
    Exact,
    Field,
    Hashtag,
    Mention,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Word,
)
from rules.metadata import fold_handle
from rules.model import Account, Post
from rules.text import HANDLE_PART, Analysis, analyse, fold_tag, fold_words
from watcher.search.segments import Segment

LONGEST_KEY = 120
"""Bytes of a term that the index keeps; longer ones are found by their beginning."""
MOST_EXPANSIONS = 1_000
"""Where a prefix begins more words of a segment than this, all its documents are verified instead:
one post with 50,000 made-up words must not make a prefix slow, or refused, for everybody.
"""

_METADATA = ":"
"""Stands before terms of the metadata, so that the prefix `sou*` does not meet `source:`."""

LookUp = Callable[[str], Account | None]
"""From a handle to the account that has it now."""


def keys_of(post: Post) -> set[bytes]:
    """Return the keys under which a post is found."""
    analysis = analyse(post)
    keys = set(map(_key, analysis.terms - analysis.metadata))
    keys.update(_keys_of_metadata(analysis))
    return keys


def _keys_of_metadata(analysis: Analysis) -> Iterator[bytes]:
    for term in analysis.metadata:
        name, _, value = term.partition(":")
        if name == "from":
            yield _from_key(value)
        elif name != "author":
            yield _key(_METADATA + term)
    yield _account_key(analysis.post.author)


def _key(term: str) -> bytes:
    return term.encode("utf-8", "surrogatepass")[:LONGEST_KEY]


def _from_key(handle: str) -> bytes:
    """`acme` and `town:acme` are one key: which network is verified later."""
    return _key(f"{_METADATA}from:{handle.rpartition(':')[2]}")


def _account_key(account: Account) -> bytes:
    return _key(f"{_METADATA}account:{account.key}")


class _Everything:
    """All documents of a segment."""

    def documents(self, segment: Segment) -> set[int]:
        return set(range(segment.size))

    def at_most(self, segment: Segment) -> int:
        return segment.size


@dataclass(frozen=True, slots=True)
class _Term:
    """The documents with one term."""

    key: bytes

    def documents(self, segment: Segment) -> set[int]:
        return set(segment.documents(self.key))

    def at_most(self, segment: Segment) -> int:
        return segment.frequency(self.key)


@dataclass(frozen=True, slots=True)
class _Prefix:
    """The documents with any term that begins so."""

    key: bytes

    def documents(self, segment: Segment) -> set[int]:
        terms = segment.terms_from(self.key, MOST_EXPANSIONS + 1)
        if len(terms) > MOST_EXPANSIONS:
            return EVERYTHING.documents(segment)
        return set().union(*map(segment.documents, terms))

    def at_most(self, segment: Segment) -> int:
        return segment.size


@dataclass(frozen=True, slots=True)
class _All:
    """The documents that all parts find; the rarest part is asked first."""

    parts: tuple["Plan", ...]

    def documents(self, segment: Segment) -> set[int]:
        found: set[int] | None = None
        for part in sorted(self.parts, key=lambda part: part.at_most(segment)):
            documents = part.documents(segment)
            found = documents if found is None else found & documents
            if not found:
                break
        return found or set()

    def at_most(self, segment: Segment) -> int:
        return min(part.at_most(segment) for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Any:
    """The documents that at least one part finds."""

    parts: tuple["Plan", ...]

    def documents(self, segment: Segment) -> set[int]:
        return set().union(*(part.documents(segment) for part in self.parts))

    def at_most(self, segment: Segment) -> int:
        return min(segment.size, sum(part.at_most(segment) for part in self.parts))


Plan = _Everything | _Term | _Prefix | _All | _Any
EVERYTHING = _Everything()


def plan_for(node: Node, reading: Reading, look_up: LookUp) -> Plan:
    """Return a plan that finds at least the posts that `evaluate(node, reading, ...)` accepts."""
    match node:
        case And(parts=parts):
            return _all(plan_for(part, reading, look_up) for part in parts)
        case Or(parts=parts):
            return _any(plan_for(part, reading, look_up) for part in parts)
        case Not():
            return EVERYTHING
        case Word(text=text) | Phrase(text=text) | Exact(text=text):
            return _words(fold_words(text), reading)
        case Prefix(text=text):
            word = fold_words(text)[0]
            return _any(_Prefix(_key(sign + word)) for sign in _signs(reading))
        case Hashtag(text=text):
            return _Term(_key(fold_tag(text)))
        case Mention(text=text):
            return _Term(_key("@" + fold_handle(text)))
        case Field():
            return _field(node, reading, look_up)
        case _:
            assert_never(node)


def _all(parts: Iterable[Plan]) -> Plan:
    narrow = tuple(part for part in parts if part is not EVERYTHING)
    return _All(narrow) if narrow else EVERYTHING


def _any(parts: Iterable[Plan]) -> Plan:
    wide = tuple(parts)
    return EVERYTHING if EVERYTHING in wide else _Any(wide)


def _signs(reading: Reading) -> tuple[str, ...]:
    return ("", HANDLE_PART) if reading.handles else ("",)


def _words(words: tuple[str, ...], reading: Reading) -> Plan:
    return _any(_all(_Term(_key(sign + word)) for word in words) for sign in _signs(reading))


def _field(field: Field, reading: Reading, look_up: LookUp) -> Plan:
    term = field_term(field)
    if term == "is:bot":
        return EVERYTHING
    if term == "is:own":
        handles = sorted(own.partition(":")[2] for own in reading.own)
        return _any(_from(handle, look_up) for handle in handles)
    if field.name == "from":
        return _from(fold_handle(field.value), look_up)
    return _Term(_key(_METADATA + term))


def _from(handle: str, look_up: LookUp) -> Plan:
    account = look_up(handle.rpartition(":")[2])
    then = _Term(_from_key(handle))
    return _Any((then, _Term(_account_key(account)))) if account else then
