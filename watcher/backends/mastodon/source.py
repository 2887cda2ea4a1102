"""The `[[sources]]` table of kind "mastodon"."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from alerts.secret import Secret
from rules.errors import Problem
from watcher.backends.address import wrong_server
from watcher.backends.interface import Source
from watcher.backends.mastodon.query import HOW_TO_WRITE, Query
from watcher.backends.reach import Reach, of_query
from watcher.clock import utc_now

if TYPE_CHECKING:
    from watcher.backends.mastodon.network import MastodonNetwork


@dataclass(frozen=True, kw_only=True)
class MastodonSource(Source):
    """A server that speaks Mastodon's API: Mastodon, GoToSocial, Pleroma, Akkoma, Takahē, snac."""

    kind: Literal["mastodon"] = "mastodon"
    server: str
    """The server's address: `https://town.example`."""
    query: str = "public"
    """What to read: `public` (all the server knows), `local` (its own members), `home` (those our
    account follows), `#tag`, `list:ID`, `@account` (its timeline), or `search:` and words."""
    token: Secret | None = None
    """The account's token; without it the one that `watcher login mastodon` stored, if any."""
    stream: bool = False
    """Whether `watcher run` keeps the timeline open and takes posts as they are written, and does
    not ask for them every so often. `@account` and `search:` are not sent so."""
    revisit: bool = True
    """Whether the server is asked, before a mail tells of posts, which of them were deleted or
    edited since they were read."""
    private: bool = False
    """Whether the server is closed, a company's own: all posts of it are kept out of exports, and
    of mails that leave the company."""

    def problems(self) -> Iterator[Problem]:
        """Say what the types cannot."""
        if wrong := wrong_server(self.server):
            yield Problem(
                code="bad-server",
                message=wrong,
                path=("server",),
                help='server = "https://town.example"',
            )
        if (query := Query.parse(self.query)) is None:
            yield Problem(
                code="bad-query",
                message=f"{self.query!r} is not something this source can read",
                path=("query",),
                help=HOW_TO_WRITE,
            )
        elif self.stream and not query.has_stream:
            yield Problem(
                code="useless-key",
                message=f"servers do not send {self.query!r} as it is written",
                path=("stream",),
                help="leave it out: the source is asked every so often",
            )

    @property
    def asks(self) -> str:
        """What it asks for, and where."""
        return f"{self.query} at {urlsplit(self.server).netloc}"

    @property
    def reach(self) -> Reach:
        """What posts it can bring."""
        return of_query(self.query, "mastodon")

    def open(
        self,
        base: Path,  # noqa: ARG002 - files are none of its own
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> "MastodonNetwork":
        """Return the server as a network. Nothing is asked yet, no library loaded."""
        from watcher.backends.mastodon.network import open_network

        return open_network(self, clock)
