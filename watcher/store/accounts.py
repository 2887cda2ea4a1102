"""Accounts as they present themselves, and how they did before."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Text,
    any_,
    bindparam,
    column,
    func,
    insert,
    literal,
    select,
    type_coerce,
    update,
)

from rules.model import Account
from watcher.backends.interface import Page
from watcher.store.columns import Moment, folded_handle, storable, storable_count, storable_key
from watcher.store.copying_in import copy_in
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
class Offer:
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
    met = meet(offers, known_accounts(connection, offers))
    return save_met(connection, met)


@dataclass(slots=True)
class Met:
    """An account that came, and what is known of it."""

    offer: Offer
    row: Row[Any] | None
    """As it is stored; None where it is new."""
    account: Account
    """What is known of it now: what was stored and what came, together."""
    stored: Account | None = None
    """As it is stored, without what came; None where it is new."""


def meet(
    offers: Mapping[Key, Offer], known: Mapping[Key, Row[Any]], *, clean: bool = False
) -> dict[Key, Met]:
    """Put together what is stored of accounts and what came.

    `clean` says that what came holds nothing that the database would change.
    """
    met = {}
    for key, offer in offers.items():
        row = known.get(key)
        if row is None:
            met[key] = Met(offer, None, offer.account)
            continue
        offered = offer.account if clean else _storable(offer.account, key)
        stored = account_from(row)
        newer = offer.seen > row.seen
        account = _filled(offered, stored) if newer else _filled(stored, offered)
        met[key] = Met(offer, row, account, stored)
    return met


def save_met(
    connection: Connection,
    met: Mapping[Key, Met],
    plain: Callable[[Account], bool] | None = None,
    *,
    clean: bool = False,
) -> dict[Key, int]:
    """Save accounts and return their rows.

    `plain` tells of an account by its names whether it resembles no brand, so that no look-alike
    rule need look at it; without it each new one waits to be looked at. `clean` says the same as
    to `meet`.
    """
    rows = {key: one.row.row for key, one in met.items() if one.row is not None}
    fresh = [_row(key, one, plain) for key, one in met.items() if one.row is None]
    if fresh:
        rows |= {
            (network, native): row for row, network, native in _insert(connection, fresh, clean)
        }
    _refresh(connection, met, plain)
    return rows


def looks_otherwise(met: Met) -> bool:
    """Whether an account that is stored presents itself otherwise now, as look-alike rules see."""
    stored = met.stored
    if met.row is None or stored is None or stored is met.account:
        return False
    names = _EXAMINED if met.row.alike else _NAMES
    return any(getattr(met.account, name) != getattr(stored, name) for name in names)


def _insert(
    connection: Connection,
    fresh: Sequence[dict[str, Any]],
    clean: bool,
) -> Iterable[Sequence[Any]]:
    """Insert accounts; return the row, network and id of each."""
    if connection.dialect.name == "postgresql":
        return copy_in(connection, accounts, fresh, ("row", "network", "id"), clean=clean)
    made = insert(accounts).returning(accounts.c.row, accounts.c.network, accounts.c.id)
    return connection.execute(made, fresh)


def _offers(page: Page, now: datetime) -> dict[Key, Offer]:
    offers: dict[Key, Offer] = {}
    for post in page.posts:
        add_offer(offers, post.author, min(post.posted_at, now))
    newest = min(max((post.posted_at for post in page.posts), default=now), now)
    for account in page.accounts:
        add_offer(offers, account, newest)
    return offers


def add_offer(
    offers: dict[Key, Offer], account: Account, seen: datetime, key: Key | None = None
) -> None:
    """Add what is told of an account, as it was at a moment, to what else is told of it."""
    key = key_of(account) if key is None else key
    offer = offers.get(key)
    if offer is None:
        offers[key] = Offer(account, seen)
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


def known_accounts(connection: Connection, keys: Iterable[Key]) -> dict[Key, Row[Any]]:
    """Return the rows of those accounts that are stored."""
    by_network: dict[str, list[str]] = {}
    for network, native in keys:
        by_network.setdefault(network, []).append(native)
    known: dict[Key, Row[Any]] = {}
    for network, ids in by_network.items():
        for some in _conditions(connection, ids):
            query = select(
                *account_columns,
                accounts.c.row,
                accounts.c.seen,
                accounts.c.examined,
                accounts.c.alike,
            ).where(accounts.c.network == network, some)
            known |= {(row[0], row[1]): row for row in connection.execute(query)}
    return known


def _conditions(connection: Connection, ids: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that together find the accounts with these ids."""
    if connection.dialect.name == "postgresql":  # one value, however many there are
        yield accounts.c.id == any_(literal(ids, ARRAY(Text)))
        return
    for start in range(0, len(ids), _CHUNK):
        yield accounts.c.id.in_(ids[start : start + _CHUNK])


def _row(key: Key, met: Met, plain: Callable[[Account], bool] | None) -> dict[str, Any]:
    values = _values(key, met.account, met.offer.seen)
    values["examined"] = plain is not None and plain(met.account)
    return values


def _values(key: Key, account: Account, seen: datetime) -> dict[str, Any]:
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
        "seen": seen,
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
    connection: Connection, met: Mapping[Key, Met], plain: Callable[[Account], bool] | None
) -> None:
    changed: list[dict[str, Any]] = []
    former: list[dict[str, Any]] = []
    seen_again: list[tuple[int, datetime]] = []
    for key, one in met.items():
        row, account, stored = one.row, one.account, one.stored
        if row is None or stored is None:
            continue
        newer = one.offer.seen > row.seen
        seen = max(one.offer.seen, row.seen)
        if account != stored:
            values = _values(key, account, seen)
            same = not looks_otherwise(one)
            looked = plain is not None and not row.alike and plain(account)
            values["examined"] = (row.examined and same) or looked
            values["alike"] = row.alike
            changed.append(_renewed(row.row, values))
            nothing = ("", stored.id)  # in place of a name that nobody knew
            if any(
                getattr(stored, name) not in (*nothing, getattr(account, name)) for name in _FORM
            ):
                forms = {name: getattr(stored, name) for name in _FORM}
                former.append({"account": row.row, "until": seen, **forms})
        elif newer:
            seen_again.append((row.row, seen))
    _update(connection, changed)
    _see_again(connection, seen_again)
    if former:
        connection.execute(insert(account_forms), former)


def _see_again(connection: Connection, seen: Sequence[tuple[int, datetime]]) -> None:
    """Note when accounts that did not change were seen."""
    if not seen:
        return
    if connection.dialect.name != "postgresql":
        _update(connection, [_renewed(row, {"seen": at}) for row, at in seen])
        return
    encode = cast("Moment", accounts.c.seen.type).process_bind_param
    rows, moments = zip(*((row, encode(at, connection.dialect)) for row, at in seen), strict=True)
    listed = (
        func.unnest(
            literal(list(rows), ARRAY(BigInteger)), literal(list(moments), ARRAY(BigInteger))
        )
        .table_valued(column("at", BigInteger), column("seen", BigInteger), name="again")
        .render_derived()
    )
    connection.execute(
        update(accounts)
        .where(accounts.c.row == listed.c.at)
        .values(seen=type_coerce(listed.c.seen, accounts.c.seen.type))
    )


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
