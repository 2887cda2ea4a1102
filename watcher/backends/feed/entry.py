"""What one entry of a feed says, whatever the feed's format, and how it becomes a post."""

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from urllib.parse import urljoin

from rules.model import Account, Post
from watcher.backends import plaintext
from watcher.backends.formats import html, values
from watcher.backends.formats.parsed import UnreadableError

NETWORK = "feed"
LONGEST_NAME = 200
_MAIL = re.compile(r"^[^\s@]{1,64}@[^\s@]{1,253}\s*\(([^()]{1,200})\)$")
"""`marie@blog.example (Marie L)`, as RSS writes authors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry, as it is stated; empty where it is not."""

    id: str = ""
    link: str = ""
    title: str = ""
    content: str = ""
    """HTML."""
    author: str = ""
    author_link: str = ""
    published: str | datetime = ""
    """As written, or as a parser understood it."""
    updated: str | datetime = ""
    language: str = ""
    tags: tuple[str, ...] = ()
    media: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """What the entry is known by: its id, its link, or all that it says."""
        said = "\0".join((self.title, self.content, str(self.published)))
        return self.id or self.link or said

    @property
    def fingerprint(self) -> str:
        """Changes when what is read or searched changes."""
        said = (self.title, self.content, self.author, *self.tags, str(self.published))
        return digest("\0".join(said), 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What stands above the entries, and the entries as the feed orders them."""

    title: str = ""
    link: str = ""
    author: str = ""
    language: str = ""
    updated: str | datetime = ""
    entries: tuple[Entry, ...] = ()
    more: int = 0
    """Entries beyond the most that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a feed was read, and what its entries lack and it makes up for."""

    name: str
    """Parts this feed's ids from those of all others."""
    host: str
    base: str
    """Its address, that relative links begin at."""
    feed: Feed
    read_at: datetime
    """The time of entries of a feed that states none at all."""
    source: str
    private: bool = False


def to_post(entry: Entry, origin: Origin, notes: list[str]) -> Post:
    """Return an entry as a post. Raises `UnreadableError` where it says nothing or never was.

    `notes` take what was made up for.
    """
    base = _absolute(origin.base, origin.feed.link) or origin.base
    url = _absolute(base, entry.link)
    plain = html.to_plain(values.text(entry.content, notes), url or base)
    title = entry.title.strip()
    # Networks without titles repeat the beginning of the post in their place.
    repeats = plain.text.startswith(title.removesuffix("…").removesuffix("...").rstrip())
    text = plain.text if not title or repeats else f"{title}\n\n{plain.text}".strip()
    if not (text or entry.id or entry.link):
        raise UnreadableError("it has neither text nor link")
    posted_at = _moment(entry.published or entry.updated, notes) or _of_feed(origin)
    edited_at = _moment(entry.updated, []) if entry.published else None
    stated = [tag for tag in ("".join(tag.lstrip("#").split()) for tag in entry.tags) if tag]
    return Post(
        network=NETWORK,
        id=f"{origin.name}:{_identifier(entry)}",
        author=_author(entry, origin),
        text=text,
        posted_at=posted_at,
        url=url,
        language=values.language(entry.language or origin.feed.language),
        source=origin.source,
        links=plaintext.bounded_links([*plain.links, *plaintext.links(text)]),
        hashtags=plaintext.bounded([*stated, *plaintext.hashtags(text)]),
        mentions=plaintext.mentions(text),
        media=plaintext.bounded_links(
            link for one in entry.media if (link := _absolute(url or base, one))
        ),
        private=origin.private,
        edited_at=edited_at if edited_at and edited_at > posted_at else None,
    )


def digest(text: str, size: int) -> str:
    """Return a short name of a text, `2 * size` hexadecimal digits."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=size).hexdigest()


def _identifier(entry: Entry) -> str:
    stated = entry.identity
    stated = re.sub(r"[^\S ]|[\x00-\x1f]", " ", stated)
    if not (entry.id or entry.link) or len(stated) > values.LONGEST_ID - 40:
        return digest(stated, 16)
    return stated


def _author(entry: Entry, origin: Origin) -> Account:
    """Return who wrote it: the entry's author, the feed's, or the feed itself."""
    stated = entry.author or origin.feed.author or origin.feed.title or origin.host
    found = _MAIL.match(stated[:500].strip())
    name = " ".join((found[1] if found else stated[:500]).split())[:LONGEST_NAME] or origin.host
    return Account(
        network=NETWORK,
        id=f"{origin.name}:{name}",
        handle=name,
        display_name=name,
        url=_absolute(origin.base, entry.author_link) if entry.author_link else "",
    )


def _moment(value: str | datetime, notes: list[str]) -> datetime | None:
    """Return a time. Raises `UnreadableError` where it lies outside of all time."""
    if isinstance(value, datetime):
        return values.moment(value.isoformat())
    if value:
        notes.append(f"its time {value[:40]!r} cannot be read: that of the feed is taken")
    return None


def _of_feed(origin: Origin) -> datetime:
    stated = origin.feed.updated
    if isinstance(stated, datetime):
        return values.optional_moment(stated.isoformat()) or origin.read_at
    return origin.read_at


def _absolute(base: str, link: str) -> str:
    """Return a link as an http(s) address, empty where it is none."""
    try:
        return values.web_link(urljoin(base, link.strip())) if link.strip() else ""
    except ValueError:
        return ""
