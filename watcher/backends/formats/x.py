"""Posts of X's API v2: whole responses, or one post a line as archiving tools flatten them."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from rules.model import Account, Post
from watcher.backends import plaintext
from watcher.backends.formats import values
from watcher.backends.formats.parsed import Line, Parsed, UnreadableError

SNOWFLAKE_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
"""Ids since then hold the milliseconds since then above their lowest 22 bits."""


@dataclass(slots=True)
class Item:
    """One post of an answer, or why it is none."""

    id: str
    """Its number, that of its newest version; of what has none, a digest."""
    post: Post | None = None
    notes: list[str] = field(default_factory=list)
    """What was left out or cut, and why."""


class X:
    """Reads `{"data": ..., "includes": ...}` or a single post."""

    def __init__(self, network: str = "x", source: str = "") -> None:
        self._network = network
        self._source = source

    def parse(self, record: Any, line: Line) -> Parsed:
        """Read one response or post; a bad post in a response is noted, the others are kept."""
        del line
        whole = values.record(record)
        if "data" not in whole:
            items = [whole]
        elif isinstance(whole["data"], list):
            items = whole["data"]
        else:
            items = [whole["data"]]
        parsed = Parsed()
        around = _Includes(self, values.record(whole.get("includes")))
        parsed.accounts += around.users.values()
        for number, item in enumerate(items, 1):
            try:
                parsed.posts.append(self._post(values.record(item), around, parsed.notes))
            except UnreadableError as error:
                if len(items) == 1:
                    raise
                parsed.notes.append(f"post {number} of the response: {error}")
        return parsed

    def each(self, answer: dict[str, Any]) -> tuple[list["Item"], list[Account]]:
        """Read an answer of the API, item by item; return them, and the accounts that came along.

        Raises `UnreadableError` where it is no answer with a list of posts.
        """
        data = answer.get("data", [])
        if not isinstance(data, list):
            raise UnreadableError("the posts of the answer are no list")
        around = _Includes(self, values.record(answer.get("includes")))
        return [self._item(item, around) for item in data], list(around.users.values())

    def _item(self, raw: Any, around: "_Includes") -> "Item":
        item = Item(id=identity(raw))
        try:
            item.post = self._post(values.record(raw), around, item.notes)
        except UnreadableError as error:
            item.notes.append(str(error))
        return item

    def _post(self, item: dict[str, Any], around: "_Includes", notes: list[str]) -> Post:
        id_ = values.identifier(item.get("id"))
        first = _first_version(item, id_)
        references = {
            kind: values.identifier(reference.get("id"))
            for reference in values.records(item.get("referenced_tweets"))
            if isinstance(kind := reference.get("type"), str)
        }
        retweeted = references.get("retweeted")
        # the text of a retweet is cut; the post retweeted, where it came along, is whole
        shown = around.posts.get(retweeted or "", item)
        entities = values.record(shown.get("entities"))
        metrics = values.record(item.get("public_metrics"))
        author = around.author(item)
        mentions = [
            handle
            for m in values.records(entities.get("mentions"))
            if (handle := values.words(m.get("username")))
        ]
        return Post(
            network=self._network,
            id=first,
            author=author,
            text=_text(shown, notes),
            posted_at=time_of(first) if first != id_ else _time(item, id_),
            url=f"https://x.com/{author.handle}/status/{id_}",
            language=values.language(item.get("lang")),
            source=self._source,
            links=plaintext.bounded_links(_links(entities)),
            titles=plaintext.bounded(
                title
                for url in values.records(entities.get("urls"))
                if (title := values.words(url.get("title")))
            ),
            hashtags=plaintext.bounded(
                tag
                for entity in values.records(entities.get("hashtags"))
                if (tag := values.words(entity.get("tag")))
            ),
            mentions=plaintext.bounded(mentions),
            reply_to=references.get("replied_to"),
            reply_to_handle=around.handle_of(item.get("in_reply_to_user_id"), entities),
            repost_of=retweeted,
            repost_author=values.words(shown.get("author_id"), values.LONGEST_ID)
            if retweeted and shown is not item
            else "",
            quote_of=references.get("quoted"),
            media=plaintext.bounded_links(around.media_of(shown)),
            likes=values.count(metrics.get("like_count")),
            reposts=values.count(metrics.get("retweet_count")),
            replies=values.count(metrics.get("reply_count")),
            edited_at=_time(item, id_) if first != id_ else None,
            private=author.locked is True,
            alias=id_ if first != id_ else "",
        )

    def account(self, user: dict[str, Any]) -> Account:
        """Return a user object as an account. Raises `UnreadableError`."""
        metrics = values.record(user.get("public_metrics"))
        handle = values.handle(user.get("username") or user.get("id"))
        return Account(
            network=self._network,
            id=values.identifier(user.get("id"), "author"),
            handle=handle,
            display_name=values.words(user.get("name")),
            bio=values.words(user.get("description"), values.LONGEST_BIO),
            url=f"https://x.com/{handle}",
            avatar=values.web_link(user.get("profile_image_url")),
            created=values.optional_moment(user.get("created_at")),
            followers=values.count(metrics.get("followers_count")),
            following=values.count(metrics.get("following_count")),
            locked=values.flag(user.get("protected")),
        )


class _Includes:
    """What came along with a response: users, posts and media by id."""

    def __init__(self, format_: X, includes: dict[str, Any]) -> None:
        self._format = format_
        self.users: dict[str, Account] = {}
        for user in values.records(includes.get("users")):
            if user.get("id") and user.get("username"):
                account = format_.account(user)
                self.users[account.id] = account
        self.posts = {str(p.get("id")): p for p in values.records(includes.get("tweets"))}
        self._media = {str(m.get("media_key")): m for m in values.records(includes.get("media"))}

    def author(self, item: dict[str, Any]) -> Account:
        """Return who wrote a post: stated in it, come along, or known by id only."""
        if isinstance(item.get("author"), dict):
            return self._format.account(item["author"])
        id_ = values.identifier(item.get("author_id"), "author")
        return self.users.get(id_) or self._format.account({"id": id_})

    def handle_of(self, user_id: Any, entities: dict[str, Any]) -> str | None:
        """Return the handle of a user that came along or is mentioned."""
        if not user_id:
            return None
        if known := self.users.get(str(user_id)):
            return known.handle
        mentioned = values.records(entities.get("mentions"))
        found = (m.get("username") for m in mentioned if m.get("id") == user_id)
        return next((name for name in found if isinstance(name, str)), None)

    def media_of(self, item: dict[str, Any]) -> list[str]:
        """Return the addresses of what is attached."""
        keys = values.record(item.get("attachments")).get("media_keys")
        found = (
            [self._media.get(str(key), {}) for key in keys[:20]] if isinstance(keys, list) else []
        )
        links = (values.web_link(m.get("url") or m.get("preview_image_url")) for m in found)
        return [link for link in links if link]


def _text(item: dict[str, Any], notes: list[str]) -> str:
    """Return the whole text; X escapes three characters in it."""
    long = values.record(item.get("note_tweet")).get("text")
    text = values.text(long or item.get("text"), notes)
    if "&" in text:
        text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return text


def _time(item: dict[str, Any], id_: str) -> datetime:
    """Return the stated time; without one, the time that is in the id."""
    if item.get("created_at") is None and is_snowflake(id_):
        return time_of(id_)
    return values.moment(item.get("created_at"))


def is_snowflake(id_: str) -> bool:
    """Whether an id is a number such as X gives."""
    return id_.isascii() and id_.isdigit() and len(id_) < 20


def time_of(id_: str) -> datetime:
    """Return when the id of a post was given, to the millisecond."""
    return SNOWFLAKE_EPOCH + timedelta(milliseconds=int(id_) >> 22)


def id_at(when: datetime) -> int:
    """Return the smallest id that a post of this (aware) time can have; at least 1."""
    return max(1, (when - SNOWFLAKE_EPOCH) // timedelta(milliseconds=1) << 22)


def identity(item: Any) -> str:
    """Return the id of a post; of what has none that can be one, a digest of it."""
    id_ = item.get("id") if isinstance(item, dict) else None
    if isinstance(id_, str) and is_snowflake(id_):
        return id_
    written = json.dumps(item, sort_keys=True).encode()
    return f"?{blake2b(written, digest_size=8).hexdigest()}"


def _first_version(item: dict[str, Any], id_: str) -> str:
    """Return the id that a post had before it was edited: each edit gives it a new one.

    It is the lowest of those listed, which X gives in ascending order. Ids that hold no time (of
    before November 2010, when nothing could be edited) are as good as none.
    """
    history = item.get("edit_history_tweet_ids")
    if not isinstance(history, list) or not is_snowflake(id_):
        return id_
    listed = [one for one in history[:50] if isinstance(one, str) and is_snowflake(one)]
    return min([*listed, id_], key=int)


def _links(entities: dict[str, Any]) -> list[str]:
    """Return where links lead, behind X's own shortener."""
    found = (
        values.web_link(url.get("unwound_url") or url.get("expanded_url") or url.get("url"))
        for url in values.records(entities.get("urls"))
    )
    return [link for link in found if link]
