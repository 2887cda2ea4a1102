"""Conditions about the post, its author and its links rather than the words it says."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal
from urllib.parse import unquote

from rules.characters import LINK, fold_case
from rules.evaluation.reading import Test
from rules.evaluation.standing import remembered
from rules.language.tree import Field, Range, Span
from rules.metadata import fold_domain, fold_handle, fold_language
from rules.model import Account, Post
from rules.signals.language import detect
from rules.signals.language import language_of as read_in
from rules.signs import find_signs
from rules.text import Analysis, analyse

_PATH = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://)?[^/?#\s]*+(.*)", re.DOTALL)
"""What comes after the host of a link."""
_SIGNS = re.compile("[!-/:-@[-`{-~\uff03\uff04\uff20]")
"""ASCII punctuation, and the wide forms of what begins a hashtag, a cashtag or a handle."""

_APART = "\nhttp://-\n"
"""A link between two texts takes a place and has no words, so that no phrase reaches across."""


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
        return () if _unstated(analysis, self._among) == self._language else None


def language_of(analysis: Analysis, languages: tuple[str, ...]) -> str | None:
    """The language in which a post is to be read, as `rules.signals.language` tells it."""
    key = ("read in", languages)
    return remembered(analysis, key, lambda one: read_in(one.post, languages))


def _unstated(analysis: Analysis, languages: tuple[str, ...]) -> str | None:
    """The one of `languages` that a post without a statement reads like; None: none for sure."""
    return remembered(analysis, ("language", languages), lambda one: detect(one.post, languages))


class Feels(Test):
    """The sentiment of the post; `names` are those of brands, which have none."""

    __slots__ = ("_languages", "_names", "_value")

    def __init__(self, value: str, languages: tuple[str, ...], names: tuple[str, ...]) -> None:
        super().__init__(4)
        self._value = fold_case(value)
        self._languages = languages
        self._names = names

    def find(self, analysis: Analysis) -> Sequence[Span] | None:
        """Nowhere in the text."""
        felt = remembered(analysis, ("sentiment", self._languages, self._names), self._felt)
        return () if felt == self._value else None

    def _felt(self, analysis: Analysis) -> str:
        from rules.signals.sentiment import tone  # few rules ask for it

        language = language_of(analysis, self._languages)
        return tone(analysis.post.text, language, self._names).label


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


class Says(Test):
    """Words are said in the author's bio, or in what the links lead to."""

    __slots__ = ("_test", "_where")

    def __init__(self, name: Literal["bio", "url"], test: Test) -> None:
        super().__init__(3)
        self._where = _bio if name == "bio" else _links
        self._test = test

    def needed(self) -> frozenset[str] | None:
        """Terms of which a matching post has one."""
        return frozenset(("has:link",)) if self._where is _links else None

    def find(self, analysis: Analysis) -> Sequence[Span] | None:
        """Nowhere in the text."""
        said = remembered(analysis, self._where, self._where)
        return None if self._test.find(said) is None else ()


def _bio(analysis: Analysis) -> Analysis:
    return _words_alone(analysis, [analysis.post.author.bio])


def _links(analysis: Analysis) -> Analysis:
    """The words of each link after its host, and of each title of a linked page."""
    texts = (*map(_path, links_of(analysis)), *analysis.post.titles)
    return _words_alone(analysis, dict.fromkeys(texts))


def _words_alone(analysis: Analysis, texts: Iterable[str]) -> Analysis:
    """Texts as if they were a post, in which hashtags, accounts and links mean nothing."""
    post = analysis.post
    words = _APART.join(_SIGNS.sub(" ", text) for text in texts)
    nobody = Account(network=post.network, id="", handle="")
    return analyse(
        Post(network=post.network, id="", author=nobody, text=words, posted_at=post.posted_at)
    )


def links_of(analysis: Analysis) -> Iterator[str]:
    """Yield the links that the network states, and those that the text shows."""
    yield from analysis.post.links
    for sign in find_signs(analysis.post)[0]:
        if sign.kind == LINK:
            yield sign.text


def _path(link: str) -> str:
    match = _PATH.match(link.strip())
    return unquote(match[1], errors="replace") if match else ""
