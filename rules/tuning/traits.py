"""A post taken apart into expressions that it fits: words, pairs of words, accounts, domains."""

from functools import lru_cache

from rules.frequencies import Frequencies
from rules.language.tree import Field, Hashtag, Mention, Phrase, Word
from rules.text import Analysis

SHORTEST = 3
"""Letters of a word that is a trait."""
COMMON = 0.009
"""The share of posts with a word, in any language, from which it says nothing of their subject."""
MOST_TRAITS = 400
"""Of one post."""

SHORTENERS = frozenset(
    "t.co bit.ly tinyurl.com ow.ly fb.me goo.gl is.gd dlvr.it j.mp buff.ly amzn.to".split()  # noqa: SIM905
)
"""Domains that say nothing of what lies behind them."""

Trait = Word | Phrase | Hashtag | Mention | Field


def traits(analysis: Analysis, own: frozenset[str]) -> set[Trait]:
    """Take a post apart; words of `own` are traits only together with a neighbour that is none."""
    found: set[Trait] = set()
    words: dict[int, str] = {}
    for token in analysis.tokens:
        term = token.term
        if len(found) >= MOST_TRAITS:
            break
        if term.startswith("#"):
            if term not in own:
                found.add(Hashtag(text=term[1:]))
        elif term.startswith("@"):
            if not term.startswith("@/") and term not in own:
                found.add(Mention(text=term[1:]))
        elif term.isalnum():
            words.setdefault(token.position, term)
            if term not in own and len(term) >= SHORTEST and not _says_nothing(term):
                found.add(Word(text=term))
    for position, word in words.items():
        after = words.get(position + 1)
        said = after and not (_says_nothing(word) and _says_nothing(after))
        if said and not {word, after} <= own and len(found) < MOST_TRAITS:
            found.add(Phrase(text=f"{word} {after}"))
    found |= {trait for term in analysis.metadata - own if (trait := _of_metadata(term))}
    return found


def _says_nothing(term: str) -> bool:
    return term.isdigit() or common(term)


@lru_cache(maxsize=65_536)
def common(term: str) -> bool:
    """Whether posts about anything have a word."""
    table = Frequencies.shipped()
    return table.share(term, table.languages) > COMMON


def _of_metadata(term: str) -> Trait | None:
    name, _, value = term.partition(":")
    if name in ("from", "lang", "domain") and ":" not in value and value not in SHORTENERS:
        return Field(name=name, value=value)  # type: ignore[arg-type]
    if term in ("is:repost", "is:bot"):
        return Field(name=name, value=value)  # type: ignore[arg-type]
    return None


def simplicity(trait: Trait) -> int:
    """Of traits equally good, the one that is understood best."""
    return {Word: 3, Hashtag: 2, Mention: 2, Phrase: 1, Field: 0}[type(trait)]
