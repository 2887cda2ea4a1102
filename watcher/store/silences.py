"""Silences: what is not to be told for a while, and what of all that waits they keep back."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, select, update

from alerts.routing.silence import Silence
from watcher.store.columns import folded_handle
from watcher.store.database import Database
from watcher.store.errors import NoSuchRecordError
from watcher.store.records import SilenceRecord
from watcher.store.schema import queue, silences

_CHUNK = 500


class Silences(Database):
    """The part of the store that knows what is silenced."""

    def add_silence(self, silence: Silence) -> int:
        """Add a silence and return its number. Raises `SilenceError` for one that may not be."""
        silence.refuse()
        with self.writing() as connection:
            return write_silence(connection, silence)

    def silences(
        self, now: datetime, *, active: bool | None = None, limit: int = 50
    ) -> tuple[SilenceRecord, ...]:
        """Return the silences added last, newest first, with how much each has kept back.

        `active` narrows them to those in effect at `now`, or to those that are not.
        """
        query = select(silences).order_by(silences.c.id.desc()).limit(limit)
        if active is not None:
            query = query.where(silences.c.until > now if active else silences.c.until <= now)
        with self.reading() as connection:
            rows = connection.execute(query).all()
            kept = _kept(connection, queue.c.silence.in_([row.id for row in rows]))
        return tuple(_record(row, kept.get(row.id, 0)) for row in rows)

    def silences_in_effect(self, now: datetime) -> tuple[tuple[int, Silence], ...]:
        """Return the silences that are in effect, each with its number."""
        query = select(silences).where(silences.c.until > now).order_by(silences.c.id)
        with self.reading() as connection:
            return tuple((row.id, _silence(row)) for row in connection.execute(query))

    def expire_silence(self, id: int, by: str, now: datetime) -> SilenceRecord:
        """End a silence at `now`; one that has ended stays as it is.

        What it kept back stays so, and is counted. Raises `NoSuchRecordError`.
        """
        own = silences.c.id == id
        with self.writing() as connection:
            ending = update(silences).where(own, silences.c.until > now)
            connection.execute(ending.values(until=now, ended_by=by))
            row = connection.execute(select(silences).where(own)).first()
            if row is None:
                raise NoSuchRecordError(
                    f"there is no silence {id}", help="`watcher silence list` shows their numbers."
                )
            return _record(row, _kept(connection, queue.c.silence == id).get(id, 0))

    def keep_back(self, silenced: Mapping[int, int], now: datetime) -> int:
        """Take what is silenced out of what waits; return how many entries that were.

        `silenced` names silences by the row of the queue. What was taken meanwhile stays so.
        """
        by_silence: dict[int, list[int]] = {}
        for row, silence in silenced.items():
            by_silence.setdefault(silence, []).append(row)
        taken = 0
        with self.writing() as connection:
            for silence, rows in by_silence.items():
                for start in range(0, len(rows), _CHUNK):
                    some = queue.c.row.in_(rows[start : start + _CHUNK])
                    keeping = update(queue).where(some, queue.c.taken.is_(None))
                    done = connection.execute(keeping.values(taken=now, silence=silence))
                    taken += done.rowcount
        return taken


_FIELDS = (
    "rule", "brand", "channel", "author", "find", "since", "until", "because", "by",
)  # fmt: skip


def forget_silences_of(connection: Connection, handles: Collection[str]) -> None:
    """Forget the silences that name one of these handles: what they were for is kept out."""
    named = {folded_handle(handle) for handle in handles}
    query = select(silences.c.id, silences.c.author).where(silences.c.author != "")
    gone = [id_ for id_, author in connection.execute(query) if folded_handle(author) in named]
    connection.execute(delete(silences).where(silences.c.id.in_(gone)))


def write_silence(connection: Connection, silence: Silence) -> int:
    """Add a silence and return its number."""
    values = {name: getattr(silence, name) for name in _FIELDS}
    made = connection.execute(insert(silences).returning(silences.c.id), values)
    number: int = made.scalar_one()
    return number


def kept_back(channel: str) -> ColumnElement[bool]:
    """Return the condition on `queue` for what silences kept back and no digest has counted."""
    return and_(queue.c.channel == channel, queue.c.silence.is_not(None), queue.c.digest.is_(None))


def reasons_of(connection: Connection, entries: ColumnElement[bool]) -> dict[int, tuple[int, str]]:
    """Return, by the number of a silence, how many of these entries it keeps back, and why."""
    kept = _kept(connection, entries)
    query = select(silences.c.id, silences.c.because).where(silences.c.id.in_(kept))
    return {row.id: (kept[row.id], row.because) for row in connection.execute(query)}


def _kept(connection: Connection, entries: ColumnElement[bool]) -> dict[int, int]:
    query = select(queue.c.silence, func.count()).where(entries, queue.c.silence.is_not(None))
    grouped = query.group_by(queue.c.silence).order_by(queue.c.silence)
    return {row[0]: row[1] for row in connection.execute(grouped)}


def _silence(row: Row[Any]) -> Silence:
    return Silence(**{name: getattr(row, name) for name in _FIELDS})


def _record(row: Row[Any], kept: int) -> SilenceRecord:
    return SilenceRecord(id=row.id, silence=_silence(row), ended_by=row.ended_by, kept=kept)
