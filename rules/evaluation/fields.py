"""Conditions about the post, its author and its links rather than the words it says."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from rules.characters import LINK, fold_accents, fold_case, scanner
from rules.confusables import look_forms
from rules.evaluation.reading import Reading, Test
from rules.evaluation.standing import remembered
from rules.language.tree import Field, Range, Span
from rules.metadata import fold_domain, fold_handle, fold_language
from rules.signals.language import detect
from rules.signals.sentiment import sentiment
from rules.signs import find_signs
from rules.text import Analysis

_PATH = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://)?[^/?#\s]*+(.*)", re.DOTALL)
"""What comes after the host of a link."""


def field_term(field: Field) -> str:
    """The term of `Analysis.metadata` that the field asks for; `is:own` asks for `own_terms`.

    Only of fields that ask for one: not of `mentions`, `bio`, `url` and `sentiment`.
    """
    if field.name in ("from", "to"):
        return f"{field.name}:{fold_handle(field.value)}"
    if field.name == "domain":
        return f"domain:{fold_domain(field.value)}"
    return f"{field.name}:{fold_case(field.value)}"


class HasTerm(Test):
    """Metadata has this term."""

    __slots__ = ("term",)

    def __init__(self, term: str) -> None:
        super().__init__(0)
        self.term = term

    def needed(self) -> frozenset[str]:
        """Terms of which a matching post has one."""
        return frozenset((self.term,))

    def find(self, analysis: Analysis) -> Sequence[Span] | None:
        """Nowhere in the text."""
        return () if self.term in analysis.metadata else None


class IsOwn(Test):
    """One of the brands' own accounts wrote it."""

    __slots__ = ("_own",)

    def __init__(self, own: frozenset[str]) -> None:
        super().__init__(0)
        self._own = own

    def needed(self) -> frozenset[str]:
        """Terms of which a matching post has one."""
        return self._own

    def find(self, analysis: Analysis) -> Sequence[Span] | None:
        """Nowhere in the text."""
        return None if self._own.isdisjoint(analysis.metadata) else ()


class InLanguage(Test):
    """The post states that it is in the language, or states none and reads like it."""

    __slots__ = ("_among", "_language", "_stated")

    def __init__(self, field: Field, languages: tuple[str, ...]) -> None:
        super().__init__(4)
        self._stated = field_term(field)
        self._language = self._stated.removeprefix("lang:")
        self._among = tuple(sorted(set(map(fold_language, languages)) - {""}))

    def find(self, analysis: Analysis) -> Sequence[Span] | None:
        """Nowhere in the text."""
        if self._stated in analysis.metadata:
            return ()
        if self._language not in self._among or fold_language(analysis.post.language or ""):
            return None
        return () if language_of(analysis, self._among) == self._language else None


def language_of(analysis: Analysis, languages: tuple[str, ...]) -> str | None:
    """The language of a post: the one it states, else the one of `languages` that it reads like.

    None where it states none and reads like none of them for sure.
    """
    stated = fold_language(analysis.post.language or "")
    if stated or not languages:
        return stated or None
    return remembered(analysis, ("language", languages), lambda one: detect(one.post, languages))


class Feels(Test):
    """The sentiment of the post."""

    __slots__ = ("_languages", "_value")

    def __init__(self, value: str, languages: tuple[str, ...]) -> None:
        super().__init__(4)
        self._value = fold_case(value)
        self._languages = languages

    def find(self, analysis: Analysis) -> Sequence[Span] | None:
        """Nowhere in the text."""
        felt = remembered(analysis, ("sentiment", self._languages), self._felt)
        return () if felt == self._value else None

    def _felt(self, analysis: Analysis) -> str:
        return sentiment(analysis.post.text, language_of(analysis, self._languages))


class Within(Test):
    """A number of the author or the post lies between two others."""

    __slots__ = ("_range",)

    def __init__(self, range_: Range) -> None:
        super().__init__(0)
        self._range = range_

    def find(self, analysis: Analysis) -> Sequence[Span] | None:
        """Nowhere in the text."""
        number = self._number(analysis)
        low, high = self._range.low, self._range.high
        if number is None or (low is not None and number < low):
            return None
        return None if high is not None and number > high else ()

    def _number(self, analysis: Analysis) -> float | None:
        post = analysis.post
        match self._range.name:
            case "followers":
                return post.author.followers
            case "likes":
                return post.likes
            case "reposts":
                return post.reposts
            case "age":
                created = post.author.created
                return None if created is None else (post.posted_at - created).total_seconds()


class Word(NamedTuple):
    """A word beside the text, in the forms in which it is compared."""

    term: str
    kept: str
    written: str


def words_of(text: str) -> tuple[Word, ...]:
    """The words of a text in which hashtags, handles and links mean nothing."""
    words = []
    for match in scanner(text).words.finditer(text):
        kept = fold_case(match[0])
        words.append(Word(fold_accents(kept), kept, match[0]))
    return tuple(words)


class Says(Test):
    """Words next to each other in the author's bio, or in what the links lead to."""

    __slots__ = ("_reading", "_where", "_words")

    def __init__(self, field: Field, reading: Reading) -> None:
        super().__init__(3)
        self._words = words_of(field.value)
        self._where = {"bio": _bio, "url": _links}[field.name]
        self._reading = reading

    def needed(self) -> frozenset[str] | None:
        """Terms of which a matching post has one."""
        return frozenset(("has:link",)) if self._where is _links else None

    def find(self, analysis: Analysis) -> Sequence[Span] | None:
        """Nowhere in the text."""
        texts = remembered(analysis, self._where, self._where)
        return () if any(map(self._said, texts)) else None

    def _said(self, said: tuple[Word, ...]) -> bool:
        wanted = self._words
        if not wanted:
            return False
        starts = range(len(said) - len(wanted) + 1)
        return any(all(map(self._same, wanted, said[start:])) for start in starts)

    def _same(self, wanted: Word, word: Word) -> bool:
        if wanted.term == word.term:
            return self._reading.fold_accents or wanted.kept == word.kept
        return self._reading.confusables and not set(
            look_forms(wanted.written, wanted.term)
        ).isdisjoint(look_forms(word.written, word.term))


def _bio(analysis: Analysis) -> list[tuple[Word, ...]]:
    return [words_of(analysis.post.author.bio)]


def _links(analysis: Analysis) -> list[tuple[Word, ...]]:
    """The words of each link after its host, and of each title of a linked page."""
    return [words_of(text) for text in (*map(_path, links_of(analysis)), *analysis.post.titles)]


def links_of(analysis: Analysis) -> Iterator[str]:
    """Yield the links that the network states, and those that the text shows."""
    yield from analysis.post.links
    for sign in find_signs(analysis.post)[0]:
        if sign.kind == LINK:
            yield sign.text


def _path(link: str) -> str:
    match = _PATH.match(link.strip())
    return unquote(match[1], errors="replace") if match else ""
