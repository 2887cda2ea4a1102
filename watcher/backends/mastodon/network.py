"""A server as the watcher reads it: timelines page by page, and accounts."""

import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, NoReturn
from urllib.parse import urlsplit

from rules.model import Account
from watcher.backends import pictures
from watcher.backends.formats import Mastodon, UnreadableError, values
from watcher.backends.http.bounds import Bounds
from watcher.backends.http.errors import host_of
from watcher.backends.interface import (
    AVATAR_SECONDS,
    LARGEST_AVATAR,
    Author,
    BackendError,
    KnownPost,
    Notice,
    Ourselves,
    Page,
    Relation,
)
from watcher.backends.mastodon import history, pull, revisiting, tokens
from watcher.backends.mastodon.client import Client, StatusError
from watcher.backends.mastodon.cursor import State
from watcher.backends.mastodon.features import Features, features
from watcher.backends.mastodon.paging import Pages
from watcher.backends.mastodon.query import Query
from watcher.backends.mastodon.source import MastodonSource
from watcher.backends.mastodon.whose import Finder, LeftError, Whose
from watcher.clock import utc_now

REMEMBERED_ACCOUNTS = 10_000
_TIMELINES = {
    "public": "public timeline",
    "local": "local timeline",
    "home": "home timeline",
    "tag": "timeline of #{}",
    "list": "list {} of ours",
    "account": "timeline of @{}",
}
_PICTURES = Bounds(seconds=AVATAR_SECONDS, octets=LARGEST_AVATAR)


class MastodonNetwork:
    """One query of one server. Every method raises `BackendError`."""

    network = "mastodon"

    def __init__(self, source: MastodonSource, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._source = source
        self.clock = clock
        query = Query.parse(source.query)
        if query is None:
            raise ValueError(f"{source.query!r} is no query")
        self._query = query
        self._numbers: OrderedDict[str, str] = OrderedDict()
        """Local ids of accounts by their address everywhere."""
        self._whose: Whose | None = None
        """The account whose timeline is read."""

    @cached_property
    def client(self) -> Client:
        """The server, asked with the token of the source, or the stored one, or none."""
        source = self._source
        token = source.token.reveal() if source.token else ""
        if not token:
            try:
                login = tokens.stored(source.data, source.server)
            except tokens.TokenError as error:
                raise BackendError(error.message, kind="refused", help=error.help) from error
            token = login.token if login else ""
        return Client(source.server, token, source.contact)

    @property
    def features(self) -> Features:
        """What the server is and has."""
        return features(self.client)

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Yield pages from `cursor` until up to date; see `pull` for the way."""
        self._refuse_strangers()
        state = State.load(self.client.host, self._source.query, cursor)
        if self._query.kind == "search":
            yield from self._search(state)
        elif self._query.kind == "account":
            yield from self._of_account(state)
        else:
            yield from self.pull(state).run()

    def _of_account(self, state: State) -> Iterator[Page]:
        """Read the timeline of an account, as long as the account is there."""
        try:
            whose = self._whose = self._finder.find(state.account)
            state.account = whose.known
            yield from self.pull(state).run()
        except LeftError as left:
            if left.account and (state.account[0] or state.seen):
                nothing = State(self.client.host, self._source.query).dump()
                yield Page(posts=(), cursor=nothing, more=False, departed=(left.account,))
            raise
        if whose.moved_to:
            raise self._moved(whose.moved_to)

    def _moved(self, handle: str) -> BackendError:
        return BackendError(
            f"@{self._query.value} has moved to @{handle}",
            kind="gone",
            help=f'what it writes now is read with query = "@{handle}"',
        )

    def pull(self, state: State) -> pull.Pull:
        """Return a reading of the timeline from where `state` stands."""
        return pull.Pull(
            state,
            self._fetch,
            self.reading,
            clock=self.clock,
            after=self.client.newest_by_link,
            is_there=self.client.has_status,
        )

    def _search(self, state: State) -> Iterator[Page]:
        empty = True
        reading = pull.Pull(state, self._fetch, self.reading, clock=self.clock)
        for page in reading.search(self._found):
            empty = False
            yield page
        if empty and not state.seen and not self.features.finds_posts:
            self._no_search()

    def _no_search(self) -> NoReturn:
        raise BackendError(
            f"{self.client.host} runs {self.features.software}, whose search finds no posts of"
            " others",
            kind="gone",
            help='watch hashtags there (query = "#tag"), or search on another server',
        )

    def _found(self, offset: int) -> Sequence[Any]:
        return self.client.found_statuses(self._query.value, limit=pull.PAGE, offset=offset)

    def _fetch(self, min_id: str | None, max_id: str | None) -> Sequence[Any]:
        whose = self._whose
        try:
            return self.client.statuses(
                self._query, whose.number if whose else "", limit=pull.PAGE,
                min_id=min_id, max_id=max_id,
            )  # fmt: skip
        except StatusError as error:
            if error.status not in (404, 410):
                raise
            if whose:
                self._finder.find(whose.known)  # it may have gone this moment
            what = _TIMELINES[self._query.kind].format(self._query.value)
            raise BackendError(
                f"{self.client.host} has no {what} ({error.status})", kind="gone"
            ) from None

    @cached_property
    def _finder(self) -> Finder:
        """Finds the account whose timeline is read."""
        domain = self._query.value.partition("@")[2].lower()
        return Finder(
            client=self.client,
            format=self.format,
            handle=self._query.value,
            by_handle=self._record_of,
            at_home=lambda: domain in ("", self.features.domain, self.client.host),
        )

    @cached_property
    def format(self) -> Mastodon:
        """How its JSON is read."""
        return Mastodon(
            self.network,
            self._source.name,
            host=self.client.host,
            domain=lambda: self.features.domain,
        )

    @cached_property
    def reading(self) -> Pages:
        """How its statuses become pages."""
        return Pages(format=self.format, private=self._source.private)

    def check(self) -> str:
        """Ask for the newest page and for our own account, and say who answered."""
        self._refuse_strangers()
        if self._query.kind == "search":
            posts = len(self._found(0))
            if not posts and not self.features.finds_posts:
                self._no_search()
            found = f"{posts} posts" if posts else "no post: many servers search none at all"
            what = f"search:{self._query.value} finds {found}"
        else:
            if self._query.kind == "account":
                self._whose = self._finder.find()
                if self._whose.moved_to:
                    raise self._moved(self._whose.moved_to)
            what = f"{self._source.query} answers"
            if not self._fetch(None, None):
                what = f"{self._source.query} is empty"
        return f"{self.client.host}, {self.features.software}, {self._who()}: {what}"

    def _who(self) -> str:
        if not self.client.token:
            return "asked without an account"
        try:
            return f"as @{values.handle(self.client.ourselves().get('acct'))[:80]}"
        except UnreadableError:
            return "as an account without a name"

    def _refuse_strangers(self) -> None:
        if self._query.needs_account and not self.client.token:
            self._no_account()

    def _no_account(self) -> NoReturn:
        raise BackendError(
            f"nobody is logged in at {host_of(self._source.server)}, and this needs an account",
            kind="refused",
            help=f"`watcher login mastodon {self._source.server}` logs in",
        )

    @property
    def revisits_at_once(self) -> int:
        """How many posts may be asked about now; 0 where nothing can be spared for it."""
        return revisiting.at_once(self.client)

    def revisit(self, posts: Sequence[KnownPost]) -> Page:
        """Ask what became of posts that came from this server."""
        search = self._query.kind == "search"
        return revisiting.Revisit(
            self.client,
            self.reading,
            newest=lambda: self._found(0) if search else self._fetch(None, None),
            relation=self.relation,
            closed=self._source.private,
        ).of(posts)

    def close(self) -> None:
        """Let go of the connections."""
        if "client" in self.__dict__:
            self.client.close()

    # Histories

    def author(self, handle: str) -> Author | None:
        """The account with exactly this handle, and how many statuses its server counts."""
        record = self._record_of(handle.strip().removeprefix("@"))
        account = self._account(record) if record else None
        return Author(account=account, posts=history.written(record)) if account else None

    def history(self, account: Account, place: str, most: int) -> Iterator[Page]:
        """Yield what an account wrote, as far as this server knows it, back from `place`."""
        record = self._record_of(account.handle)
        if record is None:
            raise BackendError(
                f"{self.client.host} knows no account @{account.handle}", kind="gone"
            )
        number = history.number_of(record, account.handle)
        query = Query(kind="account", value=account.handle)

        def fetch(before: str | None) -> Sequence[Any]:
            return self.client.statuses(query, number, limit=history.PAGE, max_id=before)

        yield from history.history(fetch, self.reading, place, most)

    # Accounts

    def lookup(self, handle: str) -> Account | None:
        """The account with exactly this handle, or None.

        A handle of another server that this one has not met is asked for there, where we have an
        account: servers look up nothing elsewhere for strangers.
        """
        record = self._record_of(handle.strip().removeprefix("@"))
        return self._account(record) if record else None

    def _record_of(self, handle: str) -> dict[str, Any] | None:
        query = Query.parse(f"@{handle}")
        if query is None:
            return None
        name, _, domain = handle.partition("@")
        at_home = domain.lower() in ("", self.features.domain, self.client.host)
        found = self.client.account_named(name if at_home else handle)
        wanted = f"{name}@{self.features.domain if at_home else domain}".casefold()
        if found is None and not at_home and self.client.token:
            some = self.client.found_accounts(handle, limit=5, resolve=True)
            found = next((r for r in some if self._handle(r) == wanted), None)
        return found if found is not None and self._handle(found) == wanted else None

    def _handle(self, record: Any) -> str:
        account = self._account(record)
        return account.handle.casefold() if account else ""

    def search_accounts(self, text: str, limit: int) -> tuple[Account, ...]:
        """Accounts whose handle or display name contains the text, in the server's order."""
        wanted = fold(text.strip().removeprefix("@"))
        if limit <= 0 or not wanted or len(wanted) > 200 or not wanted.isprintable():
            return ()
        records = self.client.found_accounts(text.strip(), limit=min(max(limit, 5), 40))
        found = filter(None, map(self._account, records))
        fitting = (a for a in found if wanted in fold(a.handle) or wanted in fold(a.display_name))
        return tuple({a.key: a for a in fitting}.values())[:limit]

    def avatar(self, account: Account) -> bytes | None:
        """The picture beside an account's name, where it lies with the server's own pictures."""
        try:
            parts = urlsplit(account.avatar)
            host = parts.netloc.lower()
        except ValueError:
            return None
        ours = urlsplit(self.client.server)
        if parts.scheme not in (ours.scheme, "https") or "@" in host or not host:
            return None
        if host != ours.netloc.lower() and host not in self.features.media:
            return None
        octets = self.client.picture(account.avatar, _PICTURES)
        return None if octets is None else pictures.picture(octets)

    def ourselves(self) -> Ourselves:
        """Our own account, what moderators told it, and the rules of its server."""
        if not self.client.token:
            self._no_account()
        account = self._account(self.client.ourselves())
        if account is None:
            raise BackendError(f"{self.client.host} does not say who we are", kind="broken")
        warned = [one for one in self.client.warnings() if one.get("type") == "moderation_warning"]
        return Ourselves(
            account=account,
            notices=tuple(map(_notice, warned)),
            rules=tuple(
                said
                for rule in values.records(self.client.rules())
                if (said := " ".join(values.words(rule.get("text"), 300).split()))
            ),
        )

    def relation(self, account_id: str) -> Relation:
        """How the configured account stands to this one."""
        return _relation(self.client.relation(self._number(account_id)))

    def follow(self, account_id: str) -> Relation:
        """Follow, once however often it is asked; `requested` where the account must agree."""
        number = self._number(account_id)
        before = _relation(self.client.relation(number))
        if before in ("following", "requested"):
            return before
        if before == "blocked":
            raise BackendError(f"one of us blocks the other at {self.client.host}", kind="refused")
        after = _relation(self.client.follow(number))
        # Some servers answer before the other side has; nothing is asked for twice.
        return "requested" if after == "none" else after

    def unfollow(self, account_id: str) -> None:
        """Undo a follow or the request for one."""
        self.client.unfollow(self._number(account_id))

    def _number(self, account_id: str) -> str:
        """Return the local id of an account by its address everywhere."""
        if not self.client.token:
            self._no_account()
        if account_id in self._numbers:
            self._numbers.move_to_end(account_id)
            return self._numbers[account_id]
        ours = f"{self.client.host}/"
        if account_id.startswith(ours) and account_id != ours:
            return account_id.removeprefix(ours)
        if account_id.startswith(("https://", "http://")) and len(account_id) <= values.LONGEST_ID:
            for record in self._perhaps(account_id):
                self._account(record)
                if account_id in self._numbers:
                    return self._numbers[account_id]
        raise BackendError(f"{self.client.host} knows no account {account_id[:80]!r}", kind="gone")

    def _perhaps(self, address: str) -> Iterator[dict[str, Any]]:
        """Yield what may be the account at an address: by its name there, then by the address."""
        try:
            parts = urlsplit(address)
        except ValueError:
            return
        name = parts.path.rstrip("/").rpartition("/")[2].removeprefix("@")
        if name and parts.netloc and Query.parse(f"@{name}@{parts.netloc}"):
            found = self._record_of(f"{name}@{parts.netloc}")
            if found is not None:
                yield found
        yield from self.client.found_accounts(address, limit=1, resolve=True)

    def _account(self, record: Any) -> Account | None:
        """Read an account and remember its local id; None for what is none."""
        try:
            account = self.format.account(record)
            number = values.identifier(values.record(record).get("id"))
        except UnreadableError:
            return None
        self._numbers[account.id] = number
        if len(self._numbers) > REMEMBERED_ACCOUNTS:
            self._numbers.popitem(last=False)
        return account


def _relation(record: dict[str, Any]) -> Relation:
    if any(record.get(field) is True for field in ("blocking", "blocked_by", "domain_blocking")):
        return "blocked"
    if record.get("following") is True:
        return "following"
    return "requested" if record.get("requested") is True else "none"


def _notice(record: dict[str, Any]) -> Notice:
    """Read a moderator's warning; its name is its number, which servers never give twice."""
    warning = values.record(record.get("moderation_warning"))
    said = values.words(warning.get("text"), 300) or values.words(warning.get("action"), 100)
    name = values.words(record.get("id"), 100) or values.words(record.get("created_at"), 100)
    return Notice(name=name, said=" ".join(said.split()) or "a warning without words")


def fold(text: str) -> str:
    """Return a text without case and accents: how servers compare names."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in apart if not unicodedata.combining(char))


def open_network(source: MastodonSource, clock: Callable[[], datetime]) -> MastodonNetwork:
    """Return the reader of a source; one of a timeline that is also sent as it is written stays."""
    from watcher.backends.mastodon.stream import MastodonStream

    query = Query.parse(source.query)
    kind = MastodonStream if query and query.has_stream else MastodonNetwork
    return kind(source, clock=clock)
