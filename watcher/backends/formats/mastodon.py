"""Statuses of Mastodon's API, as GoToSocial, Friendica, Pleroma and others give them, too."""

from typing import Any

from rules.model import Account, Post
from watcher.backends import plaintext
from watcher.backends.formats import html, values
from watcher.backends.formats.parsed import Line, Parsed, UnreadableError


class Mastodon:
    """Reads a status, or an array of them."""

    def __init__(self, network: str = "mastodon", source: str = "") -> None:
        self._network = network
        self._source = source

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
        if boosted:
            parsed.accounts.append(self.account(boosted.get("account")))
        shown = boosted or record
        text, links = self._text(shown, parsed.notes)
        mentions = values.records(shown.get("mentions"))
        return Post(
            network=self._network,
            id=values.identifier(record.get("id")),
            author=author,
            text=text,
            posted_at=values.moment(record.get("created_at")),
            url=values.web_link(shown.get("url")) or values.web_link(shown.get("uri")),
            language=values.language(shown.get("language")),
            source=self._source,
            links=plaintext.bounded_links(links),
            titles=plaintext.bounded(_named([shown.get("card")], "title")),
            hashtags=plaintext.bounded(_named(shown.get("tags"), "name")),
            mentions=plaintext.bounded(_named(mentions, "acct")),
            reply_to=values.optional_id(record.get("in_reply_to_id")),
            reply_to_handle=_answered(record, author, mentions),
            repost_of=values.identifier(boosted.get("id")) if boosted else None,
            quote_of=_quoted(shown),
            media=plaintext.bounded_links(_media(shown)),
            likes=values.count(shown.get("favourites_count")),
            reposts=values.count(shown.get("reblogs_count")),
            replies=values.count(shown.get("replies_count")),
        )

    def account(self, value: Any) -> Account:
        """Return an account of the API. Raises `UnreadableError` where it has no id or name."""
        record = values.record(value)
        note = values.words(record.get("note"), values.LONGEST_BIO)
        return Account(
            network=self._network,
            id=values.identifier(record.get("id"), "author"),
            handle=values.handle(record.get("acct") or record.get("username")),
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
        )

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


def _answered(
    record: dict[str, Any], author: Account, mentions: list[dict[str, Any]]
) -> str | None:
    """Return the handle of the account answered; the status states its id only."""
    answered = record.get("in_reply_to_account_id")
    if not answered:
        return None
    if str(answered) == author.id:
        return author.handle
    found = (m.get("acct") for m in mentions if m.get("id") == answered)
    return next((name for name in found if isinstance(name, str)), None)


def _quoted(record: dict[str, Any]) -> str | None:
    """Return the id of a quoted status: Mastodon 4.5 nests it, others state `quote_id`."""
    quote = values.record(record.get("quote"))
    inner = values.record(quote.get("quoted_status")) or quote
    return values.optional_id(
        inner.get("id") or quote.get("quoted_status_id") or record.get("quote_id")
    )
