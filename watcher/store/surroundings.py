"""What is known around an account that resembles a brand: posts, pictures, the brand's own ones."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, Text, and_, func, or_, select, type_coerce, update

from rules.lookalike.context import Known, Own
from rules.lookalike.ownership import bare, split_network
from rules.model import Account, Brand, Suspect, Verdict
from watcher.store.accounts import account_columns, account_from
from watcher.store.columns import folded_handle, storable_key
from watcher.store.database import Database
from watcher.store.database import insert as insert_or
from watcher.store.posts import newest
from watcher.store.raising import suspect_from
from watcher.store.schema import accounts, avatars, pages, posts, sightings, suspects

NEWEST_POSTS = 50
"""Posts of an account of which it is asked whom they address."""
MOST_DOMAINS = 20
"""Look-alike domains of one account that are read; one says all."""
MOST_ADDRESSED = 30
"""People whom these address of whom it is asked whether they had written to the brand: the last."""
MOST_OF_THEIRS = 500
"""Posts of all these people to the brand that are looked through: the newest."""
TRY_AGAIN = timedelta(days=1)
"""So long after it could not be had, a picture is asked for again."""
_CHUNK = 500
_WEEK = timedelta(days=7)


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """What was found where an account has its picture."""

    account: Account
    """As it was when the picture was asked for."""
    hash: str = ""
    """Empty where there was none, or none that can be read."""
    error: str = ""


class Around:
    """What surrounds accounts, as one transaction sees it: see `Surroundings`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def known_of(
        self, found: Mapping[str, Sequence[Account]], own: Sequence[Own]
    ) -> tuple[dict[str, Known], int]:
        """Return what is known of accounts, by their keys, and the newest post's `rid` by then."""
        known = {}
        for brand, alike in found.items():
            ours = {
                folded_handle(handle)
                for one in own
                if one.brand == brand
                for handle in (one.account.handle, bare(one.account.handle))
            }
            for account in alike:
                if (row := _stored(self._connection, account)) is not None:
                    known[account.key] = _known(self._connection, account, row, ours)
        return known, newest(self._connection)

    def suspects_of(self, subjects: Sequence[str]) -> tuple[Suspect, ...]:
        """Return the suspects among these subjects."""
        keys = {storable_key(subject): subject for subject in subjects}
        some = list(keys)
        found: list[Suspect] = []
        for start in range(0, len(some), _CHUNK):
            query = select(suspects).where(suspects.c.subject.in_(some[start : start + _CHUNK]))
            found += [
                replace(one, subject=keys[one.subject])
                for one in map(suspect_from, self._connection.execute(query))
            ]
        return tuple(found)

    def harmless_domains(self) -> frozenset[str]:
        """Return the domains that a person found to be harmless."""
        cleared = [Verdict.OURS.value, Verdict.DISMISSED.value, Verdict.PARODY.value]
        query = select(suspects.c.subject).where(
            suspects.c.account.is_(None), suspects.c.verdict.in_(cleared)
        )
        found = self._connection.execute(query).scalars()
        return frozenset(subject.removeprefix("domain:") for subject in found)


class Surroundings(Database):
    """The part of the store that knows what surrounds an account."""

    def own_accounts(self, brands: Iterable[Brand]) -> tuple[Own, ...]:
        """Return the brands' own accounts that were ever seen, found by their handles."""
        wanted: dict[str, list[tuple[str, str]]] = {}
        for brand in brands:
            for entry in brand.accounts:
                network, handle = split_network(entry)
                wanted.setdefault(folded_handle(handle), []).append((network, brand.name))
        found = []
        with self.reading() as connection:
            for row in _accounts_with(connection, list(wanted)):
                account = account_from(row)
                for network, brand_name in wanted[row.folded_handle]:
                    if network in ("", account.network.casefold()):
                        picture = row.hash if row.address == account.avatar else None
                        found.append(Own(brand=brand_name, account=account, picture=picture or ""))
        return tuple(sorted(found, key=lambda one: (one.brand, one.account.key)))

    def known_of(
        self, found: Mapping[str, Sequence[Account]], own: Sequence[Own]
    ) -> tuple[dict[str, Known], int]:
        """Return what is known of accounts, by their keys, and the newest post's `rid` by then.

        `found` are those that resemble each brand, by its name; `own` all the brands' own accounts.
        """
        with self.reading() as connection:
            return Around(connection).known_of(found, own)

    def suspects_of(self, subjects: Sequence[str]) -> tuple[Suspect, ...]:
        """Return the suspects among these subjects."""
        with self.reading() as connection:
            return Around(connection).suspects_of(subjects)

    def harmless_domains(self) -> frozenset[str]:
        """Return the domains that a person found to be harmless."""
        with self.reading() as connection:
            return Around(connection).harmless_domains()

    def pictures_to_look_at(
        self, own: Sequence[Own], now: datetime, limit: int
    ) -> tuple[Account, ...]:
        """Return accounts whose pictures are not known in their present form, at most `limit`.

        The brands' own first; others that resemble a brand only where a picture of an own one is
        known, for there is nothing else to hold them against. What failed is asked for once a day.
        """
        ours = [storable_key(one.account.id) for one in own]
        unknown = or_(
            avatars.c.account.is_(None),
            avatars.c.address != accounts.c.avatar,
            and_(avatars.c.error != "", avatars.c.fetched < now - TRY_AGAIN),
        )
        query = (
            select(*account_columns)
            .select_from(accounts.outerjoin(avatars, avatars.c.account == accounts.c.row))
            .where(accounts.c.avatar != "", unknown)
            .order_by(accounts.c.row)
            .limit(limit)
        )
        keys = {one.account.key for one in own}
        with self.reading() as connection:
            found = [
                account
                for start in range(0, len(ours), _CHUNK)
                for row in connection.execute(
                    query.where(accounts.c.id.in_(ours[start : start + _CHUNK]))
                )
                if (account := account_from(row)).key in keys
            ]
            if any(one.picture for one in own):
                alike = query.where(accounts.c.alike.is_(True))
                found += map(account_from, connection.execute(alike))
        return tuple({account.key: account for account in found}.values())[:limit]

    def save_pictures(self, pictures: Sequence[Picture], now: datetime) -> None:
        """Keep what pictures look like; accounts whose picture is known now are examined again."""
        with self.writing() as connection:
            for picture in pictures:
                row = _stored(connection, picture.account)
                if row is None:
                    continue
                upsert = insert_or(connection, avatars)
                kept = {
                    name: upsert.excluded[name] for name in ("address", "hash", "error", "fetched")
                }
                connection.execute(
                    upsert.on_conflict_do_update(index_elements=["account"], set_=kept),
                    {
                        "account": row.row,
                        "address": picture.account.avatar,
                        "hash": picture.hash or None,
                        "error": picture.error,
                        "fetched": now,
                    },
                )
                if picture.hash:
                    connection.execute(
                        update(accounts)
                        .where(accounts.c.row == row.row, accounts.c.alike.is_(True))
                        .values(examined=False)
                    )

    def accounts_a_week(self, now: datetime) -> float | None:
        """Return how many accounts nobody had seen before come in a week, on the average so far.

        None before the first week is over: the first day of a source brings far more than others.
        """
        with self.reading() as connection:
            since: datetime | None = connection.execute(select(func.min(pages.c.at))).scalar()
            if since is None or now - since < _WEEK:
                return None
            number = connection.execute(select(func.count()).select_from(accounts)).scalar_one()
        return float(number) / ((now - since) / _WEEK)


def _with_pictures(*more: Any) -> Select[Any]:
    return select(*account_columns, *more, avatars.c.hash, avatars.c.address).select_from(
        accounts.outerjoin(avatars, avatars.c.account == accounts.c.row)
    )


def _accounts_with(connection: Connection, folded: Sequence[str]) -> Iterable[Any]:
    for start in range(0, len(folded), _CHUNK):
        yield from connection.execute(
            _with_pictures(accounts.c.folded_handle).where(
                accounts.c.folded_handle.in_(folded[start : start + _CHUNK])
            )
        ).all()


def _stored(connection: Connection, account: Account) -> Any:
    return connection.execute(
        _with_pictures(accounts.c.row, accounts.c.seen).where(
            accounts.c.network == storable_key(account.network),
            accounts.c.id == storable_key(account.id),
        )
    ).first()


def _known(connection: Connection, account: Account, row: Any, ours: Collection[str]) -> Known:
    query = (
        select(posts.c.mentions, posts.c.reply_to_handle, posts.c.posted_at)
        .where(posts.c.author == row.row)
        .order_by(posts.c.rid.desc())
        .limit(NEWEST_POSTS)
    )
    written = connection.execute(query).all()
    return Known(
        account=account,
        seen=row.seen,
        picture=(row.hash or "") if row.address == account.avatar else "",
        domains=_domains(connection, row.row) if written else (),
        posts=len(written),
        answers=_answers(connection, account, written, ours),
    )


def _domains(connection: Connection, account: int) -> tuple[str, ...]:
    """Return the domains under suspicion to which any post of an account leads."""
    query = (
        select(suspects.c.subject)
        .distinct()
        .join_from(posts, sightings, sightings.c.rid == posts.c.rid)
        .join(suspects, suspects.c.id == sightings.c.suspect)
        .where(posts.c.author == account)
        .order_by(suspects.c.subject)
        .limit(MOST_DOMAINS)
    )
    found = connection.execute(query).scalars()
    return tuple(subject.removeprefix("domain:") for subject in found)


def _answers(
    connection: Connection, account: Account, written: Sequence[Any], ours: Collection[str]
) -> int:
    """Count those whom an account addressed after they had addressed the brand."""
    if not ours:
        return 0
    addressed: dict[str, datetime] = {}
    for post in written:  # the newest first
        for handle in _addressed(post) - set(ours):
            if len(addressed) < MOST_ADDRESSED:
                addressed.setdefault(handle, post.posted_at)
    addressed.pop(folded_handle(account.handle), None)
    if not addressed:
        return 0
    # The database leaves out most. SQLite knows capitals of ASCII only: an own handle written with
    # others is overlooked.
    mentions = func.lower(type_coerce(posts.c.mentions, Text))
    wrote = [
        mentions.contains(json.dumps(one, ensure_ascii=False), autoescape=True) for one in ours
    ]
    query = (
        select(
            accounts.c.folded_handle, posts.c.mentions, posts.c.reply_to_handle, posts.c.posted_at
        )
        .join_from(posts, accounts, posts.c.author == accounts.c.row)
        .where(
            accounts.c.network == storable_key(account.network),
            accounts.c.folded_handle.in_(list(addressed)),
            or_(func.lower(posts.c.reply_to_handle).in_(list(ours)), *wrote),
        )
        .order_by(posts.c.rid.desc())
        .limit(MOST_OF_THEIRS)
    )
    return len(
        {
            post.folded_handle
            for post in connection.execute(query)
            if not _addressed(post).isdisjoint(ours)
            and post.posted_at <= addressed[post.folded_handle]
        }
    )


def _addressed(post: Any) -> set[str]:
    handles = (*post.mentions, *([post.reply_to_handle] if post.reply_to_handle else []))
    return set(map(folded_handle, handles))
