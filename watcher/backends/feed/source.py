"""The `[[sources]]` table of kind "feed"."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from alerts.secret import Secret
from rules.errors import Problem
from watcher.backends.interface import Reader, Source
from watcher.backends.reach import Reach
from watcher.clock import utc_now

PLACE = "{secret}"
UNSTATED = frozenset({"followers", "likes", "reposts", "age", "bio", "to"})
"""Fields of the rule language of which no feed says anything."""


@dataclass(frozen=True, kw_only=True)
class FeedSource(Source):
    """RSS, Atom or JSON Feed: a blog, a search in a forum, an account of almost any network."""

    kind: Literal["feed"] = "feed"
    url: str
    """The feed's address. `{secret}` in it stands for the key below."""
    secret: Secret | None = None
    """The token in a private feed's address: `"${NAME}"` or `"${file:...}"`."""
    private: bool = False
    """Whether the feed is a company's own: its posts are kept out of exports, and of mails that
    leave the company."""
    every: str = "30m"
    """How often to look, at most: `30m`, `2h`, `1d`. Feeds change slowly."""

    def problems(self) -> Iterator[Problem]:
        """Say what the types cannot."""
        try:
            parts = urlsplit(self.url)
            good = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
        except ValueError:
            parts, good = urlsplit(""), False
        if not good:
            yield Problem(
                code="bad-feed-url",
                message="this is no address of a feed",
                path=("url",),
                help='url = "https://blog.example/feed.xml"',
            )
        elif parts.username or parts.password:
            yield Problem(
                code="plain-secret",
                message="the address holds a password, which others may read here",
                path=("url",),
                help=f'write {PLACE} in its place and add secret = "${{NAME}}"',
            )
        if self.secret is None and PLACE in self.url:
            yield Problem(
                code="no-feed-secret",
                message=f"nothing says what {PLACE} stands for",
                path=("url",),
                help='add secret = "${NAME}" to the source',
            )
        if self.secret and PLACE not in self.url:
            yield Problem(
                code="useless-key",
                message=f"the address has no {PLACE} to put it in",
                path=("secret",),
                help="leave it out, or write where it belongs",
            )

    @property
    def asks(self) -> str:
        """Which feed it reads."""
        return self.url

    @property
    def reach(self) -> Reach:
        """What posts it can bring: feeds name authors, and tell nothing more of them."""
        return Reach(network="feed", shows_accounts=False, unstated=UNSTATED)

    def open(self, base: Path, *, clock: Callable[[], datetime] = utc_now) -> Reader:
        """Return a reader of the feed; asks nothing yet. `base` is not needed."""
        del base
        from watcher.backends.feed.reader import FeedReader

        return FeedReader(
            self.url,
            secret=self.secret.reveal() if self.secret else "",
            contact=self.contact,
            private=self.private,
            source=self.name,
            clock=clock,
        )
