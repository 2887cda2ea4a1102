"""Posts that wait to be told, and are to be asked about once more before they are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from alerts.model import DeliveryState
from watcher.backends.interface import KnownPost, Page
from watcher.store.accounts import save_accounts, unexamine_authors
from watcher.store.columns import storable_key
from watcher.store.database import Database, insert
from watcher.store.edits import take_up_changes
from watcher.store.kept_out import without_forgotten
from watcher.store.leaving import take_away_named
from watcher.store.posts import newest, rows_of
from watcher.store.schema import (
    accounts,
    alarms,
    aliases,
    deliveries,
    gaps,
    matches,
    posts,
    queue,
    revisits,
)

_CHUNK = 500
_SAID_AGAIN = timedelta(hours=1)
"""A trouble that lasts is told as a gap once in this time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToRevisit:
    """Posts of one source to ask about, and how many there are in all."""

    posts: tuple[KnownPost, ...]
    """Those never asked about first, then those whose turn came first."""
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedRevisit:
    """What became of posts that were asked about."""

    deleted: int
    changed: int


class Revisits(Database):
    """The part of the store that knows which posts are to be asked about again."""

    def to_revisit(
        self,
        source: str,
        network: str,
        channels: Sequence[str],
        now: datetime,
        *,
        read_before: datetime,
        limit: int,
    ) -> ToRevisit:
        """Return posts of a source, read before a moment, whose turn to be asked about has come.

        They wait for one of the channels, are shown by an alarm that does, or by a mail that waits
        to be sent.
        """
        with self.reading() as connection:
            shown = _shown_by_alarms(connection, channels)
            query = _due(_waiting(channels, shown), now).where(
                posts.c.source == source, posts.c.network == network, posts.c.seen <= read_before
            )
            total = connection.execute(
                select(func.count()).select_from(query.subquery())
            ).scalar_one()
            if total == 0:
                return ToRevisit(posts=(), total=0)
            turn = query.order_by(revisits.c.again.asc().nulls_first(), posts.c.rid).limit(limit)
            rows = connection.execute(turn).all()
            names = _further_names(connection, [row.rid for row in rows])
        return ToRevisit(
            posts=tuple(
                KnownPost(
                    id=row.id,
                    author=row.author_id,
                    aliases=tuple(filter(None, (row.alias, *names.get(row.rid, ())))),
                    repost_of=row.repost_of,
                    private=row.private,
                )
                for row in rows
            ),
            total=total,
        )

    def save_revisit(
        self,
        source: str,
        network: str,
        asked: Sequence[KnownPost],
        page: Page,
        now: datetime,
        *,
        again: datetime,
    ) -> SavedRevisit:
        """Save what became of posts in one transaction, and when they may be asked about again.

        Nothing new comes in: of the page counts what it says of posts asked about and still stored.
        The source's cursor stays where it is.
        """
        ids = {storable_key(post.id) for post in asked}
        with self.writing() as connection:
            stored = set(_stored(connection, network, sorted(ids)))
            ours = (one for one in page.posts if one.network == network)
            current = tuple(one for one in ours if storable_key(one.id) in stored)
            let_in = without_forgotten(connection, replace(page, posts=current, accounts=()))
            changed = 0
            if let_in.posts:
                before = newest(connection)
                authors = save_accounts(connection, let_in, now)
                rows = rows_of(let_in.posts, authors, source, now)
                changed = take_up_changes(connection, let_in.posts, rows, now)
                unexamine_authors(connection, before)
            deleted = tuple(one for one in page.deleted if storable_key(one) in ids)
            of_these = replace(page, deleted=deleted, departed=())
            gone = take_away_named(connection, source, of_these, now)
            _put_off(connection, network, sorted(ids), again)
        return SavedRevisit(deleted=gone, changed=changed)

    def revisit_failed(
        self,
        source: str,
        network: str,
        asked: Sequence[KnownPost],
        why: str,
        since: datetime,
        now: datetime,
        *,
        again: datetime,
    ) -> None:
        """Record as a gap that it is not known what became of posts, and when to ask again."""
        told = and_(gaps.c.source == source, gaps.c.why == why, gaps.c.until > now - _SAID_AGAIN)
        with self.writing() as connection:
            if connection.execute(select(gaps.c.source).where(told).limit(1)).first() is None:
                values = {"source": source, "since": since, "until": now, "why": why}
                connection.execute(gaps.insert(), values)
            _put_off(connection, network, sorted({storable_key(post.id) for post in asked}), again)


def _due(waits: ColumnElement[bool], now: datetime) -> Select[Any]:
    return (
        select(
            posts.c.rid, posts.c.id, posts.c.alias, posts.c.repost_of, posts.c.private,
            revisits.c.again, accounts.c.id.label("author_id"),
        )
        .join(accounts, accounts.c.row == posts.c.author)
        .outerjoin(revisits, revisits.c.rid == posts.c.rid)
        .where(waits, or_(revisits.c.again.is_(None), revisits.c.again <= now))
    )  # fmt: skip


def _waiting(channels: Sequence[str], shown: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition on `posts` for those that a mail is going to tell of."""
    to_leave = select(deliveries.c.digest).where(
        deliveries.c.state == DeliveryState.PENDING.value, deliveries.c.uncertain == 0
    )
    untold = and_(queue.c.taken.is_(None), queue.c.channel.in_(channels))
    queued = (
        select(matches.c.rid)
        .join(queue, queue.c.match == matches.c.row)
        .where(or_(untold, queue.c.digest.in_(to_leave)))
    )
    return or_(posts.c.rid.in_(queued), posts.c.rid.in_(shown))


def _shown_by_alarms(connection: Connection, channels: Sequence[str]) -> list[int]:
    query = (
        select(alarms.c.evidence)
        .join(queue, queue.c.alarm == alarms.c.id)
        .where(queue.c.taken.is_(None), queue.c.channel.in_(channels))
        .order_by(alarms.c.id.desc())
        .limit(_CHUNK)
    )
    found = {int(rid) for evidence in connection.execute(query).scalars() for rid in evidence}
    return sorted(found, reverse=True)[:_CHUNK]


def _further_names(connection: Connection, rids: Sequence[int]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = {}
    for start in range(0, len(rids), _CHUNK):
        some = aliases.c.rid.in_(rids[start : start + _CHUNK])
        for rid, name in connection.execute(select(aliases.c.rid, aliases.c.name).where(some)):
            names.setdefault(rid, []).append(name)
    return names


def _stored(connection: Connection, network: str, ids: Sequence[str]) -> list[str]:
    found: list[str] = []
    for start in range(0, len(ids), _CHUNK):
        some = posts.c.id.in_(ids[start : start + _CHUNK])
        query = select(posts.c.id).where(posts.c.network == network, some)
        found += connection.execute(query).scalars()
    return found


def _put_off(connection: Connection, network: str, ids: Sequence[str], again: datetime) -> None:
    rows = []
    for start in range(0, len(ids), _CHUNK):
        some = posts.c.id.in_(ids[start : start + _CHUNK])
        query = select(posts.c.rid).where(posts.c.network == network, some)
        rows += [{"rid": rid, "again": again} for rid in connection.execute(query).scalars()]
    if rows:
        upsert = insert(connection, revisits)
        connection.execute(
            upsert.on_conflict_do_update(
                index_elements=["rid"], set_={"again": upsert.excluded.again}
            ),
            rows,
        )
