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

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from rules.characters import HANDLE, LINK, fold_accents, fold_case, scanner
from rules.metadata import handle_forms, metadata_terms
from rules.model import Post
from rules.signs import Sign, find_signs, name_words

HANDLE_PART = "@/"
"""What stands before a part of a mentioned handle, to keep it apart from the words of the text."""

_BESIDE = 10
"""Positions between the text and what the network states beside it: no phrase spans both."""

_ASKING = frozenset("?\uff1f\u061f\u037e")
"""Question marks: ASCII, full-width, Arabic, Greek."""


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
    """A post as terms, each part worked out when it is first asked for.

    Most posts match no rule and need `terms` alone, which are found without their places.
    """

    def __init__(self, post: Post) -> None:
        self.post = post
        self._signs, self._rest = find_signs(post)

    @cached_property
    def metadata(self) -> frozenset[str]:
        """`from:acme`, `lang:fr`, `is:reply`, ...: everything a field of a rule can ask for."""
        signs, rest = self._signs, self._rest
        links = [sign.text for sign in signs if sign.kind == LINK]
        return frozenset(
            metadata_terms(
                self.post,
                (*self.post.links, *links),
                tagged=any(sign.is_tag for sign in signs),
                mentioning=any(sign.kind == HANDLE for sign in signs),
                asking="?" in rest or (not rest.isascii() and not _ASKING.isdisjoint(rest)),
            )
        )

    @cached_property
    def terms(self) -> frozenset[str]:
        """Every term of `tokens` and of `metadata`."""
        words = scanner(self._rest).words.findall(self._rest)
        if self._rest.isascii():
            terms = set(map(str.lower, words))
        else:
            terms = {fold_accents(fold_case(word)) for word in words}
        for sign in self._signs:
            terms.update([token[0] for token in _sign_tokens(sign, 0)[0]])
        return self.metadata.union(terms)

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """Every term of the text, and of what the network states beside it, at its place."""
        return tuple(_tokens(self._rest, self._signs))

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


def _tokens(rest: str, signs: Sequence[Sign]) -> list[Token]:
    """Words and signs in the order of the text, then the signs that the text does not show."""
    tokens: list[Token] = []
    position = 0
    shown = 0
    for match in scanner(rest).words.finditer(rest):
        start, end = match.span()
        while shown < len(signs) and signs[shown].start < start:
            added, width = _sign_tokens(signs[shown], position)
            tokens += added
            position += width
            shown += 1
        kept = fold_case(match[0])
        tokens.append(Token(fold_accents(kept), position, start, end, kept))
        position += 1
    for sign in signs[shown:]:
        if sign.start == sign.end:
            position += _BESIDE
        added, width = _sign_tokens(sign, position)
        tokens += added
        position += width
    return tokens


def _sign_tokens(sign: Sign, position: int) -> tuple[list[Token], int]:
    """The terms of a handle or hashtag and of the words in it, and the positions that they take.

    A link has no terms and takes one position, so that no phrase reaches across it.
    """
    kind, text, start, end = sign
    if kind == LINK:
        return [], 1
    tokens: list[Token] = []
    if kind == HANDLE:
        mark = HANDLE_PART
        names = ["@" + form for form in handle_forms(text)]
        tokens += [Token(name, position, start, end, name) for name in names]
    else:
        mark = ""
        if sign.is_tag:
            kept = fold_tag(text, accents=True)
            tokens.append(Token(fold_accents(kept), position, start, end, kept))
    words, width = name_words(text)
    for word, distance, offset in words:
        kept = mark + fold_case(word)
        first = min(start + 1 + offset, end)
        last = min(first + len(word), end)
        tokens.append(Token(fold_accents(kept), position + distance, first, last, kept))
    return tokens, max(1, width)
