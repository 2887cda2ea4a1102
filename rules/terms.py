"""What a text says, as terms without their places: all that most posts are ever asked for.

`rules.text` says what the terms are; its tokens, which have places, have the same terms. Here they
are found in C as far as possible: this is most of what matching a post costs.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple, Self

from rules.characters import (
    ASCII_PARTS,
    CASHTAG,
    HANDLE,
    MEMO_LENGTH,
    TAG,
    fold_accents,
    fold_case,
    scanner,
)
from rules.confusables import look_terms
from rules.latin import latin_words
from rules.metadata import handle_forms
from rules.model import Post
from rules.signs import MOST_SIGNS, ONE_PART, Sign, find_signs, has_letters, name_words

HANDLE_PART = "@/"
"""What stands before a part of a mentioned handle, to keep it apart from the words of the text."""

_CHUNKS = re.compile(r"[^\0-/:-@\[-`{-\x7f]+")
"""Runs of ASCII letters and digits and of anything beyond ASCII: no word reaches out of one."""
_ASCII_WORDS = re.compile("[a-z0-9]+")
_SIGNS_ALONE = re.compile("[\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff]+")
"""Kana and Han, of which each character is a word and its own term."""
_WWW = re.compile(r"[Ww]{3}\.")
_WITH_LINKS = 5
"""The width of `Pieces` in which links are looked for."""
_MEMO_CHUNK = 20
"""Longer chunks are cut anew each time: most are text without spaces, and never come again."""


class Pieces(NamedTuple):
    """A text cut at its signs."""

    pieces: list[str | None]
    """The text between the signs, and after each piece the groups of the sign, as `Scanner` has
    them."""
    width: int
    """How many make one piece and the sign behind it: 1 where there is none."""
    rest: str
    """The text with a space for each sign."""

    @classmethod
    def of(cls, text: str) -> Self:
        """Cut a text."""
        if may_link(text):
            pieces, width = scanner(text).signs.split(text, MOST_SIGNS), _WITH_LINKS
        elif may_name(text):
            pieces, width = scanner(text).names.split(text, MOST_SIGNS), 4
        else:
            pieces, width = [text], 1
        # As `cls(...)` does, in C: in a third of the time.
        return tuple.__new__(cls, (pieces, width, " ".join(pieces[::width])))

    @property
    def may_show_links(self) -> bool:
        """Whether links were looked for, as they may be there."""
        return self.width == _WITH_LINKS

    @property
    def links(self) -> list[str]:
        """The links that the text shows, with `https://` or `www.`."""
        found = self.pieces[1 :: self.width] if self.width == _WITH_LINKS else []
        return [("h" if link[0] in "tT" else "w") + link for link in found if link]

    @property
    def hashtags(self) -> list[str | None]:
        """The hashtags, without their sign; None where there is another sign."""
        return self.pieces[self.width - 2 :: self.width] if len(self.pieces) > 1 else []

    @property
    def tags(self) -> list[str | None]:
        """The hashtags and cashtags, without their signs; None where there is another sign."""
        if len(self.pieces) == 1:
            return []
        return self.hashtags + self.pieces[self.width - 1 :: self.width]

    def may_show_links_of(self, post: Post) -> bool:
        """Whether the text may show a stated link in short: `acme.com/sal...`. False is certain."""
        return bool(post.links) and "/" in self.rest


def said(post: Post, cut: Pieces) -> set[str]:
    """The words, hashtags, cashtags, emoji and accounts of a post; not the parts of handles."""
    text = post.text
    if cut.may_show_links_of(post):
        return _said_beside_links(post)
    pieces, width, rest = cut
    terms = _words(rest)
    if width > 1:
        for handle in pieces[width - 3 :: width]:
            if handle:
                if "." in handle or "@" in handle:
                    terms.update(handle_terms(handle))
                else:
                    terms.add("@" + handle.lower())
        for tag in pieces[width - 2 :: width]:
            if tag:
                terms.update(_tag_terms(tag))
        if "$" in text or "\uff04" in text:
            for tag in pieces[width - 1 :: width]:
                if tag:
                    terms.update(_sign_terms(CASHTAG, tag))
    if post.mentions or post.hashtags:
        _add_beside(post, cut.hashtags, terms)
    return terms


def word_line(post: Post, cut: Pieces) -> str:
    r"""The words in their order, each between spaces, with a NUL for each link or account.

    A hashtag that takes several positions is one item, its words between `\1`. Empty where a word
    stands beside the text.
    """
    if cut.may_show_links_of(post):
        return ""
    pieces, width, _ = cut
    tags = cut.hashtags
    if post.hashtags and not {fold_case(tag.lstrip("#\uff03")) for tag in post.hashtags} <= {
        fold_case(tag) for tag in tags if tag
    }:
        return ""
    words: list[str] = []
    for at, piece in enumerate(pieces):
        group = at % width
        if not piece:
            continue
        if group == 0:
            words += _words_of(piece)
        elif group < width - 2:
            words.append("\0")
        elif ONE_PART.fullmatch(piece):
            words.append(piece.lower())
        else:
            within = _tag_terms(piece) if group == width - 2 else _sign_terms(CASHTAG, piece)
            words.append("\1" + "\1".join(within) + "\1")
    return f" {' '.join(words)} "


def _words_of(text: str) -> list[str]:
    words = latin_words(text)
    if words is None:
        words = [fold_word(word) for word in scanner(text).words.findall(text)]
    return words


def may_link(text: str) -> bool:
    """Whether the text may show a link; False is certain."""
    return "://" in text or (("w." in text or "W." in text) and _WWW.search(text) is not None)


def may_name(text: str) -> bool:
    """Whether the text may show an account, a hashtag or a cashtag; False is certain."""
    if "@" in text or "#" in text or "$" in text:
        return True
    return not text.isascii() and ("\uff20" in text or "\uff03" in text or "\uff04" in text)


def _said_beside_links(post: Post) -> set[str]:
    signs, rest = find_signs(post)
    terms = _words(rest)
    for sign in signs:
        terms.update(_sign_terms(sign.kind, sign.text))
    return terms


def _add_beside(post: Post, shown: list[str | None], terms: set[str]) -> None:
    """Add what the network states: hashtags only where the text does not show them.

    A stated account that the text shows adds nothing new.
    """
    for handle in post.mentions:
        terms.update(handle_terms(handle.lstrip("@\uff20")))
    tags = {fold_case(tag) for tag in shown if tag}
    for tag in post.hashtags:
        bare = tag.lstrip("#\uff03")
        if fold_case(bare) not in tags:
            terms.update(_tag_terms(bare))


def _words(text: str) -> set[str]:
    words = latin_words(text)
    if words is not None:
        return set(words)
    chunks = _CHUNKS.findall(text)
    terms = {chunk.lower() for chunk in chunks if chunk.isascii()}
    for chunk in chunks:
        if not chunk.isascii():
            short = len(chunk) <= _MEMO_CHUNK
            terms.update(_chunk_terms_before(chunk) if short else _chunk_terms(chunk))
    return terms


def _chunk_terms(chunk: str) -> tuple[str, ...]:
    if _SIGNS_ALONE.fullmatch(chunk):
        return tuple(set(chunk))
    return tuple({fold_word(word) for word in set(scanner(chunk).words.findall(chunk))})


_chunk_terms_before = lru_cache(maxsize=65_536)(_chunk_terms)


def fold_word(word: str) -> str:
    """The term of one word of a text."""
    return fold_accents(fold_case(word))


def handle_terms(handle: str) -> tuple[str, ...]:
    """The terms of an account by its handle: `@acme@a.org` and `@acme`."""
    if "." not in handle and "@" not in handle and handle.isascii():
        return ("@" + handle.strip().lower(),)  # without a server: one form, 4 times faster
    return tuple(["@" + form for form in handle_forms(handle)])


def _tag_terms(tag: str) -> Iterable[str]:
    if not tag.isascii():
        return _sign_terms(TAG, tag)
    lowered = tag.lower()
    if tag.isalpha() and (tag == lowered or tag.istitle() or tag.isupper()):
        return ("#" + lowered, lowered)
    # The whole words and their parts, in C: 3 times faster.
    words: list[str] = [lowered] if tag.isalnum() else _ASCII_WORDS.findall(lowered)
    words += map(str.lower, ASCII_PARTS.findall(tag))
    if has_letters(tag):
        words.append("#" + lowered)
    return words


def _sign_terms(kind: int, text: str) -> tuple[str, ...]:
    if len(text) <= MEMO_LENGTH:
        return _sign_terms_before(kind, text)
    return tuple(_terms_of_sign(kind, text))


def _terms_of_sign(kind: int, text: str) -> Iterator[str]:
    if kind == HANDLE:
        yield from handle_terms(text)
    elif kind in (TAG, CASHTAG):
        if kind == CASHTAG:
            yield "$" + fold_case(text)
        elif has_letters(text):
            yield "#" + fold_word(text)
        for word in name_words(text)[0]:
            yield fold_word(word.text)


@lru_cache(maxsize=65_536)
def _sign_terms_before(kind: int, text: str) -> tuple[str, ...]:
    return tuple(_terms_of_sign(kind, text))


def handle_parts(signs: list[Sign]) -> frozenset[str]:
    """The parts of the handles among the signs, each after `HANDLE_PART`."""
    return frozenset(
        HANDLE_PART + fold_word(word.text)
        for sign in signs
        if sign.kind == HANDLE
        for word in name_words(sign.text)[0]
    )


def looks(signs: list[Sign], rest: str) -> frozenset[str]:
    """What words and hashtags of other letters look like, where that differs from their terms."""
    terms: set[str] = set()
    if not rest.isascii():
        for word in scanner(rest).words.findall(rest):
            terms.update(_word_looks(word))
    for sign in signs:
        if sign.kind == TAG and not sign.text.isascii():
            terms.update(look_terms("#" + sign.text, "#" + fold_word(sign.text)))
            for part in name_words(sign.text)[0]:
                terms.update(_word_looks(part.text))
    return frozenset(terms)


def _word_looks(word: str) -> tuple[str, ...]:
    if word.isascii():
        return ()
    return _word_looks_before(word) if len(word) <= MEMO_LENGTH else _looks_of(word)


def _looks_of(word: str) -> tuple[str, ...]:
    return tuple(look_terms(word, fold_word(word)))


_word_looks_before = lru_cache(maxsize=16_384)(_looks_of)
