"""What waits for a channel, read at one moment: mentions, alarms, suspects."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from alerts.model import Mention, RaisedAlarm
from rules.model import Match, Post, Reason, Suspect, Verdict
from watcher.store.judgements import match_from
from watcher.store.posts import posts_from, select_posts
from watcher.store.private import is_hidden_suspect
from watcher.store.raising import suspect_from
from watcher.store.rates import alarm_record
from watcher.store.schema import (
    alarms,
    digests,
    matches,
    posts,
    queue,
    retold,
    suspect_events,
    suspects,
)
from watcher.store.stories import story_of

_CHUNK = 500
_ALARMS_WITH_POSTS = 50
"""A digest shows fewer; the others are only counted."""


def in_queue(channel: str, *, alarms_only: bool = False) -> ColumnElement[bool]:
    """Return the condition on `queue` for what waits for a channel's next message.

    What is held back until an alarm is over does not. `alarms_only` narrows it to alarms.
    """
    waits = and_(queue.c.channel == channel, queue.c.taken.is_(None), queue.c.held.is_(None))
    return and_(waits, queue.c.alarm.is_not(None)) if alarms_only else waits


def told_in(digest: int) -> ColumnElement[bool]:
    """Return the condition on `queue` for what a digest tells; what it only counts is none.

    What was told again since belongs to it as well.
    """
    channel = select(digests.c.channel).where(digests.c.id == digest).scalar_subquery()
    before = select(retold.c.alarm).where(retold.c.digest == digest)
    told_again = and_(queue.c.channel == channel, queue.c.alarm.in_(before))
    told = and_(queue.c.silence.is_(None), queue.c.left_out.is_(None))
    return and_(or_(queue.c.digest == digest, told_again), told)


def mark(connection: Connection, channel: str, *, alarms_only: bool = False) -> tuple[int, int]:
    """Return the newest entry that waits for a channel, and how many do."""
    waits = in_queue(channel, alarms_only=alarms_only)
    query = select(func.max(queue.c.row), func.count()).where(waits)
    newest, entries = connection.execute(query).one()
    return newest or 0, entries


def mentions_waiting(
    connection: Connection, entries: ColumnElement[bool], until: datetime, limit: int
) -> tuple[tuple[Mention, ...], int]:
    """Return the mentions that arrived last, newest first, and how many there are in all.

    `entries` is the condition on `queue` for those that are meant, here and below.
    """
    waiting = queue.join(matches, queue.c.match == matches.c.row)
    rids = select(matches.c.rid).select_from(waiting).where(entries).distinct()
    total = connection.execute(select(func.count()).select_from(rids.subquery())).scalar_one()
    chosen = rids.order_by(matches.c.rid.desc()).limit(limit).subquery()
    found = posts_from(connection.execute(select_posts().join(chosen, chosen.c.rid == posts.c.rid)))
    keys = {one.rid: one.post.key for one in found}
    of_post: dict[int, list[Match]] = {}
    numbers: dict[int, dict[str, int]] = {}
    # By the smallest number, not by a join with `chosen`: SQLite would walk through one for each
    # row of the other.
    query = (
        select(matches)
        .select_from(waiting)
        .where(entries, matches.c.rid >= min(keys, default=0))
        .order_by(matches.c.row)
    )
    for row in connection.execute(query):
        of_post.setdefault(row.rid, []).append(match_from(row, keys[row.rid]))
        numbers.setdefault(row.rid, {})[row.rule] = row.row
    # A post dated in the future must not stay on top for ever.
    newest_first = sorted(found, key=lambda one: (min(one.post.posted_at, until), one.rid))[::-1]
    copies = _copies(connection, entries, min(keys, default=0))
    return (
        tuple(
            Mention(
                post=one.post,
                matches=tuple(of_post[one.rid]),
                copies=copies.get(one.rid, (0, 0))[0],
                copyists=copies.get(one.rid, (0, 0))[1],
                numbers=numbers[one.rid],
            )
            for one in newest_first
        ),
        total,
    )


def _copies(
    connection: Connection, entries: ColumnElement[bool], first: int
) -> dict[int, tuple[int, int]]:
    """Return, by the `rid` of a post that waits, how many copies one rule found and by how many."""
    copy, copied = matches.alias("copy"), posts.alias("copied")
    query = (
        select(matches.c.rid, func.count(), func.count(copied.c.author.distinct()))
        .select_from(queue)
        .join(matches, queue.c.match == matches.c.row)
        .join(posts, posts.c.rid == matches.c.rid)
        .join(copy, copy.c.copy_of == matches.c.row)
        .join(copied, copied.c.rid == copy.c.rid)
        .where(entries, matches.c.rid >= first)
    )
    others = query.where(copied.c.author != posts.c.author)
    grouped = [one.group_by(matches.c.rid, matches.c.row) for one in (query, others)]
    counts: dict[int, int] = {}
    for rid, count, _ in connection.execute(grouped[0]):
        counts[rid] = max(count, counts.get(rid, 0))
    if not counts:
        return {}
    by: dict[int, int] = {}
    for rid, _, authors in connection.execute(grouped[1]):
        by[rid] = max(authors, by.get(rid, 0))
    return {rid: (count, by.get(rid, 0)) for rid, count in counts.items()}


def alarms_waiting(
    connection: Connection, entries: ColumnElement[bool], limit: int
) -> tuple[RaisedAlarm, ...]:
    """Return the alarms of these entries, the newest window first, with their posts."""
    query = (
        select(alarms)
        .join(queue, queue.c.alarm == alarms.c.id)
        .where(entries)
        .order_by(alarms.c.until.desc(), alarms.c.id.desc())
        .limit(limit)
    )
    records = [alarm_record(row) for row in connection.execute(query)]
    shown = sorted({rid for one in records[:_ALARMS_WITH_POSTS] for rid in one.alarm.evidence})
    stored: dict[int, Post] = {}
    for start in range(0, len(shown), _CHUNK):
        some = select_posts().where(posts.c.rid.in_(shown[start : start + _CHUNK]))
        stored |= {one.rid: one.post for one in posts_from(connection.execute(some))}
    return tuple(
        RaisedAlarm(
            id=one.id,
            alarm=one.alarm,
            raised=one.raised,
            posts=tuple(stored[rid] for rid in one.alarm.evidence if rid in stored),
            story=story_of(connection, one.alarm) if place < _ALARMS_WITH_POSTS else (),
        )
        for place, one in enumerate(records)
    )


def still_news() -> ColumnElement[bool]:
    """Return the condition on `queue` and `suspects` for a suspect that is still to be told.

    One that was judged while it waited is not; but of a confirmed one, what changed since is.
    """
    return or_(
        suspects.c.verdict == Verdict.OPEN.value,
        and_(suspects.c.verdict == Verdict.CONFIRMED.value, queue.c.event.is_not(None)),
    )


def suspects_waiting(
    connection: Connection, entries: ColumnElement[bool], limit: int
) -> tuple[tuple[Suspect, ...], dict[str, tuple[Reason, ...]]]:
    """Return the suspects of these entries, the most alike first, and what is news.

    That is, by the subjects of those that had been judged, what changed since, oldest first.
    """
    query = (
        select(suspects, queue.c.event, is_hidden_suspect().label("private"))
        .join(queue, queue.c.suspect == suspects.c.id)
        .where(entries, still_news())
        .order_by(suspects.c.score.desc(), suspects.c.id)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    news: dict[str, tuple[Reason, ...]] = {}
    for row in rows:
        if row.event is not None:
            since = (
                select(suspect_events.c.what)
                .where(
                    suspect_events.c.suspect == row.id,
                    suspect_events.c.row >= row.event,
                    suspect_events.c.kind.in_(["renamed", "changed", "returned"]),
                )
                .order_by(suspect_events.c.row)
            )
            news[row.subject] = tuple(connection.execute(since).scalars())
    return tuple(replace(suspect_from(row), private=bool(row.private)) for row in rows), news
