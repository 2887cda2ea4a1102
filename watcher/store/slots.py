"""Turns of the schedule, each taken once: the fence around a leader that does not know it is none.

A turn is a row (job, slot); the slot is the time floored to the job's interval. Whoever inserts it
has the turn, and nobody else. A turn that was cut off, because its process died or leads no more,
is taken over by a conditional update of the same row: it belongs to one at any time.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, delete, func, literal_column, or_, select, update

from watcher.store.database import Database, insert
from watcher.store.schema import slots
from watcher.store.workers import leads

CLOCK_SET = timedelta(seconds=3)
"""Where a turn was taken by so much in the future, the clock that all go by was set back."""
_TAKER: ColumnElement[str] = literal_column('slots."by"')
"""Who has a turn, to a subquery within an INSERT: there SQLAlchemy correlates no column."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Turn(StrEnum):
    """What became of the wish to take a turn."""

    OURS = "ours"
    DONE = "done"
    """Somebody had it, and has done it."""
    OPEN = "open"
    """Somebody took it who is not known to have left, and has not done it yet."""


def slot_of(now: datetime, every: timedelta) -> datetime:
    """Return the begin of the slot that a moment lies in."""
    return now - (now - _EPOCH) % every


class Slots(Database):
    """The part of the store that knows which turn of the schedule was taken, and by whom."""

    def take_turn(self, job: str, slot: datetime, by: str, now: datetime) -> Turn:
        """Take a turn of the schedule for a worker, by its id, if nobody has it.

        A turn that its worker itself took before, or one that leads no more, was cut off, and is
        taken over where it was not done. All leaders must go by one clock.
        """
        row = {"job": job, "slot": slot, "at": now, "by": by}
        with self._transaction(self._writers) as connection:
            new = insert(connection, slots).values(**row)
            cut_off = and_(slots.c.ended.is_(None), or_(slots.c.by == by, ~leads(_TAKER, now)))
            taken = new.on_conflict_do_update(
                index_elements=[slots.c.job, slots.c.slot],
                set_={"at": now, "by": by, "ended": None},
                where=or_(slots.c.at > now + CLOCK_SET, cut_off),
            )
            if connection.execute(taken.returning(slots.c.slot)).first() is not None:
                return Turn.OURS
            mine = and_(slots.c.job == job, slots.c.slot == slot)
            ended = connection.execute(select(slots.c.ended).where(mine)).scalar()
        return Turn.OPEN if ended is None else Turn.DONE

    def end_turn(self, job: str, slot: datetime, by: str, now: datetime) -> None:
        """Note that a turn was done by whom it belongs to."""
        of = and_(slots.c.job == job, slots.c.slot == slot, slots.c.by == by)
        with self._transaction(self._writers) as connection:
            connection.execute(update(slots).where(of).values(ended=now))

    def drop_slots(self, before: datetime) -> int:
        """Forget turns taken before a moment, but never the last one of a job; return how many."""
        later = slots.alias()
        newest = select(func.max(later.c.slot)).where(later.c.job == slots.c.job).scalar_subquery()
        with self._transaction(self._writers) as connection:
            done = connection.execute(
                delete(slots).where(slots.c.at < before, slots.c.slot < newest)
            )
        return done.rowcount
