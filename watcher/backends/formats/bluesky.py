"""Events of Bluesky's Jetstream: posts written, names taken, profiles changed.

An event names its author by DID only. Handles and profiles come in events of their own, so what an
archive said earlier in the same file is remembered; an account never named has its DID as handle.
Likes, follows, reposts and other records are not posts and pass by uncounted, as blank lines do;
deletions are counted, since a post that we keep may be meant.
"""

from dataclasses import replace
from typing import Any

from rules.model import Account, Post
from watcher.backends import plaintext
from watcher.backends.formats import values
from watcher.backends.formats.parsed import Line, Parsed, UnreadableError

POSTS = "app.bsky.feed.post"
PROFILES = "app.bsky.actor.profile"
CDN = "https://cdn.bsky.app/img"

MOST_ACCOUNTS = 100_000
"""Accounts remembered at once; the oldest are forgotten first."""


class Jetstream:
    """Reads one event at a time, in order."""

    def __init__(self, network: str = "bluesky", source: str = "") -> None:
        self._network = network
        self._source = source
        self._known: dict[str, Account] = {}

    @staticmethod
    def names_somebody(raw: bytes) -> bool:
        """Return whether a line may have to be read again to know names when resuming after it."""
        return b'"identity"' in raw or PROFILES.encode() in raw

    def parse(self, record: Any, line: Line) -> Parsed:
        """Read one event."""
        del line
        event = values.record(record)
        did = values.identifier(event.get("did"), "did")
        if event.get("kind") == "identity":
            name = values.words(values.record(event.get("identity")).get("handle"), 256)
            return Parsed(accounts=[self._learn(did, handle=name or did)])
        commit = values.record(event.get("commit"))
        collection, operation = commit.get("collection"), commit.get("operation")
        if event.get("kind") != "commit" or collection not in (POSTS, PROFILES):
            return Parsed()
        if operation == "delete":
            return Parsed(notes=["a deletion"] if collection == POSTS else [])
        if operation not in ("create", "update"):
            raise UnreadableError(f"an unknown operation {str(operation)[:40]!r}")
        if collection == PROFILES:
            return Parsed(accounts=[self._profile(did, values.record(commit.get("record")))])
        notes: list[str] = []
        return Parsed(posts=[self._post(did, event, commit, notes)], notes=notes)

    def _post(
        self, did: str, event: dict[str, Any], commit: dict[str, Any], notes: list[str]
    ) -> Post:
        record = values.record(commit.get("record"))
        key = values.identifier(commit.get("rkey"), "rkey")
        text = values.text(record.get("text"), notes)
        facets = _Facets(text, record.get("facets"))
        embed = values.record(record.get("embed"))
        link, title = _card(embed)
        parent = _uri(values.record(values.record(record.get("reply")).get("parent")))
        answered = _did_of(parent)
        return Post(
            network=self._network,
            id=f"at://{did}/{POSTS}/{key}",
            author=self._account(did),
            text=text,
            posted_at=_time(event, record),
            url=f"https://bsky.app/profile/{did}/post/{key}",
            language=_language(record.get("langs")),
            source=self._source,
            links=plaintext.bounded_links([*facets.links, *filter(None, [link])]),
            titles=(title,) if title else (),
            hashtags=plaintext.bounded([*facets.tags, *_strings(record.get("tags"))]),
            mentions=plaintext.bounded(self._mentioned(facets)),
            reply_to=parent,
            reply_to_handle=self._account(answered).handle if answered else None,
            quote_of=_quoted(embed),
            media=plaintext.bounded_links(_media(did, embed)),
        )

    def _mentioned(self, facets: "_Facets") -> list[str]:
        """Return handles: as written in the text, else as known for the DID."""
        return [written or self._account(did).handle for did, written in facets.mentions]

    def _profile(self, did: str, record: dict[str, Any]) -> Account:
        picture = _blob(record.get("avatar"))
        return self._learn(
            did,
            display_name=values.words(record.get("displayName")),
            bio=values.words(record.get("description"), values.LONGEST_BIO),
            avatar=f"{CDN}/avatar/plain/{did}/{picture}@jpeg" if picture else "",
        )

    def _account(self, did: str) -> Account:
        return self._known.get(did) or Account(
            network=self._network, id=did, handle=did, url=f"https://bsky.app/profile/{did}"
        )

    def _learn(self, did: str, **facts: str) -> Account:
        account = replace(self._account(did), **facts)  # type: ignore[arg-type]
        self._known.pop(did, None)
        self._known[did] = account
        if len(self._known) > MOST_ACCOUNTS:
            del self._known[next(iter(self._known))]
        return account


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


def _time(event: dict[str, Any], record: dict[str, Any]) -> Any:
    """Return when a post says it was written; where that is no time, when the network saw it."""
    try:
        return values.moment(record.get("createdAt"))
    except UnreadableError:
        return values.moment(event.get("time_us"))


def _uri(reference: dict[str, Any]) -> str | None:
    uri = reference.get("uri")
    return values.optional_id(uri) if isinstance(uri, str) and uri.startswith("at://") else None


def _did_of(uri: str | None) -> str:
    return uri.removeprefix("at://").partition("/")[0] if uri else ""


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
