"""Who has seen to urgent news, and what is told because nobody did."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, select, update

from watcher.store.database import Database
from watcher.store.errors import NoSuchRecordError
from watcher.store.holds import withdraw_repeats
from watcher.store.records import Unanswered
from watcher.store.schema import alarms, deliveries, digests, queue, retold


class Acknowledging(Database):
    """The part of the store that knows what somebody has seen to."""

    def acknowledge(self, digest_id: int, by: str, now: datetime) -> bool:
        """Record that somebody saw to a digest, and with it to the alarms in it.

        An escalation stands for the digests that it tells of. Return False where all of it had been
        acknowledged before: who came first stays. Raises `NoSuchRecordError`.
        """
        with self.writing() as connection:
            row = connection.execute(select(digests).where(digests.c.id == digest_id)).first()
            if row is None:
                raise NoSuchRecordError(
                    f"there is no digest {digest_id}",
                    help="`watcher digests list` shows their numbers.",
                )
            return acknowledge(connection, row, by, now)

    def unacknowledged(self, *, limit: int = 100) -> tuple[Unanswered, ...]:
        """Return the urgent digests that nobody has acknowledged, newest first."""
        query = select(digests).where(_open()).order_by(digests.c.id.desc()).limit(limit)
        with self.reading() as connection:
            return _unanswered(connection, connection.execute(query).all())

    def to_escalate(self, channel: str, before: datetime) -> tuple[Unanswered, ...]:
        """Return a channel's urgent digests written before a moment that wait for an answer.

        Oldest first; without those that were escalated, and escalations themselves.
        """
        mine = and_(
            digests.c.channel == channel,
            digests.c.kind != "escalation",
            digests.c.escalation.is_(None),
            digests.c.created <= before,
        )
        query = select(digests).where(_open(), mine).order_by(digests.c.id)
        with self.reading() as connection:
            return _unanswered(connection, connection.execute(query).all())


def mark_escalated(connection: Connection, ids: Collection[int], escalation: int) -> bool:
    """Record which digest escalated others; False where one needs it no more."""
    waiting = and_(digests.c.id.in_(list(ids)), digests.c.escalation.is_(None), _open())
    marked = connection.execute(update(digests).where(waiting).values(escalation=escalation))
    return marked.rowcount == len(ids)


def _open() -> ColumnElement[bool]:
    return and_(digests.c.urgent.is_(True), digests.c.acknowledged.is_(None))


def acknowledge(connection: Connection, row: Row[Any], by: str, now: datetime) -> bool:
    """Record that somebody saw to the digest of a row; see `Acknowledging.acknowledge`."""
    told = digests.c.escalation == row.id
    ids = {row.id, *connection.execute(select(digests.c.id).where(told)).scalars()}
    values = {"acknowledged": now, "acknowledged_by": by}
    heard = {alarm for alarm, _ in _tellings(connection, _told_by(ids))}
    new = and_(alarms.c.id.in_(heard), alarms.c.acknowledged.is_(None))
    connection.execute(update(alarms).where(new).values(values))
    withdraw_repeats(
        connection,
        and_(queue.c.alarm.in_(heard), queue.c.taken.is_(None), queue.c.repeats > 0),
    )
    ids |= _answered_with(connection, heard, row.channel)
    some = and_(digests.c.id.in_(ids), digests.c.acknowledged.is_(None))
    done = connection.execute(update(digests).where(some).values(values)).rowcount
    # An escalation is over when each digest that it tells of is answered.
    asked = select(digests.c.escalation).where(
        digests.c.id.in_(ids), digests.c.escalation.is_not(None)
    )
    left = select(digests.c.escalation).where(
        digests.c.escalation.in_(asked), digests.c.acknowledged.is_(None)
    )
    over = and_(
        digests.c.id.in_(list(connection.execute(asked).scalars())),
        digests.c.id.not_in(list(connection.execute(left).scalars())),
        digests.c.acknowledged.is_(None),
    )
    connection.execute(update(digests).where(over).values(values))
    return done > 0


def _answered_with(connection: Connection, heard: Collection[int], channel: str) -> set[int]:
    """Return the digests of a channel that told these alarms too, and none that is still open.

    An alarm that is told again is answered by answering any message of it.
    """
    told: dict[int, set[int]] = {}
    beside = {digest for _, digest in _tellings(connection, _telling(heard))}
    mine = select(digests.c.id).where(digests.c.id.in_(beside), digests.c.channel == channel)
    ids = set(connection.execute(mine).scalars())
    for alarm, digest in _tellings(connection, _told_by(ids)):
        told.setdefault(digest, set()).add(alarm)
    all_of_them = {alarm for some in told.values() for alarm in some}
    unheard = select(alarms.c.id).where(
        alarms.c.id.in_(all_of_them), alarms.c.acknowledged.is_(None)
    )
    open_ = set(connection.execute(unheard).scalars())
    return {digest for digest, some in told.items() if not some & open_}


_Where = tuple[ColumnElement[bool], ColumnElement[bool]]


def _told_by(ids: Collection[int]) -> _Where:
    return queue.c.digest.in_(ids), retold.c.digest.in_(ids)


def _telling(some: Collection[int]) -> _Where:
    return queue.c.alarm.in_(some), retold.c.alarm.in_(some)


def _tellings(connection: Connection, where: _Where) -> set[tuple[int, int]]:
    """Return which alarm which digest told, as `queue` and `retold` have it."""
    of_queue, of_retold = where
    last = select(queue.c.alarm, queue.c.digest).where(
        of_queue, queue.c.alarm.is_not(None), queue.c.digest.is_not(None), queue.c.silence.is_(None)
    )
    before = select(retold.c.alarm, retold.c.digest).where(of_retold)
    rows = [*connection.execute(last), *connection.execute(before)]
    return {(alarm, digest) for alarm, digest in rows}


def _unanswered(connection: Connection, rows: Collection[Row[Any]]) -> tuple[Unanswered, ...]:
    to: dict[int, list[str]] = {row.id: [] for row in rows}
    mine = select(deliveries.c.digest, deliveries.c.recipient).where(deliveries.c.digest.in_(to))
    for digest, recipient in connection.execute(mine.order_by(deliveries.c.id)):
        to[digest].append(recipient)
    holding = {digest for _, digest in _tellings(connection, _told_by(to))}
    return tuple(
        Unanswered(
            id=row.id,
            channel=row.channel,
            since=row.since or row.created,
            created=row.created,
            recipients=tuple(to[row.id]),
            alarms=row.kind == "blind" or row.id in holding,
        )
        for row in rows
    )
