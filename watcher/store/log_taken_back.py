"""What a source took back while it waited in the log: kept out when a worker comes to it.

A deletion names a post by its id or by the server's name for it, or an account that left. Of what
is stored it takes away at once; what waits is only known by its octets. So the names are kept, with
the moment, and hold for all that came until then.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from sqlalchemy import ARRAY, ColumnElement, Connection, Text, any_, literal, select

from rules.model import Post
from watcher.backends.interface import Page
from watcher.store.accounts import Key
from watcher.store.columns import storable_key
from watcher.store.database import insert
from watcher.store.schema import log_cursors, log_heads, source_networks, tombstones

_CHUNK = 500


def take_back(connection: Connection, source: str, page: Page, now: datetime) -> None:
    """Keep what a page says is gone, where anything waits in the log that it may be about."""
    if not (page.deleted or page.departed) or not is_any_waiting(connection):
        return
    query = select(source_networks.c.network).where(source_networks.c.source == source)
    networks = sorted(
        {*connection.execute(query).scalars(), *(post.network for post in page.posts)}
    )
    rows = [
        {"name": _name(kind, network, one), "at": now}
        for network in networks
        for kind, names in (("post", page.deleted), ("account", page.departed))
        for one in names
    ]
    if rows:
        upsert = insert(connection, tombstones)
        # A page that waited for its turn may tell of an earlier moment than what is kept.
        is_later = upsert.excluded.at > tombstones.c.at
        connection.execute(
            upsert.on_conflict_do_update(
                index_elements=["name"], set_={"at": upsert.excluded.at}, where=is_later
            ),
            rows,
        )


def is_any_waiting(connection: Connection) -> bool:
    """Whether anything waits in the log."""
    query = (
        select(log_heads.c.partition)
        .join(log_cursors, log_cursors.c.partition == log_heads.c.partition)
        .where(log_heads.c.number > log_cursors.c.number)
    )
    return connection.execute(query.limit(1)).first() is not None


def taken_back(
    connection: Connection, posts: Sequence[Post], came: Sequence[datetime]
) -> frozenset[int]:
    """Return which of the posts, by their place, were taken back after they came."""
    if not posts:
        return frozenset()
    late = tombstones.c.at >= min(came)
    if connection.execute(select(tombstones.c.at).where(late).limit(1)).first() is None:
        return frozenset()  # nearly always: no digests to make
    names = [frozenset(_names(post)) for post in posts]
    gone: dict[str, datetime] = {}
    # Not all that was taken back since: there may be millions, and these posts have few names.
    for some in _conditions(connection, sorted(frozenset[str]().union(*names))):
        query = select(tombstones.c.name, tombstones.c.at).where(late, some)
        gone |= {row[0]: row[1] for row in connection.execute(query)}
    if not gone:
        return frozenset()
    return frozenset(
        at
        for at, own in enumerate(names)
        if any(name in gone and came[at] <= gone[name] for name in own)
    )


def departed(connection: Connection, some: Collection[Key], since: datetime) -> dict[Key, datetime]:
    """Return which of these accounts left, at a moment or later, and when."""
    late = tombstones.c.at >= since
    if connection.execute(select(tombstones.c.at).where(late).limit(1)).first() is None:
        return {}
    gone: dict[Key, datetime] = {}
    keys = {_name("account", *key): key for key in some}
    for own in _conditions(connection, sorted(keys)):
        query = select(tombstones.c.name, tombstones.c.at).where(late, own)
        gone |= {keys[row[0]]: row[1] for row in connection.execute(query)}
    return gone


def _conditions(connection: Connection, names: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that together find what is kept by these names."""
    if connection.dialect.name == "postgresql":  # one value, however many there are
        yield tombstones.c.name == any_(literal(names, ARRAY(Text)))
        return
    for start in range(0, len(names), _CHUNK):
        yield tombstones.c.name.in_(names[start : start + _CHUNK])


def _names(post: Post) -> Iterator[str]:
    for one in (post.id, post.alias, post.repost_of):
        if one:
            yield _name("post", post.network, one)
    for one in (post.author.id, post.repost_author):
        if one:
            yield _name("account", post.network, one)


def _name(kind: str, network: str, name: str) -> str:
    told = f"log\0{kind}\0{storable_key(network)}\0{storable_key(name)}"
    return "log:" + hashlib.sha256(told.encode()).hexdigest()
