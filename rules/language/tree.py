"""The expression tree: what a `find` expression means, once it has been understood.

Made by `rules.language.parser`, executed by `rules.matcher` (live) and `watcher.search` (index).
Leaves keep the text as it was written; `rules.text` says what it is compared with. `at` is the
(start, end) of the node in the expression; it does not take part in equality.

`BrandName` and `ListName` stand for what the configuration defines elsewhere. Whatever executes a
tree gets it from `rules.language.expand`, which has put the definitions in their place.
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
    """A word, phrase or emoji exactly so, its case and accents: `=Orange`, `="Total SA"`."""

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Fuzzy:
    """A word with at most one letter added, left out, changed, or swapped with its neighbour.

    At least 6 letters: `renault~1`.
    """

    text: str
    at: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Regex:
    """A regular expression in RE2's syntax over the text as written, capitals alike: `/re/`."""

    pattern: str
    at: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Emoji:
    """An emoji of whatever skin: `👍` finds `👍🏽`."""

    text: str
    at: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cashtag:
    """`$CASH`; `text` is without the sign."""

    text: str
    at: Span = field(default=(0, 0), compare=False)


FieldName = Literal[
    "from",
    "to",
    "mentions",
    "bio",
    "domain",
    "url",
    "lang",
    "network",
    "source",
    "is",
    "has",
    "sentiment",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """`name:value` about the post rather than its words."""

    name: FieldName
    value: str
    at: Span = field(default=(0, 0), compare=False)


RangeName = Literal["followers", "likes", "reposts", "age"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """`name:low..high`, both included, either may be missing; what is unknown is in no range.

    `age` is that of the author's account when the post was written, in seconds.
    """

    name: RangeName
    low: int | None = None
    high: int | None = None
    at: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class BrandName:
    """`brand:"Renault"`: any spelling of a configured brand, its handles and hashtags."""

    name: str
    at: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class ListName:
    """`@list(press)`: any item of a shared list; `from:@list(press)`: as the value of a field."""

    name: str
    within: Literal["", "from", "to", "mentions"] = ""
    at: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Near:
    """`left NEAR/5 right`: with at most so many words from the one to the other, none shared.

    Neighbours are 1 apart. `ordered` (`ONEAR`): `left` comes first. Both sides are `Placed`.
    """

    left: "Node"
    right: "Node"
    distance: int
    ordered: bool = False
    at: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class AtLeast:
    """`2 OF (a, b, c)`: so many of the parts; 1 <= count <= number of parts."""

    count: int
    parts: tuple["Node", ...]
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


Placed = Word | Phrase | Prefix | Exact | Fuzzy | Hashtag | Mention | Emoji | Cashtag
"""Leaves that stand at places among the words; so do an `Or` or `Near` of such, and they alone."""
Leaf = Placed | Regex | Field | Range
Reference = BrandName | ListName
Node = Leaf | Reference | Near | AtLeast | And | Or | Not
