"""What a rule needs: things that networks can be asked for, of which every matching post has one.

The idea is the presearcher's (`rules.matching.presearch`): of a conjunction one part is enough, of
alternatives all are needed, and what is excluded helps nothing. There the rarest terms are chosen,
here the fewest questions.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

from rules.characters import fold_case
from rules.language.tree import (
    And,
    AtLeast,
    Cashtag,
    Exact,
    Field,
    Hashtag,
    Mention,
    Near,
    Node,
    Or,
    Phrase,
    Word,
)
from rules.metadata import handle_forms
from rules.text import fold_tag, fold_words

_MOST = 20
"""Ways to ask for a rule that are compared; more are possible where many parts are joined."""
_MOST_ASKS = 200
"""Things to ask for, beyond which a rule is better fed by all that there is."""


@dataclass(frozen=True, order=True, slots=True)
class Ask:
    """One thing to ask a network for."""

    kind: Literal["words", "tag", "account"]
    text: str
    """As it is compared: words folded, with one blank between them; the tag without its sign; the
    handle, maybe with `network:` before it."""
    said: str = field(compare=False)
    """As the rule has it: `Café`."""

    @property
    def written(self) -> str:
        """As a rule would say it: `acme`, `"grand cru"`, `#acme`, `from:acme`."""
        if self.kind == "tag":
            return f"#{self.said}"
        if self.kind == "account":
            return f"from:{self.said}"
        return f'"{self.said}"' if " " in self.text else self.said

    def covers(self, other: "Ask") -> bool:
        """Whether each post that has `other` has this too: `cru` is in `"grand cru"`."""
        if self.kind != "words" or other.kind != "words":
            return self == other
        return f" {self.text} " in f" {other.text} "


Way = frozenset[Ask]
"""Asks of which each matching post has at least one."""


def ways(node: Node) -> tuple[Way, ...]:
    """Return the ways to ask for all that a tree finds, those with few questions first.

    Empty where no network can be asked: what is only excluded, nearly right, or begun. The tree has
    no references.
    """
    found = _ways(node)
    return tuple(sorted(found, key=lambda way: (len(way), sorted(way))))


def _ways(node: Node) -> tuple[Way, ...]:
    match node:
        case And(parts=parts):
            return _best(way for part in parts for way in _ways(part))
        case Or(parts=parts):
            return _all_of(parts)
        case AtLeast(count=count, parts=parts):
            # Who has `count` of them misses fewer than all of any `n - count + 1`.
            askable = sorted((some for part in parts if (some := _ways(part))), key=_cheapest)
            needed = len(parts) - count + 1
            return _joined(askable[:needed]) if len(askable) >= needed else ()
        case Near(left=left, right=right):
            return _best((*_ways(left), *_ways(right)))
    ask = _ask(node)
    return (frozenset({ask}),) if ask else ()


def _all_of(parts: Iterable[Node]) -> tuple[Way, ...]:
    each = [_ways(part) for part in parts]
    return _joined(each) if each and all(each) else ()


def _joined(each: list[tuple[Way, ...]]) -> tuple[Way, ...]:
    """Ways that take one of each: all such where they are few, else the cheapest of each."""
    combinations = 1
    for some in each:
        combinations *= len(some)
    if combinations > _MOST:
        each = [some[:1] for some in each]
    return _best(reduced(way for some in chosen for way in some) for chosen in product(*each))


def _best(found: Iterable[Way]) -> tuple[Way, ...]:
    few = (way for way in found if len(way) <= _MOST_ASKS)
    return tuple(sorted(dict.fromkeys(few), key=len)[:_MOST])


def _cheapest(some: tuple[Way, ...]) -> int:
    return len(some[0])


def reduced(asks: Iterable[Ask]) -> Way:
    """Return the asks without those that others cover."""
    every = frozenset(asks)
    return frozenset(
        ask for ask in every if not any(other != ask and other.covers(ask) for other in every)
    )


def _ask(leaf: Node) -> Ask | None:
    match leaf:
        case Word(text=text) | Phrase(text=text) | Exact(text=text) | Cashtag(text=text):
            return _words(text)
        case Mention(text=text) | Field(name="mentions", value=text):
            return _words(handle_forms(text.rpartition(":")[2])[-1])
        case Hashtag(text=text):
            return Ask("tag", fold_tag(text).removeprefix("#"), text)
        case Field(name="from", value=value):
            handle = value.lstrip("@")
            return Ask("account", fold_case(handle), handle)
    return None


def _words(text: str) -> Ask | None:
    words = " ".join(fold_words(text))
    said = " ".join(text.replace('"', " ").split())
    return Ask("words", words, said) if any(char.isalnum() for char in words) else None
