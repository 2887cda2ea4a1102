"""The `[[sources]]` table of kind "bluesky"."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from alerts.secret import Secret
from rules.errors import Problem
from watcher.backends.address import wrong_address
from watcher.backends.bluesky.keep import Keep
from watcher.backends.bluesky.query import LIVE, is_did, is_handle, read_query
from watcher.backends.interface import Source, parse_interval
from watcher.backends.reach import Reach, of_query
from watcher.clock import utc_now

if TYPE_CHECKING:
    from watcher.backends.bluesky.network import BlueskyNetwork

HOME = "https://bsky.social"
"""The server that most accounts are at."""
OPEN = "https://public.api.bsky.app"
"""What answers those who have no account."""
STREAMS = {
    "jetstream": "wss://jetstream2.us-east.bsky.network/subscribe",
    "repos": "wss://bsky.network",
}
FOLDER = "logins"

_WHAT = (
    'write "search:some words", "#tag", "@acme.bsky.social", "home", "list:" or "feed:" and an '
    'address, "jetstream" or "repos"'
)


@dataclass(frozen=True, kw_only=True)
class BlueskySource(Source):
    """Bluesky, or another network of its kind."""

    kind: Literal["bluesky"] = "bluesky"
    query: str
    """What to read: `search:` and words, `#tag`, `@handle`, `home` (those our account follows),
    `list:` or `feed:` and an address, or a stream of everything: `jetstream`, or `repos`."""
    account: str = ""
    """Our handle. Searching, `home` and following need one; `watcher login bluesky` logs it in."""
    password: Secret | None = None
    """An app password, instead of the one that `watcher login bluesky` stored."""
    server: str = ""
    """The account's server; left out: Bluesky's own."""
    url: str = ""
    """The address of the stream, `wss://...`; left out: one of Bluesky's own."""
    keep: Keep = field(default_factory=Keep)
    """Which posts of a stream are kept; left out: all."""
    names: bool = True
    """Whether the authors of a stream's posts are asked for, who else have an id in place of a
    name. Without it nothing is known of those who ask not to be shown to strangers."""
    begin: Literal["now", "oldest"] = "now"
    """Where a stream is read from at first: the present, or the oldest that its server has."""
    overlap: str = "6h"
    """How far behind the last post one looks again for posts that came late, or claim to be old."""
    revisit: bool = True
    """Whether the network is asked, before a mail tells of posts, which of them were deleted since
    they were read. A stream says so by itself."""

    @property
    def is_stream(self) -> bool:
        """Whether posts come as they are written."""
        return self.query in LIVE

    @property
    def asks_again(self) -> bool:
        """Whether posts are asked about once more: a stream tells what is deleted, and resumes."""
        return self.revisit and not self.is_stream

    @property
    def address(self) -> str:
        """The server that is asked, without a slash at its end."""
        return (self.server or (HOME if self.account else OPEN)).rstrip("/")

    @property
    def handle(self) -> str:
        """Our handle as the network writes it; empty for nobody."""
        return self.account.strip().removeprefix("@").lower()

    def problems(self) -> Iterator[Problem]:
        """Say what the types cannot."""
        yield from self._query_problems()
        if self.account and not is_handle(self.handle):
            yield Problem(
                code="bad-handle",
                message=f"{self.account!r} is no handle",
                path=("account",),
                help='account = "acme.bsky.social"',
            )
        if self.password and not self.account:
            yield Problem(
                code="missing-account",
                message="a password is of no use without an account",
                path=("password",),
                help='add account = "acme.bsky.social"',
            )
        for name, value, schemes in (
            ("server", self.server, ("https", "http")),
            ("url", self.url, ("wss", "ws")),
        ):
            if value and (wrong := wrong_address(value, schemes)):
                yield Problem(code="bad-server", message=wrong, path=(name,))
        try:
            parse_interval(self.overlap)
        except ValueError as error:
            yield Problem(
                code="bad-interval", message=str(error), path=("overlap",), help='overlap = "6h"'
            )
        yield from self._keep_problems()

    def _query_problems(self) -> Iterator[Problem]:
        if self.is_stream:
            return
        try:
            query = read_query(self.query)
        except ValueError as error:
            yield Problem(code="bad-query", message=str(error), path=("query",), help=_WHAT)
            return
        if query.needs_account and not self.account:
            yield Problem(
                code="missing-account",
                message="this is shown to those only who are logged in",
                path=("query",),
                help='add account = "acme.bsky.social", then `watcher login bluesky`',
            )

    def _keep_problems(self) -> Iterator[Problem]:
        useless = {"keep": not self.keep.everything, "url": bool(self.url),
                   "begin": self.begin != "now"}  # fmt: skip
        for name, given in useless.items():
            if given and not self.is_stream:
                yield Problem(
                    code="useless-key",
                    message=f"{name!r} is about streams, and {self.query!r} is none",
                    path=(name,),
                    help='leave it out, or write query = "jetstream"',
                )
        for number, account in enumerate(self.keep.accounts):
            name = account.removeprefix("@")
            if not is_did(name) and not is_handle(name):
                yield Problem(
                    code="bad-handle",
                    message=f"{account!r} is no handle",
                    path=("keep", "accounts", number),
                )
        for number, language in enumerate(self.keep.languages):
            if not re.fullmatch(r"[a-z]{2,3}", language):
                yield Problem(
                    code="bad-language",
                    message=f"{language!r} is no code of a language",
                    path=("keep", "languages", number),
                    help='languages = ["en", "fr"]',
                )

    def login_path(self) -> Path:
        """Return the file that holds the account's log-in."""
        return self.data / FOLDER / login_name(self.handle)

    @property
    def asks(self) -> str:
        """What it asks for, and where where that is not Bluesky's own server."""
        where = urlsplit(self.url if self.is_stream else self.server).netloc
        return f"{self.query} at {where}" if where else self.query

    @property
    def reach(self) -> Reach:
        """What posts it can bring; of a stream that is sifted, what is kept."""
        if self.is_stream and not self.keep.everything:
            accounts = (f"@{account.removeprefix('@')}" for account in self.keep.accounts)
            kept = () if self.keep.languages else (*self.keep.any, *accounts)
            return Reach(network="bluesky", kept=kept)
        return of_query(self.query, "bluesky")

    def open(
        self,
        base: Path,  # noqa: ARG002 - files are none of its own
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> "BlueskyNetwork":
        """Return the network. Nothing is asked yet, no library loaded."""
        from watcher.backends.bluesky.network import BlueskyNetwork
        from watcher.backends.bluesky.stream import BlueskyStream

        return (BlueskyStream if self.is_stream else BlueskyNetwork)(self, clock=clock)

    @property
    def looks_back(self) -> timedelta:
        """`overlap` as a length of time."""
        return parse_interval(self.overlap)


def login_name(handle: str) -> str:
    """Return the name of the file of a log-in."""
    return f"bluesky-{re.sub(r'[^a-z0-9.-]', '_', handle)}.json"
