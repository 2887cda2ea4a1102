"""What a text says by itself: links, hashtags and mentions, where no network states them.

A tag or a mention inside a link is none. Each list keeps the order of appearance, names a thing
once (whatever its case), and is bounded: the texts come from strangers.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

MOST_ENTITIES = 100
"""Links, tags or mentions kept of one post."""

LONGEST_LINK = 2048
"""Characters; a longer link is no link that a person follows, and is left out."""

_LINK = re.compile(r"https?://[^\s<>\"\u201c\u201d\u00ab\u00bb]{3,}", re.IGNORECASE)
_TAG = re.compile(r"(?<![\w&/#])[#\uff03](\w{1,100})")
_MENTION = re.compile(r"(?<![\w/@.])[@\uff20](\w(?:[\w.-]{0,62}\w)?(?:@\w[\w.-]{0,250}\w)?)")
_TRAILING = ".,;:!?'\u2019\u2026*_~"
_CLOSING = {")": "(", "]": "[", "}": "{"}


def links(text: str) -> tuple[str, ...]:
    """Return the http(s) links written in the text, without the punctuation that follows them."""
    if "://" not in text:
        return ()
    return bounded_links(_without_tail(match.group()) for match in _LINK.finditer(text))


def hashtags(text: str) -> tuple[str, ...]:
    """Return the hashtags without `#`; a mere number (`#1`) is none."""
    if "#" not in text and "\uff03" not in text:
        return ()
    return bounded(tag for tag in _TAG.findall(_without_links(text)) if any(map(str.isalpha, tag)))


def mentions(text: str) -> tuple[str, ...]:
    """Return the handles written after `@`, with their server where one is written."""
    if "@" not in text and "\uff20" not in text:
        return ()
    return bounded(_MENTION.findall(_without_links(text)))


def bounded(items: Iterable[str]) -> tuple[str, ...]:
    """Return the items in order, each once whatever its case, at most `MOST_ENTITIES`."""
    kept: dict[str, str] = {}
    for item in items:
        kept.setdefault(item.casefold(), item)
        if len(kept) == MOST_ENTITIES:
            break
    return tuple(kept.values())


def bounded_links(items: Iterable[str]) -> tuple[str, ...]:
    """Return the links in order, each once, at most `MOST_ENTITIES`, none over `LONGEST_LINK`."""
    kept: dict[str, None] = {}
    for item in items:
        if len(item) <= LONGEST_LINK:
            kept[item] = None
        if len(kept) == MOST_ENTITIES:
            break
    return tuple(kept)


def _without_links(text: str) -> str:
    return _LINK.sub(" ", text) if "://" in text else text


def _without_tail(link: str) -> str:
    """Drop what ends the sentence rather than the link: `(see https://a.example/b).` has two."""
    end = len(link)
    surplus = {close: link.count(close) - link.count(_CLOSING[close]) for close in _CLOSING}
    while end:
        last = link[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return link[:end]


def storable(text: str) -> str:
    """Return the text with lone surrogates, which no encoding can write, as U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def fold(text: str) -> str:
    """Return a text as searches for names compare it: without case and without accents."""
    apart = unicodedata.normalize("NFKD", storable(text).casefold())
    return "".join(char for char in apart if not unicodedata.combining(char))


def mended(value: Any) -> Any:
    """Return decoded JSON with every text in it made `storable`."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [mended(item) for item in value]
    if isinstance(value, dict):
        return {mended(key): mended(item) for key, item in value.items()}
    return value
