"""The one analysis of text: what counts as a word, where it stands, and what it is compared with.

Live matching and the search index both read posts through `analyse`, and the words of a rule pass
through `fold_words`, so that the same rule means the same thing everywhere.

Tokens are cut from the original text and folded one by one: their offsets need no mapping back,
however much NFKC changes their length. All terms live in one namespace:

    renault             a word; so are a hashtag without its sign and its CamelCase parts
    #mamarque           a hashtag
    @acme, @acme@a.org  an account mentioned, by its short and its full handle
    @/acme              a part of a mentioned handle, for rules that look into handles
    from:acme, lang:fr  metadata: what the post is rather than what it says (`Analysis.metadata`)
"""

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from rules.characters import fold_accents, fold_case, parts, scanner
from rules.metadata import fold_handle, handle_forms, metadata_terms
from rules.model import Post

HANDLE_PART = "@/"
"""What stands before a part of a mentioned handle, to keep it apart from the words of the text."""

_LINK, _HANDLE, _TAG = 1, 2, 3

_BESIDE = 10
"""Positions between the text and what the network states beside it: no phrase spans both."""


class Token(NamedTuple):
    """One term at one place."""

    term: str
    """What it is compared with: NFKC, case and accents folded."""
    position: int
    """Counts words: neighbours in a phrase differ by one. Several terms may share a position."""
    start: int
    end: int
    """Offsets into the post's text; both are its length for what is stated beside the text."""
    kept: str
    """The term with its accents."""


class Analysis:
    """A post as terms: `tokens` with their places, `metadata` without, `terms` for all of them."""

    def __init__(self, post: Post) -> None:
        self.post = post
        reading = _Reading(post)
        self.tokens: tuple[Token, ...] = tuple(reading.tokens)
        self.metadata: frozenset[str] = frozenset(
            metadata_terms(
                post,
                (*post.links, *reading.links),
                tagged=bool(reading.tags),
                mentioning=bool(reading.mentions),
                asking=reading.asking,
            )
        )
        """`from:acme`, `lang:fr`, `is:reply`, ...: everything a field of a rule can ask for."""
        self.terms: frozenset[str] = self.metadata.union([token[0] for token in reading.tokens])

    @cached_property
    def places(self) -> dict[str, list[Token]]:
        """The tokens by term, in the order of the text."""
        places: dict[str, list[Token]] = {}
        for token in self.tokens:
            places.setdefault(token.term, []).append(token)
        return places

    @cached_property
    def at(self) -> dict[tuple[str, int], Token]:
        """The tokens by term and position."""
        return {(token.term, token.position): token for token in self.tokens}


def analyse(post: Post) -> Analysis:
    """Everything that rules and the index look at in a post; linear in its length, never raises."""
    return Analysis(post)


def fold(word: str) -> str:
    """The term that one word is compared with; what is several words comes joined by spaces.

    `fold("Été") == "ete"`, `fold("l'Orange") == "l orange"`, `fold("…") == ""`.
    """
    return " ".join(fold_words(word))


def fold_words(text: str, *, accents: bool = False) -> tuple[str, ...]:
    """The terms of a word or phrase of a rule, at consecutive positions; `accents` keeps accents.

    Only letters and digits count here: `#`, `@` and the look of a link mean nothing.
    """
    kept = (fold_case(match[0]) for match in scanner(text).words.finditer(text))
    return tuple(kept) if accents else tuple(map(fold_accents, kept))


def fold_tag(tag: str, *, accents: bool = False) -> str:
    """The term of a hashtag given with or without its sign: `#mamarque` for `MaMarque`."""
    kept = fold_case(tag.lstrip("#\uff03"))
    return "#" + (kept if accents else fold_accents(kept))


class _Reading:
    """One pass over a post; what it found is in its attributes."""

    def __init__(self, post: Post) -> None:
        self.tokens: list[Token] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.mentions: set[str] = set()
        self.position = 0
        self._read(post.text)
        self._add_what_stands_beside(post)
        self.asking = _asks(post.text, self.links)

    def _read(self, text: str) -> None:
        add = self.tokens.append
        lowered = text.lower() if text.isascii() else ""
        for match in scanner(text).pieces.finditer(text):
            kind = match.lastindex
            start, end = match.span()
            if kind is None:
                if lowered:
                    term = kept = lowered[start:end]
                else:
                    kept = fold_case(match[0])
                    term = fold_accents(kept)
                add(Token(term, self.position, start, end, kept))
                self.position += 1
            elif kind == _LINK:
                self.links.append(match[0])
                self.position += 1
            elif kind == _HANDLE:
                self._add_mention(match[_HANDLE], start, end)
            else:
                self._add_tag(match[_TAG], start, end)

    def _add_what_stands_beside(self, post: Post) -> None:
        """Tags and mentions that the network states and the text does not show."""
        end = len(post.text)
        self.position += _BESIDE
        for handle in post.mentions:
            if fold_handle(handle) not in self.mentions:
                self._add_mention(handle, end, end)
                self.position += _BESIDE
        for tag in post.hashtags:
            if fold_tag(tag) not in self.tags:
                self._add_tag(tag.lstrip("#\uff03"), end, end)
                self.position += _BESIDE

    def _add_mention(self, handle: str, start: int, end: int) -> None:
        forms = handle_forms(handle)
        self.mentions.update(forms)
        for form in forms:
            self.tokens.append(Token("@" + form, self.position, start, end, "@" + form))
        self._add_parts(handle, start, end, start + 1, HANDLE_PART)

    def _add_tag(self, tag: str, start: int, end: int) -> None:
        if tag.strip("0123456789_"):  # `#1` is a number, on every network
            kept = "#" + fold_case(tag)
            term = fold_accents(kept)
            self.tags.add(term)
            self.tokens.append(Token(term, self.position, start, end, kept))
        self._add_parts(tag, start, end, start + 1, "")

    def _add_parts(self, name: str, start: int, end: int, offset: int, sign: str) -> None:
        """The words of a hashtag or handle, their CamelCase parts, each at its own position.

        A word of several parts stands at the place of its first and of its last part, so that a
        phrase finds it from either side.
        """
        before = self.position
        for match in scanner(name).words.finditer(name):
            word = match[0]
            cuts = list(parts(word))
            first = self.position
            for left, right in cuts:
                at = match.start() + left + offset
                self._add(word[left:right], at, at + right - left, end, sign)
                self.position += 1
            if len(cuts) > 1:
                at = match.start() + offset
                for place in (first, self.position - 1):
                    self._add(word, at, at + len(word), end, sign, place)
        self.position = max(self.position, before + 1)
        del start

    def _add(
        self, word: str, start: int, end: int, limit: int, sign: str, position: int | None = None
    ) -> None:
        kept = sign + fold_case(word)
        place = self.position if position is None else position
        self.tokens.append(
            Token(fold_accents(kept), place, min(start, limit), min(end, limit), kept)
        )


def _asks(text: str, links: Iterable[str]) -> bool:
    """Whether a question mark stands outside of the links."""
    marks = text.count("?") - sum(link.count("?") for link in links)
    return marks > 0 or any(mark in text for mark in "\uff1f\u061f\u037e")
