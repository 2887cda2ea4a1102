"""From the rule language to X's queries: what a rule finds on X, its query finds there too.

What X cannot say is left out of the query, which so finds more; the rule itself then decides about
what came. A part is negated only where X leaves out nothing that the rule would not leave out too:
X also finds words in links and handles, so excluded words are not. (`rules/importing/x.py` goes the
other way.)
"""

import re
from collections.abc import Iterable
from itertools import combinations
from math import comb

from rules.evaluator import Reading
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
    Not,
    Or,
    Phrase,
    Word,
)
from rules.metadata import fold_domain, fold_handle
from rules.text import fold_tag, fold_words
from watcher.backends.x.query import Anything, Languages, Nothing, Term, Tree, all_of, any_of

_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
_TAG = re.compile(r"(?![0-9_]+$)\w+")
_CASHTAG = re.compile(r"[a-z]{1,6}")
_OPERATORS = frozenset({"or", "and", "not"})
_MOST_COMBINATIONS = 10

_ANYTHING, _NOTHING = Anything(), Nothing()
_KINDS = {
    "reply": Term("is:reply", alone=False),
    "quote": Term("is:quote", alone=False),
    # To us a repost is also what begins with the RT of old.
    "repost": any_of([Term("is:retweet", alone=False), Term("RT")]),
}
_NO_KINDS = {
    kind: Term(f"-is:{name}", alone=False, negated=True)
    for kind, name in (("reply", "reply"), ("quote", "quote"), ("repost", "retweet"))
}
_CARRIED = {"link": Term("has:links", alone=False), "media": Term("has:media", alone=False)}


class Translation:
    """Translates the trees of one rule, expanded; `reading` is how its leaves are read."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def of(self, node: Node) -> Tree:
        """Return a query that finds every post of X that the node finds, and maybe others."""
        match node:
            case And(parts=parts):
                return all_of(self.of(part) for part in parts)
            case Or(parts=parts):
                return any_of(self.of(part) for part in parts)
            case Near(left=left, right=right):
                return all_of([self.of(left), self.of(right)])
            case AtLeast(count=count, parts=parts):
                return _some_of(count, [self.of(part) for part in parts])
            case Not(part=part):
                return self._without(part)
            case Word(text=text) | Phrase(text=text) | Exact(text=text):
                return _said(text)
            case Hashtag(text=text):
                tags = dict.fromkeys((text, fold_tag(text)[1:]))
                return any_of(Term(f"#{t}") if _TAG.fullmatch(t) else _ANYTHING for t in tags)
            case Mention(text=text):
                return _mentioned(text)
            case Cashtag(text=text):
                return _said(text)
            case Field():
                return self._field(node)
            case _:
                return _ANYTHING

    def _without(self, node: Node) -> Tree:
        """Return a query that finds every post that the node does not find."""
        match node:
            case Not(part=part):
                return self.of(part)
            case Or(parts=parts):
                return all_of(self._without(part) for part in parts)
            case And(parts=parts):
                return any_of(self._without(part) for part in parts)
            case Hashtag(text=text) if self._reading.fold_accents:
                plain = text.isascii() and _TAG.fullmatch(text)
                return _negated(f"#{text}") if plain else _ANYTHING
            case Field(name="from", value=value):
                handle = _handle(value)
                return _negated(f"from:{handle}") if handle else _ANYTHING
            case Field(name="lang", value=code) if code.isascii() and code.isalpha():
                return _negated(f"lang:{code.lower()}") if code.lower() in _SURE else _ANYTHING
            case Field(name="network", value=value):
                return _NOTHING if value.lower() == "x" else _ANYTHING
            case Field(name="is", value="original"):
                return any_of(_KINDS.values())
            case Field(name="is", value=kind):
                return _NO_KINDS.get(kind, _ANYTHING)
            case _:
                return _ANYTHING

    def _field(self, field: Field) -> Tree:
        value = field.value
        match field.name:
            case "from" | "to":
                handle = _handle(value)
                return Term(f"{field.name}:{handle}") if handle else _NOTHING
            case "mentions":
                return _ANYTHING if ":" in value else self.of(Mention(text=fold_handle(value)))
            case "domain":
                return _domain(value)
            case "lang":
                code = value.lower().partition("-")[0]
                return Languages(frozenset({code}))
            case "network":
                return _ANYTHING if value.lower() == "x" else _NOTHING
            case "is" if value == "original":
                return all_of(_NO_KINDS.values())
            case "is" if value == "own":
                return self._own()
            case "is":
                return _KINDS.get(value, _ANYTHING)
            case "has":
                return _CARRIED.get(value, _ANYTHING)
            case _:
                return _ANYTHING

    def _own(self) -> Tree:
        accounts = (term.removeprefix("author:") for term in sorted(self._reading.own))
        return any_of(Term(f"from:{h}") for account in accounts if (h := _handle(account)))


_SURE = frozenset(("en", "ja", "es", "pt", "ar", "tr", "fr", "ko", "th", "de", "ru", "it", "nl"))
"""Codes that X's search is known to take."""


def _negated(text: str) -> Term:
    return Term(f"-{text}", alone=False, negated=True)


def _handle(value: str) -> str:
    """Return the handle on X that `acme`, `@acme` or `x:acme` names; empty for other networks'."""
    network, colon, name = fold_handle(value).rpartition(":")
    if colon and network != "x":
        return ""
    name = fold_handle(name)
    return name if _HANDLE.fullmatch(name) else ""


def _said(text: str) -> Tree:
    """A word or phrase, with and without its accents, and written as a hashtag or cashtag."""
    forms = [fold_words(text, accents=True), fold_words(text)]
    joined = ["".join(words) for words in forms]
    found = [_phrase(words) for words in forms]
    found += [Term(f"#{tag}") for tag in joined if _TAG.fullmatch(tag)]
    return any_of([*found, *(Term(f"${tag}") for tag in joined if _CASHTAG.fullmatch(tag))])


def _phrase(words: tuple[str, ...]) -> Tree:
    if not words:
        return _ANYTHING
    plain = len(words) == 1 and words[0].isalnum() and words[0] not in _OPERATORS
    return Term(words[0] if plain else '"' + " ".join(words).replace('"', " ") + '"')


def _mentioned(handle: str) -> Tree:
    """An account, also where the text names one of another network: `@acme@town.example`."""
    if _HANDLE.fullmatch(handle):
        return Term(f"@{handle}")
    short = handle.partition("@")[0]
    mention = [Term(f"@{short}")] if _HANDLE.fullmatch(short) else []
    return any_of([*mention, _phrase(fold_words(handle))])


def _domain(value: str) -> Tree:
    """A link to a domain, or its name written so that it is no link: `acme[.]com`."""
    host = fold_domain(value)
    if "." not in host:
        return _ANYTHING
    shown = value.strip().lower()
    shown = host if re.search(r"[^\w.-]", shown) else shown
    written = dict.fromkeys((host, shown))
    labels = [_phrase(fold_words(label)) for label in shown.split(".")[:-1]]
    links = [Term(f'url:"{name}"') for name in written]
    return any_of([*links, all_of(labels)])


def _some_of(count: int, parts: list[Tree]) -> Tree:
    """At least so many: any such choice; where these are too many, one of those that must be in."""
    if comb(len(parts), count) <= _MOST_COMBINATIONS:
        return any_of(all_of(some) for some in combinations(parts, count))
    sayable: list[Tree] = [part for part in parts if not isinstance(part, Anything)]
    needed = len(parts) - count + 1  # of so many, at least one is among those found
    return any_of(_first(sayable, needed))


def _first(parts: list[Tree], needed: int) -> Iterable[Tree]:
    return parts[:needed] if len(parts) >= needed else [_ANYTHING]
