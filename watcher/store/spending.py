"""What sources that pay for reading have read, and how much they still may."""

from datetime import date

from sqlalchemy import Connection, func, select

from watcher.store.database import Database
from watcher.store.database import insert as insert_or
from watcher.store.schema import spending


class Spending(Database):
    """The part of the store that keeps the bill."""

    def reserve_reads(
        self,
        source: str,
        day: date,
        wanted: int,
        *,
        least: int,
        of_day: int | None,
        of_month: int | None,
    ) -> int:
        """Book up to `wanted` reads of a day (UTC) and return how many were booked.

        What is left of the day's and the month's budget (None: no bound) bounds them; where that is
        less than `least`, none is booked. Booked before reading, so that what a crash leaves open
        counts as read.
        """
        with self.writing() as connection:
            left = wanted
            if of_day is not None:
                left = min(left, of_day - _sum(connection, source, day, day))
            if of_month is not None:
                left = min(left, of_month - _sum(connection, source, day.replace(day=1), day))
            if left < max(least, 1):
                return 0
            _add(connection, source, day, left)
            return left

    def settle_reads(self, source: str, day: date, reserved: int, used: int) -> None:
        """Put what was read in the place of what was booked on that day."""
        if reserved != used:
            with self.writing() as connection:
                _add(connection, source, day, used - reserved)

    def reads(self, source: str, since: date, until: date) -> int:
        """Return how much was read from the day `since` to the day `until`, both included."""
        with self.reading() as connection:
            return _sum(connection, source, since, until)


def _sum(connection: Connection, source: str, since: date, until: date) -> int:
    query = select(func.coalesce(func.sum(spending.c.reads), 0)).where(
        spending.c.source == source,
        spending.c.day >= since.isoformat(),
        spending.c.day <= until.isoformat(),
    )
    return int(connection.execute(query).scalar_one())


def _add(connection: Connection, source: str, day: date, reads: int) -> None:
    connection.execute(
        insert_or(connection, spending).on_conflict_do_update(
            index_elements=["source", "day"], set_={"reads": spending.c.reads + reads}
        ),
        {"source": source, "day": day.isoformat(), "reads": reads},
    )
