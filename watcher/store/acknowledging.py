"""Who has seen to urgent news, and what is told because nobody did."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, select, update

from watcher.store.database import Database
from watcher.store.errors import NoSuchRecordError
from watcher.store.records import Unanswered
from watcher.store.schema import alarms, deliveries, digests, queue


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
    ids = [row.id, *connection.execute(select(digests.c.id).where(told)).scalars()]
    values = {"acknowledged": now, "acknowledged_by": by}
    some = and_(digests.c.id.in_(ids), digests.c.acknowledged.is_(None))
    done = connection.execute(update(digests).where(some).values(values)).rowcount
    if row.escalation is not None:  # over when each digest that it tells of is answered
        left = and_(digests.c.escalation == row.escalation, digests.c.acknowledged.is_(None))
        if connection.execute(select(digests.c.id).where(left).limit(1)).first() is None:
            over = and_(digests.c.id == row.escalation, digests.c.acknowledged.is_(None))
            connection.execute(update(digests).where(over).values(values))
    in_them = select(queue.c.alarm).where(queue.c.digest.in_(ids), queue.c.alarm.is_not(None))
    heard = and_(alarms.c.id.in_(in_them), alarms.c.acknowledged.is_(None))
    connection.execute(update(alarms).where(heard).values(values))
    return done > 0


def _unanswered(connection: Connection, rows: Collection[Row[Any]]) -> tuple[Unanswered, ...]:
    to: dict[int, list[str]] = {row.id: [] for row in rows}
    mine = select(deliveries.c.digest, deliveries.c.recipient).where(deliveries.c.digest.in_(to))
    for digest, recipient in connection.execute(mine.order_by(deliveries.c.id)):
        to[digest].append(recipient)
    alarming = select(queue.c.digest).where(queue.c.digest.in_(to), queue.c.alarm.is_not(None))
    holding = set(connection.execute(alarming).scalars())
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
