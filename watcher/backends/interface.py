"""What every backend offers: the contract that `tests/contracts/` holds each of them to.

A *reader* brings posts. A *network* also knows accounts and can follow them. A source (the TOML
table) opens one of them; whatever its library raises leaves here as `BackendError`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from rules.errors import WatcherError
from rules.model import Account, Post
from watcher.backends.reach import Reach

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""Between these lies the time of every post and account that a backend lets in.

No network is older. Nearer to the ends of what `datetime` can hold, a time on the clocks of another
zone is none: one post of the year 9999 would stop a mail.
"""

LARGEST_AVATAR = 2_000_000
"""Octets. Networks scale pictures down to a tenth of this; what is larger is not one of theirs."""
AVATAR_SECONDS = 10.0
"""How long a backend may take to bring a picture."""


class BackendError(WatcherError):
    """A source could not be read, or an account not be asked.

    `kind` says whether trying again helps: `temporary` (it does), `refused` (credentials or
    permission), `gone` (what was asked for does not exist), `broken` (the answer made no sense).
    `retry_after` is in seconds where the other side named a time.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: Literal["temporary", "refused", "gone", "broken"],
        help: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, help=help)
        self.kind = kind
        self.retry_after = retry_after


class TakenError(BackendError):
    """A handle is somebody's whom the network does not show: suspended, or away for a while.

    `kind` is `refused`; another handle may be asked for at once.
    """

    def __init__(self, message: str) -> None:
        help_ = "the name is taken all the same"
        super().__init__(message, kind="refused", help=help_)


@dataclass(frozen=True, kw_only=True, slots=True)
class Skipped:
    """Something that came but could not be read as a post: counted and shown, never hidden."""

    where: str
    """`posts.jsonl.gz:118`, or the id of the status."""
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A stretch of time in which posts may have been missed, and the cause in one sentence."""

    since: datetime
    until: datetime
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A bounded step forward in a source, saved together with the cursor that follows it."""

    posts: tuple[Post, ...]
    """Oldest first in the source's own order; no post twice within a page; none whose time lies
    outside `EARLIEST` and `LATEST`."""
    cursor: str
    """Where the next page starts. Opaque to all but the backend that made it."""
    more: bool
    """Whether another page can be had at once."""
    accounts: tuple[Account, ...] = ()
    """Accounts seen beside the authors of `posts` (mentioned, reposted, found by search)."""
    skipped: tuple[Skipped, ...] = ()
    """The first ones in full; at most 100."""
    skipped_count: int = 0
    repeated: int = 0
    """How often a post of this page came once more; nothing is lost by leaving the copies out."""
    gaps: tuple[Gap, ...] = ()
    filled: tuple[Gap, ...] = ()
    """Gaps that were told before, and are none any more: what lay in them is read by now."""
    deleted: tuple[str, ...] = ()
    """Ids or aliases of posts that are gone from the network, and so from the store."""
    departed: tuple[str, ...] = ()
    """Ids of accounts that left the network or were removed from it, and all their posts too."""
    left_out: int = 0
    """Posts that came and that the source is told not to keep: none of them is stored."""
    behind: timedelta | None = None
    """How far a live stream lies behind the present; None where the source is no stream."""


Relation = Literal["none", "requested", "following", "blocked"]


class Reader(Protocol):
    """Brings posts."""

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Yield pages from `cursor` (None: from the beginning the source chooses) until up to date.

        Stopping after any page and calling again with its cursor loses and repeats nothing.
        Raises `BackendError`; pages yielded before stay valid.
        """
        ...

    def check(self) -> str:
        """Try the source as cheaply as possible and say in one line what answered.

        Raises `BackendError`.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections. Calling it twice is fine."""
        ...


@runtime_checkable
class Stream(Reader, Protocol):
    """A reader that can also stay and bring posts as they are written."""

    def live(self, cursor: str | None, stop: Callable[[], bool]) -> Iterator[Page]:
        """Yield pages as posts come, a page at least every second, an empty one where none came.

        Ends soon after `stop()` says so. A page holds a bounded number of posts; while nobody takes
        the next one, nothing more is read from the network. Raises `BackendError` where the stream
        breaks; opening it again with the cursor of the last page loses and repeats nothing that the
        network still has, and tells the rest as a gap.
        """
        ...


@runtime_checkable
class Network(Reader, Protocol):
    """A reader that also knows accounts. Every method raises `BackendError`."""

    @property
    def network(self) -> str:
        """The network's name, as in `Account.network`."""
        ...

    def lookup(self, handle: str) -> Account | None:
        """The account with exactly this handle, or None.

        Raises `TakenError` where it is somebody's whom the network does not show.
        """
        ...

    def search_accounts(self, text: str, limit: int) -> tuple[Account, ...]:
        """Accounts whose handle or display name contains the text, at most `limit`."""
        ...

    def avatar(self, account: Account) -> bytes | None:
        """The picture beside an account's name, as the octets of a PNG, JPEG, GIF or WebP.

        None where there is none to look at: none was set, it is gone, of another format, or of more
        than `LARGEST_AVATAR` octets. Only the network's own pictures are asked for, never an
        address elsewhere, and within `AVATAR_SECONDS`.
        """
        ...

    def relation(self, account_id: str) -> Relation:
        """How the configured account stands to this one."""
        ...

    def follow(self, account_id: str) -> Relation:
        """Follow, once however often it is asked; `requested` where the account must agree."""
        ...

    def unfollow(self, account_id: str) -> None:
        """Undo a follow or the request for one."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """What moderators told our account."""

    name: str
    """By which it is known again."""
    said: str
    """In one line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ourselves:
    """Our own account, as its network has it."""

    account: Account
    notices: tuple[Notice, ...] = ()
    """What moderators told it, as far as the network lets it know."""
    rules: tuple[str, ...] = ()
    """The rules of its server, each in a line."""


@runtime_checkable
class KnowsItself(Protocol):
    """A network that tells of our own account."""

    def ourselves(self) -> Ourselves:
        """Ask for our own account. Raises `BackendError` (refused) where nobody is logged in."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownPost:
    """A post that was read before, as far as its network needs it to be asked about it again."""

    id: str
    author: str
    """As `Account.id`."""
    aliases: tuple[str, ...] = ()
    """Further names under which servers speak of it, as `Post.alias`."""
    repost_of: str | None = None
    private: bool = False


@runtime_checkable
class Revisiting(Protocol):
    """A reader that can ask what became of posts that it brought."""

    @property
    def network(self) -> str:
        """The network's name, as in `Post.network`."""
        ...

    @property
    def revisits_at_once(self) -> int:
        """About how many posts may be asked with one call now.

        0 where what the network still lets us ask is left for reading new posts.
        """
        ...

    def revisit(self, posts: Sequence[KnownPost]) -> Page:
        """Ask about at most `revisits_at_once` posts; they are of this source.

        The page holds those that are there as they read now, and names in `deleted`, by `id`, those
        that are gone for certain. Of what the network shows to others and not to us, or tells
        nothing about, it holds nothing; a server that suddenly has none of its posts is not
        believed before it has shown that it still knows others. The page's cursor means nothing.
        Raises `BackendError`; then nothing is known.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """Whose history is fetched, and how long it is."""

    account: Account
    posts: int | None = None
    """How many posts it has written, as its network says; None where it does not."""


@runtime_checkable
class Histories(Protocol):
    """A network that shows what an account wrote, back to its first post or as far as it shows."""

    @property
    def network(self) -> str:
        """The network's name, as in `Account.network`."""
        ...

    def author(self, handle: str) -> Author | None:
        """The account with exactly this handle and how much it wrote, None where there is none.

        Raises `BackendError`, `TakenError` where it is somebody's whom the network does not show.
        """
        ...

    def history(self, account: Account, place: str, most: int) -> Iterator[Page]:
        """Yield what an account wrote, the newest page first, back from `place` (empty: its end).

        A page's `cursor` is the place where what is older begins, good for as long as the network
        keeps it, and `more` says whether there is any. At most `most` posts are asked for, rounded
        up to what the network gives at once. Raises `BackendError`; pages before stay valid.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Source:
    """What every `[[sources]]` table has; each kind adds its own keys and an `open()`."""

    name: str
    """What rules, commands and digests call the source; unique in the configuration."""
    every: str = "5m"
    """How often to pull: `30s`, `5m`, `2h`, `1d`."""
    enabled: bool = True
    """Whether the source is pulled at all."""
    keep_days: int | None = None
    """How long its posts are kept, in days; without it as long as `[store]` says."""
    contact: str = field(default="", metadata={"given": True})
    """The configuration's `contact`: whom a network may write to about us."""
    data: Path = field(default=Path("watcher-data"), metadata={"given": True})
    """The configuration's data folder, where log-ins are kept."""

    @property
    def is_stream(self) -> bool:
        """Whether a running service keeps the source open instead of pulling it now and then.

        What it opens is a `Stream` then. A kind that can be one has a key `stream`, or says it by
        what is to be read.
        """
        return getattr(self, "stream", False) is True

    @property
    def asks_again(self) -> bool:
        """Whether its posts are asked about once more before a mail tells of them.

        What it opens is `Revisiting` then. A kind that can do it has a key `revisit`, or does it
        always.
        """
        return getattr(self, "revisit", False) is True

    @property
    def interval(self) -> timedelta:
        """`every` as a length of time. Raises `ValueError` where it is none, or not sensible."""
        return parse_interval(self.every)

    @property
    def asks(self) -> str:
        """What it asks for, and where, in few words: `#acme at town.example`."""
        return ""

    @property
    def reach(self) -> Reach:
        """What posts it can bring, as far as the table tells."""
        return Reach()


SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(days=30)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_interval(text: str) -> timedelta:
    """Read `30s`, `5m`, `2h` or `1d`, from a second to 30 days. Raises `ValueError` in words."""
    match = re.fullmatch(r"\s*([0-9]{1,9})\s*([smhd])\s*", text)
    if match is None:
        raise ValueError("this is no length of time")
    length = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if not SHORTEST <= length <= LONGEST:
        raise ValueError("this lies not between a second and 30 days")
    return length
