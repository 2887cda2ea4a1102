"""Queries in X's search syntax, as trees: joined, measured and written out.

After X's page "Build a query": a space is AND and binds before OR, `-` negates one operator and no
group, what is negated cannot stand alone, and some operators need one beside them that can.
"""

from collections.abc import Iterable
from dataclasses import dataclass

LIMIT = 512
"""Characters of a query of recent search, for all plans but the largest."""
LANGUAGES = ("en", "ja", "es", "pt", "ar", "tr", "fr", "ko", "th", "de", "ru", "hi", "it", "nl")
"""The languages most written in there; by X's codes, which are ours for these."""


@dataclass(frozen=True, slots=True)
class Term:
    """One operator, as it is written."""

    text: str
    alone: bool = True
    """Whether it can be asked for without another one beside it."""
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Languages:
    """Posts in one of these languages, or in none that X could tell.

    Where X does not know the language, we look for it ourselves: so it is the other languages that
    are left out.
    """

    codes: frozenset[str]

    @property
    def others(self) -> tuple[str, ...]:
        """Those that are left out."""
        return tuple(code for code in LANGUAGES if code not in self.codes)


@dataclass(frozen=True, slots=True)
class All:
    """All of them; two at least, none of which is an `All`."""

    parts: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """One of them; two at least, none of which is an `Any`, and none negated."""

    parts: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Anything:
    """Every post: what X has no words for."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No post of X."""


Tree = Term | Languages | All | Any | Anything | Nothing


def all_of(parts: Iterable[Tree]) -> Tree:
    """Join with AND."""
    whole: dict[Tree, None] = {}
    for part in parts:
        if isinstance(part, Nothing):
            return part
        if not isinstance(part, Anything):
            whole |= dict.fromkeys(part.parts if isinstance(part, All) else (part,))
    languages = [part for part in whole if isinstance(part, Languages)]
    if len(languages) > 1:
        for part in languages:
            del whole[part]
        whole[Languages(frozenset.intersection(*(part.codes for part in languages)))] = None
    if len(whole) < 2:
        return next(iter(whole), Anything())
    return All(tuple(whole))


def any_of(parts: Iterable[Tree]) -> Tree:
    """Join with OR; what would be negated by itself makes it `Anything`."""
    whole: dict[Tree, None] = {}
    for part in parts:
        if isinstance(part, Anything) or _excludes(part):
            return Anything()
        if not isinstance(part, Nothing):
            whole |= dict.fromkeys(part.parts if isinstance(part, Any) else (part,))
    languages = [part for part in whole if isinstance(part, Languages)]
    if languages and len(languages) == len(whole):
        return Languages(frozenset.union(*(part.codes for part in languages)))
    if languages:
        return Anything()
    if len(whole) < 2:
        return next(iter(whole), Nothing())
    return Any(tuple(whole))


def _excludes(tree: Tree) -> bool:
    """Whether a tree says only what is left out, which X takes beside other conditions alone."""
    if isinstance(tree, All):
        return all(map(_excludes, tree.parts))
    return isinstance(tree, Term) and tree.negated


def anchored(tree: Tree) -> bool:
    """Whether X takes it as a query: whatever it finds has something that can stand alone."""
    if isinstance(tree, Term):
        return tree.alone and not tree.negated
    if isinstance(tree, All):
        return any(anchored(part) for part in tree.parts)
    return isinstance(tree, Any) and all(anchored(part) for part in tree.parts)


def written(tree: Tree) -> str:
    """Return a query as X takes it."""
    match tree:
        case Term(text=text):
            return text
        case Languages():
            return " ".join(f"-lang:{code}" for code in tree.others)
        case All(parts=parts):
            texts = (f"({written(one)})" if isinstance(one, Any) else written(one) for one in parts)
            return " ".join(text for text in texts if text)
        case Any(parts=parts):
            return " OR ".join(
                f"({written(one)})" if isinstance(one, All) else written(one) for one in parts
            )
        case _:
            return ""


def length(text: str) -> int:
    """Return how long X takes a query to be, at most: signs beyond 16 bits count as two."""
    return len(text) + sum(character > "\uffff" for character in text)
