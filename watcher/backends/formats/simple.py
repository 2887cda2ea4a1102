"""The simple shape: one flat object (or CSV row) a post, by our own names or by a mapping.

Only the text is required. Without an id a post is known by where it stands (`Line.id`), without a
time it has that of its file, without an author it is by the account `?`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import Any

from rules.model import Account, Post
from watcher.backends import plaintext
from watcher.backends.formats import values
from watcher.backends.formats.parsed import Line, Parsed, UnreadableError

NOBODY = "?"
"""Id and handle of the account behind posts without an author."""

MOST_REMEMBERED = 20_000
"""Accounts shared between posts; beyond that all are forgotten and met anew."""

_REPOST_MARK = re.compile(r"RT @\w+:?\s*")


@dataclass(frozen=True, kw_only=True)
class FieldMapping:
    """Where each thing is found: a key, or a path such as `user.screen_name`.

    In a path, a number picks from a list and `*` takes all of it (`entities.urls.*.expanded_url`).
    What is not named here is looked for under its usual name.
    """

    id: str = ""
    """What tells one post from every other; a record without it is skipped."""
    text: str = ""
    """What was said."""
    author: str = ""
    """The author's handle."""
    author_id: str = ""
    """What stays when the handle changes."""
    author_name: str = ""
    """The display name."""
    author_bio: str = ""
    """What the author says of itself."""
    posted_at: str = ""
    """When: ISO 8601, X's old form, or a number since 1970."""
    language: str = ""
    """A code: `fr`, `pt-BR`."""
    url: str = ""
    """Where the post is shown."""
    links: str = ""
    """A list, or a text parted by spaces, commas or bars; left out: those in the text."""
    titles: str = ""
    """Titles of the linked pages: a text, or a list of them."""
    hashtags: str = ""
    """A list as for links; with or without `#`."""
    mentions: str = ""
    """Likewise: handles, with or without `@`."""
    media: str = ""
    """Addresses of pictures and films."""
    reply_to: str = ""
    """The id of the post answered."""
    repost_of: str = ""
    """The id of the post passed on."""
    quote_of: str = ""
    """The id of the post quoted."""
    likes: str = ""
    """A whole number."""
    reposts: str = ""
    """A whole number."""
    replies: str = ""
    """A whole number."""

    def paths(self) -> dict[str, str]:
        """Return the fields that were named, with their paths."""
        named = {field.name: str(getattr(self, field.name)) for field in fields(self)}
        return {name: path for name, path in named.items() if path}


class Simple:
    """Reads flat objects, and any other through a mapping."""

    def __init__(
        self, network: str = "archive", source: str = "", mapping: FieldMapping | None = None
    ) -> None:
        self._network = network
        self._source = source
        self._paths = mapping.paths() if mapping else {}
        self._authors: dict[tuple[str, str], Account] = {}

    def parse(self, record: Any, line: Line) -> Parsed:
        """Read one post."""
        if not isinstance(record, dict):
            raise UnreadableError("not an object with named values")
        if self._paths:
            record = self._mapped(record)
        parsed = Parsed()
        parsed.posts.append(self._post(record, line, parsed.notes))
        return parsed

    def _mapped(self, record: dict[str, Any]) -> dict[str, Any]:
        """Put what the mapping names under our names. Raises `UnreadableError`."""
        found = {name: dig(record, path) for name, path in self._paths.items()}
        for name in ("id", "text", "posted_at"):
            if name in found and found[name] in (None, ""):
                raise UnreadableError(
                    f"nothing at {self._paths[name]!r}, where the {name} should be"
                )
        return {**record, **found}

    def _post(self, record: dict[str, Any], line: Line, notes: list[str]) -> Post:
        get = record.get
        text = values.text(_first(record, "text", "content", "body"), notes)
        when = _first(record, "posted_at", "created_at", "date", "timestamp")
        stated_id = get("id")
        hashtags, mentions = get("hashtags"), get("mentions")
        return Post(
            network=self._network,
            id=line.id() if stated_id in (None, "") else values.identifier(stated_id),
            author=self._author(record),
            text=text,
            posted_at=line.file_time if when is None else values.moment(when),
            url=values.web_link(get("url")),
            language=values.language(_first(record, "language", "lang")),
            source=self._source,
            links=_links(record, text),
            titles=_titles(get("titles")),
            hashtags=plaintext.hashtags(text) if hashtags is None else _several(hashtags, "#"),
            mentions=plaintext.mentions(text) if mentions is None else _several(mentions, "@"),
            reply_to=values.optional_id(_first(record, "reply_to", "in_reply_to")),
            repost_of=_reposted(record, text),
            quote_of=values.optional_id(get("quote_of")),
            media=_several(get("media"), ""),
            likes=values.count(get("likes")),
            reposts=values.count(get("reposts")),
            replies=values.count(get("replies")),
        )

    def _author(self, record: dict[str, Any]) -> Account:
        """Return the author: an object, or a handle with more beside it."""
        author = _first(record, "author", "user", "username", "handle")
        if isinstance(author, dict):
            return self.account(author)
        name = NOBODY if author is None else values.handle(author)
        stated = record.get("author_id")
        id_ = name if stated in (None, "") else values.identifier(stated, "author")
        if record.get("author_name") or record.get("author_bio"):
            display_name = values.words(record.get("author_name"))
            bio = values.words(record.get("author_bio"), values.LONGEST_BIO)
            return Account(
                network=self._network, id=id_, handle=name, display_name=display_name, bio=bio
            )
        known = self._authors.get((id_, name))
        if known is None:
            if len(self._authors) >= MOST_REMEMBERED:
                self._authors.clear()
            known = Account(network=self._network, id=id_, handle=name)
            self._authors[id_, name] = known
        return known

    def account(self, record: dict[str, Any]) -> Account:
        """Return an account: an object with a handle. Raises `UnreadableError`."""
        name = values.handle(_first(record, "handle", "username", "screen_name", "acct"))
        stated = record.get("id")
        return Account(
            network=self._network,
            id=name if stated in (None, "") else values.identifier(stated, "author"),
            handle=name,
            display_name=values.words(_first(record, "display_name", "name")),
            bio=values.words(_first(record, "bio", "description"), values.LONGEST_BIO),
            url=values.web_link(record.get("url")),
            avatar=values.web_link(record.get("avatar")),
            created=values.optional_moment(_first(record, "created", "created_at")),
            followers=values.count(_first(record, "followers", "followers_count")),
            following=values.count(_first(record, "following", "following_count")),
            bot=values.flag(record.get("bot")),
            locked=values.flag(record.get("locked")),
            discoverable=values.flag(record.get("discoverable")),
        )


def _first(record: dict[str, Any], *names: str) -> Any:
    """Return the first value that is there and not empty; None where none is."""
    for name in names:
        value = record.get(name)
        if value is not None and (value != "" or name == "text"):
            return value
    return None


def dig(record: Any, path: str) -> Any:
    """Follow a path; a key with dots in it is found whole first. None where it leads nowhere."""
    if isinstance(record, dict) and path in record:
        return record[path]
    step, _, rest = path.partition(".")
    if isinstance(record, list) and step == "*":
        found = [dig(item, rest) if rest else item for item in record[:1000]]
        return [item for item in found if item is not None]
    if isinstance(record, list) and step.isdigit() and int(step) < len(record):
        inner = record[int(step)]
    elif isinstance(record, dict):
        inner = record.get(step)
    else:
        return None
    return dig(inner, rest) if rest else inner


def _several(value: Any, sign: str) -> tuple[str, ...]:
    """Return a list of words: a JSON array, or a string parted by spaces, commas or bars."""
    if not value:
        return ()
    items: Iterable[Any] = re.split(r"[\s,|]+", value[:20_000]) if isinstance(value, str) else value
    if not isinstance(items, list):
        return ()
    return plaintext.bounded(
        item[:2048].removeprefix(sign) for item in items if isinstance(item, str) and item
    )


def _titles(value: Any) -> tuple[str, ...]:
    """Return a title, or a list of them, each as it is: a title has spaces."""
    items = value if isinstance(value, list) else [value]
    return plaintext.bounded(title for item in items if (title := values.words(item)))


def _links(record: dict[str, Any], text: str) -> tuple[str, ...]:
    """Return the stated links or those in the text, and one for each domain not among them."""
    stated = record.get("links")
    links = (
        plaintext.links(text)
        if stated is None
        else tuple(link for item in _several(stated, "") if (link := values.web_link(item)))
    )
    domains = record.get("domains")
    if not domains:
        return links
    written = "\n".join(links).casefold()
    missing = [d for d in _several(domains, "") if d.casefold() not in written]
    return plaintext.bounded_links([*links, *(f"https://{domain}/" for domain in missing)])


def _reposted(record: dict[str, Any], text: str) -> str | None:
    """Return the id of the post reposted.

    Where a record says no more than that it is one (`rt`), reposts of the same text share an id
    made of it.
    """
    stated = record.get("repost_of")
    if stated is not None:
        return values.optional_id(stated)
    if record.get("rt") is True:
        original = _REPOST_MARK.sub("", text, count=1)
        return f"text:{blake2b(original.encode(), digest_size=8).hexdigest()}"
    return None
