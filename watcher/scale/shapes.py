"""In what shape a record is: what archives may hold, our own exports, and lists of accounts."""

from datetime import UTC, datetime
from typing import Any, Final

from rules.model import Account, Post
from watcher.backends.archive.parsing import Formats
from watcher.backends.formats import (
    Format,
    Line,
    Mastodon,
    Parsed,
    Simple,
    UnreadableError,
    X,
    bluesky_views,
    values,
)

ACCOUNT_COLUMNS: Final = (
    *("key", "network", "id", "handle", "display_name", "bio", "url", "avatar", "created"),
    *("followers", "following", "bot", "locked", "discoverable", "verified", "last_post"),
    *("did", "acct", "username", "screen_name", "name", "displayName", "public_metrics"),
    *("description", "note", "followers_count", "following_count", "created_at", "uri"),
)
POST_COLUMNS: Final = (
    *("key", "network", "id", "posted_at", "author_key", "author", "author_name", "author_bio"),
    *("author_followers", "author_bot", "text", "language", "url", "source", "reply_to"),
    *("reply_to_handle", "repost_of", "quote_of", "links", "titles", "hashtags", "mentions"),
    *("media", "likes", "reposts", "replies", "edited_at", "private"),
    *("content", "body", "created_at", "date", "timestamp", "lang", "user", "username", "handle"),
    *("author_id", "domains", "in_reply_to", "rt"),
)
"""Columns of Parquet that something is made of, our own first; others are not read. Not taken from
the export, which would bring the whole store into each worker."""
_SAID: Final = ("text", "content", "body", "commit", "record", "post", "data", "reblog")


class Exported:
    """Rows that `watcher export posts` wrote, or the archive of a store."""

    def parse(self, record: Any, line: Line) -> Parsed:
        """Read one row. Raises `UnreadableError`."""
        del line
        parsed = Parsed()
        parsed.posts.append(self._post(record, parsed.notes))
        return parsed

    def _post(self, record: dict[str, Any], notes: list[str]) -> Post:
        get = record.get
        network = values.identifier(get("network"), "network")
        return Post(
            network=network,
            id=values.identifier(get("id")),
            author=Account(
                network=network,
                id=_own(network, get("author_key")) or values.identifier(None, "author"),
                handle=values.handle(get("author")),
                display_name=values.words(get("author_name")),
                bio=values.words(get("author_bio"), values.LONGEST_BIO),
                followers=values.count(get("author_followers")),
                bot=values.flag(get("author_bot")),
            ),
            text=values.text(get("text"), notes),
            posted_at=values.moment(get("posted_at")),
            url=values.web_link(get("url")),
            language=values.language(get("language")),
            source=values.words(get("source")),
            links=_texts(get("links")),
            titles=_texts(get("titles")),
            hashtags=_texts(get("hashtags")),
            mentions=_texts(get("mentions")),
            reply_to=_own(network, get("reply_to")),
            reply_to_handle=values.words(get("reply_to_handle")) or None,
            repost_of=_own(network, get("repost_of")),
            quote_of=_own(network, get("quote_of")),
            media=_texts(get("media")),
            likes=values.count(get("likes")),
            reposts=values.count(get("reposts")),
            replies=values.count(get("replies")),
            edited_at=values.optional_moment(get("edited_at")),
            private=get("private") is True,
        )


def is_exported(record: object) -> bool:
    """Return whether a record is a row of our own table of posts."""
    return isinstance(record, dict) and (
        isinstance(record.get("network"), str)
        and isinstance(record.get("author_key"), str)
        and "text" in record
        and record.get("key") == f"{record['network']}:{record.get('id')}"
    )


def _own(network: str, key: Any) -> str | None:
    """Return the id in a key of the same network."""
    if not isinstance(key, str) or not key:
        return None
    return values.identifier(key.removeprefix(f"{network}:"), "key")


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(one[:2048] for one in value[:1000] if isinstance(one, str))


class PostShapes:
    """Chooses the format of records that hold posts."""

    def __init__(self) -> None:
        self._exported = Exported()
        self._others = Formats("auto", None, "", "")

    def of(self, record: object) -> Format:
        """Return the format that reads a record."""
        return self._exported if is_exported(record) else self._others.of(record)


class AccountShapes(PostShapes):
    """Chooses the format of records that hold accounts, or posts whose authors are meant."""

    def __init__(self) -> None:
        super().__init__()
        self._accounts = Accounts()

    def of(self, record: object) -> Format:
        """Return the format that reads a record."""
        return self._accounts if _is_account(record) else super().of(record)


def _is_account(record: object) -> bool:
    return (
        isinstance(record, dict)
        and {"author", "author_key", "account", "kind"}.isdisjoint(record)
        and not any(record.get(name) for name in _SAID)
    )


class Accounts:
    """Reads one account: of our own export, or as Mastodon, Bluesky and X write them."""

    def __init__(self) -> None:
        self._mastodon, self._x, self._simple = Mastodon(), X(), Simple()

    def parse(self, record: Any, line: Line) -> Parsed:
        """Read one account. Raises `UnreadableError`."""
        del line
        return Parsed(accounts=[self._account(record)])

    def _account(self, record: dict[str, Any]) -> Account:
        if isinstance(record.get("network"), str) and record["network"]:
            return _row(record)
        if isinstance(record.get("did"), str):
            return bluesky_views.profile(record)[0]
        if record.get("acct"):
            return self._mastodon.account(record)
        if "public_metrics" in record or ("username" in record and "name" in record):
            return self._x.account(record)
        if not any(record.get(name) for name in ("handle", "username", "screen_name")):
            raise UnreadableError("neither an account nor a post")
        return self._simple.account(record)


def _row(record: dict[str, Any]) -> Account:
    """Return a row of our own table of accounts."""
    get, network = record.get, values.identifier(record["network"], "network")
    return Account(
        network=network,
        id=values.identifier(get("id") or get("handle"), "account"),
        handle=values.handle(get("handle")),
        display_name=values.words(get("display_name")),
        bio=values.words(get("bio"), values.LONGEST_BIO),
        url=values.web_link(get("url")),
        avatar=values.web_link(get("avatar")),
        created=values.optional_moment(get("created")),
        followers=values.count(get("followers")),
        following=values.count(get("following")),
        bot=values.flag(get("bot")),
        locked=values.flag(get("locked")),
        discoverable=values.flag(get("discoverable")),
        verified=_texts(get("verified")),
        last_post=values.optional_moment(get("last_post")),
    )


def plain(record: dict[str, Any]) -> dict[str, Any]:
    """Return a row of Parquet as JSON would have it: times as text, without what is not there."""
    return {name: _plain(value) for name, value in record.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return value.isoformat() if hasattr(value, "isoformat") else value
