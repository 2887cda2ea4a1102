"""The purse of a source: posts may be read until the day's or the month's budget is spent."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from watcher.backends.interface import BackendError

LARGEST = 1_000_000
"""Reads left where no budget bounds them."""


class Ledger(Protocol):
    """Where the bill is kept: the store. Days are X's, which begin at midnight UTC."""

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
        """Book up to `wanted` reads within the budgets; 0 where fewer than `least` are left."""
        ...

    def settle_reads(self, source: str, day: date, reserved: int, used: int) -> None:
        """Put what was read in the place of what was booked."""
        ...

    def reads(self, source: str, since: date, until: date) -> int:
        """Return what was read from one day to another, both included."""
        ...


class SpentError(BackendError):
    """A budget is spent: nothing is asked of X before `until`."""

    def __init__(self, message: str, *, until: datetime, now: datetime, help: str) -> None:
        super().__init__(
            message, kind="temporary", help=help, retry_after=(until - now).total_seconds()
        )
        self.until = until


@dataclass(slots=True)
class Booking:
    """Reads that were booked; `used` is what came of them."""

    granted: int
    used: int = field(default=0)


@dataclass(frozen=True, kw_only=True)
class Purse:
    """What a source may spend."""

    source: str
    ledger: Ledger | None
    of_day: int | None
    of_month: int | None
    cost: float
    """Of one read, in whatever money."""
    clock: Callable[[], datetime]

    @contextmanager
    def reading(self, wanted: int, *, least: int) -> Iterator[Booking]:
        """Book up to `wanted` reads for one request; those not `used` in the end are given back.

        What fails is not charged: only answers that came count. Raises `SpentError` where fewer
        than `least` are left, `BackendError` where nobody keeps the bill.
        """
        if self.ledger is None:
            raise BackendError(
                "reading X is paid for, and nobody keeps the bill here",
                kind="refused",
                help="the watcher's own commands do: `watcher once`, `watcher run`",
            )
        now = self.clock().astimezone(UTC)
        day = now.date()
        granted = self.ledger.reserve_reads(
            self.source, day, wanted, least=least, of_day=self.of_day, of_month=self.of_month
        )
        if granted == 0:
            raise self._spent(now, least)
        booking = Booking(granted)
        try:
            yield booking
        finally:
            self.ledger.settle_reads(self.source, day, granted, booking.used)

    def sparing(self, kept: float) -> "Purse":
        """Return the purse without that part (0 to 1) of its budgets."""

        def rest(most: int | None) -> int | None:
            return None if most is None else int(most * (1 - kept))

        return replace(self, of_day=rest(self.of_day), of_month=rest(self.of_month))

    def left(self) -> int:
        """Return how many reads may still be made today; 0 where nobody keeps the bill."""
        if self.ledger is None:
            return 0
        today = self.clock().astimezone(UTC).date()
        left = [LARGEST]
        for most, since in ((self.of_day, today), (self.of_month, today.replace(day=1))):
            if most is not None:
                left.append(most - self.ledger.reads(self.source, since, today))
        return max(0, min(left))

    def _spent(self, now: datetime, least: int) -> SpentError:
        assert self.ledger is not None  # noqa: S101 - `reading` looked
        today = now.date()
        month = self.ledger.reads(self.source, today.replace(day=1), today)
        if self.of_month is not None and self.of_month - month < least:
            next_month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
            return self._error("month", month, self.of_month, next_month, now)
        day = self.ledger.reads(self.source, today, today)
        return self._error("day", day, self.of_day or 0, today + timedelta(days=1), now)

    def _error(self, which: str, read: int, most: int, again: date, now: datetime) -> SpentError:
        until = datetime.combine(again, time(), UTC)
        when = f"{until:%d %B}".lstrip("0")
        return SpentError(
            f"the {which}'s budget is spent: {read:,} of {most:,} posts are read, "
            f"the others wait for 00:00 UTC on {when}",
            until=until,
            now=now,
            help=f"a larger `budget_{which}` reads more, at {money(self.cost)} a post",
        )


def money(amount: float) -> str:
    """Return an amount to the cent, or as small as it is: `2.50`, `0.005`."""
    return f"{amount:,.2f}" if round(amount, 2) == round(amount, 6) else f"{amount:.6f}".rstrip("0")
