"""What a digest says beside what it lists: which routes brought it, and what was kept back."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from alerts.model import Waiting
from alerts.words.notices import notice
from rules.model import Reason
from watcher.store.holds import held_here_or_of
from watcher.store.left_out import by_brand, uncounted
from watcher.store.schema import alarms, matches, posts, queue, suspects
from watcher.store.silences import kept_back, reasons_of

MOST_HELD = 10
"""Alarms and rules named for whose sake posts wait; those of others are counted."""
MOST_BRANDS = 20
"""Brands named for whose sake posts are left out; posts of all are counted."""
MOST_SILENCES = 10
"""Silences named in one digest; all are counted."""


def with_aside(connection: Connection, waiting: Waiting, entries: ColumnElement[bool]) -> Waiting:
    """Return what waits for a channel together with what is kept back there, and why it came.

    `entries` is the condition on `queue` for what waits.
    """
    held = held_here_or_of(connection, waiting.channel)
    silenced = {}
    left_out = Counter[str]()
    if not waiting.alarms_only:
        silenced = reasons_of(connection, kept_back(waiting.channel))
        left_out = by_brand(connection, uncounted(waiting.channel))
    waits = Counter[tuple[str, str]]()
    for one in held:  # the alarms of one rule are told together: there may be one for each author
        waits[one.alarm_rule, one.rule] += one.posts
    holding = [
        notice("held", alarm=alarm, rule=rule, count=str(count))
        for (alarm, rule), count in waits.most_common(MOST_HELD)
    ]
    if beyond := waits.total() - sum(count for _, count in waits.most_common(MOST_HELD)):
        holding.append(notice("held-more", count=str(beyond)))
    again = _told_before(connection, entries)
    return replace(
        waiting,
        routed=routed(connection, entries),
        silenced=sum(count for count, _ in silenced.values()),
        left_out=left_out.total(),
        held=sum(one.posts for one in held),
        retold=len(again),
        notices=(*_again(again), *holding, *_silencing(silenced), *_leaving_out(left_out)),
    )


def routed(connection: Connection, entries: ColumnElement[bool]) -> dict[str, tuple[Reason, ...]]:
    """Return which routes brought these entries, as `alerts.model.Waiting.routed` has it."""
    by_route = and_(entries, queue.c.route.is_not(None))
    if connection.execute(select(queue.c.row).where(by_route).limit(1)).first() is None:
        return {}
    found: dict[str, dict[str, Reason]] = {}
    of_posts = (
        select(posts.c.network, posts.c.id, queue.c.route)
        .select_from(queue)
        .join(matches, queue.c.match == matches.c.row)
        .join(posts, posts.c.rid == matches.c.rid)
        .where(by_route)
        .order_by(queue.c.row)
    )
    for network, own, why in connection.execute(of_posts):
        found.setdefault(f"{network}:{own}", {})[str(why)] = why
    of_suspects = (
        select(suspects.c.subject, queue.c.route)
        .join(suspects, queue.c.suspect == suspects.c.id)
        .where(by_route)
    )
    for subject, why in connection.execute(of_suspects):
        found.setdefault(subject, {})[str(why)] = why
    of_alarms = select(queue.c.alarm, queue.c.route).where(by_route, queue.c.alarm.is_not(None))
    for alarm, why in connection.execute(of_alarms):
        found.setdefault(f"alarm:{alarm}", {})[str(why)] = why
    return {key: tuple(whys.values()) for key, whys in found.items()}


def count_silenced(connection: Connection, channel: str, digest: int) -> int:
    """Note that a digest counts what silences kept back until now; return how many that are."""
    counted = update(queue).where(kept_back(channel)).values(digest=digest)
    return connection.execute(counted).rowcount


def _told_before(connection: Connection, entries: ColumnElement[bool]) -> Sequence[str]:
    """Return the rules of the alarms among these entries that are told again, once for each."""
    told = select(alarms.c.rule).join(queue, queue.c.alarm == alarms.c.id)
    query = told.where(entries, queue.c.repeats > 0).order_by(alarms.c.rule)
    return connection.execute(query).scalars().all()


def _again(rules: Sequence[str]) -> Iterator[Reason]:
    for rule in dict.fromkeys(rules):
        yield notice("again", alarm=rule)


def _silencing(silenced: dict[int, tuple[int, str]]) -> Iterator[Reason]:
    for silence, (count, because) in list(silenced.items())[:MOST_SILENCES]:
        yield notice("silenced", silence=str(silence), count=str(count), because=because)


def _leaving_out(left_out: Counter[str]) -> Iterator[Reason]:
    for brand, count in left_out.most_common(MOST_BRANDS):
        yield notice("left-out", brand=brand, count=str(count))


def left_out_in(connection: Connection, digest: int) -> int:
    """Return how many posts that are not about their brands a digest has counted."""
    return by_brand(connection, queue.c.digest == digest).total()


def silenced_in(connection: Connection, digest: int) -> int:
    """Return how many findings that silences kept back a digest has counted."""
    counted = and_(queue.c.digest == digest, queue.c.silence.is_not(None))
    query = select(func.count()).select_from(queue).where(counted)
    return connection.execute(query).scalar_one()
