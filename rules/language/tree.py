"""The expression tree: what a `find` expression means, once it has been understood.

Made by `rules.language.parser`, executed by `rules.matcher` (live) and `watcher.search` (index).
Leaves keep the text as it was written; `rules.text` says what it is compared with. `at` is the
(start, end) of the node in the expression; it does not take part in equality.
"""

from dataclasses import dataclass, field
from typing import Literal

Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """One word, compared after folding case and accents: `renault`."""

    text: str
    at: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrase:
    """Words in this order, next to each other: `"la losange"`."""

    text: str
    at: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Prefix:
    """Words that begin so, at least 3 letters: `renau*`."""

    text: str
    at: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Exact:
    """A word or phrase whose case and accents count: `=Orange`, `="Total SA"`."""

    text: str
    phrase: bool = False
    at: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hashtag:
    """`#tag`; `text` is without the sign."""

    text: str
    at: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """`@user` in the text or among the accounts mentioned; `text` is without the sign."""

    text: str
    at: Span = field(default=(0, 0), compare=False)


FieldName = Literal["from", "to", "lang", "network", "source", "is", "has", "domain"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """`name:value` about the post rather than its words."""

    name: FieldName
    value: str
    at: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class And:
    """All of them."""

    parts: tuple["Node", ...]
    at: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Or:
    """At least one of them."""

    parts: tuple["Node", ...]
    at: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Not:
    """Not this."""

    part: "Node"
    at: Span = field(default=(0, 0), compare=False)


Leaf = Word | Phrase | Prefix | Exact | Hashtag | Mention | Field
Node = Leaf | And | Or | Not
