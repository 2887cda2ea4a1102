"""Messages beside the digests: escalations, signs of life, sources that are not read."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Connection, func, insert, select, update

from alerts.model import Occasion, OutgoingMail
from watcher.store.acknowledging import mark_escalated
from watcher.store.channels import MOMENT, free_slot, write_deliveries
from watcher.store.database import Database
from watcher.store.database import insert as insert_or
from watcher.store.records import Outage
from watcher.store.schema import channels, digests, outages


class _NeedlessError(Exception):
    """Another process has told it, or it has become needless meanwhile."""


class Beside(Database):
    """The part of the store that keeps what channels say beside what waits for them."""

    def silent_since(self, channel: str, now: datetime) -> datetime:
        """Return when a channel last said anything; where it never did, since when it is there.

        A channel that is not known yet is there from `now` on. What a clock that was ahead has left
        behind counts for nothing.
        """
        own = channels.c.name == channel
        spoken = digests.c.channel == channel, digests.c.created <= now
        last = select(func.max(digests.c.created)).where(*spoken)
        with self.reading() as connection:
            told = connection.execute(last).scalar()
            since = connection.execute(select(channels.c.since).where(own)).scalar()
        if told is not None or since is not None:
            known: list[datetime] = [one for one in (told, since) if one is not None]
            return min(max(known), now)
        with self.writing() as connection:
            create = insert_or(connection, channels).on_conflict_do_nothing()
            connection.execute(create, {"name": channel})
            unknown = update(channels).where(own, channels.c.since.is_(None))
            connection.execute(unknown.values(since=now))
        return now

    def outages(self, channel: str) -> tuple[Outage, ...]:
        """Return the sources that a channel was told are not read, and not yet that they are."""
        with self.reading() as connection:
            return _outages(connection, channel)

    def forget_outages(self, channel: str, sources: Collection[str], now: datetime) -> None:
        """Close what a channel was told of sources that nobody reads any more, without a word."""
        with self.writing() as connection:
            _close(connection, channel, sources, now)

    def freeze_beside(
        self,
        channel: str,
        kind: Occasion,
        mails: Sequence[OutgoingMail],
        now: datetime,
        summary: str,
        *,
        since: datetime,
        urgent: bool = False,
        despite_quiet: bool = False,
        silent_since: datetime | None = None,
        escalates: Collection[int] = (),
        blind: Mapping[str, datetime] = MappingProxyType({}),
        back: Collection[str] = (),
    ) -> int | None:
        """Write a message of a channel, with a delivery for each mail, and why it was told.

        The channel's slots stay as they are. In one transaction with the message are recorded the
        digests that it `escalates`, the sources it calls `blind` since a moment, and those it says
        are `back`.
        Return its number. None, and nothing is written, where it has been told or become needless
        meanwhile: a digest was acknowledged, an outage told, or the channel spoke after
        `silent_since`.
        """
        try:
            with self.writing() as connection:
                if silent_since is not None:
                    _refuse_if_spoken(connection, channel, silent_since, now)
                values = {
                    "channel": channel,
                    "slot": free_slot(
                        connection, channel, now + MOMENT
                    ),  # one due now keeps its own
                    "created": now,
                    "summary": summary,
                    "mentions": 0,
                    "suspects": 0,
                    "more": 0,
                    "since": since,
                    "kind": kind,
                    "urgent": urgent,
                    "despite_quiet": despite_quiet,
                }
                made = connection.execute(insert(digests).returning(digests.c.id), values)
                digest: int = made.scalar_one()
                write_deliveries(connection, channel, digest, mails, now)
                _escalate(connection, escalates, digest)
                _note_outages(connection, channel, blind, back, now)
                return digest
        except _NeedlessError:
            return None


def _refuse_if_spoken(connection: Connection, channel: str, since: datetime, now: datetime) -> None:
    meanwhile = digests.c.created > since, digests.c.created <= now
    spoken = select(digests.c.id).where(digests.c.channel == channel, *meanwhile)
    if connection.execute(spoken.limit(1)).first() is not None:
        raise _NeedlessError


def _escalate(connection: Connection, digests_: Collection[int], escalation: int) -> None:
    if digests_ and not mark_escalated(connection, digests_, escalation):
        raise _NeedlessError


def _note_outages(
    connection: Connection,
    channel: str,
    blind: Mapping[str, datetime],
    back: Collection[str],
    now: datetime,
) -> None:
    known = {one.source for one in _outages(connection, channel)}
    if known & set(blind) or set(back) - known:
        raise _NeedlessError
    if blind:
        rows = [
            {"channel": channel, "source": one, "since": since, "told": now}
            for one, since in sorted(blind.items())
        ]
        connection.execute(insert(outages), rows)
    _close(connection, channel, back, now)


def _outages(connection: Connection, channel: str) -> tuple[Outage, ...]:
    query = (
        select(outages)
        .where(outages.c.channel == channel, outages.c.back.is_(None))
        .order_by(outages.c.row)
    )
    return tuple(
        Outage(source=r.source, since=r.since, told=r.told) for r in connection.execute(query)
    )


def _close(connection: Connection, channel: str, sources: Collection[str], now: datetime) -> None:
    over = update(outages).where(
        outages.c.channel == channel,
        outages.c.source.in_(list(sources)),
        outages.c.back.is_(None),
    )
    connection.execute(over.values(back=now))
