"""The one analysis of text: what counts as a word, where it stands, and what it is compared with.

Live matching and the search index both read posts through `analyse`, and the words of a rule pass
through `fold_words`, so that the same rule means the same thing everywhere.

Tokens are cut from the original text and folded one by one: their offsets need no mapping back,
however much NFKC changes their length. All terms live in one namespace:

    renault             a word; so are a hashtag without its sign and its CamelCase parts
    #mamarque           a hashtag
    $acme               a cashtag
    👍                  an emoji of any skin
    @acme, @acme@a.org  an account mentioned, by its short and its full handle
    @/acme              a part of a mentioned handle, for rules that look into handles
    ≈acme               what a word of other letters looks like, where that differs from its term
    from:acme, lang:fr  metadata: what the post is rather than what it says (`Analysis.metadata`)
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any, Generic, TypeVar, overload

from rules.characters import HANDLE, LINK, fold_accents, fold_case, scanner
from rules.defanged import defanged_domains, may_be_disarmed
from rules.metadata import (
    author_terms,
    carried_terms,
    domain_terms,
    kind_terms,
    language_terms,
    origin_terms,
)
from rules.model import Post
from rules.signs import Sign, find_signs
from rules.terms import (
    HANDLE_PART,
    Pieces,
    handle_parts,
    looks,
    may_link,
    may_name,
    said,
    word_line,
)
from rules.tokens import Token, tokens_of

__all__ = [
    "HANDLE_PART",
    "Analysis",
    "Token",
    "analyse",
    "fold",
    "fold_cashtag",
    "fold_tag",
    "fold_words",
]

_NOTHING: frozenset[str] = frozenset()
_ASKING = frozenset("?\uff1f\u061f\u037e")
"""Question marks: ASCII, full-width, Arabic, Greek."""


T = TypeVar("T")


class _once(Generic[T]):  # noqa: N801 - used like `property`
    """`functools.cached_property` without its lock, which costs more than what it guards.

    Python 3.12 has dropped the lock too. Two threads at worst work the same value out twice.
    """

    def __init__(self, work_out: Callable[[Any], T]) -> None:
        self._work_out = work_out
        self._name = work_out.__name__
        self.__doc__ = work_out.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> "_once[T]": ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> "_once[T] | T":
        if instance is None:
            return self
        value = self._work_out(instance)
        instance.__dict__[self._name] = value  # found there next time, before this is asked
        return value


class Analysis:
    """A post as terms, each part worked out when it is first asked for.

    Most posts match no rule and are asked for what they say alone.
    """

    def __init__(self, post: Post) -> None:
        self.post = post

    @_once
    def said(self) -> set[str]:
        """The words, hashtags, cashtags, emoji and accounts mentioned."""
        # Asked of every post, and the first thing asked: `cut` comes along without a call more.
        cut = self.__dict__["cut"] = Pieces.of(self.post.text)
        return said(self.post, cut)

    @_once
    def cut(self) -> Pieces:
        """The text cut at its signs."""
        return Pieces.of(self.post.text)

    @_once
    def line(self) -> str:
        """The words in their order, each between spaces, as `rules.terms.word_line` has them.

        Neighbours there are neighbours to a phrase of words.
        """
        return word_line(self.post, self.cut)

    @_once
    def handle_parts(self) -> frozenset[str]:
        """The parts of the accounts mentioned, each after `HANDLE_PART`."""
        return handle_parts(self._signs)

    @_once
    def looks(self) -> frozenset[str]:
        """What words of other letters look like, where that differs from their terms."""
        return looks(self._signs, self._rest)

    @_once
    def authors(self) -> tuple[str, ...]:
        """Who wrote the post, and on which network: `from:acme`, `network:local`, ..."""
        return author_terms(self.post.network, self.post.author.handle)

    @_once
    def languages(self) -> tuple[str, ...]:
        """The language that the post states: `lang:fr`."""
        return language_terms(self.post.language)

    @_once
    def kinds(self) -> list[str]:
        """What kind of post it is: `is:reply`, ..."""
        return kind_terms(self.post)

    @_once
    def links_somewhere(self) -> bool:
        """Whether the post has a link: `has:link`."""
        stated = bool(self.post.links or self.post.titles)
        if stated or not may_link(self.post.text):
            return stated
        return any(sign.kind == LINK for sign in self._signs)

    @_once
    def carried(self) -> list[str]:
        """What the post carries: `has:link`, ..."""
        post, text = self.post, self.post.text
        may_name_any = bool(post.hashtags or post.mentions) or may_name(text)
        signs = self._signs if may_name_any or may_link(text) or post.links else []
        return carried_terms(
            post,
            linking=self.links_somewhere,
            tagged=any(sign.is_tag for sign in signs),
            mentioning=any(sign.kind == HANDLE for sign in signs),
            asking=_asks(text) and _asks(self._rest),
        )

    @_once
    def domains(self) -> frozenset[str]:
        """The domains of its links, disarmed ones too: `domain:acme.com`."""
        post = self.post
        if not (post.links or may_link(post.text) or may_be_disarmed(post.text)):
            return _NOTHING
        if self.cut.may_show_links_of(post):
            links = [sign.text for sign in self._signs if sign.kind == LINK]
        else:
            links = self.cut.links
        terms = [term for link in (*post.links, *links) for term in domain_terms(link)]
        if may_be_disarmed(post.text):
            terms += defanged_domains(post.text)
        return frozenset(terms)

    @_once
    def metadata(self) -> frozenset[str]:
        """`from:acme`, `lang:fr`, `is:reply`, ...: what the post is rather than what it says."""
        return self.domains.union(
            self.authors, self.languages, self.kinds, self.carried, origin_terms(self.post)
        )

    @_once
    def terms(self) -> AbstractSet[str]:
        """Every term of `tokens` and of `metadata`, and what words of other scripts look like."""
        return self.said.union(self.handle_parts, self.looks, self.metadata)

    @_once
    def _found(self) -> tuple[list[Sign], str]:
        return find_signs(self.post)

    @property
    def _signs(self) -> list[Sign]:
        return self._found[0]

    @property
    def _rest(self) -> str:
        return self._found[1]

    @_once
    def tokens(self) -> tuple[Token, ...]:
        """Every term of the text, and of what the network states beside it, at its place."""
        return tokens_of(self._signs, self._rest)

    @_once
    def places(self) -> dict[str, list[Token]]:
        """The tokens by term, in the order of the text."""
        places: dict[str, list[Token]] = {}
        for token in self.tokens:
            places.setdefault(token.term, []).append(token)
        return places

    @_once
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


@lru_cache(maxsize=16_384)
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


def fold_cashtag(tag: str) -> str:
    """The term of a cashtag given with or without its sign: `$acme` for `ACME`."""
    return "$" + fold_case(tag.lstrip("$\uff04"))


def _asks(text: str) -> bool:
    return "?" in text or not (text.isascii() or _ASKING.isdisjoint(text))
