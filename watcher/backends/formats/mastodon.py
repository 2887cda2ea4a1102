"""Statuses of Mastodon's API, as GoToSocial, Friendica, Pleroma and others give them, too.

A status has a number on each server that knows it, and one address (`uri`) everywhere: that is its
id here, so that what came by two servers is one post. The server that was asked speaks of it by
its own number in deletions and edits: that is the alias, `host/number`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from rules.model import Account, Post
from watcher.backends import plaintext
from watcher.backends.formats import html, values
from watcher.backends.formats.parsed import Line, Parsed, UnreadableError

_OPEN = ("public", "unlisted")
"""Who may read: everybody. Any other word names a circle."""


class Mastodon:
    """Reads a status, or an array of them.

    `host` is the server that was asked (`town.example:8443`), empty where nobody knows; `domain`
    tells what stands behind the `@` of its own accounts, which it leaves out.
    """

    def __init__(
        self,
        network: str = "mastodon",
        source: str = "",
        *,
        host: str = "",
        domain: Callable[[], str] = str,
    ) -> None:
        self._network = network
        self._source = source
        self._host = host
        self._domain = domain

    def parse(self, record: Any, line: Line) -> Parsed:
        """Read one status. A boost is a post of the booster with the boosted text."""
        del line
        parsed = Parsed()
        if not isinstance(record, dict):
            raise UnreadableError("not a status")
        parsed.posts.append(self.status(record, parsed))
        return parsed

    def status(self, record: dict[str, Any], parsed: Parsed) -> Post:
        """Return a status as a post; accounts beside its author go into `parsed`."""
        author = self.account(record.get("account"))
        boosted = values.record(record.get("reblog"))
        by = self.account(boosted.get("account")) if boosted else None
        if by is not None:
            parsed.accounts.append(by)
        shown = boosted or record
        text, links = self._text(shown, parsed.notes)
        mentions = values.records(shown.get("mentions"))
        number = values.identifier(record.get("id"))
        return Post(
            network=self._network,
            id=self._everywhere(record),
            alias=self.alias(number) if self._host else "",
            author=author,
            text=text,
            posted_at=values.moment(record.get("created_at")),
            edited_at=values.optional_moment(shown.get("edited_at")),
            private=_closed(record) or _closed(boosted),
            url=values.web_link(shown.get("url")) or values.web_link(shown.get("uri")),
            language=values.language(shown.get("language")),
            source=self._source,
            links=plaintext.bounded_links(links),
            titles=plaintext.bounded(_named([shown.get("card")], "title")),
            hashtags=plaintext.bounded(_named(shown.get("tags"), "name")),
            mentions=plaintext.bounded(self._whole(m) for m in _named(mentions, "acct")),
            reply_to=self._known_here(record.get("in_reply_to_id")),
            reply_to_handle=self._answered(record, author, mentions),
            repost_of=self._everywhere(boosted) if boosted else None,
            repost_author=by.id if by else "",
            quote_of=self._quoted(shown),
            media=plaintext.bounded_links(_media(shown)),
            likes=values.count(shown.get("favourites_count")),
            reposts=values.count(shown.get("reblogs_count")),
            replies=values.count(shown.get("replies_count")),
        )

    def alias(self, number: str) -> str:
        """Return the name by which the server that was asked speaks of a status."""
        return f"{self._host}/{number}" if self._host else number

    def account(self, value: Any) -> Account:
        """Return an account of the API. Raises `UnreadableError` where it has no id or name."""
        record = values.record(value)
        note = values.words(record.get("note"), values.LONGEST_BIO)
        return Account(
            network=self._network,
            id=self._everywhere(record, "author"),
            handle=self._whole(values.handle(record.get("acct") or record.get("username"))),
            display_name=values.words(record.get("display_name")),
            bio=html.to_plain(note).text,
            url=values.web_link(record.get("url")),
            avatar=values.web_link(record.get("avatar")),
            created=values.optional_moment(record.get("created_at")),
            followers=values.count(record.get("followers_count")),
            following=values.count(record.get("following_count")),
            bot=values.flag(record.get("bot")),
            locked=values.flag(record.get("locked")),
            discoverable=values.flag(record.get("discoverable")),
            verified=_verified(record),
            standing=_standing(record),
            last_post=_day(record.get("last_status_at")),
        )

    def _everywhere(self, record: dict[str, Any], what: str = "id") -> str:
        """Return the name by which every server knows a status or an account.

        Its address; where there is none, its number together with the server that gave it.
        """
        number = values.identifier(record.get("id"), what)
        for field in ("uri", "url"):
            address = values.web_link(record.get(field))
            if 0 < len(address) <= values.LONGEST_ID:
                return address
        return self.alias(number)

    def _known_here(self, number: Any) -> str | None:
        known = values.optional_id(number)
        return None if known is None else self.alias(known)

    def _whole(self, handle: str) -> str:
        """Return a handle with its server; an account has the same one wherever it is seen."""
        if "@" in handle:
            return handle
        domain = self._domain()
        return f"{handle}@{domain}" if domain else handle

    def _answered(
        self, record: dict[str, Any], author: Account, mentions: list[dict[str, Any]]
    ) -> str | None:
        """Return the handle of the account answered; the status states its number only."""
        answered = record.get("in_reply_to_account_id")
        if not answered:
            return None
        if str(answered) == str(values.record(record.get("account")).get("id")):
            return author.handle
        found = (m.get("acct") for m in mentions if m.get("id") == answered)
        return next((self._whole(name) for name in found if isinstance(name, str)), None)

    def _quoted(self, record: dict[str, Any]) -> str | None:
        """Return the id of a quoted status: Mastodon 4.5 nests it, others state `quote_id`."""
        quote = values.record(record.get("quote"))
        inner = values.record(quote.get("quoted_status")) or quote
        if inner.get("id"):
            return self._everywhere(inner)
        return self._known_here(quote.get("quoted_status_id") or record.get("quote_id"))

    def _text(self, record: dict[str, Any], notes: list[str]) -> tuple[str, tuple[str, ...]]:
        """Return what a person reads, the content warning first, and its links."""
        plain = html.to_plain(values.text(record.get("content"), notes))
        warning = values.words(record.get("spoiler_text"), values.LONGEST_BIO)
        return (f"{warning}\n\n{plain.text}" if warning else plain.text), plain.links


def _named(items: Any, field: str) -> list[str]:
    return [name for item in values.records(items) if (name := values.words(item.get(field)))]


def _media(record: dict[str, Any]) -> list[str]:
    items = values.records(record.get("media_attachments"))
    links = (values.web_link(item.get("url") or item.get("remote_url")) for item in items)
    return [link for link in links if link]


def _closed(record: dict[str, Any]) -> bool:
    """Whether a status is not for everybody. What says nothing comes from an open timeline."""
    visibility = record.get("visibility")
    return visibility is not None and visibility not in _OPEN


def _verified(record: dict[str, Any]) -> tuple[str, ...]:
    """Return the addresses in an account's profile that the server found to link back."""
    fields = (f for f in values.records(record.get("fields")) if f.get("verified_at"))
    texts = (values.words(field.get("value"), values.LONGEST_BIO) for field in fields)
    return plaintext.bounded_links(link for text in texts for link in _addresses(text))


def _standing(record: dict[str, Any]) -> str:
    """Return how an account stands; servers name only what is out of the ordinary."""
    if isinstance(record.get("moved"), dict):
        return "moved"
    for standing in ("suspended", "memorial"):
        if record.get(standing) is True:
            return standing
    return "active" if "created_at" in record else ""


def _day(value: Any) -> datetime | None:
    """Return the day of a time: servers that tell the second would change it with every post."""
    when = values.optional_moment(value)
    return when.replace(hour=0, minute=0, second=0, microsecond=0) if when else None


def _addresses(text: str) -> tuple[str, ...]:
    return html.to_plain(text).links or plaintext.links(text)
