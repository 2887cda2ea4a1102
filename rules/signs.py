"""The links, handles and hashtags of a post: where they stand, and the words within them."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from rules.characters import ASCII_PARTS, HANDLE, LINK, TAG, fold_case, parts, scanner
from rules.metadata import fold_domain, fold_handle, handle_forms
from rules.model import Post

MOST_SIGNS = 1_000
"""How many signs of a text count as such; what follows is read as words. No person writes so many,
and each costs as much as ten words."""

_MOST_LINKS = 20
"""How many of the stated links are looked for in the text."""

ONE_PART = re.compile("[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
"""A name that is certain to be one word."""


class Sign(NamedTuple):
    """A link, handle, hashtag or cashtag; `text` is without the sign, which stands at `start`.

    What the network states and the text does not show starts and ends where the text ends.
    """

    kind: int
    text: str
    start: int
    end: int

    @property
    def is_tag(self) -> bool:
        """Whether it is a hashtag to the networks, to which `#1` is a number."""
        return self.kind == TAG and has_letters(self.text)


def has_letters(tag: str) -> bool:
    """Whether a hashtag is one to the networks, to which `#1` is a number."""
    return bool(tag.strip("0123456789_"))


def find_signs(post: Post) -> tuple[list[Sign], str]:
    """The signs of a post in their order, and its text with spaces in their places."""
    text = post.text
    signs = []
    for match in islice(scanner(text).signs.finditer(text), MOST_SIGNS):
        kind = match.lastindex or LINK
        signs.append(Sign(kind, match[0 if kind == LINK else kind], *match.span()))
    rest = _blanked(text, signs)
    if post.links and "/" in rest and (shortened := list(_shortened_links(post, rest))):
        rest = _blanked(rest, shortened)
        signs = sorted(signs + shortened, key=lambda sign: sign.start)
    if post.mentions or post.hashtags:
        signs += _beside(post, signs)
    return signs, rest


def _blanked(text: str, signs: list[Sign]) -> str:
    """The text with spaces in the places of the signs, which are in its order."""
    if not signs:
        return text
    pieces: list[str] = []
    done = 0
    for _, _, start, end in signs:
        pieces += (text[done:start], " " * (end - start))
        done = end
    return "".join((*pieces, text[done:]))


def _shortened_links(post: Post, text: str) -> Iterator[Sign]:
    """Links that the network states and the text shows without `https://`: `acme.com/sal...`."""
    lowered = text.lower()
    hosts = {fold_domain(link).removeprefix("www.") for link in post.links[:_MOST_LINKS]}
    shown = sorted(host for host in hosts if host and f"{host}/" in lowered)
    if shown:
        hosts_pattern = "|".join(map(re.escape, shown))
        pattern = rf"(?<![\w.-])(?:{hosts_pattern})/[^\s<>\"]*"
        for match in re.finditer(pattern, text, re.IGNORECASE | re.ASCII):
            yield Sign(LINK, match[0], *match.span())


def _beside(post: Post, shown: list[Sign]) -> Iterator[Sign]:
    """The mentions and hashtags that the network states and the text does not show."""
    end = len(post.text)
    handles = {form for sign in shown if sign.kind == HANDLE for form in handle_forms(sign.text)}
    tags = {fold_case(sign.text) for sign in shown if sign.kind == TAG}
    for handle in post.mentions:
        if fold_handle(handle) not in handles:
            yield Sign(HANDLE, handle.lstrip("@\uff20"), end, end)
    for tag in post.hashtags:
        if fold_case(tag.lstrip("#\uff03")) not in tags:
            yield Sign(TAG, tag.lstrip("#\uff03"), end, end)


class NameWord(NamedTuple):
    """A word within a handle or hashtag: how many positions and characters from its beginning."""

    text: str
    position: int
    offset: int


def name_words(name: str) -> tuple[list[NameWord], int]:
    """The words within a handle or hashtag, and how many positions they take.

    `MaMarque` has `Ma`, `Marque` and `MaMarque`; the whole stands at the place of its first and of
    its last part, so that a phrase finds it from either side.
    """
    if ONE_PART.fullmatch(name):
        return [NameWord(name, 0, 0)], 1
    words: list[NameWord] = []
    position = 0
    ascii_ = name.isascii()
    for match in scanner(name).words.finditer(name):
        whole, offset = match[0], match.start()
        cuts = [part.span() for part in ASCII_PARTS.finditer(whole)] if ascii_ else [*parts(whole)]
        words += [
            NameWord(whole[start:end], position + number, offset + start)
            for number, (start, end) in enumerate(cuts)
        ]
        if len(cuts) > 1:
            words.append(NameWord(whole, position, offset))
            words.append(NameWord(whole, position + len(cuts) - 1, offset))
        position += len(cuts)
    return words, position
