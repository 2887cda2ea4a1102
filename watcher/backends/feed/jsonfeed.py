"""JSON Feed 1 and 1.1 (jsonfeed.org)."""

import json
from datetime import datetime
from html import escape
from typing import Any

from watcher.backends.feed import labour
from watcher.backends.feed.entry import Entry, Feed
from watcher.backends.formats import values
from watcher.backends.interface import BackendError

MOST_ENTRIES = 5_000


def read_json(text: str, host: str) -> Feed:
    """Return what a document of JSON Feed says. Raises `BackendError` where it is none."""
    try:
        document = json.loads(text)
    except ValueError:
        raise BackendError(
            f"what {host} answers is not JSON, or not all of it", kind="broken"
        ) from None
    except RecursionError:
        raise BackendError(f"what {host} answers is nested too deeply", kind="broken") from None
    head = values.record(document)
    items = head.get("items")
    if "jsonfeed.org/version/" not in values.words(head.get("version")) or not isinstance(
        items, list
    ):
        raise BackendError(f"what {host} answers is JSON, but no feed", kind="broken")
    entries = _readable(items[:MOST_ENTRIES])
    return Feed(
        title=values.words(head.get("title")),
        link=values.words(head.get("home_page_url"), 2048),
        author=_author(head)[0],
        language=values.words(head.get("language")),
        entries=entries,
        more=len(items) - len(entries),
    )


def _readable(items: list[Any]) -> tuple[Entry, ...]:
    """Return the entries whose HTML is not too laborious to read, all taken together."""
    entries: list[Entry] = []
    done = 0
    for item in items:
        entry = _entry(values.record(item))
        done += labour.work(entry.content)
        if done > labour.MOST and entries:
            break
        entries.append(entry)
    return tuple(entries)


def _entry(one: dict[str, Any]) -> Entry:
    html = one.get("content_html")
    plain = values.words(one.get("content_text"), values.LONGEST_TEXT + 1)
    content = html if isinstance(html, str) else escape(plain).replace("\n", "<br>")
    name, link = _author(one)
    stated = one.get("id")
    return Entry(
        id=str(stated) if isinstance(stated, int) else values.words(stated, 5000),
        link=values.words(one.get("url"), 2048),
        title=values.words(one.get("title"), 2000),
        content=content or values.words(one.get("summary"), values.LONGEST_TEXT),
        author=name,
        author_link=link,
        published=_time(one.get("date_published")) or _time(one.get("date_modified")),
        updated=_time(one.get("date_modified")),
        language=values.words(one.get("language")),
        tags=tuple(tag[:500] for tag in _list(one.get("tags"))[:50] if isinstance(tag, str)),
        media=tuple(
            values.words(file.get("url"), 2048) for file in values.records(one.get("attachments"))
        ),
    )


def _author(one: dict[str, Any]) -> tuple[str, str]:
    """Return (name, address) of the first author; version 1 knew only one."""
    for author in [*values.records(one.get("authors")), values.record(one.get("author"))]:
        if name := values.words(author.get("name")):
            return name, values.words(author.get("url"), 2048)
    return "", ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _time(value: Any) -> str | datetime:
    written = values.words(value, 100)
    try:
        return datetime.fromisoformat(written) if written else ""
    except ValueError:
        return written
