"""Figures for a monitor that asks every few seconds: none of these queries reads a whole table."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from alerts.model import DeliveryState
from rules.model import Verdict
from watcher.store.database import Database
from watcher.store.errors import StoreError
from watcher.store.schema import alarms, deliveries, log_cursors, log_heads, queue, suspects


@dataclass(frozen=True, kw_only=True)
class StoreFigures:
    """What stands open in the store, seen at one moment."""

    deliveries: Mapping[DeliveryState, int]
    """Deliveries that are stored, by their state; those long settled are forgotten with time."""
    waiting: Mapping[str, int]
    """Findings that wait for each channel."""
    alarms: int
    """Alarms that go on."""
    suspects: int
    """Suspects that nobody has judged."""
    backlog: Mapping[int, int]
    """Posts that wait in each partition of the log."""


class Figures(Database):
    """The part of the store that a monitor asks."""

    def answers(self) -> bool:
        """Whether the database answers at this moment."""
        try:
            with self.reading() as connection:
                return connection.execute(select(1)).scalar() == 1
        except StoreError:
            return False

    def figures(self) -> StoreFigures:
        """Return what stands open at this moment."""
        by_state = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
        waiting = (
            select(queue.c.channel, func.count())
            .where(queue.c.taken.is_(None))
            .group_by(queue.c.channel)
        )
        going = select(func.count()).select_from(alarms).where(alarms.c.ended.is_(None))
        judged = suspects.c.verdict == Verdict.OPEN
        done = func.coalesce(log_cursors.c.number, 0)
        backlog = select(log_heads.c.partition, log_heads.c.number - done).join(
            log_cursors, log_cursors.c.partition == log_heads.c.partition, isouter=True
        )
        with self.reading() as connection:
            found = {state: number for state, number in connection.execute(by_state)}  # noqa: C416 - rows are not pairs to mypy
            return StoreFigures(
                deliveries={state: found.get(state, 0) for state in DeliveryState},
                waiting={name: number for name, number in connection.execute(waiting)},  # noqa: C416
                alarms=connection.execute(going).scalar_one(),
                suspects=connection.execute(
                    select(func.count()).select_from(suspects).where(judged)
                ).scalar_one(),
                backlog={name: number for name, number in connection.execute(backlog)},  # noqa: C416
            )
