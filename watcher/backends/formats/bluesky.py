"""Events of Bluesky's Jetstream: posts written, names taken, profiles changed, accounts gone.

An event names its author by DID only. Handles and profiles come in events of their own, so what was
said earlier is remembered; an account never named has its DID as handle. Likes, follows, reposts
and other records are not posts and pass by uncounted, as blank lines do.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from rules.model import Account, Post
from watcher.backends.formats import bluesky_records as records
from watcher.backends.formats import bluesky_views as views
from watcher.backends.formats import values
from watcher.backends.formats.bluesky_records import POSTS, PROFILES
from watcher.backends.formats.parsed import Line, Parsed, UnreadableError

MOST_ACCOUNTS = 100_000
"""Accounts remembered at once; the oldest are forgotten first."""

_GONE = frozenset({"deleted", "takendown", "suspended", "deactivated"})
"""States of an account whose posts the network shows no more."""


class Jetstream:
    """Reads one event at a time, in order; or one post as the network's answers show it."""

    def __init__(self, network: str = "bluesky", source: str = "") -> None:
        self._network = network
        self._source = source
        self._known: dict[str, Account] = {}
        self._shy: set[str] = set()
        """Those of the known that ask not to be shown to strangers."""
        self._asked: set[str] = set()

    @staticmethod
    def names_somebody(raw: bytes) -> bool:
        """Return whether a line may have to be read again to know names when resuming after it."""
        return b'"identity"' in raw or PROFILES.encode() in raw

    def parse(self, record: Any, line: Line | None = None) -> Parsed:
        """Read one event, or one post of an answer. Raises `UnreadableError`."""
        del line
        event = values.record(record)
        if views.is_post(event):
            return views.post(event, network=self._network, source=self._source)
        did = values.identifier(event.get("did"), "did")
        if event.get("kind") == "identity":
            name = values.words(values.record(event.get("identity")).get("handle"), 256)
            return Parsed(accounts=[self._learn(did, handle=name or did)])
        if event.get("kind") == "account":
            state = values.record(event.get("account"))
            gone = state.get("active") is False and state.get("status") in _GONE
            return Parsed(departed=[did] if gone else [])
        commit = values.record(event.get("commit"))
        collection, operation = commit.get("collection"), commit.get("operation")
        if event.get("kind") != "commit" or collection not in (POSTS, PROFILES):
            return Parsed()
        if operation == "delete":
            return self._deletion(did, collection, commit)
        if operation not in ("create", "update"):
            raise UnreadableError(f"an unknown operation {str(operation)[:40]!r}")
        if collection == PROFILES:
            return Parsed(accounts=[self._profile(did, values.record(commit.get("record")))])
        return self._post(did, event, commit)

    def knows(self, did: str) -> bool:
        """Return whether everything about an account was asked, and told by `learn`."""
        return did in self._asked

    def learn(self, account: Account, labels: Iterable[str]) -> None:
        """Take over what was asked about an account: posts that follow show it."""
        self._asked.add(account.id)
        self._remember(account)
        self._judge(account.id, labels)

    def told(self, post: Post) -> Post:
        """Return a post as it reads with what has been learnt of its author since."""
        author = self._known.get(post.author.id, post.author)
        return replace(post, author=author, private=post.private or author.id in self._shy)

    def _post(self, did: str, event: dict[str, Any], commit: dict[str, Any]) -> Parsed:
        parsed = Parsed()
        post = records.post(
            self._account(did),
            values.identifier(commit.get("rkey"), "rkey"),
            values.record(commit.get("record")),
            seen=event.get("time_us"),
            handle_of=lambda other: self._account(other).handle,
            notes=parsed.notes,
        )
        updated = commit.get("operation") == "update"
        if updated or self._source or did in self._shy:
            post = replace(
                post,
                source=self._source,
                private=post.private or did in self._shy,
                edited_at=values.optional_moment(event.get("time_us")) if updated else None,
            )
        parsed.posts.append(post)
        return parsed

    def _deletion(self, did: str, collection: str, commit: dict[str, Any]) -> Parsed:
        if collection == PROFILES:
            return Parsed(accounts=[self._profile(did, {})])
        key = values.identifier(commit.get("rkey"), "rkey")
        return Parsed(deleted=[f"at://{did}/{POSTS}/{key}"])

    def _profile(self, did: str, record: dict[str, Any]) -> Account:
        labels = records.labels(record.get("labels"))
        self._judge(did, labels)
        bot = True if records.BOT in labels else None
        return self._learn(did, bot=bot, **records.profile(did, record))

    def _judge(self, did: str, labels: Iterable[str]) -> None:
        (self._shy.add if records.NOT_FOR_STRANGERS in labels else self._shy.discard)(did)

    def _account(self, did: str) -> Account:
        return self._known.get(did) or Account(
            network=self._network, id=did, handle=did, url=f"{records.WEB}/{did}"
        )

    def _learn(self, did: str, **facts: Any) -> Account:
        account = replace(self._account(did), **facts)
        self._remember(account)
        return account

    def _remember(self, account: Account) -> None:
        self._known.pop(account.id, None)
        self._known[account.id] = account
        if len(self._known) > MOST_ACCOUNTS:
            oldest = next(iter(self._known))
            del self._known[oldest]
            self._shy.discard(oldest)
            self._asked.discard(oldest)
