"""What one account wrote, counted by the database: by hour, kind, language, tag, link and echo.

Posts are counted in steps of time so short that each lies in one hour of one day of the zone that
asks; which step that is, the caller knows. No post but the few that are shown is loaded.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, func, select

from rules.model import Account
from watcher.store.account_exchange import Exchange, exchange
from watcher.store.account_rows import Own
from watcher.store.account_written import Echo, Step, Stretch, engagement, is_told, written
from watcher.store.accounts import account_columns, account_from
from watcher.store.columns import folded_handle, storable_key
from watcher.store.database import Database
from watcher.store.errors import NoSuchRecordError
from watcher.store.posts import posts_from, select_posts
from watcher.store.records import StoredPost
from watcher.store.schema import accounts, posts

TOP = 5
"""Posts that others did most with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountSpan:
    """An account, and from when to when its stored posts reach."""

    account: Account
    posts: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountCounts:
    """What was counted of an account. Words, links and tags of what it passed on are left out."""

    steps: tuple[Step, ...]
    echo: Echo
    languages: Mapping[str, int]
    """By what the posts state; empty where they state none."""
    hashtags: Mapping[str, int]
    """As written."""
    hosts: Mapping[frozenset[str], int]
    """Posts by the hosts that they link to."""
    top: tuple[tuple[StoredPost, int], ...]
    """With likes, reposts and replies together; the most first."""
    exchange: Exchange


class AccountStatistics(Database):
    """The part of the store that counts what accounts write."""

    def accounts_named(self, name: str) -> tuple[Account, ...]:
        """Return the accounts with this name, those seen last first.

        A name is `@handle`, `handle`, `network:handle` or `network:id`, handles in any case.
        """
        network, colon, rest = name.removeprefix("@").partition(":")
        by_key = and_(accounts.c.network == network, accounts.c.id == storable_key(rest))
        by_handle = accounts.c.folded_handle == folded_handle(name)
        of_network = and_(
            accounts.c.network == network, accounts.c.folded_handle == folded_handle(rest)
        )
        found: dict[str, Account] = {}
        with self.reading() as connection:
            for condition in (by_key, of_network, by_handle) if colon else (by_handle,):
                query = select(*account_columns).where(condition).order_by(accounts.c.seen.desc())
                for row in connection.execute(query.limit(100)):
                    account = account_from(row)
                    found.setdefault(account.key, account)
        return tuple(found.values())

    def handles_of_authors(self) -> tuple[str, ...]:
        """Return the handles of accounts that wrote something, each once."""
        wrote = select(posts.c.author).distinct()
        query = select(accounts.c.handle).where(accounts.c.row.in_(wrote)).distinct()
        with self.reading() as connection:
            return tuple(connection.execute(query.order_by(accounts.c.handle)).scalars())

    def account_span(
        self, key: str, since: datetime | None = None, until: datetime | None = None
    ) -> AccountSpan:
        """Return the account with a key, how many posts of it are stored and from when to when.

        Only those count that were written from `since` on and before `until`. Raises
        `NoSuchRecordError` where no account has the key.
        """
        with self.reading() as connection:
            row = _account(connection, key)
            whole = select(func.count(), func.min(posts.c.posted_at), func.max(posts.c.posted_at))
            count, first, last = connection.execute(
                whole.where(posts.c.author == row.row, *_within(posts, since, until))
            ).one()
        return AccountSpan(account=account_from(row), posts=count, first=first, last=last)

    def account_counts(
        self, key: str, since: datetime, until: datetime, step: timedelta
    ) -> AccountCounts:
        """Count what an account wrote from `since` on and before `until`, in steps of time.

        What it wrote and what passed between it and others are counted side by side, each of one
        moment of the store. Raises `NoSuchRecordError` where no account has the key.
        """
        with ThreadPoolExecutor(1) as beside:
            exchanged = beside.submit(self._exchange, key, since, until)
            with self.reading() as connection:
                row = _account(connection, key)
                found = written(connection, Own.of(connection, row.row, since, until), step)
                top = _top(connection, found.stretches)
        return AccountCounts(
            steps=found.steps,
            echo=found.echo,
            languages=dict(found.languages),
            hashtags=found.hashtags,
            hosts=found.hosts,
            top=top,
            exchange=exchanged.result(),
        )

    def _exchange(self, key: str, since: datetime, until: datetime) -> Exchange:
        with self.reading() as connection:
            row = _account(connection, key)
            own = Own.of(connection, row.row, since, until)
            return exchange(connection, account_from(row), own)


def _account(connection: Connection, key: str) -> Any:
    network, _, native = key.partition(":")
    query = select(*account_columns, accounts.c.row).where(
        accounts.c.network == storable_key(network), accounts.c.id == storable_key(native)
    )
    row = connection.execute(query).first()
    if row is None:
        raise NoSuchRecordError(f"no account has the key {key[:200]!r}")
    return row


def _within(
    table: FromClause, since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if since is not None:
        conditions.append(table.c.posted_at >= since)
    if until is not None:
        conditions.append(table.c.posted_at < until)
    return conditions


def _top(
    connection: Connection, stretches: Sequence[Stretch]
) -> tuple[tuple[StoredPost, int], ...]:
    """Return the posts that others did most with; of equal ones those written last.

    Where as many stretches as there are posts to be found have more, a stretch has none of them.
    """
    mosts = sorted((one.most for one in stretches), reverse=True)
    least = mosts[TOP - 1] if len(mosts) >= TOP else 0
    together = engagement().label("engagement")
    order = (together.desc(), posts.c.posted_at.desc())
    query = select(posts.c.rid, together, posts.c.posted_at).where(is_told(), together >= least)
    some: list[Any] = []
    for within in (one.within for one in stretches if one.most >= least):
        some += connection.execute(query.where(within).order_by(*order).limit(TOP))
    some.sort(key=lambda found: (found.engagement, found.posted_at), reverse=True)
    most = {found.rid: int(found.engagement) for found in some[:TOP]}
    found = posts_from(connection.execute(select_posts().where(posts.c.rid.in_(list(most)))))
    by_rid = {one.rid: one for one in found}
    return tuple((by_rid[rid], count) for rid, count in most.items() if rid in by_rid)
