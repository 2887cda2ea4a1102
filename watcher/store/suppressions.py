"""Addresses that get no mail any more: nobody is there, or whoever is there asked for none."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from alerts.mail.address import AddressError, parse_address
from alerts.model import DeliveryState
from watcher.store.columns import storable_key
from watcher.store.database import Database
from watcher.store.errors import NoSuchRecordError
from watcher.store.schema import deliveries, returned, suppressions

SuppressionCause = Literal["bounced", "refused", "unsubscribed"]
"""`bounced`: a report came back; `refused`: the server knows nobody there; `unsubscribed`."""

SOFT_SPAN = timedelta(days=7)
SOFT_LIMIT = 3
"""So many mails that came back within that span for now are as good as one for good."""

_CHUNK = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class SuppressionRecord:
    """An address that is written to no more."""

    id: int
    recipient: str
    """The bare address, in small letters."""
    channel: str
    """The only channel that it is about; empty where it is about all."""
    since: datetime
    why: SuppressionCause
    detail: str
    """What the other side said, on one line."""
    delivery: int | None
    """The mail that led to it; None where that is forgotten."""
    lifted: datetime | None
    lifted_by: str


class Suppressions(Database):
    """The part of the store that knows whom not to write to."""

    def suppressions(
        self, *, active: bool | None = True, limit: int = 100
    ) -> tuple[SuppressionRecord, ...]:
        """Return the suppressions, newest first: those in effect, those lifted, or all (None)."""
        query = select(suppressions).order_by(suppressions.c.id.desc()).limit(limit)
        if active is not None:
            lifted = suppressions.c.lifted
            query = query.where(lifted.is_(None) if active else lifted.is_not(None))
        with self.reading() as connection:
            return tuple(_record(row) for row in connection.execute(query))

    def suppressed(self, channel: str, recipients: Collection[str]) -> dict[str, SuppressionRecord]:
        """Return those of a channel's recipients who get nothing, as they are written, and why."""
        keys = {one: address_key(one) for one in recipients}
        with self.reading() as connection:
            found = _in_effect(connection, channel, set(keys.values()))
        return {one: found[key] for one, key in keys.items() if key in found}

    def lift_suppression(
        self, recipient: str, by: str, now: datetime
    ) -> tuple[SuppressionRecord, ...]:
        """Let an address be written to again, and return what was lifted.

        What came back before does not count any more. Raises `NoSuchRecordError`.
        """
        mine = suppressions.c.recipient == address_key(recipient)
        open_ones = select(suppressions).where(mine, suppressions.c.lifted.is_(None))
        with self.writing() as connection:
            rows = connection.execute(open_ones.order_by(suppressions.c.id)).all()
            if not rows:
                raise NoSuchRecordError(
                    f"{recipient[:100]} is not suppressed",
                    help="`watcher deliveries suppressed` lists the addresses that are.",
                )
            some = suppressions.c.id.in_([row.id for row in rows])
            connection.execute(update(suppressions).where(some).values(lifted=now, lifted_by=by))
            again = select(suppressions).where(some).order_by(suppressions.c.id)
            return tuple(_record(row) for row in connection.execute(again))


def address_key(recipient: str) -> str:
    """Return the bare address of a recipient in small letters: what one is known by."""
    try:
        recipient = parse_address(recipient).address
    except AddressError:
        recipient = recipient.strip()
    return storable_key(recipient.casefold())


def suppress(
    connection: Connection,
    delivery: Row[Any],
    why: SuppressionCause,
    detail: str,
    now: datetime,
) -> bool:
    """Write no more to the recipient of a delivery; False where that is so already.

    Who unsubscribed does so from that channel alone. What waits to be sent there is given up.
    """
    key = address_key(delivery.recipient)
    channel = delivery.channel if why == "unsubscribed" else ""
    known = key in _in_effect(connection, delivery.channel, {key})
    if not known:
        values = {
            "recipient": key,
            "channel": channel,
            "since": now,
            "why": why,
            "detail": detail,
            "delivery": delivery.id,
        }
        connection.execute(insert(suppressions), values)
    _give_up(connection, key, channel, f"not sent: the address is suppressed ({why})", now)
    return not known


def is_worn_out(connection: Connection, recipient: str, now: datetime) -> bool:
    """Whether so many mails to an address came back for now that it counts as gone.

    Each mail counts once, and only since the address was last written to anew by a person's word.
    """
    key = address_key(recipient)
    lifted = connection.execute(
        select(func.max(suppressions.c.lifted)).where(suppressions.c.recipient == key)
    ).scalar()
    since = max(now - SOFT_SPAN, lifted) if lifted else now - SOFT_SPAN
    back = returned.join(deliveries, deliveries.c.id == returned.c.delivery)
    query = select(deliveries.c.id, deliveries.c.recipient).select_from(back)
    recent = query.where(returned.c.kind == "soft", returned.c.at > since).distinct()
    theirs = {row.id for row in connection.execute(recent) if address_key(row.recipient) == key}
    return len(theirs) >= SOFT_LIMIT


def is_suppressed(connection: Connection, delivery: Row[Any]) -> bool:
    """Whether the recipient of a delivery gets nothing more of its channel."""
    key = address_key(delivery.recipient)
    return delivery.kind == "email" and key in _in_effect(connection, delivery.channel, {key})


def _in_effect(
    connection: Connection, channel: str, keys: Collection[str]
) -> dict[str, SuppressionRecord]:
    found: dict[str, SuppressionRecord] = {}
    ordered = sorted(keys)
    for start in range(0, len(ordered), _CHUNK):
        query = select(suppressions).where(
            suppressions.c.recipient.in_(ordered[start : start + _CHUNK]),
            suppressions.c.lifted.is_(None),
            or_(suppressions.c.channel == channel, suppressions.c.channel == ""),
        )
        for row in connection.execute(query.order_by(suppressions.c.id)):
            found.setdefault(row.recipient, _record(row))
    return found


def _give_up(connection: Connection, key: str, channel: str, answer: str, now: datetime) -> None:
    """End the mails to an address that wait for their next attempt."""
    waiting = select(deliveries.c.id, deliveries.c.recipient).where(
        deliveries.c.state == DeliveryState.PENDING.value, deliveries.c.kind == "email"
    )
    if channel:
        waiting = waiting.where(deliveries.c.channel == channel)
    theirs = [row.id for row in connection.execute(waiting) if address_key(row.recipient) == key]
    for start in range(0, len(theirs), _CHUNK):
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(theirs[start : start + _CHUNK]))
            .values(state=DeliveryState.FAILED.value, next_attempt=None, settled=now, answer=answer)
        )


def _record(row: Row[Any]) -> SuppressionRecord:
    return SuppressionRecord(
        id=row.id,
        recipient=row.recipient,
        channel=row.channel,
        since=row.since,
        why=row.why,
        detail=row.detail,
        delivery=row.delivery,
        lifted=row.lifted,
        lifted_by=row.lifted_by,
    )
