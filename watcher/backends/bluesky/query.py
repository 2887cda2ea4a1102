"""What a source asks Bluesky for: the `query` of the table into a method and its parameters."""

import re
from dataclasses import dataclass, field
from typing import Any

LIVE = ("jetstream", "repos")
"""The queries that are streams."""

_HANDLE = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]{1,200}")
_WEB = re.compile(r"https://bsky\.app/profile/([^/?#]+)/(lists|feed)/([^/?#]+)/?")
_RECORDS = {
    "list": "app.bsky.graph.list",
    "feed": "app.bsky.feed.generator",
}
_SHELVES = {"lists": "list", "feed": "feed"}


@dataclass(frozen=True, kw_only=True)
class Query:
    """One way to ask for posts, the newest first."""

    text: str
    """As the configuration has it."""
    method: str
    params: dict[str, Any] = field(default_factory=dict)
    in_time: bool = True
    """Whether posts come in the order of time; custom feeds have an order of their own."""
    needs_account: bool = False
    """Whether nobody who is not logged in is answered."""


def is_handle(text: str) -> bool:
    """Return whether this can be a handle (`acme.bsky.social`), in any case."""
    return len(text) <= 253 and _HANDLE.fullmatch(text.lower()) is not None


def is_did(text: str) -> bool:
    """Return whether this can be the id of an account (`did:plc:...`)."""
    return _DID.fullmatch(text) is not None


def read_query(text: str) -> Query:
    """Read `home`, `@handle`, `#tag`, `search:words`, `list:address` or `feed:address`.

    An address is `at://...` or that of the page on the web. Raises `ValueError` in words.
    """
    if text == "home":
        return Query(text=text, method="app.bsky.feed.getTimeline", needs_account=True)
    kind, colon, rest = text.partition(":")
    rest = rest.strip()
    if text.startswith("@"):
        return _author(text)
    if text.startswith("#") and len(text) > 1 and not re.search(r"\s", text):
        return _search(text, text)
    if colon and kind == "search" and rest:
        return _search(text, rest)
    if colon and kind in _RECORDS:
        return _shelf(text, kind, rest)
    raise ValueError(f"{text!r} is not something this source can read")


def _search(text: str, words: str) -> Query:
    return Query(
        text=text,
        method="app.bsky.feed.searchPosts",
        params={"q": words, "sort": "latest"},
        needs_account=True,
    )


def _author(text: str) -> Query:
    actor = text[1:]
    if not is_did(actor):
        actor = actor.lower()
        if not is_handle(actor):
            raise ValueError(f"{text!r} is no handle: they look like @acme.bsky.social")
    return Query(text=text, method="app.bsky.feed.getAuthorFeed", params={"actor": actor})


def _shelf(text: str, kind: str, address: str) -> Query:
    """Return the query of a list or a feed."""
    if web := _WEB.fullmatch(address):
        owner, shelf, key = web.groups()
        if _SHELVES[shelf] == kind:
            address = f"at://{owner}/{_RECORDS[kind]}/{key}"
    owner, _, rest = address.removeprefix("at://").partition("/")
    named = address.startswith("at://") and (is_did(owner) or is_handle(owner))
    if not named or not rest.startswith(f"{_RECORDS[kind]}/"):
        raise ValueError(f"{text!r} names no {kind}: copy its address from the page on bsky.app")
    if kind == "list":
        return Query(text=text, method="app.bsky.feed.getListFeed", params={"list": address})
    return Query(text=text, method="app.bsky.feed.getFeed", params={"feed": address}, in_time=False)
