"""Matches that are not told, since their posts are taken for not about the brand they name."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update

from watcher.store.records import Batch
from watcher.store.schema import matches, queue, spoken

LeftOut = Mapping[tuple[str, str], str]
"""By the rule and the key of the post of a match that is not told: the brand it is not about."""


def counts_for() -> ColumnElement[bool]:
    """Return the condition on `spoken` for posts that count for the brand they name.

    All do but those clearly not about it.
    """
    return spoken.c.left_out.is_(False)


def is_told() -> ColumnElement[bool]:
    """Return the condition on `matches` for those that count: not left out."""
    return matches.c.left_out.is_(None)


def uncounted(channel: str) -> ColumnElement[bool]:
    """Return the condition on `queue` for what was left out and no digest has counted."""
    left = queue.c.left_out.is_not(None)
    return and_(queue.c.channel == channel, left, queue.c.digest.is_(None))


def by_brand(connection: Connection, entries: ColumnElement[bool]) -> Counter[str]:
    """Count what was left out among these entries, by the brand that it is not about."""
    query = select(queue.c.left_out, func.count()).where(entries, queue.c.left_out.is_not(None))
    grouped = query.group_by(queue.c.left_out).order_by(queue.c.left_out)
    return Counter({row[0]: row[1] for row in connection.execute(grouped)})


def count_left_out(connection: Connection, channel: str, digest: int) -> int:
    """Note that a digest counts what was left out until now; return how many that are."""
    return connection.execute(
        update(queue).where(uncounted(channel)).values(digest=digest)
    ).rowcount


def take_in_changed(
    connection: Connection,
    batch: Batch,
    keys: Mapping[int, str],
    left_out: LeftOut,
    now: datetime,
) -> int:
    """Tell what was left out of posts that their authors changed, and is left out no more.

    `keys` are those of the posts by their `rid`. Return how many entries wait now.
    """
    if not batch.rids:
        return 0
    span = matches.c.rid.between(batch.rids[0], batch.rids[-1])
    query = select(matches.c.row, matches.c.rid, matches.c.rule)
    before = connection.execute(query.where(span, matches.c.left_out.is_not(None))).all()
    return sum(
        _wait_again(connection, [row.row], now)
        for row in before
        if row.rid in keys and (row.rule, keys[row.rid]) not in left_out
    )


def take_in(connection: Connection, match: int, now: datetime) -> bool:
    """Tell what was left out: a person says it is relevant. Return whether it was left out.

    All matches of the post that were left out for that brand wait for their channels from now on,
    and the post counts for the brand.
    """
    query = select(matches.c.rid, matches.c.left_out).where(matches.c.row == match)
    row = connection.execute(query).first()
    if row is None or row.left_out is None:
        return False
    same = and_(matches.c.rid == row.rid, matches.c.left_out == row.left_out)
    _wait_again(connection, connection.execute(select(matches.c.row).where(same)).scalars(), now)
    about = and_(spoken.c.rid == row.rid, spoken.c.brand == row.left_out)
    connection.execute(update(spoken).where(about).values(relevance=1.0, left_out=False))
    return True


def _wait_again(connection: Connection, found: Iterable[int], now: datetime) -> int:
    """Let matches wait that were left out; return how many entries that are."""
    rows = list(found)
    entries = and_(queue.c.match.in_(rows), queue.c.left_out.is_not(None))
    query = select(queue.c.channel, queue.c.match, queue.c.route).where(entries)
    to = connection.execute(query.order_by(queue.c.row)).all()
    # Numbers of their own, as all that waits has: a digest being made must not take them.
    connection.execute(delete(queue).where(entries))
    if to:
        waits = [
            {"channel": one.channel, "match": one.match, "route": one.route, "queued": now}
            for one in to
        ]
        connection.execute(insert(queue), waits)
    connection.execute(update(matches).where(matches.c.row.in_(rows)).values(left_out=None))
    return len(to)
