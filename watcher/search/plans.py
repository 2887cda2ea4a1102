"""Plans: which documents to look at, of a segment or of the database.

`watcher.search.planning` makes them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from watcher.search.segments import Segment
from watcher.store import full_text_query as query
from watcher.store.full_text_query import Condition

MOST_EXPANSIONS = 1_000
"""Where a prefix begins more words of a segment than this, all its documents are verified instead:
one post with 50,000 made-up words must not make a prefix slow, or refused, for everybody.
"""


Alike = Callable[[str, str], Condition]
"""Called with a word and the sign before it; the posts with a word at most one edit from it."""


class Plan(Protocol):
    """What finds documents in any segment, or in the database; it never changes."""

    def documents(self, segment: Segment) -> set[int]:
        """The numbers of the documents."""

    def at_most(self, segment: Segment) -> int:
        """How many documents there may be, as far as that is quickly told."""

    def condition(self, alike: Alike) -> Condition:
        """The same, to be asked of PostgreSQL."""


class _Everything:
    """All documents of a segment."""

    def documents(self, segment: Segment) -> set[int]:
        return set(range(segment.size))

    def at_most(self, segment: Segment) -> int:
        return segment.size

    def condition(self, alike: Alike) -> Condition:  # noqa: ARG002
        return query.EVERYTHING


@dataclass(frozen=True, slots=True)
class _Term:
    """The documents with one term."""

    key: bytes

    def documents(self, segment: Segment) -> set[int]:
        return set(segment.documents(self.key))

    def at_most(self, segment: Segment) -> int:
        return segment.frequency(self.key)

    def condition(self, alike: Alike) -> Condition:  # noqa: ARG002
        return query.having(self.key)


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

    def condition(self, alike: Alike) -> Condition:  # noqa: ARG002
        return query.beginning(self.key)


@dataclass(frozen=True, slots=True)
class _All:
    """The documents that all parts find; the rarest part is asked first."""

    parts: tuple[Plan, ...]

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

    def condition(self, alike: Alike) -> Condition:
        return query.all_of(part.condition(alike) for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Any:
    """The documents that at least one part finds."""

    parts: tuple[Plan, ...]

    def documents(self, segment: Segment) -> set[int]:
        return set().union(*(part.documents(segment) for part in self.parts))

    def at_most(self, segment: Segment) -> int:
        return min(segment.size, sum(part.at_most(segment) for part in self.parts))

    def condition(self, alike: Alike) -> Condition:
        return query.any_of(part.condition(alike) for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Several:
    """The documents that at least so many parts find."""

    count: int
    parts: tuple[Plan, ...]

    def documents(self, segment: Segment) -> set[int]:
        times = Counter(chain.from_iterable(part.documents(segment) for part in self.parts))
        return {document for document, found in times.items() if found >= self.count}

    def at_most(self, segment: Segment) -> int:
        return sum(part.at_most(segment) for part in self.parts) // self.count

    def condition(self, alike: Alike) -> Condition:
        return query.several(self.count, [part.condition(alike) for part in self.parts])


@dataclass(frozen=True, slots=True)
class _Close:
    """The documents with a term at most one edit from a word; `sign` stands before the term."""

    word: str
    sign: str

    def documents(self, segment: Segment) -> set[int]:
        found: set[int] = set()
        for term in segment.terms_close(self.word, self.sign):
            found.update(segment.documents(term))
        return found

    def at_most(self, segment: Segment) -> int:
        return segment.size

    def condition(self, alike: Alike) -> Condition:
        return alike(self.word, self.sign)


EVERYTHING: Plan = _Everything()


def having(key: bytes) -> Plan:
    """The documents with a key."""
    return _Term(key)


def beginning(prefix: bytes) -> Plan:
    """The documents with any key that begins so."""
    return _Prefix(prefix)


def close_to(word: str, sign: str) -> Plan:
    """The documents with a key that is `sign` and then a word at most one edit from `word`."""
    return _Close(word, sign)


def all_of(parts: Iterable[Plan]) -> Plan:
    """The documents that all parts find."""
    narrow = tuple(part for part in parts if part is not EVERYTHING)
    return _All(narrow) if narrow else EVERYTHING


def any_of(parts: Iterable[Plan]) -> Plan:
    """The documents that at least one part finds."""
    wide = tuple(parts)
    if len(wide) == 1:
        return wide[0]
    return EVERYTHING if EVERYTHING in wide else _Any(wide)


def several(count: int, parts: Sequence[Plan]) -> Plan:
    """At least so many of the parts; those that may be anything are taken to be there."""
    narrow = tuple(part for part in parts if part is not EVERYTHING)
    count -= len(parts) - len(narrow)
    if count <= 0:
        return EVERYTHING
    return any_of(narrow) if count == 1 else _Several(count, narrow)
