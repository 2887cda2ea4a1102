"""RSS and Atom: the only module that knows feedparser.

It is given a stream (a string it might take for an address, and fetch it), text that
`document.harmless` let through, and no HTML to clean: `formats.html` reads that in linear time,
and nothing of it is ever shown as HTML.
"""

import io
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from time import struct_time
from typing import Any

import feedparser
from feedparser import mixin

from watcher.backends.feed.document import harmless
from watcher.backends.feed.entry import Entry, Feed
from watcher.backends.formats import values
from watcher.backends.interface import BackendError

MOST_ENTRIES = 5_000
MOST_TAGS = 50
"""Of one entry."""

# It looks for mail addresses in names with a search that takes a minute for 100 kB of letters.
mixin._FeedParserMixin._sync_author_detail = lambda _self, key="author": None  # noqa: SLF001, ARG005


def read_xml(text: str, host: str) -> Feed:
    """Return what a document of RSS or Atom says. Raises `BackendError` where it is none."""
    document = harmless(text, host)
    parsed = feedparser.parse(
        io.BytesIO(document.text.encode()),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not parsed.get("version") and not parsed.entries:
        raise BackendError(f"what {host} answers is no feed", kind="broken")
    head = dict(parsed.get("feed", {}))  # its own kind of dict guesses where something is absent
    return Feed(
        title=_plain(head, "title"),
        link=values.words(head.get("link"), 2048),
        author=_author(head),
        language=values.words(head.get("language")),
        updated=_time(head, "updated") or _time(head, "published"),
        entries=tuple(_entry(dict(one)) for one in parsed.entries[:MOST_ENTRIES]),
        more=document.more + max(0, len(parsed.entries) - MOST_ENTRIES),
    )


def _entry(one: Mapping[str, Any]) -> Entry:
    content, language = _content(one)
    guid = values.words(one.get("id"), 5000)
    return Entry(
        id=guid,
        link=values.words(one.get("link"), 2048),
        title=_plain(one, "title"),
        content=content,
        author=_author(one),
        author_link=values.words(values.record(one.get("author_detail")).get("href"), 2048),
        published=_time(one, "published") or _time(one, "updated"),
        updated=_time(one, "updated"),
        language=values.words(one.get("language")) or language,
        tags=tuple(
            term
            for tag in values.records(one.get("tags"))[:MOST_TAGS]
            if (term := values.words(tag.get("label")) or values.words(tag.get("term")))
        ),
        media=tuple(_media(one)),
    )


def _author(one: Mapping[str, Any]) -> str:
    """Return the author: RSS writes a text, Atom an element with a name."""
    name = values.words(values.record(one.get("author_detail")).get("name"))
    return name or values.words(one.get("author"))


def _content(one: Mapping[str, Any]) -> tuple[str, str]:
    """Return the longest text that the entry offers, as HTML, and its language."""
    parts = values.records(one.get("content"))
    if summary := values.record(one.get("summary_detail")):
        parts = [*parts, summary]
    best = max(parts, key=lambda part: len(str(part.get("value") or "")), default={})
    return _html(best), values.words(best.get("language"))


def _html(part: Mapping[str, Any]) -> str:
    value = part.get("value")
    if not isinstance(value, str):
        return ""
    if part.get("type") == "text/plain":
        return value.replace("&", "&amp;").replace("<", "&lt;")
    return value


def _plain(one: Mapping[str, Any], name: str) -> str:
    detail = values.record(one.get(f"{name}_detail"))
    value = values.words(one.get(name), 2000)
    if detail.get("type") == "text/plain":
        return " ".join(value.split())
    from watcher.backends.formats.html import to_plain

    return " ".join(to_plain(value).text.split())


def _media(one: Mapping[str, Any]) -> list[str]:
    links = values.records(one.get("links"))
    files = [link.get("href") for link in links if link.get("rel") == "enclosure"]
    files += [part.get("url") for part in values.records(one.get("media_content"))]
    return [values.words(file, 2048) for file in files if isinstance(file, str)]


def _time(one: Mapping[str, Any], name: str) -> str | datetime:
    """Return a time as it was understood, else as it was written; empty where none is stated."""
    understood = one.get(f"{name}_parsed")
    if isinstance(understood, struct_time):
        with suppress(ValueError):  # a leap second, the 31st of June
            return datetime(*understood[:6], tzinfo=UTC)
    return values.words(one.get(name), 100)
