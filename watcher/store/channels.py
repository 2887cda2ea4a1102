"""From what waits to what is sent: reading a channel's queue, and freezing it into a digest."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from alerts.model import DeliveryState, Occasion, OutgoingMail, Waiting
from rules.signals.distinctive import FEWEST_POSTS
from watcher.store.aside import count_silenced, left_out_in, routed, silenced_in, with_aside
from watcher.store.columns import storable_key
from watcher.store.coverage import coverage_of
from watcher.store.database import Database
from watcher.store.database import insert as insert_or
from watcher.store.deliveries import unsent
from watcher.store.follows import newest_told, proposals_between, proposals_to_tell
from watcher.store.left_out import count_left_out, uncounted
from watcher.store.records import DigestRecord, OutdatedDigest
from watcher.store.schema import (
    channels,
    deliveries,
    digests,
    matches,
    payloads,
    queue,
    suspects,
)
from watcher.store.silences import kept_back
from watcher.store.voices import Compared, earlier_texts, voices, volumes
from watcher.store.waiting import (
    alarms_waiting,
    in_queue,
    mark,
    mentions_waiting,
    still_news,
    suspects_waiting,
    told_in,
)

_CHUNK = 500
MOMENT = timedelta(microseconds=1)


class _TakenMeanwhileError(Exception):
    """Another process has taken some of what was to be frozen."""


class Channels(Database):
    """The part of the store that keeps what channels are to tell, and have told."""

    def last_slot(self, channel: str) -> datetime | None:
        """Return the newest slot that was frozen or skipped; None for a channel never due."""
        with self.reading() as connection:
            query = select(channels.c.last_slot).where(channels.c.name == channel)
            return connection.execute(query).scalar()

    def told_until(self, channel: str) -> datetime | None:
        """Return when the channel's newest digest was written; None when there is none.

        A digest tells what was found until then, which for a late one is long after its slot.
        """
        with self.reading() as connection:
            own = and_(digests.c.channel == channel, digests.c.kind == "digest")
            return connection.execute(select(func.max(digests.c.created)).where(own)).scalar()

    def has_waiting(self, channel: str, *, alarms_only: bool = False) -> bool:
        """Whether a match, an alarm or a suspect waits for a channel: cheap, to be asked often."""
        with self.reading() as connection:
            return mark(connection, channel, alarms_only=alarms_only)[1] > 0

    def has_found(self, channel: str) -> bool:
        """Whether anything at all was found for a channel that no digest has told or counted."""
        waits = and_(queue.c.channel == channel, queue.c.taken.is_(None))
        # One after the other: for any of them at once a database reads the whole table.
        conditions = (waits, kept_back(channel), uncounted(channel))
        some = (select(queue.c.row).where(one).limit(1) for one in conditions)
        with self.reading() as connection:
            return any(connection.execute(query).first() is not None for query in some)

    def waiting_since(self, channel: str) -> datetime | None:
        """Return when the oldest of what waits for a channel's next message was queued."""
        with self.reading() as connection:
            query = select(func.min(queue.c.queued)).where(in_queue(channel))
            return connection.execute(query).scalar()

    def posts_waiting(self, channel: str) -> int:
        """Count the posts that wait for a channel's next message."""
        found = queue.join(matches, queue.c.match == matches.c.row)
        query = select(func.count(matches.c.rid.distinct())).select_from(found)
        with self.reading() as connection:
            return connection.execute(query.where(in_queue(channel))).scalar_one()

    def waiting(
        self,
        channel: str,
        since: datetime,
        until: datetime,
        *,
        limit: int,
        sources: Sequence[str] | None = None,
        brands: Compared = MappingProxyType({}),
        alarms_only: bool = False,
    ) -> Waiting:
        """Return all that waits for a channel, seen at one moment, and what happened around it.

        Mentions wait until they are frozen, whenever they were found; `since` and `until` bound the
        volumes and the coverage. At most `limit` mentions are listed, those that arrived last, and
        `more` counts the others; at most `limit` alarms, the newest, and suspects, the most alike.
        Coverage is of the named
        sources, or of all that were ever read. `brands` are those whose volume is told, each with
        the ones it is compared with. With `alarms_only` all but the alarms is left waiting.
        """
        entries = in_queue(channel, alarms_only=alarms_only)
        with self.reading() as connection:
            proposals = () if alarms_only else proposals_to_tell(connection, channel, since)
            gathered = replace(
                _gathered(connection, channel, entries, since, until, limit, sources, brands),
                proposals=proposals,
                mark=mark(connection, channel, alarms_only=alarms_only),
                alarms_only=alarms_only,
            )
            return with_aside(connection, gathered, entries)

    def freeze(
        self,
        channel: str,
        slot: datetime,
        waiting: Waiting,
        mails: Sequence[OutgoingMail],
        now: datetime,
        summary: str,
        *,
        late: bool = False,
        first: bool = False,
        urgent: bool = False,
        despite_quiet: bool = False,
        kind: Occasion = "digest",
    ) -> int | None:
        """Turn what was read as `waiting` into a digest with a delivery for each mail.

        `late` and `first` say so of the slot, `urgent` that somebody is to acknowledge the digest,
        `despite_quiet` that it leaves in quiet hours too.

        In one transaction:
        1. the channel's last slot moves forward to `slot`, by a conditional update;
        2. the digest and its deliveries are written, with the bytes as they will be sent;
        3. what `waiting` listed is taken out of the queue, and with it the mentions it counted as
           `more`: a digest tells of them as "N more", and leaves no flood behind. What was queued
           since stays for the next one, and so do alarms and suspects beyond its bound: each is
           shown once.

        Return the digest's number. None when another process froze this slot or took any of
        these entries first; then nothing was written.
        """
        try:
            with self.writing() as connection:
                if not _advance(connection, channel, slot):
                    return None
                told_before = select(channels.c.proposals_told).where(channels.c.name == channel)
                told = newest_told(connection, waiting.proposals)
                values = {
                    "channel": channel,
                    # A clock that was wrong may have been there before.
                    "slot": free_slot(connection, channel, slot),
                    "created": now,
                    "summary": summary,
                    "mentions": len(waiting.mentions),
                    "suspects": len(waiting.suspects),
                    "more": waiting.more,
                    "since": waiting.since,
                    "late": late,
                    "first": first,
                    "proposals_from": connection.execute(told_before).scalar_one(),
                    "proposals_to": told,
                    "notices": waiting.notices,
                    "urgent": urgent,
                    "despite_quiet": despite_quiet,
                    "kind": kind,
                }
                made = connection.execute(insert(digests).returning(digests.c.id), values)
                digest: int = made.scalar_one()
                write_deliveries(connection, channel, digest, mails, now)
                _take(connection, waiting, digest, now)
                if told:
                    connection.execute(
                        update(channels)
                        .where(channels.c.name == channel)
                        .values(proposals_told=told)
                    )
                return digest
        except _TakenMeanwhileError:
            return None

    def outdated_digests(self) -> tuple[OutdatedDigest, ...]:
        """Return the digests that hold what was deleted or changed before they were sent to all.

        With each come those to whom it may be made again: nothing of it has begun to leave for
        them.
        """
        mine = select(deliveries.c.digest, deliveries.c.recipient).where(unsent())
        query = select(digests).where(digests.c.outdated > 0).order_by(digests.c.id)
        with self.reading() as connection:
            rows = connection.execute(query).all()
            to: dict[int, list[str]] = {row.id: [] for row in rows}
            for digest, recipient in connection.execute(
                mine.where(deliveries.c.digest.in_(to)).order_by(deliveries.c.id)
            ):
                to[digest].append(recipient)
        return tuple(
            OutdatedDigest(
                id=row.id,
                channel=row.channel,
                slot=row.slot,
                since=row.since or row.slot - timedelta(days=1),
                created=row.created,
                late=row.late,
                first=row.first,
                recipients=tuple(to[row.id]),
                seen=row.outdated,
                kind=row.kind,
            )
            for row in rows
        )

    def told_in(
        self,
        digest: OutdatedDigest,
        *,
        limit: int,
        sources: Sequence[str] | None = None,
        brands: Compared = MappingProxyType({}),
    ) -> Waiting:
        """Return what is left of what a digest was made from; see `waiting`."""
        with self.reading() as connection:
            row = connection.execute(select(digests).where(digests.c.id == digest.id)).first()
            span = (row.proposals_from or 0, row.proposals_to or 0) if row else (0, 0)
            entries = told_in(digest.id)
            return replace(
                _gathered(
                    connection,
                    digest.channel,
                    entries,
                    digest.since,
                    digest.created,
                    limit,
                    sources,
                    brands,
                ),
                proposals=proposals_between(connection, *span),
                routed=routed(connection, entries),
                silenced=silenced_in(connection, digest.id),
                left_out=left_out_in(connection, digest.id),
                notices=row.notices if row else (),
            )

    def freeze_again(
        self,
        digest: OutdatedDigest,
        waiting: Waiting,
        mails: Sequence[OutgoingMail],
        summary: str | None,
    ) -> None:
        """Put new mails in the place of those of a digest that nobody can have received yet.

        Without mails, what was not sent of it is withdrawn; a summary of None leaves the digest's
        own. What changed since `digest` was read leaves it outdated, to be made once more; so does
        a mail of it that was under way then, or is now.
        """
        bytes_of = {mail.recipient: mail for mail in mails}
        of_digest = deliveries.c.digest == digest.id
        with self.writing() as connection:
            mine = select(deliveries.c.id, deliveries.c.recipient).where(of_digest, unsent())
            found = connection.execute(mine).all()
            sending = deliveries.c.state == DeliveryState.SENDING.value
            under_way = select(deliveries.c.id).where(of_digest, sending).limit(1)
            is_whole = connection.execute(under_way).first() is None
            for row in found:
                if row.recipient not in digest.recipients:
                    is_whole = False
                    continue
                mail = bytes_of.get(row.recipient)
                if mail is None:
                    connection.execute(delete(deliveries).where(deliveries.c.id == row.id))
                    continue
                connection.execute(
                    update(deliveries)
                    .where(deliveries.c.id == row.id)
                    .values(message_id=mail.message_id, kind=mail.kind, token=mail.token or None)
                )
                connection.execute(
                    update(payloads)
                    .where(payloads.c.delivery == row.id)
                    .values(octets=mail.payload)
                )
            values: dict[str, Any] = {
                "summary": summary,
                "mentions": len(waiting.mentions),
                "suspects": len(waiting.suspects),
                "more": waiting.more,
            }
            left = select(deliveries.c.id).where(deliveries.c.digest == digest.id).limit(1)
            if connection.execute(left).first() is None:  # nobody heard of it: nobody need answer
                values["urgent"] = False
            if summary is not None:
                own = digests.c.id == digest.id
                connection.execute(update(digests).where(own).values(values))
            if is_whole:
                still = and_(digests.c.id == digest.id, digests.c.outdated == digest.seen)
                connection.execute(update(digests).where(still).values(outdated=0))

    def skip_slot(self, channel: str, slot: datetime) -> None:
        """Record that a channel was due and had nothing to say. What waits goes on waiting."""
        with self.writing() as connection:
            _advance(connection, channel, slot)

    def digests(self, limit: int = 20) -> tuple[DigestRecord, ...]:
        """Return the digests written last, newest first, and how their deliveries stand."""
        with self.reading() as connection:
            rows = connection.execute(
                select(digests).order_by(digests.c.id.desc()).limit(limit)
            ).all()
            states: dict[int, dict[DeliveryState, int]] = {row.id: {} for row in rows}
            query = (
                select(deliveries.c.digest, deliveries.c.state, func.count())
                .where(deliveries.c.digest.in_(states))
                .group_by(deliveries.c.digest, deliveries.c.state)
                .order_by(deliveries.c.state)
            )
            for digest, state, count in connection.execute(query):
                states[digest][DeliveryState(state)] = count
        return tuple(
            DigestRecord(
                id=row.id,
                channel=row.channel,
                slot=row.slot,
                created=row.created,
                summary=row.summary,
                mentions=row.mentions,
                suspects=row.suspects,
                more=row.more,
                deliveries=states[row.id],
                kind=row.kind,
                urgent=row.urgent,
                acknowledged=row.acknowledged,
                acknowledged_by=row.acknowledged_by,
                escalation=row.escalation,
            )
            for row in rows
        )


def _gathered(
    connection: Connection,
    channel: str,
    entries: ColumnElement[bool],
    since: datetime,
    until: datetime,
    limit: int,
    sources: Sequence[str] | None,
    brands: Compared,
) -> Waiting:
    mentions, total = mentions_waiting(connection, entries, until, limit)
    found, news = suspects_waiting(connection, entries, limit)
    return Waiting(
        channel=channel,
        since=since,
        until=until,
        mentions=mentions,
        alarms=alarms_waiting(connection, entries, limit),
        suspects=found,
        news=news,
        coverage=coverage_of(connection, sources, since, until),
        volumes=volumes(connection, channel, since, until),
        voices=voices(connection, brands, since, until),
        earlier=earlier_texts(connection, channel, since) if total >= FEWEST_POSTS else (),
        more=total - len(mentions),
    )


def free_slot(connection: Connection, channel: str, slot: datetime) -> datetime:
    """Return the first moment from `slot` on at which the channel has no digest yet."""
    taken = select(digests.c.id).where(digests.c.channel == channel)
    while connection.execute(taken.where(digests.c.slot == slot)).first() is not None:
        slot += MOMENT
    return slot


def _advance(connection: Connection, channel: str, slot: datetime) -> bool:
    """Move the channel's last slot forward; False when it is there or beyond already."""
    create = insert_or(connection, channels).on_conflict_do_nothing()
    connection.execute(create, {"name": channel})
    moved = connection.execute(
        update(channels)
        .where(
            channels.c.name == channel,
            or_(channels.c.last_slot.is_(None), channels.c.last_slot < slot),
        )
        .values(last_slot=slot)
    )
    return moved.rowcount == 1


def write_deliveries(
    connection: Connection,
    channel: str,
    digest: int,
    mails: Sequence[OutgoingMail],
    now: datetime,
) -> None:
    """Write a delivery for each message of a digest, due at once."""
    for mail in mails:
        made = connection.execute(
            insert(deliveries).returning(deliveries.c.id),
            {
                "digest": digest,
                "channel": channel,
                "recipient": mail.recipient,
                "message_id": mail.message_id,
                "kind": mail.kind,
                "token": mail.token or None,
                "state": DeliveryState.PENDING.value,
                "created": now,
                "next_attempt": now,
            },
        )
        connection.execute(
            insert(payloads), {"delivery": made.scalar_one(), "octets": mail.payload}
        )


def _take(connection: Connection, waiting: Waiting, digest: int, now: datetime) -> None:
    newest, entries = waiting.mark
    waits = in_queue(waiting.channel, alarms_only=waiting.alarms_only)
    read = and_(waits, queue.c.row <= newest)
    still = connection.execute(select(func.count()).select_from(queue).where(read)).scalar_one()
    if still != entries:
        raise _TakenMeanwhileError
    counted = 0 if waiting.alarms_only else count_silenced(connection, waiting.channel, digest)
    if counted != waiting.silenced:
        raise _TakenMeanwhileError
    left = 0 if waiting.alarms_only else count_left_out(connection, waiting.channel, digest)
    if left != waiting.left_out:
        raise _TakenMeanwhileError
    taken: dict[str, Any] = {"taken": now, "digest": digest}
    connection.execute(update(queue).where(read, queue.c.match.is_not(None)).values(taken))
    told = [one.id for one in waiting.alarms]
    for start in range(0, len(told), _CHUNK):
        some = queue.c.alarm.in_(told[start : start + _CHUNK])
        connection.execute(update(queue).where(read, some).values(taken))
    listed = [storable_key(suspect.subject) for suspect in waiting.suspects]
    for start in range(0, len(listed), _CHUNK):
        shown = select(suspects.c.id).where(suspects.c.subject.in_(listed[start : start + _CHUNK]))
        connection.execute(update(queue).where(read, queue.c.suspect.in_(shown)).values(taken))
    # Judged while they waited: there is nothing left to tell.
    judged = exists().where(suspects.c.id == queue.c.suspect, ~still_news()).correlate(queue)
    connection.execute(update(queue).where(read, judged).values(taken))
