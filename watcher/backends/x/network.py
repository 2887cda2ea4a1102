"""X as a network: what is read of it, and its accounts."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from rules.matcher import Matcher
from rules.model import Account
from watcher.backends.formats.parsed import UnreadableError
from watcher.backends.formats.values import count, record, records, words
from watcher.backends.formats.x import X
from watcher.backends.http.bounds import Bounds, user_agent
from watcher.backends.http.session import session
from watcher.backends.http.sparing import KEPT
from watcher.backends.interface import (
    AVATAR_SECONDS,
    LARGEST_AVATAR,
    Author,
    BackendError,
    KnownPost,
    Page,
    Relation,
    TakenError,
    parse_interval,
)
from watcher.backends.pictures import picture
from watcher.backends.plaintext import fold
from watcher.backends.x import revisiting
from watcher.backends.x.client import XClient
from watcher.backends.x.cursor import Cursor, Track, digest
from watcher.backends.x.history import history
from watcher.backends.x.reader import (
    LEAST_OF_TIMELINE,
    LEAST_SEARCHED,
    Query,
    XReader,
)
from watcher.backends.x.source import XSource
from watcher.backends.x.spending import Purse

NETWORK = "x"
PICTURES = "pbs.twimg.com"
"""The only host of X's own pictures."""
MOST_FOUND = 100
"""Accounts of one search: each is paid for."""
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
_REFUSED = "X's rules forbid automated following, and its plans no longer offer it"


class XNetwork:
    """X, read with the bearer token of an app.

    `queries` are searches in X's own syntax; with an `account` its timeline is read instead.
    """

    def __init__(
        self,
        client: XClient,
        purse: Purse,
        *,
        queries: Sequence[str],
        account: str,
        source: str,
        look_back: timedelta,
        wanted: Matcher | None,
        contact: str,
        told: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._purse = purse
        self._searches = queries
        self._account = account
        self._format = X(NETWORK, source)
        self._contact = contact
        self._told = told
        self._clock = clock
        self._look_back = look_back
        self._reader = XReader(
            self._queries,
            host=client.host,
            source=source,
            purse=purse,
            look_back=look_back,
            wanted=wanted,
            clock=clock,
        )

    @property
    def network(self) -> str:
        """`x`."""
        return NETWORK

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Yield what was written since `cursor`, the oldest first. Raises `BackendError`."""
        try:
            yield from self._reader.pages(cursor)
        except _UnshownError as unshown:
            if unshown.left and not self._is_there(unshown.user):
                yield Page(posts=(), cursor="", more=False, departed=(unshown.user,))
            raise

    def _is_there(self, user: str) -> bool:
        """Whether a user whose posts are not shown is found by name all the same.

        Two answers are needed before somebody is told to have left. One who is there is a read.
        """
        try:
            account = self.lookup(self._account)
        except TakenError:
            return False
        return account is not None and account.id == user

    def check(self) -> str:
        """Ask what the app has read this month, which costs nothing, and tell what may be spent."""
        usage = record(self._client.usage().get("data"))
        used, cap = count(usage.get("project_usage")), count(usage.get("project_cap"))
        if used is None:
            raise BackendError(f"what {self._client.host} answered is no usage", kind="broken")
        of = f" of {cap:,}" if cap else ""
        return f"{self._told}; the app has read {used:,}{of} this month"

    @property
    def revisits_at_once(self) -> int:
        """How many posts may be asked about now; 0 where what is left is for new posts."""
        if not self._client.spares_lookup():
            return 0
        return min(revisiting.AT_ONCE, self._purse.sparing(KEPT).left())

    def revisit(self, posts: Sequence[KnownPost]) -> Page:
        """Ask what became of posts; those that are there are paid for, within the budgets."""
        return revisiting.revisit(self._client, self._purse.sparing(KEPT), self._format, posts)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def lookup(self, handle: str) -> Account | None:
        """Return the account with exactly this handle; one read is spent.

        Raises `TakenError` where it is suspended.
        """
        return self._looked_up(handle)[0]

    def _looked_up(self, handle: str) -> tuple[Account | None, int | None]:
        name = handle.removeprefix("@")
        if not _HANDLE.fullmatch(name):
            return None, None
        with self._purse.reading(1, least=1) as booking:
            answer = self._client.user(name)
            booking.used = int("data" in answer)
        if "data" in answer:
            metrics = record(record(answer["data"]).get("public_metrics"))
            return self._accounts([answer["data"]])[0], count(metrics.get("tweet_count"))
        errors = records(answer.get("errors"))
        if any(words(error.get("title")) == "Not Found Error" for error in errors):
            return None, None
        if errors:
            raise TakenError(
                f"{self._client.host} does not show the account @{name}: it may be suspended"
            )
        raise self._nonsense()

    def author(self, handle: str) -> Author | None:
        """Return the account with exactly this handle and how much it wrote; one read is spent."""
        account, posts = self._looked_up(handle)
        return Author(account=account, posts=posts) if account else None

    def history(self, account: Account, place: str, most: int) -> Iterator[Page]:
        """Yield what a user wrote, back from `place`; each post is a read of the budgets."""

        def ask(**bounds: Any) -> dict[str, Any]:
            answer = self._client.timeline(account.id, **bounds)
            if "data" not in answer and "meta" not in answer and "errors" in answer:
                raise _UnshownError(self._client.host, account.handle, account.id, answer)
            return answer

        yield from history(ask, self._purse, self._format, place, most, host=self._client.host)

    def search_accounts(self, text: str, limit: int) -> tuple[Account, ...]:
        """Accounts whose handle or display name contains the text, of those that X finds for it.

        X is asked for `limit` of them, and each that it finds is a read.
        """
        query = re.sub(r"[^\w .'@-]", " ", text).strip()[:50]
        if limit <= 0 or not query:
            return ()
        wanted = fold(text.strip().removeprefix("@"))
        try:
            with self._purse.reading(min(limit, MOST_FOUND), least=1) as booking:
                answer = self._client.search_users(query, booking.granted)
                data = answer.get("data", [])
                booking.used = len(data) if isinstance(data, list) else 0
        except BackendError as error:
            if error.kind != "refused":
                raise
            help_ = "X offers account search to some plans only, and to some kinds of tokens"
            raise BackendError(error.message, kind="refused", help=help_) from None
        if not isinstance(data, list) or ("data" not in answer and "meta" not in answer):
            raise self._nonsense()
        found = self._accounts(data)
        fits = (a for a in found if wanted in fold(a.handle) or wanted in fold(a.display_name))
        return tuple({account.id: account for account in fits}.values())[:limit]

    def avatar(self, account: Account) -> bytes | None:
        """Return the picture of an account from X's host of pictures, which is told no secret."""
        try:
            parts = urlsplit(account.avatar)
        except ValueError:
            return None
        if account.network != NETWORK or parts.scheme != "https" or parts.netloc != PICTURES:
            return None
        bounds = Bounds(seconds=AVATAR_SECONDS, octets=LARGEST_AVATAR)
        try:
            with session(user_agent(self._contact), bounds=bounds) as own:
                answer = own.get(account.avatar)
        except BackendError as error:
            if error.kind == "temporary":
                raise
            return None  # too large, or nothing that is a picture
        return picture(answer.content) if answer.status_code == 200 else None

    def relation(self, account_id: str) -> Relation:
        """An app follows nobody: always `none`."""
        del account_id
        return "none"

    def follow(self, account_id: str) -> Relation:
        """Refuse: raises `BackendError`."""
        del account_id
        raise _refusal()

    def unfollow(self, account_id: str) -> None:
        """Refuse: raises `BackendError`."""
        del account_id
        raise _refusal()

    def _queries(self, state: Cursor) -> list[Query]:
        if self._account:
            return [self._timeline(state)]
        return [
            Query(name=digest(text), ask=self._search(text), least=LEAST_SEARCHED, searched=True)
            for text in self._searches
        ]

    def _search(self, text: str) -> Callable[..., dict[str, Any]]:
        def ask(*, token: str | None, **bounds: Any) -> dict[str, Any]:
            return self._client.search(text, next_token=token, **bounds)

        return ask

    def _timeline(self, state: Cursor) -> Query:
        """Return the query of the account's posts; its id is asked for once."""
        name = digest(f"@{self._account.lower()}")
        track = state.tracks.get(name)
        if track is None:
            account = self.lookup(self._account)
            if account is None:
                raise BackendError(
                    f"{self._client.host} knows no account @{self._account}", kind="gone",
                    help="check how it is written; it may have been renamed",
                )  # fmt: skip
            first = self._clock() - self._look_back
            track = state.tracks[name] = Track.new(first, user=account.id)
        user = track.user

        def ask(*, token: str | None, **bounds: Any) -> dict[str, Any]:
            answer = self._client.timeline(user, pagination_token=token, **bounds)
            if "data" not in answer and "meta" not in answer and "errors" in answer:
                raise _UnshownError(self._client.host, self._account, user, answer)
            return answer

        return Query(name=name, ask=ask, least=LEAST_OF_TIMELINE, searched=False)

    def _accounts(self, users: Sequence[Any]) -> tuple[Account, ...]:
        found = []
        for user in users:
            try:
                found.append(self._format.account(record(user)))
            except UnreadableError:
                raise self._nonsense() from None
        return tuple(found)

    def _nonsense(self) -> BackendError:
        return BackendError(f"what {self._client.host} answered is no account", kind="broken")


class _UnshownError(BackendError):
    """X shows no posts of a user; `left` says whether it does not show the user either."""

    def __init__(self, host: str, handle: str, user: str, answer: dict[str, Any]) -> None:
        self.user = user
        error = next(iter(records(answer.get("errors"))), {})
        title, detail = words(error.get("title")), words(error.get("detail"))
        missing = title == "Not Found Error"
        self.left = missing or (title == "Forbidden" and "suspended" in detail)
        if self.left:
            why = "the account is not there" if missing else "the account is suspended"
            super().__init__(f"{host} shows no posts of @{handle} any more: {why}", kind="gone")
        elif title == "Authorization Error":
            super().__init__(
                f"the posts of @{handle} are protected", kind="refused",
                help="only those see them whom the account lets in, and no app is among them",
            )  # fmt: skip
        else:
            super().__init__(f"{host} does not say why it shows no posts of @{handle}",
                             kind="broken")  # fmt: skip


def _refusal() -> BackendError:
    return BackendError(
        _REFUSED, kind="refused", help="follow by hand, and dismiss the proposal here"
    )


def open_network(source: XSource, clock: Callable[[], datetime]) -> XNetwork:
    """Return X as a source's table asks for it."""
    asked = source.asked
    account = source.query[1:] if source.query.startswith("@") else ""
    told = [source.most]
    if source.query == "rules":
        told.append(_how_many(len(asked.queries), len(source.watched)))
        if left_out := source.left_out:
            told.append(f"leaves out {', '.join(left_out)}")
        told += [f"rule {name} cannot be asked for: {why}" for name, why in asked.unasked]
    return XNetwork(
        XClient(source.token.reveal(), address=source.address, contact=source.contact),
        source.purse(clock),
        queries=asked.queries,
        account=account,
        source=source.name,
        look_back=parse_interval(source.look_back),
        wanted=Matcher(source.watched, source.definitions) if source.query == "rules" else None,
        contact=source.contact,
        told="; ".join(told),
        clock=clock,
    )


def _how_many(queries: int, rules: int) -> str:
    asks = "1 query asks" if queries == 1 else f"{queries:,} queries ask"
    return f"{asks} for {rules:,} rule{'' if rules == 1 else 's'}"
