"""Mails on their way: claimed by one, recorded before and after, never sent a third time."""

from collections.abc import Collection
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Literal

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    exists,
    insert,
    or_,
    select,
    true,
    update,
)

from alerts.model import Delivery, DeliveryState
from alerts.returns.report import unknown_at_rcpt
from watcher.store.database import Database
from watcher.store.errors import NoSuchRecordError
from watcher.store.records import AttemptRecord, ClaimedDelivery, DeliveryRecord, Lane
from watcher.store.schema import attempts, deliveries, digests, payloads
from watcher.store.suppressions import is_suppressed, suppress
from watcher.store.workers import is_alive

_MOST_UNCERTAIN = 2

Outcome = Literal["sent", "permanent", "temporary", "uncertain"]


class Deliveries(Database):
    """The part of the store that keeps every mail and every attempt to send it."""

    def due_lanes(
        self, now: datetime, *, except_channels: Collection[str] = ()
    ) -> tuple[Lane, ...]:
        """Return the lanes in which a delivery is due, mails first; see `claim_delivery`."""
        of = (deliveries.c.kind, deliveries.c.channel, deliveries.c.recipient)
        due = _due(now, list(except_channels))
        mails = select(deliveries.c.id).where(due, deliveries.c.kind == "email").limit(1)
        others = select(*of).where(due, deliveries.c.kind != "email").distinct().order_by(*of)
        with self.reading() as connection:
            lanes = [Lane(kind="email")] * (connection.execute(mails).first() is not None)
            return tuple(lanes) + tuple(
                Lane(kind=row.kind, channel=row.channel, recipient=row.recipient)
                for row in connection.execute(others)
            )

    def claim_delivery(
        self,
        now: datetime,
        *,
        except_channels: Collection[str] = (),
        lane: Lane | None = None,
        by: str = "",
    ) -> ClaimedDelivery | None:
        """Claim the delivery that has been due longest, and note the attempt; None if none is due.

        With a `lane` only its deliveries are looked at. Those of `except_channels` are passed over
        and stay due: these channels have their quiet hours. So are those of an outdated digest that
        can still be made again. Only one caller gets a delivery: it is claimed by a conditional
        update. `by` names the worker that tries it, where several work on the database. The
        delivery's `attempts` counts those before this one.
        """
        with self.reading() as connection:
            if _claimable(connection, now, except_channels, lane) is None:
                return None
        with self.writing() as connection:
            due = _claimable(connection, now, except_channels, lane)
            return _claim(connection, due, now, by)

    def handing_over(self, attempt: int, now: datetime) -> None:
        """Record, before the first byte of the message leaves, that it may arrive from now on.

        It is on disk when this returns. Raises `NoSuchRecordError` for an attempt that has ended.
        """
        with self.writing() as connection:
            noted = connection.execute(_hand_over, {"attempt": attempt, "now": now})
            if noted.rowcount == 0:
                raise _ended(attempt)

    def record_outcome(
        self,
        attempt: int,
        now: datetime,
        *,
        outcome: Outcome,
        answer: str,
        next_attempt: datetime | None,
    ) -> DeliveryState:
        """Record how an attempt ended, and return where its delivery stands now.

        `sent` ends it well, `permanent` badly; `temporary` waits for `next_attempt`, and has
        failed where there is none. `uncertain` waits for it once; a second time, or with no time
        left, it is parked. Raises `NoSuchRecordError` for an attempt that has ended.
        """
        with self.writing() as connection:
            return _end(connection, attempt, now, outcome, answer, next_attempt)

    def record_and_claim(
        self,
        attempt: int,
        now: datetime,
        *,
        outcome: Outcome,
        answer: str,
        next_attempt: datetime | None,
        except_channels: Collection[str] = (),
        lane: Lane | None = None,
        by: str = "",
    ) -> tuple[DeliveryState, ClaimedDelivery | None]:
        """Do what `record_outcome` and then `claim_delivery` do, and wait for the disk only once.

        Both are in one transaction: either neither or both have happened.
        """
        with self.writing() as connection:
            state = _end(connection, attempt, now, outcome, answer, next_attempt)
            due = _claimable(connection, now, except_channels, lane)
            return state, _claim(connection, due, now, by)

    def abandon_claims(self, now: datetime, *, by: str = "") -> int:
        """End, at start-up, the attempts that a crash cut off; return how many.

        One that had begun to hand over is uncertain: it is tried once more, and parked the second
        time. Any other cannot have arrived and is simply due again. What another worker tries is
        left to it as long as it gives signs of life. Call it only while no other process delivers
        from this database in the name of `by`, nor without a name: its attempts would be ended
        under its hands.
        """
        named = attempts.c.by.in_(["", by])
        open_attempts = select(attempts).where(
            attempts.c.outcome.is_(None), or_(named, ~is_alive(attempts.c.by, now))
        )
        with self.writing() as connection:
            rows = connection.execute(open_attempts.order_by(attempts.c.id)).all()
            for row in rows:
                outcome: Outcome = "uncertain" if row.handed_over else "temporary"
                answer = "the watcher stopped while the mail was handed over"
                if not row.handed_over:
                    answer = "the watcher stopped before the mail was handed over"
                _end(connection, row.id, now, outcome, answer, now)
        return len(rows)

    def deliveries(
        self,
        *,
        state: DeliveryState | None = None,
        digest: int | None = None,
        channel: str | None = None,
        recipient: str | None = None,
        limit: int = 100,
    ) -> tuple[DeliveryRecord, ...]:
        """Return the deliveries written last, newest first; all else narrows them.

        A `recipient` is found by any part of the address, whatever its case.
        """
        query = select(deliveries).order_by(deliveries.c.id.desc()).limit(limit)
        if channel is not None:
            query = query.where(deliveries.c.channel == channel)
        if recipient is not None:
            query = query.where(deliveries.c.recipient.icontains(recipient, autoescape=True))
        if state is not None:
            query = query.where(deliveries.c.state == state.value)
        if digest is not None:
            query = query.where(deliveries.c.digest == digest)
        with self.reading() as connection:
            return tuple(_record(row) for row in connection.execute(query))

    def delivery(self, id: int) -> Delivery:
        """Return a delivery with its bytes. Raises `NoSuchRecordError`."""
        with self.reading() as connection:
            return _delivery(_with_payload(connection, id))

    def delivery_record(self, id: int) -> DeliveryRecord:
        """Return how one delivery stands. Raises `NoSuchRecordError`."""
        with self.reading() as connection:
            return _record(_find(connection, id))

    def delivery_attempts(self, id: int) -> tuple[AttemptRecord, ...]:
        """Return every attempt to send a delivery, oldest first."""
        query = select(attempts).where(attempts.c.delivery == id).order_by(attempts.c.id)
        with self.reading() as connection:
            return tuple(
                AttemptRecord(
                    started=row.started,
                    handed_over=row.handed_over,
                    ended=row.ended,
                    outcome=row.outcome or "",
                    answer=row.answer,
                )
                for row in connection.execute(query)
            )

    def retry_delivery(self, id: int, now: datetime) -> None:
        """Make a mail due again that is pending, failed or parked, at a person's own risk.

        Uncertain attempts are counted from zero again. Raises `NoSuchRecordError` where it was
        sent, is being sent, or has lost its content.
        """
        with self.writing() as connection:
            if not _with_payload(connection, id).octets:
                raise NoSuchRecordError(
                    f"delivery {id} cannot be sent again: it told of an account that was erased"
                )
            if is_suppressed(connection, _find(connection, id)):
                raise NoSuchRecordError(
                    f"delivery {id} cannot be sent again: its recipient is suppressed",
                    help="`watcher deliveries lift ADDRESS` lets mails go there again.",
                )
            _settle(
                connection,
                id,
                "sent again",
                state=DeliveryState.PENDING.value,
                next_attempt=now,
                uncertain=0,
                settled=None,
            )

    def drop_delivery(self, id: int, now: datetime) -> None:
        """Give up on a mail that is pending, failed or parked. Raises `NoSuchRecordError`."""
        with self.writing() as connection:
            _settle(
                connection,
                id,
                "dropped",
                state=DeliveryState.FAILED.value,
                next_attempt=None,
                settled=now,
                answer="given up by a person",
            )


def unsent() -> ColumnElement[bool]:
    """Return the condition on `deliveries` for mails of which no byte can have arrived.

    One whose handing over had no answer is none of them: what may have arrived is never changed.
    """
    waits = [DeliveryState.PENDING.value, DeliveryState.FAILED.value, DeliveryState.PARKED.value]
    return and_(deliveries.c.state.in_(waits), ~may_have_arrived())


def may_have_arrived() -> ColumnElement[bool]:
    """Return the condition on `deliveries` for those that left once without an answer.

    Their number `uncertain` does not say it: a person who sends one again has it begin anew.
    """
    own = attempts.c.delivery == deliveries.c.id
    return exists().where(own, attempts.c.outcome == "uncertain").correlate(deliveries)


def _due(
    now: datetime | BindParameter[Any], except_channels: list[str] | BindParameter[Any]
) -> ColumnElement[bool]:
    outdated = select(digests.c.id).where(digests.c.outdated > 0)
    pressing = select(digests.c.id).where(digests.c.despite_quiet.is_(True))
    return and_(
        deliveries.c.state == DeliveryState.PENDING.value,
        deliveries.c.next_attempt <= now,
        or_(
            deliveries.c.channel.not_in(except_channels),
            deliveries.c.digest.in_(pressing),
        ),
        ~and_(deliveries.c.digest.in_(outdated), unsent()),
    )


def _claimable(
    connection: Connection, now: datetime, except_channels: Collection[str], lane: Lane | None
) -> int | None:
    """Return the delivery that has been due longest; None if none is due."""
    values = {"now": now, "quiet": list(except_channels)}
    found: int | None = connection.execute(_next(lane), values).scalar()
    return found


@lru_cache(maxsize=256)
def _next(lane: Lane | None) -> Select[Any]:
    return (
        select(deliveries.c.id)
        .where(_due(bindparam("now"), bindparam("quiet", expanding=True)), _in_lane(lane))
        .order_by(deliveries.c.next_attempt, deliveries.c.id)
        .limit(1)
    )


def _in_lane(lane: Lane | None) -> ColumnElement[bool]:
    if lane is None:
        return true()
    if lane.kind == "email":
        return deliveries.c.kind == lane.kind
    return and_(
        deliveries.c.kind == lane.kind,
        deliveries.c.channel == lane.channel,
        deliveries.c.recipient == lane.recipient,
    )


# Built once: what each mail asks is asked hundreds of times a second.
_open_attempt = and_(attempts.c.id == bindparam("attempt"), attempts.c.outcome.is_(None))
_hand_over = update(attempts).where(_open_attempt).values(handed_over=bindparam("now"))
_end_attempt = (
    update(attempts)
    .where(_open_attempt)
    .values(outcome=bindparam("how"), answer=bindparam("said"), ended=bindparam("now"))
)
_begin_attempt = insert(attempts).returning(attempts.c.id)
_of_attempt = (
    select(deliveries)
    .join(attempts, attempts.c.delivery == deliveries.c.id)
    .where(attempts.c.id == bindparam("attempt"))
)
_bare = select(deliveries).where(deliveries.c.id == bindparam("delivery"))
_whole = (
    select(deliveries, payloads.c.octets)
    .join(payloads, payloads.c.delivery == deliveries.c.id)
    .where(deliveries.c.id == bindparam("delivery"))
)


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        channel=row.channel,
        recipient=row.recipient,
        message_id=row.message_id,
        payload=bytes(row.octets),
        kind=row.kind,
        token=row.token or "",
        attempts=row.attempts,
        uncertain=row.uncertain,
        created=row.created,
    )


def _record(row: Row[Any]) -> DeliveryRecord:
    return DeliveryRecord(
        id=row.id,
        digest=row.digest,
        channel=row.channel,
        recipient=row.recipient,
        message_id=row.message_id,
        kind=row.kind,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        uncertain=row.uncertain,
        created=row.created,
        next_attempt=row.next_attempt,
        settled=row.settled,
        answer=row.answer,
    )


def _find(connection: Connection, id: int) -> Row[Any]:
    return _one(connection, _bare, id)


def _with_payload(connection: Connection, id: int) -> Row[Any]:
    return _one(connection, _whole, id)


def _one(connection: Connection, query: Select[Any], id: int) -> Row[Any]:
    row = connection.execute(query, {"delivery": id}).first()
    if row is None:
        raise NoSuchRecordError(
            f"there is no delivery {id}", help="`watcher deliveries list` shows their numbers."
        )
    return row


def _claim(
    connection: Connection, found: int | None, now: datetime, by: str
) -> ClaimedDelivery | None:
    if found is None:
        return None
    row = _with_payload(connection, found)
    if not _move(
        connection,
        found,
        DeliveryState.PENDING,
        state=DeliveryState.SENDING.value,
        attempts=row.attempts + 1,
        next_attempt=None,
    ):
        return None
    made = connection.execute(_begin_attempt, {"delivery": found, "started": now, "by": by})
    return ClaimedDelivery(delivery=_delivery(row), attempt=made.scalar_one())


def _ended(attempt: int) -> NoSuchRecordError:
    return NoSuchRecordError(
        f"attempt {attempt} has ended already",
        help="Another watcher works on this database and took it for cut off.",
    )


def _move(connection: Connection, id: int, before: DeliveryState, **values: object) -> bool:
    new = {f"new_{name}": value for name, value in values.items()}
    of = {"delivery": id, "before": before.value, **new}
    return connection.execute(_moving(tuple(values)), of).rowcount == 1


@cache
def _moving(names: tuple[str, ...]) -> Update:
    of = deliveries.c.id == bindparam("delivery"), deliveries.c.state == bindparam("before")
    return update(deliveries).where(*of).values({name: bindparam(f"new_{name}") for name in names})


def _end(
    connection: Connection,
    attempt: int,
    now: datetime,
    outcome: Outcome,
    answer: str,
    next_attempt: datetime | None,
) -> DeliveryState:
    how = {"attempt": attempt, "how": outcome, "said": answer, "now": now}
    if connection.execute(_end_attempt, how).rowcount == 0:
        raise _ended(attempt)
    row = connection.execute(_of_attempt, {"attempt": attempt}).one()
    uncertain = row.uncertain + (outcome == "uncertain")
    state = _state_after(outcome, uncertain, next_attempt)
    if outcome == "permanent" and row.kind == "email" and unknown_at_rcpt(answer):
        suppress(connection, row, "refused", answer, now)
    if state is DeliveryState.PENDING and is_suppressed(connection, row):
        state = DeliveryState.FAILED  # its recipient asked for no more while it was under way
    pending = state is DeliveryState.PENDING
    _move(
        connection,
        row.id,
        DeliveryState.SENDING,
        state=state.value,
        uncertain=uncertain,
        answer=answer,
        next_attempt=next_attempt if pending else None,
        settled=None if pending else now,
    )
    return state


def _state_after(outcome: Outcome, uncertain: int, next_attempt: datetime | None) -> DeliveryState:
    match outcome:
        case "sent":
            return DeliveryState.SENT
        case "permanent":
            return DeliveryState.FAILED
        case "temporary":
            return DeliveryState.PENDING if next_attempt else DeliveryState.FAILED
        case "uncertain":
            again = next_attempt is not None and uncertain < _MOST_UNCERTAIN
            return DeliveryState.PENDING if again else DeliveryState.PARKED


def _settle(connection: Connection, id: int, what: str, **values: object) -> None:
    row = _find(connection, id)
    state = DeliveryState(row.state)
    if state in (DeliveryState.SENT, DeliveryState.SENDING):
        raise NoSuchRecordError(f"delivery {id} cannot be {what}: it is {state}")
    _move(connection, id, state, **values)
