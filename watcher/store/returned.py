"""What came back of mails: each mail that did is handled once, whatever it asks for."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, insert, select

from alerts.routing.silence import Silence
from watcher.store.acknowledging import acknowledge
from watcher.store.database import Database
from watcher.store.database import insert as insert_or
from watcher.store.errors import NoSuchRecordError
from watcher.store.judgements import judge
from watcher.store.records import Judgement
from watcher.store.schema import deliveries, digests, matches, meta, queue, returned
from watcher.store.silences import write_silence
from watcher.store.suppressions import is_worn_out, suppress

_SECRET = "returns_key"  # noqa: S105 - where the secret is kept
_CURSOR = "returns_cursor"

ReturnKind = Literal[
    "hard", "soft", "delayed", "arrived", "automatic", "unsubscribed", "answer", "letter"
]
"""`hard` and `soft` are bounces: nobody is there, or not for now. `automatic` is a machine's
answer, `answer` a command that a person sent, `letter` what a person has to read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Return:
    """What a mail that came back is, and what is to be done for it."""

    kind: ReturnKind
    said: str
    """On one line: what the report or the answer says."""
    by: str = ""
    """Who says to have written it."""
    judge: tuple[int, Judgement] | None = None
    """The number of a match, and what is said of it."""
    silence: Silence | None = None
    acknowledge: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ReturnedRecord:
    """A mail that came back."""

    id: int
    delivery: int
    at: datetime
    kind: ReturnKind
    said: str
    by: str
    suppressed: bool = False
    """Only where it was handled just now: whether its recipient is written to no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Addressee:
    """The delivery that an address of ours stands for."""

    delivery: int
    digest: int
    channel: str
    recipient: str


class ReturnedMails(Database):
    """The part of the store that keeps what came back."""

    def returns_secret(self) -> bytes:
        """Return the secret that tokens are made with; it is made when it is first asked for."""
        with self.reading() as connection:
            known = _meta(connection, _SECRET)
        if known is None:
            with self.writing() as connection:
                create = insert_or(connection, meta).on_conflict_do_nothing()
                made = {"name": _SECRET, "value": secrets.token_hex(32)}
                connection.execute(create, made)
                known = _meta(connection, _SECRET)
        return bytes.fromhex(known or "")

    def returns_cursor(self) -> str:
        """Return how far the mailbox was read; empty for one that was never read."""
        with self.reading() as connection:
            return _meta(connection, _CURSOR) or ""

    def note_returns_cursor(self, cursor: str) -> None:
        """Record how far the mailbox was read."""
        with self.writing() as connection:
            upsert = insert_or(connection, meta).on_conflict_do_update(
                index_elements=["name"], set_={"value": cursor}
            )
            connection.execute(upsert, {"name": _CURSOR, "value": cursor})

    def addressee(self, tokens: Collection[str]) -> Addressee | None:
        """Return the delivery that the first of these tokens stands for; None for no token of ours.

        Nobody can make up a token, so that whoever has one has seen the mail, or carried it.
        """
        query = select(deliveries).where(deliveries.c.token.in_(list(tokens)))
        with self.reading() as connection:
            found = {row.token: row for row in connection.execute(query)}
        for token in tokens:
            if token in found:
                row = found[token]
                return Addressee(
                    delivery=row.id,
                    digest=row.digest,
                    channel=row.channel,
                    recipient=row.recipient,
                )
        return None

    def has_returned(self, mark: str) -> ReturnKind | None:
        """Return what a mail with this mark was, where it was handled before."""
        query = select(returned.c.kind).where(returned.c.mark == mark)
        with self.reading() as connection:
            kind: ReturnKind | None = connection.execute(query).scalar()
            return kind

    def take_back(
        self, mark: str, delivery: int, back: Return, now: datetime
    ) -> ReturnedRecord | None:
        """Record a mail that came back, and do what it asks for, in one transaction.

        None where the mail with this mark was handled before, or its delivery is forgotten. What
        cannot be done is recorded with the reason.
        """
        own = select(deliveries).where(deliveries.c.id == delivery)
        with self.writing() as connection:
            row = connection.execute(own).first()
            again = select(returned.c.id).where(returned.c.mark == mark)
            if row is None or connection.execute(again).first() is not None:
                return None
            said = _do(connection, row, back, now)
            made = connection.execute(
                insert(returned).returning(returned.c.id),
                {
                    "mark": mark,
                    "delivery": delivery,
                    "at": now,
                    "kind": back.kind,
                    "said": said,
                    "by": back.by,
                },
            )
            number: int = made.scalar_one()
            suppressed = _suppress(connection, row, back, said, now)
            return ReturnedRecord(
                id=number,
                delivery=delivery,
                at=now,
                kind=back.kind,
                said=said,
                by=back.by,
                suppressed=suppressed,
            )

    def returned(
        self, delivery: int | None = None, *, limit: int = 100
    ) -> tuple[ReturnedRecord, ...]:
        """Return what came back, of one delivery or of all, newest first."""
        query = select(returned).order_by(returned.c.id.desc()).limit(limit)
        if delivery is not None:
            query = query.where(returned.c.delivery == delivery)
        with self.reading() as connection:
            return tuple(
                ReturnedRecord(
                    id=row.id,
                    delivery=row.delivery,
                    at=row.at,
                    kind=row.kind,
                    said=row.said,
                    by=row.by,
                )
                for row in connection.execute(query)
            )

    def returned_since(self, since: datetime) -> dict[ReturnKind, int]:
        """Count what came back after a moment, by its kind."""
        query = select(returned.c.kind, func.count()).where(returned.c.at > since)
        with self.reading() as connection:
            rows = connection.execute(query.group_by(returned.c.kind).order_by(returned.c.kind))
            return {row[0]: row[1] for row in rows}


def _meta(connection: Connection, name: str) -> str | None:
    value: str | None = connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar()
    return value


def _do(connection: Connection, delivery: Row[Any], back: Return, now: datetime) -> str:
    """Do what an answer asks for; return what is to be said of it."""
    if back.judge is not None:
        number, verdict = back.judge
        told = select(queue.c.row).join(matches, matches.c.row == queue.c.match)
        mine = told.where(queue.c.channel == delivery.channel, queue.c.match == number)
        if connection.execute(mine.limit(1)).first() is None:
            return f"{back.said}: {delivery.channel} was told of no match {number}"
        judge(connection, number, verdict, "said by mail", delivery.recipient, now)
    if back.silence is not None:
        write_silence(connection, back.silence)
    if back.acknowledge:
        own = select(digests).where(digests.c.id == delivery.digest)
        row = connection.execute(own).first()
        if row is None:
            raise NoSuchRecordError(f"there is no digest {delivery.digest}")
        acknowledge(connection, row, delivery.recipient, now)
    return back.said


def _suppress(
    connection: Connection, delivery: Row[Any], back: Return, said: str, now: datetime
) -> bool:
    match back.kind:
        case "unsubscribed":
            return suppress(connection, delivery, "unsubscribed", said, now)
        case "hard":
            return suppress(connection, delivery, "bounced", said, now)
        case "soft" if is_worn_out(connection, delivery.recipient, now):
            return suppress(connection, delivery, "bounced", said, now)
    return False
