"""Posts that leave: what hangs on them, mails not sent yet, and what keeps them away."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from alerts.model import DeliveryState
from rules.model import Post
from watcher.backends.interface import Page
from watcher.store.columns import storable_key
from watcher.store.database import insert
from watcher.store.departing import close_books
from watcher.store.schema import (
    accounts,
    alarms,
    aliases,
    deliveries,
    departures,
    digests,
    matches,
    posts,
    progress,
    proposals,
    queue,
    source_networks,
    suspects,
    tombstones,
)

TOMBSTONE_FOR = timedelta(days=30)
"""So long a deleted post is kept out, should a source bring it once more."""
LEAVES_INDEX_IN = timedelta(days=7)
"""When the words of a deleted post leave the index's files, if they did not before. It is never
found in the meantime: what is found is read from the database."""

_CHUNK = 500
_GIVEN = "given"
"""The highest number of a post that left: none has ever been given twice."""
_UNSENT = [state.value for state in DeliveryState if state is not DeliveryState.SENT]


def chunks(values: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield parts small enough for one IN (...)."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def highest_gone(connection: Connection) -> int:
    """Return the highest `rid` of the posts that left, 0 where none did."""
    query = select(progress.c.rid).where(progress.c.name == _GIVEN)
    return connection.execute(query).scalar() or 0


def tombstone(network: str, id: str) -> str:
    """Return the name under which it is remembered that a post was deleted."""
    key = f"{storable_key(network)}\0{storable_key(id)}"
    return hashlib.sha256(key.encode()).hexdigest()


def without_deleted(connection: Connection, found: Sequence[Post]) -> tuple[Post, ...]:
    """Return the posts that their network has not deleted, as far as is known."""
    if not found or connection.execute(select(tombstones.c.at).limit(1)).first() is None:
        return tuple(found)
    names = {tombstone(post.network, post.id): post for post in found}
    buried: set[str] = set()
    keys = list(names)
    for start in range(0, len(keys), _CHUNK):
        some = tombstones.c.name.in_(keys[start : start + _CHUNK])
        buried.update(connection.execute(select(tombstones.c.name).where(some)).scalars())
    if not buried:
        return tuple(found)
    return tuple(post for post in found if tombstone(post.network, post.id) not in buried)


def take_away_named(connection: Connection, source: str, page: Page, now: datetime) -> int:
    """Take away the posts and accounts that a page says are gone; return how many posts went.

    Only those of networks of which the source brings posts: ids of two networks may be the same.
    """
    if not page.deleted and not page.departed:
        return 0
    query = select(source_networks.c.network).where(source_networks.c.source == source)
    networks = list(connection.execute(query).scalars())
    rids = set(_named(connection, networks, [storable_key(name) for name in page.deleted]))
    departed = [storable_key(one) for one in page.departed]
    left = _accounts(connection, networks, departed)
    for some in chunks(left):
        rids.update(
            connection.execute(select(posts.c.rid).where(posts.c.author.in_(some))).scalars()
        )
    rids.update(_passed_on(connection, networks, departed))
    take_away(connection, sorted(rids), now, bury=True, due=now + LEAVES_INDEX_IN)
    for some in chunks(left):
        close_books(connection, some, now)
        used = or_(
            exists().where(suspects.c.account == accounts.c.row),
            exists().where(proposals.c.account == accounts.c.row),
        )
        connection.execute(delete(accounts).where(accounts.c.row.in_(some), ~used))
    return len(rids)


def _named(connection: Connection, networks: Sequence[str], names: Sequence[str]) -> Iterator[int]:
    for start in range(0, len(names), _CHUNK):
        some = names[start : start + _CHUNK]
        by_alias = select(aliases.c.rid).where(aliases.c.name.in_(some))
        of_network = posts.c.network.in_(networks)
        for condition in (
            posts.c.id.in_(some),
            posts.c.repost_of.in_(some),  # it says what was taken back
            and_(posts.c.alias.in_(some), posts.c.alias != ""),
            posts.c.rid.in_(by_alias),
        ):
            query = select(posts.c.rid).where(of_network, condition)
            yield from connection.execute(query).scalars()


def _passed_on(
    connection: Connection, networks: Sequence[str], ids: Sequence[str]
) -> Iterator[int]:
    """Yield the posts by which others passed on what these accounts wrote."""
    for start in range(0, len(ids), _CHUNK):
        query = select(posts.c.rid).where(
            posts.c.network.in_(networks),
            posts.c.repost_author.in_(ids[start : start + _CHUNK]),
            posts.c.repost_author != "",
        )
        yield from connection.execute(query).scalars()


def _accounts(connection: Connection, networks: Sequence[str], ids: Sequence[str]) -> list[int]:
    found: list[int] = []
    for start in range(0, len(ids), _CHUNK):
        query = select(accounts.c.row).where(
            accounts.c.network.in_(networks), accounts.c.id.in_(ids[start : start + _CHUNK])
        )
        found += connection.execute(query).scalars()
    return found


def take_away(
    connection: Connection, rids: Sequence[int], now: datetime, *, bury: bool, due: datetime
) -> None:
    """Remove posts and what hangs on them: matches, judgements, what waits, what links to suspects.

    Digests that hold them and are not sent yet are marked, to be made again. A copy takes the place
    of a match that leaves. `bury` keeps the posts from coming back; `due` says when their words are
    to leave the index's files.
    """
    if not rids:
        return
    mark_outdated(connection, rids)
    for some in chunks(rids):
        of_posts = matches.c.rid.in_(some)
        promote_copies(
            connection, connection.execute(select(matches.c.row).where(of_posts)).scalars().all()
        )
        if bury:
            _bury(connection, some, now)
    leave_index(connection, rids, due)
    _remember_highest(connection, max(rids))
    connection.execute(
        delete(posts).where(posts.c.rid == bindparam("gone")), [{"gone": rid} for rid in rids]
    )
    if bury:
        connection.execute(delete(tombstones).where(tombstones.c.at < now - TOMBSTONE_FOR))


def _bury(connection: Connection, rids: Sequence[int], now: datetime) -> None:
    query = select(posts.c.network, posts.c.id).where(posts.c.rid.in_(rids))
    rows = [
        {"name": tombstone(row.network, row.id), "at": now} for row in connection.execute(query)
    ]
    if rows:
        connection.execute(insert(connection, tombstones).on_conflict_do_nothing(), rows)


def bury_posts(connection: Connection, gone: Sequence[Post], now: datetime) -> None:
    """Keep posts from coming back that were never stored."""
    rows = [{"name": tombstone(post.network, post.id), "at": now} for post in gone]
    connection.execute(insert(connection, tombstones).on_conflict_do_nothing(), rows)


def leave_index(connection: Connection, rids: Sequence[int], due: datetime) -> None:
    """Note that posts with these numbers are still in the search index."""
    upsert = insert(connection, departures)
    sooner = upsert.excluded.due < departures.c.due
    connection.execute(
        upsert.on_conflict_do_update(
            index_elements=["rid"], set_={"due": upsert.excluded.due}, where=sooner
        ),
        [{"rid": rid, "due": due} for rid in rids],
    )


def _remember_highest(connection: Connection, rid: int) -> None:
    upsert = insert(connection, progress)
    connection.execute(
        upsert.on_conflict_do_update(
            index_elements=["name"],
            set_={"rid": upsert.excluded.rid},
            where=upsert.excluded.rid > progress.c.rid,
        ),
        {"name": _GIVEN, "rid": rid},
    )


def promote_copies(connection: Connection, leaving: Sequence[int]) -> None:
    """Let the first copy of each match that leaves take its place, also in queues and digests."""
    going = set(leaving)
    for some in chunks(leaving):
        query = (
            select(matches.c.copy_of, matches.c.row)
            .where(matches.c.copy_of.in_(some))
            .order_by(matches.c.row)
        )
        heirs: dict[int, int] = {}
        for original, copy in connection.execute(query):
            if copy not in going:
                heirs.setdefault(original, copy)
        for original, heir in heirs.items():
            others = and_(matches.c.copy_of == original, matches.c.row != heir)
            connection.execute(update(matches).where(others).values(copy_of=heir))
            connection.execute(update(matches).where(matches.c.row == heir).values(copy_of=None))
            own = select(queue.c.channel).where(queue.c.match == heir).scalar_subquery()
            told = and_(queue.c.match == original, queue.c.channel.not_in(own))
            connection.execute(update(queue).where(told).values(match=heir))


def mark_outdated(connection: Connection, rids: Sequence[int]) -> None:
    """Have every digest made again that shows these posts and is not sent to everybody."""
    unsent = select(deliveries.c.digest).where(deliveries.c.state.in_(_UNSENT))
    if connection.execute(unsent.limit(1)).first() is None:
        return
    shows = set(digests_with(connection, rids, queue.c.digest.in_(unsent)))
    shows |= set(reports_with(connection, rids, digests.c.id.in_(unsent)))
    for some in chunks(sorted(shows)):
        outdated = update(digests).where(digests.c.id.in_(some))
        connection.execute(outdated.values(outdated=digests.c.outdated + 1))


def reports_with(
    connection: Connection, rids: Sequence[int], among: ColumnElement[bool]
) -> Iterator[int]:
    """Yield the reports that may show these posts; `among` narrows them.

    What a report shows is written down nowhere: it is any post that was stored before it was made.
    """
    for some in chunks(rids):
        first = select(func.min(posts.c.seen)).where(posts.c.rid.in_(some)).scalar_subquery()
        query = select(digests.c.id).where(
            digests.c.kind == "report", digests.c.created >= first, among
        )
        yield from connection.execute(query).scalars()


def digests_with(
    connection: Connection, rids: Sequence[int], among: ColumnElement[bool]
) -> Iterator[int]:
    """Yield the digests that show these posts; `among` narrows the entries of the queue."""
    for some in chunks(rids):
        query = (
            select(queue.c.digest)
            .distinct()
            .join(matches, queue.c.match == matches.c.row)
            .where(matches.c.rid.in_(some), queue.c.digest.is_not(None), among)
        )
        yield from connection.execute(query).scalars()
    wanted = {str(rid) for rid in rids}
    told = (
        select(queue.c.digest, alarms.c.evidence)
        .join(alarms, queue.c.alarm == alarms.c.id)
        .where(queue.c.digest.is_not(None), among)
    )
    for digest, evidence in connection.execute(told):
        if not wanted.isdisjoint(evidence):
            yield digest
