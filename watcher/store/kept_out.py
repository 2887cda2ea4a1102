"""Who is kept out: people who were forgotten, known by keyed digests of their ids and handles.

The key lies in the same database, so that a backup goes on keeping them out. The digests tell
nobody who reads the database whom they stand for, unless he has the key and guesses the name.
"""

import hmac
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection, select

from rules.model import Account
from watcher.backends.interface import Page
from watcher.store.columns import folded_handle, storable_key
from watcher.store.database import insert
from watcher.store.schema import forgotten, forgotten_names, meta

_KEY = "key of the forgotten"
_CHUNK = 500


def digests_of(
    connection: Connection, network: str, ids: Iterable[str], handles: Iterable[str]
) -> list[str]:
    """Return the digests under which an account with these ids and handles is kept out."""
    return digests_by(key_of_forgotten(connection), network, ids, handles)


def digests_by(key: bytes, network: str, ids: Iterable[str], handles: Iterable[str]) -> list[str]:
    """Return the same by the key, for who asks about many."""
    names = [f"id\0{network}\0{storable_key(one)}" for one in ids]
    names += [f"handle\0{network}\0{folded_handle(one)}" for one in handles]
    return [hmac.digest(key, name.encode(), "sha256").hex() for name in dict.fromkeys(names)]


def key_of_forgotten(connection: Connection) -> bytes:
    """Return the key of the digests."""
    query = select(meta.c.value).where(meta.c.name == _KEY)
    if (known := connection.execute(query).scalar()) is None:
        known = secrets.token_hex(32)
        connection.execute(insert(connection, meta), {"name": _KEY, "value": known})
    return bytes.fromhex(known)


def anybody(connection: Connection) -> bool:
    """Whether anybody is kept out at all."""
    return connection.execute(select(forgotten.c.id).limit(1)).first() is not None


def persons(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """Return, by digest, the numbers of the forgotten among these."""
    found: dict[str, int] = {}
    for start in range(0, len(names), _CHUNK):
        some = forgotten_names.c.name.in_(names[start : start + _CHUNK])
        query = select(forgotten_names.c.name, forgotten_names.c.person).where(some)
        found |= {row.name: row.person for row in connection.execute(query)}
    return found


def forgotten_accounts(connection: Connection, seen: Collection[Account]) -> frozenset[str]:
    """Return the keys of those among these accounts who are kept out."""
    if not seen or not anybody(connection):
        return frozenset()
    key = key_of_forgotten(connection)
    by_key = {
        account.key: digests_by(key, account.network, [account.id], filter(None, [account.handle]))
        for account in seen
    }
    found = persons(connection, [name for names in by_key.values() for name in names])
    return frozenset(key for key, names in by_key.items() if not found.keys().isdisjoint(names))


def without_forgotten(connection: Connection, page: Page) -> Page:
    """Return a page without those who are kept out, and without what they wrote.

    Whoever passes on a post of theirs passes on their words.
    """
    if not anybody(connection):
        return page
    seen = {post.author.key: post.author for post in page.posts}
    seen |= {account.key: account for account in page.accounts}
    for post in page.posts:
        if post.repost_author:
            passed_on = Account(network=post.network, id=post.repost_author, handle="")
            seen.setdefault(passed_on.key, passed_on)
    out = forgotten_accounts(connection, seen.values())
    if not out:
        return page
    return replace(
        page,
        posts=tuple(
            post
            for post in page.posts
            if post.author.key not in out and f"{post.network}:{post.repost_author}" not in out
        ),
        accounts=tuple(account for account in page.accounts if account.key not in out),
    )


def forgotten_subjects(connection: Connection, subjects: Sequence[str]) -> list[str]:
    """Return those among the subjects of suspects that are accounts which are kept out."""
    accounts = [one for one in subjects if not one.startswith("domain:")]
    if not accounts or not anybody(connection):
        return []
    by_name: dict[str, str] = {}
    for subject in accounts:
        network, _, native = subject.partition(":")
        (name,) = digests_of(connection, network, [native], [])
        by_name[name] = subject
    return [by_name[name] for name in persons(connection, list(by_name))]
