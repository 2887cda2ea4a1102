"""Records of Bluesky, as its streams and its answers hold them: posts, profiles, self-labels."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from rules.model import Account, Post
from watcher.backends import plaintext
from watcher.backends.formats import values
from watcher.backends.formats.parsed import UnreadableError

POSTS = "app.bsky.feed.post"
PROFILES = "app.bsky.actor.profile"
CDN = "https://cdn.bsky.app/img"
WEB = "https://bsky.app/profile"

NOT_FOR_STRANGERS = "!no-unauthenticated"
"""By this label an account asks to be shown to people only who are logged in."""
BOT = "bot"


def post(
    author: Account,
    key: str,
    record: dict[str, Any],
    *,
    seen: Any,
    handle_of: Callable[[str], str],
    notes: list[str],
) -> Post:
    """Read a record of a post, kept under `key` by its author. Raises `UnreadableError`.

    `seen` is when the network saw it: what counts where the record's own time is none. `handle_of`
    names an account by its DID; `notes` takes what was left out.
    """
    text = values.text(record.get("text"), notes)
    facets = _Facets(text, record.get("facets"))
    embed = values.record(record.get("embed"))
    link, title = _card(embed)
    parent = _uri(values.record(values.record(record.get("reply")).get("parent")))
    return Post(
        network=author.network,
        id=f"at://{author.id}/{POSTS}/{key}",
        author=author,
        text=text,
        posted_at=_time(record.get("createdAt"), seen),
        url=f"{WEB}/{author.id}/post/{key}",
        language=_language(record.get("langs")),
        links=plaintext.bounded_links([*facets.links, *filter(None, [link])]),
        titles=(title,) if title else (),
        hashtags=plaintext.bounded([*facets.tags, *_strings(record.get("tags"))]),
        mentions=plaintext.bounded([written or handle_of(did) for did, written in facets.mentions]),
        reply_to=parent,
        reply_to_handle=handle_of(authority(parent)) if parent else None,
        quote_of=_quoted(embed),
        media=plaintext.bounded_links(_media(author.id, embed)),
        private=NOT_FOR_STRANGERS in labels(record.get("labels")),
    )


def profile(did: str, record: dict[str, Any]) -> dict[str, str]:
    """Return what a record of a profile says, by the fields of `Account`."""
    picture = _blob(record.get("avatar"))
    return {
        "display_name": values.words(record.get("displayName")),
        "bio": values.words(record.get("description"), values.LONGEST_BIO),
        "avatar": f"{CDN}/avatar/plain/{did}/{picture}@jpeg" if picture else "",
    }


def labels(value: Any) -> frozenset[str]:
    """Return the labels that a record gives itself, or that an answer says an account has."""
    listed = value.get("values") if isinstance(value, dict) else value
    return frozenset(
        values.words(label.get("val"), 128)
        for label in values.records(listed)
        if label.get("neg") is not True
    )


def authority(uri: str | None) -> str:
    """Return whose record an `at://` address names, empty for none."""
    return uri.removeprefix("at://").partition("/")[0] if uri else ""


def _time(stated: Any, seen: Any) -> datetime:
    """Return when a post says it was written; where that is no time, when the network saw it."""
    try:
        return values.moment(stated)
    except UnreadableError:
        return values.moment(seen)


class _Facets:
    """Links, tags and mentions marked in a text by UTF-8 byte offsets."""

    def __init__(self, text: str, facets: Any) -> None:
        self.links: list[str] = []
        self.tags: list[str] = []
        self.mentions: list[tuple[str, str]] = []
        marked = values.records(facets)
        octets = text.encode() if marked else b""
        for facet in marked:
            for feature in values.records(facet.get("features")):
                self._add(feature, _slice(octets, values.record(facet.get("index"))))

    def _add(self, feature: dict[str, Any], written: str) -> None:
        if link := values.web_link(feature.get("uri")):
            self.links.append(link)
        if tag := values.words(feature.get("tag")):
            self.tags.append(tag)
        if did := values.words(feature.get("did")):
            self.mentions.append((did, written[1:] if written.startswith("@") else ""))


def _slice(octets: bytes, index: dict[str, Any]) -> str:
    """Return the marked text; empty where the offsets do not fit the text."""
    start, end = index.get("byteStart"), index.get("byteEnd")
    if not (isinstance(start, int) and isinstance(end, int) and 0 <= start <= end <= len(octets)):
        return ""
    return octets[start:end].decode(errors="replace")[:256]


def _uri(reference: dict[str, Any]) -> str | None:
    uri = reference.get("uri")
    return values.optional_id(uri) if isinstance(uri, str) and uri.startswith("at://") else None


def _language(value: Any) -> str | None:
    return values.language(value[0]) if isinstance(value, list) and value else None


def _strings(value: Any) -> list[str]:
    items = value[:100] if isinstance(value, list) else []
    return [item[:500] for item in items if isinstance(item, str) and item]


def _card(embed: dict[str, Any]) -> tuple[str, str]:
    """Return the link and the title of a preview card, empty where there is none."""
    media = values.record(embed.get("media")) or embed
    card = values.record(media.get("external"))
    return values.web_link(card.get("uri")), values.words(card.get("title"))


def _quoted(embed: dict[str, Any]) -> str | None:
    """Return the quoted post; beside media, the reference is nested once more."""
    reference = values.record(embed.get("record"))
    uri = _uri(values.record(reference.get("record")) or reference)
    return uri if uri and POSTS in uri else None  # else a quoted feed or list


def _media(did: str, embed: dict[str, Any]) -> list[str]:
    media = values.record(embed.get("media")) or embed
    pictures = (_blob(item.get("image")) for item in values.records(media.get("images")))
    found = [f"{CDN}/feed_fullsize/plain/{did}/{cid}@jpeg" for cid in pictures if cid]
    if film := _blob(media.get("video")):
        found.append(f"https://video.bsky.app/watch/{did}/{film}/playlist.m3u8")
    return found


def _blob(value: Any) -> str:
    return values.words(values.record(values.record(value).get("ref")).get("$link"), 200)
