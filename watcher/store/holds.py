"""What waits, entry by entry, and what of it waits until an alarm is over."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, update

from rules.rates import Alarm
from watcher.store.database import Database
from watcher.store.database import insert as insert_or
from watcher.store.posts import posts_from, select_posts
from watcher.store.queue import NOWHERE_ELSE, Places, Routes
from watcher.store.raising import suspect_from
from watcher.store.rates import alarm_record, insert_notes
from watcher.store.records import HeldPosts, OpenAlarm, WaitingEntry
from watcher.store.schema import (
    alarms,
    digests,
    matches,
    posts,
    queue,
    retold,
    routes,
    suspects,
)
from watcher.store.waiting import in_queue

_CHUNK = 500
NO_ROUTES: Routes = MappingProxyType({})


class Holds(Database):
    """The part of the store that knows which alarms go on, and what waits for their end."""

    def open_alarms(self) -> tuple[OpenAlarm, ...]:
        """Return the alarms that go on, as far as is known, oldest first."""
        query = select(alarms).where(alarms.c.ended.is_(None)).order_by(alarms.c.id)
        with self.reading() as connection:
            return tuple(
                OpenAlarm(
                    id=row.id, rule=row.rule, group=row.group, since=row.since, until=row.until,
                    kind=row.kind,
                    going=row.going or row.raised,
                )
                for row in connection.execute(query)
            )  # fmt: skip

    def note_alarms(
        self,
        *,
        going: Collection[int],
        over: Collection[int],
        now: datetime,
        notes: Sequence[Alarm] = (),
        routes: Routes = NO_ROUTES,
        places: Places = NOWHERE_ELSE,
    ) -> None:
        """Record of alarms that they still go on, or are over, at `now`.

        `notes` say of some that they are over; they go where `routes` and `places` say.
        """
        if not going and not over:
            return
        with self.writing() as connection:
            insert_notes(connection, notes, routes, places, now)
            for ids, values in ((going, {"going": now}), (over, {"ended": now})):
                some = and_(alarms.c.id.in_(list(ids)), alarms.c.ended.is_(None))
                connection.execute(update(alarms).where(some).values(values))

    def repeat_alarms(self, channel: str, before: datetime, now: datetime) -> int:
        """Let alarms wait again that a channel told before a moment; return how many.

        That is those which go on and nobody has acknowledged. What waits so and is over, or was
        acknowledged meanwhile, is as it was told last.
        """
        lasting = select(alarms.c.id).where(
            alarms.c.ended.is_(None), alarms.c.acknowledged.is_(None)
        )
        told = and_(
            queue.c.channel == channel,
            queue.c.taken <= before,
            queue.c.silence.is_(None),
            queue.c.alarm.in_(lasting),
        )
        needless = and_(
            queue.c.channel == channel,
            queue.c.taken.is_(None),
            queue.c.repeats > 0,
            queue.c.alarm.not_in(lasting),
        )
        with self.reading() as connection:
            waits = connection.execute(select(queue.c.row).where(needless).limit(1)).first()
            goes_on = waits or connection.execute(lasting.limit(1)).first()
            some = select(queue.c.row).where(told).limit(1)
            if not waits and (not goes_on or connection.execute(some).first() is None):
                return 0
        again = {"taken": None, "digest": None, "queued": now, "repeats": queue.c.repeats + 1}
        with self.writing() as connection:
            withdraw_repeats(connection, needless)
            last = select(queue.c.digest, queue.c.alarm)
            tellings = last.where(told, queue.c.digest.is_not(None))
            keep = insert_or(connection, retold).from_select(["digest", "alarm"], tellings)
            connection.execute(keep.on_conflict_do_nothing())
            return connection.execute(update(queue).where(told).values(again)).rowcount

    def entries_waiting(
        self, channel: str, *, after: int = 0, limit: int = 1000
    ) -> tuple[WaitingEntry, ...]:
        """Return what waits for a channel, the entries after a row of the queue, in their order."""
        query = (
            select(queue.c.row, queue.c.match, queue.c.suspect, queue.c.alarm)
            .where(in_queue(channel), queue.c.row > after)
            .order_by(queue.c.row)
            .limit(limit)
        )
        with self.reading() as connection:
            rows = connection.execute(query).all()
            found = _entries(connection, [row.row for row in rows])
        return tuple(found[row.row] for row in rows if row.row in found)

    def hold(self, held: Mapping[int, int]) -> None:
        """Let entries wait until an alarm is over: `held` names it by the row of the queue."""
        by_alarm: dict[int, list[int]] = {}
        for row, alarm in held.items():
            by_alarm.setdefault(alarm, []).append(row)
        with self.writing() as connection:
            for alarm, rows in by_alarm.items():
                for start in range(0, len(rows), _CHUNK):
                    some = and_(
                        queue.c.row.in_(rows[start : start + _CHUNK]), queue.c.taken.is_(None)
                    )
                    connection.execute(update(queue).where(some).values(held=alarm))

    def release(self, channel: str, alarm: int, rule: str) -> None:
        """Let what a rule found wait for the channel's next message, and no longer for an alarm."""
        found = select(matches.c.row).where(matches.c.rule == rule)
        mine = and_(_holding(channel), queue.c.held == alarm, queue.c.match.in_(found))
        with self.writing() as connection:
            connection.execute(update(queue).where(mine).values(held=None))

    def held(self, channel: str) -> tuple[HeldPosts, ...]:
        """Return what waits for the end of alarms on a channel, counted by alarm and rule."""
        with self.reading() as connection:
            return held_by(connection, _holding(channel))


def withdraw_repeats(connection: Connection, entries: ColumnElement[bool]) -> None:
    """Take alarms that wait to be told again out of what waits: the digest before told them."""
    mine = digests.join(retold, retold.c.digest == digests.c.id)
    before = (
        select(func.max(digests.c.id))
        .select_from(mine)
        .where(retold.c.alarm == queue.c.alarm, digests.c.channel == queue.c.channel)
        .correlate(queue)
        .scalar_subquery()
    )
    values = {"taken": queue.c.queued, "digest": before, "repeats": queue.c.repeats - 1}
    connection.execute(update(queue).where(entries).values(values))


def held_by(
    connection: Connection, entries: ColumnElement[bool], *, concerning: str = ""
) -> tuple[HeldPosts, ...]:
    """Count the posts of these entries by the alarm that they wait for, and their rule.

    Where a channel is named, those alone that wait for it, or are of rules that feed it.
    """
    # Distinct, so that a database begins with these few and not with all the matches.
    rows = select(queue.c.held, queue.c.match, queue.c.channel).where(entries)
    held = rows.distinct().subquery("waiting")
    # A post that is held on several channels is one.
    query = (
        select(
            alarms.c.id,
            alarms.c.rule.label("alarm_rule"),
            alarms.c.ended,
            matches.c.rule,
            func.count(held.c.match.distinct()).label("posts"),
        )
        .select_from(held)
        .join(alarms, held.c.held == alarms.c.id)
        .join(matches, held.c.match == matches.c.row)
        .group_by(alarms.c.id, alarms.c.rule, alarms.c.ended, matches.c.rule)
        .order_by(alarms.c.id, matches.c.rule)
    )
    if concerning:
        fed = select(routes.c.rule).where(routes.c.channel == concerning)
        query = query.where(or_(held.c.channel == concerning, matches.c.rule.in_(fed)))
    return tuple(
        HeldPosts(
            alarm=row.id, alarm_rule=row.alarm_rule, rule=row.rule, posts=row.posts,
            is_over=row.ended is not None,
        )
        for row in connection.execute(query)
    )  # fmt: skip


def held_here_or_of(connection: Connection, channel: str) -> tuple[HeldPosts, ...]:
    """Count what is held back that concerns a channel, by alarm and rule.

    That is what waits for it itself, and what waits elsewhere of rules that feed it.
    """
    waits = and_(queue.c.taken.is_(None), queue.c.held.is_not(None))
    return held_by(connection, waits, concerning=channel)


def _holding(channel: str) -> ColumnElement[bool]:
    return and_(queue.c.channel == channel, queue.c.taken.is_(None), queue.c.held.is_not(None))


def _entries(connection: Connection, rows: list[int]) -> dict[int, WaitingEntry]:
    """Read what these rows of the queue are about."""
    found: dict[int, WaitingEntry] = {}
    for start in range(0, len(rows), _CHUNK):
        some = queue.c.row.in_(rows[start : start + _CHUNK])
        of_match = queue.join(matches, queue.c.match == matches.c.row)
        query = select(queue.c.row, matches.c.rule, matches.c.rid).select_from(of_match).where(some)
        pointing = connection.execute(query).all()
        chosen = select_posts().where(posts.c.rid.in_([row.rid for row in pointing]))
        stored = {one.rid: one.post for one in posts_from(connection.execute(chosen))}
        for row in pointing:
            found[row.row] = WaitingEntry(row=row.row, rule=row.rule, post=stored[row.rid])
        raised = select(queue.c.row.label("entry"), suspects).join(
            suspects, queue.c.suspect == suspects.c.id
        )
        for row in connection.execute(raised.where(some)):
            suspect = suspect_from(cast("Row[Any]", row))
            found[row.entry] = WaitingEntry(row=row.entry, rule=suspect.rule, suspect=suspect)
        told = select(queue.c.row.label("entry"), alarms).join(alarms, queue.c.alarm == alarms.c.id)
        for row in connection.execute(told.where(some)):
            alarm = alarm_record(cast("Row[Any]", row)).alarm
            found[row.entry] = WaitingEntry(row=row.entry, rule=alarm.rule, alarm=alarm)
    return found
