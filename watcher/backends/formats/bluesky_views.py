"""Posts and accounts as Bluesky's answers show them: a record with its author and its counts."""

from dataclasses import replace
from typing import Any

from rules.model import Account, Post
from watcher.backends.formats import bluesky_records as records
from watcher.backends.formats import values
from watcher.backends.formats.parsed import Parsed, UnreadableError

NO_HANDLE = "handle.invalid"
"""What the network shows in place of a handle that does not lead back to its account."""
_GIVEN_AWAY = (".bsky.social", ".bsky.team")
"""Handles below these belong to the network, and prove nothing about who owns a domain."""


def is_post(record: dict[str, Any]) -> bool:
    """Return whether this is a post of an answer, alone or as an item of a feed."""
    post = values.record(record.get("post")) or record
    return isinstance(post.get("author"), dict) and isinstance(post.get("record"), dict)


def post(item: dict[str, Any], *, network: str = "bluesky", source: str = "") -> Parsed:
    """Read a post of a search, or an item of a feed: a post, or a repost of one.

    Raises `UnreadableError`.
    """
    view = values.record(item.get("post")) or item
    parsed = Parsed()
    author, labels = profile(values.record(view.get("author")), network=network)
    uri = values.identifier(view.get("uri"), "uri")
    if records.authority(uri) != author.id or f"/{records.POSTS}/" not in uri:
        raise UnreadableError(f"{uri[:80]!r} is no post of its author")
    replied = _author(values.record(values.record(item.get("reply")).get("parent")))
    names = {author.id: author.handle, replied[0]: replied[1]}
    found = records.post(
        author,
        uri.rpartition("/")[2],
        values.record(view.get("record")),
        seen=view.get("indexedAt"),
        handle_of=lambda did: names.get(did, did),
        notes=parsed.notes,
    )
    found = replace(
        found,
        source=source,
        likes=values.count(view.get("likeCount")),
        reposts=values.count(view.get("repostCount")),
        replies=values.count(view.get("replyCount")),
        private=found.private
        or bool({records.NOT_FOR_STRANGERS} & (labels | records.labels(view.get("labels")))),
    )
    reason = values.record(item.get("reason"))
    if values.words(reason.get("$type")).endswith("#reasonRepost"):
        parsed.accounts.append(author)
        found = _repost(found, reason)
    parsed.posts.append(found)
    return parsed


def profile(view: dict[str, Any], *, network: str = "bluesky") -> tuple[Account, frozenset[str]]:
    """Read an account and its labels. Raises `UnreadableError`."""
    did = values.identifier(view.get("did"), "did")
    handle = values.words(view.get("handle"), 256)
    if handle in ("", NO_HANDLE):
        handle = did
    labels = records.labels(view.get("labels"))
    proven = handle != did and not handle.endswith(_GIVEN_AWAY)
    return Account(
        network=network,
        id=did,
        handle=handle,
        display_name=values.words(view.get("displayName")),
        bio=values.words(view.get("description"), values.LONGEST_BIO),
        url=f"{records.WEB}/{did}",
        avatar=values.web_link(view.get("avatar")),
        created=values.optional_moment(view.get("createdAt")),
        followers=values.count(view.get("followersCount")),
        following=values.count(view.get("followsCount")),
        bot=True if records.BOT in labels else None,
        verified=(f"https://{handle}",) if proven else (),
    ), labels


def _author(view: dict[str, Any]) -> tuple[str, str]:
    """Return DID and handle of the author of the post that is answered."""
    author = values.record(view.get("author"))
    did = values.words(author.get("did"), values.LONGEST_ID)
    handle = values.words(author.get("handle"), 256)
    return did, did if handle in ("", NO_HANDLE) else handle


def _repost(original: Post, reason: dict[str, Any]) -> Post:
    """Return the post by which somebody passed on another's."""
    by, labels = profile(values.record(reason.get("by")), network=original.network)
    uri = reason.get("uri")
    return replace(
        original,
        id=uri
        if isinstance(uri, str) and 0 < len(uri) <= values.LONGEST_ID
        else f"{original.id}#{by.id}",
        author=by,
        posted_at=values.moment(reason.get("indexedAt")),
        repost_of=original.id,
        repost_author=original.author.id,
        private=original.private or records.NOT_FOR_STRANGERS in labels,
    )
