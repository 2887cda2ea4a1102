"""What one account wrote, counted by the database: by hour, kind, language, tag, link and echo.

Posts are counted in steps of time so short that each lies in one hour of one day of the zone that
asks; which step that is, the caller knows. No post but the few that are shown is loaded.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Text,
    and_,
    case,
    func,
    select,
    type_coerce,
)

from rules.model import Account
from watcher.store.account_exchange import Exchange, exchange, is_reply
from watcher.store.accounts import account_columns, account_from
from watcher.store.columns import folded_handle, storable_key
from watcher.store.database import Database
from watcher.store.errors import NoSuchRecordError
from watcher.store.posts import posts_from, select_posts
from watcher.store.records import StoredPost
from watcher.store.schema import accounts, posts

TOP = 5
"""Posts that others did most with."""
_AT_ONCE = 10_000
_KINDS = 4
_TOLD = 4
"""Added to the kind of a post where a network told at least one number of it."""
_CODES = 8
_QUOTES = 2
"""Around a single text in a list in JSON."""
_NOTHING = "[]"
"""A list without items, as it is stored."""
_MICROSECOND = timedelta(microseconds=1)
_HOST = re.compile(r'"https?://(?:[^/?#"@\\]*@)?([^/?#":@\\]+)', re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountSpan:
    """An account, and from when to when its stored posts reach."""

    account: Account
    posts: int
    first: datetime | None
    last: datetime | None


class Step(NamedTuple):
    """The posts of one step of time."""

    number: int
    """It begins so many steps after 1970 in UTC."""
    posts: int
    reposts: int
    replies: int
    """Not reposted ones."""
    quotes: int
    """Neither reposted nor replies."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Echo:
    """What others did with the posts that are not reposts."""

    posts: int
    """Of how many a network told at least one number."""
    likes: int
    reposts: int
    replies: int


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
                own = and_(posts.c.author == row.row, *_within(posts, since, until))
                written = _written(connection, own, step)
                top = _top(connection, and_(own, posts.c.repost_of.is_(None)))
        del written.languages[None]  # of what was passed on
        return AccountCounts(
            steps=written.steps,
            echo=written.echo,
            languages=dict(written.languages),
            hashtags=dict(written.hashtags),
            hosts=written.hosts,
            top=top,
            exchange=exchanged.result(),
        )

    def _exchange(self, key: str, since: datetime, until: datetime) -> Exchange:
        with self.reading() as connection:
            row = _account(connection, key)
            return exchange(connection, row.row, account_from(row), since, until)


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


def _written(connection: Connection, own: ColumnElement[bool], step: timedelta) -> "_Written":
    """Go through the narrow columns of an account's posts once, some thousands at a time.

    Columns are counted as wholes; no post is made of them, and of SQLite's rows none of SQLAlchemy.
    """
    reposted = posts.c.repost_of.is_not(None)
    at = type_coerce(posts.c.posted_at, BigInteger) // (step // _MICROSECOND)
    numbers = (posts.c.likes, posts.c.reposts, posts.c.replies)
    told = case((func.coalesce(*numbers).is_not(None), _TOLD), else_=0)
    kind = case(
        (reposted, 1),
        (is_reply(posts), 2 + told),
        (posts.c.quote_of.is_not(None), 3 + told),
        else_=told,
    )
    words = (
        func.coalesce(posts.c.language, ""),
        type_coerce(posts.c.hashtags, Text),
        type_coerce(posts.c.links, Text),
    )
    query = select(
        at * _CODES + kind, *(case((~reposted, column)) for column in (*numbers, *words))
    ).where(own)
    found = _Written()
    for some in _parts(connection, query):
        found.add(*zip(*some, strict=True))
    return found


def _parts(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Sequence[Any]]]:
    """Yield the rows of a query whose values need no conversion, some thousands at a time."""
    if connection.dialect.name != "sqlite":  # rows wait at the server, which SQLAlchemy arranges
        result = connection.execute(query, execution_options={"yield_per": _AT_ONCE})
        yield from result.partitions()
        return
    with closing(connection.execute(query)) as result:
        cursor = result.cursor
        while cursor is not None and (some := cursor.fetchmany(_AT_ONCE)):
            yield some


class _Written:
    """What is counted while going through an account's posts."""

    def __init__(self) -> None:
        self._codes: Counter[int] = Counter()
        """Step of time and kind, in one number."""
        self._sums = [0, 0, 0]
        self.languages: Counter[str] = Counter()
        self.hashtags: Counter[str] = Counter()
        self._several: Counter[frozenset[str]] = Counter()
        self._alone: Counter[str] = Counter()

    def add(self, codes: Any, *rest: Any) -> None:
        """Count some posts, given as columns."""
        *numbers, languages, hashtags, links = rest
        self._codes.update(codes)
        for place, column in enumerate(numbers):
            self._sums[place] += sum(filter(None, column))
        self.languages.update(languages)
        for listed, count in Counter(hashtags).items():
            if listed and listed != _NOTHING:
                for tag in dict.fromkeys(json.loads(listed)):
                    self.hashtags[tag] += count
        self._link([listed for listed in links if listed and listed != _NOTHING])

    def _link(self, links: list[str]) -> None:
        """Count hosts: lists of one link all at once, since no host goes over its quotes."""
        alone = [listed for listed in links if listed.count('"') == _QUOTES]
        self._alone.update(_HOST.findall("".join(alone)))
        if len(alone) < len(links):
            several = (_HOST.findall(one) for one in links if one.count('"') != _QUOTES)
            self._several.update(frozenset(hosts) for hosts in several if hosts)

    @property
    def hosts(self) -> dict[frozenset[str], int]:
        """Posts by the hosts that they link to."""
        found = self._several.copy()
        for name, count in self._alone.items():
            found[frozenset((name,))] += count
        return dict(found)

    @property
    def echo(self) -> Echo:
        """What others did with the posts."""
        told = sum(count for code, count in self._codes.items() if code & _TOLD)
        likes, reposts, replies = self._sums
        return Echo(posts=told, likes=likes, reposts=reposts, replies=replies)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The posts by step of time, in order."""
        counts: dict[int, list[int]] = {}
        for code, count in self._codes.items():
            kinds = counts.get(code // _CODES)
            if kinds is None:
                kinds = counts[code // _CODES] = [0] * _KINDS
            kinds[code % _KINDS] += count
        return tuple(
            Step(number, sum(kinds), kinds[1], kinds[2], kinds[3])
            for number, kinds in sorted(counts.items())
        )


def _top(connection: Connection, own: ColumnElement[bool]) -> tuple[tuple[StoredPost, int], ...]:
    numbers = (posts.c.likes, posts.c.reposts, posts.c.replies)
    together: Any = sum(func.coalesce(number, 0) for number in numbers)
    query = (
        select(posts.c.rid, together.label("engagement"))
        .where(own, func.coalesce(*numbers).is_not(None))
        .order_by(together.desc(), posts.c.posted_at.desc())
        .limit(TOP)
    )
    most = {row.rid: int(row.engagement) for row in connection.execute(query)}
    found = posts_from(connection.execute(select_posts().where(posts.c.rid.in_(list(most)))))
    by_rid = {one.rid: one for one in found}
    return tuple((by_rid[rid], count) for rid, count in most.items() if rid in by_rid)
