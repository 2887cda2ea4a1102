"""Which rules may match a post, judged by a few terms that each rule needs.

The idea is Luwak's (today Lucene Monitor's) presearcher: a rule is filed under keys of which every
matching post has at least one, the rarest such set of them, and looked at only when a post has one.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from rules.evaluator import Reading, field_term
from rules.frequencies import WORDS_OF_A_POST, Frequencies
from rules.language.tree import (
    And,
    AtLeast,
    Exact,
    Field,
    Fuzzy,
    Hashtag,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Word,
)
from rules.matching.decide import PLACES, plain_term
from rules.text import HANDLE_PART, fold_tag, fold_words

SAID, STEMS, NEAR = "said", "stems", "near"
"""Where keys are looked for: in what a post says, in the first letters of its words, and among
those that are one edit away. Other keys are found in the attribute of `Analysis` of that name."""

_LETTERS = 12
"""Prefixes are filed under so many of their first letters; shorter ones under what they have."""
_ANY_LANGUAGE = "lang:"
"""The key of posts that state no language: they may read like any."""

_SHARES = {"lang": 0.4, "network": 0.9, "source": 0.5, "is": 0.4, "has": 0.4, "domain": 3e-4}
"""What share of posts is guessed to have a term of the field."""
_SHARE_OF_NAMED = 1e-4
"""The same for an author, a mention, a hashtag."""

Share = Callable[[str], float]


class Key(NamedTuple):
    """A term and where it is looked for."""

    place: str
    term: str


class Filing(NamedTuple):
    """How a rule is filed."""

    keys: frozenset[Key] | None
    """A matching post has at least one of them; None where nothing is certain."""
    rest: Node | None
    """What is left to ask of a post that has one of them; None where it is certain to match."""


def shipped_shares(languages: Iterable[str]) -> Share:
    """What share of posts say a word, by the table that ships, in languages or in all it knows."""
    frequencies = Frequencies.shipped()
    known = tuple(frequencies.languages.intersection(languages) or frequencies.languages)
    return lambda word: WORDS_OF_A_POST * frequencies.frequency(word, known)


def filing(node: Node, reading: Reading, share: Share) -> Filing:
    """The keys of a rule: the set of them that the fewest posts have."""
    term = plain_term(node, reading)
    if term is not None:
        return Filing(frozenset((Key(SAID, term),)), rest=None)
    match node:
        case Not():
            return Filing(None, rest=node)
        case And(parts=parts):
            return _rarest(node, parts, [filing(part, reading, share) for part in parts], share)
        case Near(left=left, right=right):
            parts = (left, right)
            found = _rarest(node, parts, [filing(part, reading, share) for part in parts], share)
            return Filing(found.keys, rest=node)
        case Or(parts=parts):
            return _together(node, [filing(part, reading, share) for part in parts])
        case AtLeast(count=count, parts=parts):
            filings = [filing(part, reading, share) for part in parts]
            filings.sort(key=lambda one: _weight(one.keys, share))
            # Of `n OF m` at least one of any m - n + 1 matches: the rarest of them.
            found = _together(node, filings[: len(parts) - count + 1])
            return found if count == 1 else Filing(found.keys, rest=node)
        case Field():
            return _of_field(node, reading)
        case _:
            return _of_leaf(node, reading, share)


def _rarest(node: Node, parts: Sequence[Node], filings: list[Filing], share: Share) -> Filing:
    """The filing of what fewest posts have, of parts that a matching post has all."""
    known = [at for at, one in enumerate(filings) if one.keys is not None]
    if not known:
        return Filing(None, rest=node)
    rarest = min(known, key=lambda at: _weight(filings[at].keys, share))
    keys, rest = filings[rarest]
    left = [*parts[:rarest], *([] if rest is None else [rest]), *parts[rarest + 1 :]]
    if len(left) > 1:
        return Filing(keys, rest=And(parts=tuple(left)))
    return Filing(keys, rest=left[0] if left else None)


def _together(node: Node, filings: list[Filing]) -> Filing:
    """The filing of parts of which a matching post has any."""
    if any(one.keys is None for one in filings):
        return Filing(None, rest=node)
    keys = frozenset().union(*(one.keys for one in filings if one.keys is not None))
    return Filing(keys, rest=None if all(one.rest is None for one in filings) else node)


def _weight(keys: frozenset[Key] | None, share: Share) -> float:
    """A guess of the share of posts that have one of the keys."""
    if keys is None:
        return 2.0
    total = 0.0
    for place, term in keys:
        if place == SAID and term[0] not in "#@$":
            total += share(term)
        elif place == STEMS:
            total += 0.02 * 0.3 ** (len(term) - 3)
        else:
            total += _SHARES.get(term.partition(":")[0], _SHARE_OF_NAMED)
    return total


def _of_field(field: Field, reading: Reading) -> Filing:
    place = PLACES.get(field.name)
    if place is None:
        return Filing(None, rest=field)
    term = field_term(field)
    if term == "is:own":
        return Filing(frozenset(Key("authors", own) for own in reading.own), rest=None)
    if field.name == "lang":
        return Filing(frozenset((Key(place, term), Key(place, _ANY_LANGUAGE))), rest=field)
    return Filing(frozenset((Key(place, term),)), rest=None)


def _of_leaf(leaf: Node, reading: Reading, share: Share) -> Filing:
    if isinstance(leaf, Hashtag):
        words: tuple[str, ...] = (fold_tag(leaf.text),)
    elif isinstance(leaf, Word | Phrase | Exact | Prefix | Fuzzy):
        words = fold_words(leaf.text)
    else:
        return Filing(None, rest=leaf)
    if reading.confusables and not isinstance(leaf, Exact):
        return Filing(None, rest=leaf)
    if not words:
        return Filing(frozenset(), rest=None)  # there is no such word
    if isinstance(leaf, Prefix | Fuzzy):
        if len(words) == 1:
            return _of_part(leaf, words[0], reading)
        words = words[:-1] if isinstance(leaf, Prefix) else ()
    if not words:
        return Filing(None, rest=leaf)
    keys = {Key(SAID, min(words, key=share))}
    if reading.handles:
        keys.add(Key("handle_parts", HANDLE_PART + min(words, key=share)))
    return Filing(frozenset(keys), rest=leaf)


def _of_part(leaf: Prefix | Fuzzy, word: str, reading: Reading) -> Filing:
    if isinstance(leaf, Fuzzy):
        if not reading.fold_accents:
            return Filing(None, rest=leaf)
        keys, sure = {Key(NEAR, word)}, True
    else:
        keys, sure = {Key(STEMS, word[:_LETTERS])}, len(word) <= _LETTERS and reading.fold_accents
    if reading.handles:
        keys.add(Key("carried", "has:mention"))
    return Filing(frozenset(keys), rest=None if sure and not reading.handles else leaf)
