"""Which brands a rule cannot match without: only what it finds for their names may be left out."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from rules.keyword import KeywordRule
from rules.language.tree import (
    And,
    AtLeast,
    BrandName,
    Cashtag,
    Exact,
    Field,
    Hashtag,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Range,
    Word,
)
from rules.model import Brand, Definitions
from rules.signals.relevance.reading import folded

_MOST = 32
"""Sets of names kept of one expression: what is beyond would only leave out less."""

Needs = tuple[frozenset[str], ...]
"""Sets of names of brands; of each set a post names at least one, or the rule does not match."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """What a rule has to do with brands."""

    needs: Needs = ()
    alone: bool = False
    """Whether it asks for no words but the names of brands: what it finds wrongly is not about
    them, whereas what `brand:Orange panne` finds wrongly may be."""

    @property
    def only(self) -> str | None:
        """The brand that it is about, where it is about exactly one."""
        brands = frozenset[str]().union(*self.needs)
        return next(iter(brands)) if len(brands) == 1 else None

    def left_out(self, named: frozenset[str], irrelevant: frozenset[str]) -> str | None:
        """Return the brand for whose sake a post that the rule found is not told; None: tell it.

        `named` are the brands that the post names, `irrelevant` those of them that it is not about.
        It is left out if none that the rule could have found it for is left.
        """
        for need in self.needs:
            found = need & named
            if found and found <= irrelevant:
                return min(found)
        return None


NOBODY = Named()


def named_by(rule: KeywordRule, definitions: Definitions) -> Named:
    """Return what a rule has to do with brands; one that cannot be read has nothing to do."""
    if not rule.readable:
        return NOBODY
    spellings = {
        folded("".join(name.split())): brand.name
        for brand in definitions.brands
        for name in _names(brand)
    }
    return Named(needs=_needs(rule.tree, spellings), alone=_alone(rule.tree, spellings))


def _names(brand: Brand) -> tuple[str, ...]:
    return (brand.name, *brand.spellings)


def _needs(node: Node, spellings: dict[str, str]) -> Needs:
    match node:
        case And(parts=parts):
            return _distinct(one for part in parts for one in _needs(part, spellings))
        case Near(left=left, right=right):
            return _distinct((*_needs(left, spellings), *_needs(right, spellings)))
        case AtLeast(count=count, parts=parts) if count == len(parts):
            return _distinct(one for part in parts for one in _needs(part, spellings))
        case Or(parts=parts) | AtLeast(parts=parts):
            every = [_needs(part, spellings) for part in parts]
            some = product(*every)  # nothing where one part needs no brand
            return _distinct(
                frozenset[str]().union(*one) for one, _ in zip(some, range(_MOST), strict=False)
            )
        case _:
            name = _brand_of(node, spellings)
            return () if name is None else (frozenset([name]),)


def _distinct(sets: Iterable[frozenset[str]]) -> Needs:
    return tuple(dict.fromkeys(sets))[:_MOST]


def _brand_of(node: Node, spellings: dict[str, str]) -> str | None:
    match node:
        case BrandName(name=name):
            return spellings.get(folded("".join(name.split())), name)
        case Word() | Phrase() | Exact() | Hashtag() | Cashtag():
            return spellings.get(folded("".join(node.text.split())))
        case _:
            return None


def _alone(node: Node, spellings: dict[str, str]) -> bool:
    """Whether an expression asks for brands, and beside them only for facts or for no words."""
    match node:
        case And(parts=parts):
            return all(_alone(part, spellings) or _is_fact(part) for part in parts)
        case Or(parts=parts):
            return all(_alone(part, spellings) for part in parts)
        case _:
            return _brand_of(node, spellings) is not None


def _is_fact(node: Node) -> bool:
    return isinstance(node, Not | Range) or (
        isinstance(node, Field) and node.name in {"lang", "network", "source", "is", "has"}
    )
