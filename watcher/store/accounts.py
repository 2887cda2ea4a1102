"""Accounts as they present themselves, and how they did before."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from rules.model import Account
from watcher.backends.interface import Page
from watcher.store.columns import folded_handle, storable, storable_count, storable_key
from watcher.store.database import Database
from watcher.store.schema import account_forms, accounts, posts

Key = tuple[str, str]
"""Network and id, as stored."""

_FIELDS = tuple(field.name for field in fields(Account))
_NAMES = ("handle", "display_name")
_FORM = (*_NAMES, "bio", "avatar")
_EXAMINED = (*_FORM, "verified")
"""What the look-alike rules look at, beyond the names only where these resemble a brand's."""
_BLANK = (None, "", ())
_CHUNK = 500
"""Values in one IN (...): few enough for any limit on parameters."""

account_columns = [accounts.c[name] for name in _FIELDS]
"""The columns of an `Account`, in the order of its fields."""


def account_from(row: Sequence[Any]) -> Account:
    """Build an account from the values of `account_columns`."""
    return Account(
        network=row[0],
        id=row[1],
        handle=row[2],
        display_name=row[3],
        bio=row[4],
        url=row[5],
        avatar=row[6],
        created=row[7],
        followers=row[8],
        following=row[9],
        bot=row[10],
        locked=row[11],
        discoverable=row[12],
        verified=row[13],
        standing=row[14],
        last_post=row[15],
    )


@dataclass(slots=True)
class _Offer:
    """What a page tells of an account, and the moment of which it tells."""

    account: Account
    seen: datetime


def key_of(account: Account) -> Key:
    """Return the account's key as the store writes it."""
    return storable_key(account.network), storable_key(account.id)


def save_accounts(connection: Connection, page: Page, now: datetime) -> dict[Key, int]:
    """Save all accounts of a page and return their rows.

    An author is taken to look as it does at the time of its post, an account beside the posts at
    the time of the newest one; a time in the future counts as `now`. What is older than what is
    known fills blanks only, and a blank never erases: many answers tell but a part.
    """
    offers = _offers(page, now)
    known = _known(connection, offers)
    fresh = [_row(key, offer) for key, offer in offers.items() if key not in known]
    rows = {key: row.row for key, row in known.items()}
    if fresh:
        made = connection.execute(
            insert(accounts).returning(accounts.c.row, accounts.c.network, accounts.c.id), fresh
        )
        rows |= {(row.network, row.id): row.row for row in made}
    _refresh(connection, offers, known)
    return rows


def _offers(page: Page, now: datetime) -> dict[Key, _Offer]:
    offers: dict[Key, _Offer] = {}
    for post in page.posts:
        _add(offers, post.author, min(post.posted_at, now))
    newest = min(max((post.posted_at for post in page.posts), default=now), now)
    for account in page.accounts:
        _add(offers, account, newest)
    return offers


def _add(offers: dict[Key, _Offer], account: Account, seen: datetime) -> None:
    key = key_of(account)
    offer = offers.get(key)
    if offer is None:
        offers[key] = _Offer(account, seen)
    elif seen > offer.seen:
        offer.account, offer.seen = _filled(account, offer.account), seen
    else:
        offer.account = _filled(offer.account, account)


def _filled(newer: Account, older: Account) -> Account:
    """Return `newer` with its blanks filled from `older`."""
    if newer is older or newer == older:
        return newer
    blanks = {
        name: getattr(older, name)
        for name in _FIELDS
        if getattr(newer, name) in _BLANK and getattr(older, name) not in _BLANK
    }
    if newer.handle == newer.id:  # whoever does not know the name writes the id in its place
        blanks["handle"] = older.handle
    return replace(newer, **blanks) if blanks else newer


def _known(connection: Connection, keys: Iterable[Key]) -> dict[Key, Row[Any]]:
    by_network: dict[str, list[str]] = {}
    for network, native in keys:
        by_network.setdefault(network, []).append(native)
    known: dict[Key, Row[Any]] = {}
    for network, ids in by_network.items():
        for start in range(0, len(ids), _CHUNK):
            query = select(
                *account_columns,
                accounts.c.row,
                accounts.c.seen,
                accounts.c.examined,
                accounts.c.alike,
            ).where(accounts.c.network == network, accounts.c.id.in_(ids[start : start + _CHUNK]))
            known |= {(row.network, row.id): row for row in connection.execute(query)}
    return known


def _row(key: Key, offer: _Offer) -> dict[str, Any]:
    account = offer.account
    return {
        "network": key[0],
        "id": key[1],
        "handle": account.handle,
        "folded_handle": folded_handle(account.handle),
        "display_name": account.display_name,
        "bio": account.bio,
        "url": account.url,
        "avatar": account.avatar,
        "created": account.created,
        "followers": account.followers,
        "following": account.following,
        "bot": account.bot,
        "locked": account.locked,
        "discoverable": account.discoverable,
        "verified": account.verified,
        "standing": account.standing,
        "last_post": account.last_post,
        "seen": offer.seen,
        "examined": False,
        "alike": False,
    }


def _storable(account: Account, key: Key) -> Account:
    """Return the account as it would be read back, to compare it with what is stored."""
    return replace(
        account,
        network=key[0],
        id=key[1],
        handle=storable(account.handle),
        display_name=storable(account.display_name),
        bio=storable(account.bio),
        url=storable(account.url),
        avatar=storable(account.avatar),
        followers=storable_count(account.followers),
        following=storable_count(account.following),
        verified=tuple(map(storable, account.verified)),
        standing=storable(account.standing),
    )


def _refresh(
    connection: Connection, offers: Mapping[Key, _Offer], known: Mapping[Key, Row[Any]]
) -> None:
    changed: list[dict[str, Any]] = []
    former: list[dict[str, Any]] = []
    seen_again: list[dict[str, Any]] = []
    for key, row in known.items():
        offer = offers[key]
        stored, offered = account_from(row), _storable(offer.account, key)
        newer = offer.seen > row.seen
        account = _filled(offered, stored) if newer else _filled(stored, offered)
        seen = max(offer.seen, row.seen)
        if account != stored:
            values = _row(key, _Offer(account, seen))
            looked_at = _EXAMINED if row.alike else _NAMES
            same = all(getattr(account, name) == getattr(stored, name) for name in looked_at)
            values["examined"] = row.examined and same
            values["alike"] = row.alike
            changed.append(_renewed(row.row, values))
            nothing = ("", stored.id)  # in place of a name that nobody knew
            if any(
                getattr(stored, name) not in (*nothing, getattr(account, name)) for name in _FORM
            ):
                forms = {name: getattr(stored, name) for name in _FORM}
                former.append({"account": row.row, "until": seen, **forms})
        elif newer:
            seen_again.append(_renewed(row.row, {"seen": seen}))
    _update(connection, changed)
    _update(connection, seen_again)
    if former:
        connection.execute(insert(account_forms), former)


def _renewed(row: int, values: dict[str, Any]) -> dict[str, Any]:
    # A parameter must not have the name of a column that it is to set.
    return {"at": row} | {f"new_{name}": value for name, value in values.items()}


def _update(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        names = [name.removeprefix("new_") for name in rows[0] if name != "at"]
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        connection.execute(
            update(accounts).where(accounts.c.row == bindparam("at")).values(values), rows
        )


def mark_examined(
    connection: Connection, examined: Sequence[Account], alike: Collection[str] = ()
) -> None:
    """Mark accounts that still look as they did when they were examined.

    `alike` are the keys of those whose names resemble a brand.
    """
    for resembles in (False, True):
        marked = [account for account in examined if (account.key in alike) is resembles]
        if marked:
            connection.execute(
                update(accounts)
                .where(
                    accounts.c.network == bindparam("n"),
                    accounts.c.id == bindparam("i"),
                    *(accounts.c[name] == bindparam(f"x_{name}") for name in _EXAMINED),
                )
                .values(examined=True, alike=resembles),
                [
                    {"n": account.network, "i": account.id}
                    | {f"x_{name}": getattr(account, name) for name in _EXAMINED}
                    for account in marked
                ],
            )


def unexamine_authors(connection: Connection, after: int) -> None:
    """Have accounts that resemble a brand examined again that wrote a post after this `rid`."""
    authors = select(posts.c.author).where(posts.c.rid > after)
    connection.execute(
        update(accounts)
        .where(accounts.c.alike.is_(True), accounts.c.row.in_(authors))
        .values(examined=False)
    )


class Accounts(Database):
    """The part of the store that knows accounts."""

    def unexamined(self, limit: int) -> tuple[Account, ...]:
        """Return accounts whose names no look-alike rule has seen in their present form."""
        query = (
            select(*account_columns)
            .where(accounts.c.examined.is_(False))
            .order_by(accounts.c.row)
            .limit(limit)
        )
        with self.reading() as connection:
            return tuple(account_from(row) for row in connection.execute(query))

    def account_by_handle(self, network: str | None, handle: str) -> Account | None:
        """Return the account with this handle, with or without `@`, in any case.

        Where several have had it (or `network` is None and several networks know it), the one seen
        last. None where there is none.
        """
        query = select(*account_columns).where(accounts.c.folded_handle == folded_handle(handle))
        if network is not None:
            query = query.where(accounts.c.network == network)
        with self.reading() as connection:
            row = connection.execute(query.order_by(accounts.c.seen.desc()).limit(1)).first()
        return None if row is None else account_from(row)
