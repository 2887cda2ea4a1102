"""What insights speak of: a stretch of time, and a number with its uncertainty."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Z = 1.96
"""Standard deviations that hold 95 of 100 times."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """A stretch of time, as the people of one zone divide it into days."""

    since: datetime
    """The first moment that belongs to it; aware, in UTC."""
    until: datetime
    """The first moment after it; aware, in UTC."""
    zone: ZoneInfo

    @classmethod
    def of_days(cls, first: date, last: date, zone: ZoneInfo) -> "Period":
        """Return the whole days from `first` to `last`, both included."""
        return cls(
            since=datetime.combine(first, time.min, zone).astimezone(UTC),
            until=datetime.combine(last + timedelta(days=1), time.min, zone).astimezone(UTC),
            zone=zone,
        )

    @classmethod
    def last_week(cls, now: datetime, zone: ZoneInfo) -> "Period":
        """Return the last whole week from Monday to Sunday."""
        today = now.astimezone(zone).date()
        monday = today - timedelta(days=today.weekday())
        return cls.of_days(monday - timedelta(days=7), monday - timedelta(days=1), zone)

    @classmethod
    def last_month(cls, now: datetime, zone: ZoneInfo) -> "Period":
        """Return the last whole month."""
        last = now.astimezone(zone).date().replace(day=1) - timedelta(days=1)
        return cls.of_days(last.replace(day=1), last, zone)

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.until - self.since

    @property
    def before(self) -> "Period":
        """The stretch of as many days and hours, on the clocks of the zone, just before."""
        begin, end = (
            one.astimezone(self.zone).replace(tzinfo=None) for one in (self.since, self.until)
        )
        earlier = (begin - (end - begin)).replace(tzinfo=self.zone).astimezone(UTC)
        return Period(since=earlier, until=self.since, zone=self.zone)

    def day_of(self, moment: datetime) -> date:
        """The day that a moment falls on, in the period's zone."""
        return moment.astimezone(self.zone).date()

    def days(self) -> Iterator[date]:
        """Yield every day that lies in the period, if only in part, in order."""
        if self.until <= self.since:
            return
        day, last = self.day_of(self.since), self.day_of(self.until - timedelta(microseconds=1))
        while day <= last:
            yield day
            day += timedelta(days=1)

    def by_day(self) -> Iterator[tuple[date, "Period"]]:
        """Yield every day, and the part of it that lies in the period, in order."""
        for day in self.days():
            whole = Period.of_days(day, day, self.zone)
            since, until = max(whole.since, self.since), min(whole.until, self.until)
            yield day, Period(since=since, until=until, zone=self.zone)


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A number counted from some posts, and between which values it lies 95 times in 100."""

    value: float
    low: float
    high: float
    posts: int
    """From how many posts."""

    def overlaps(self, other: "Estimate") -> bool:
        """Whether the difference between two may be chance."""
        return self.low <= other.high and other.low <= self.high


def share(part: int, whole: int, *, independent: float | None = None) -> Estimate | None:
    """Return a part of a whole with its interval; None of nothing.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22
    (1927): it keeps within 0 and 1, and holds for few posts too. `independent` is how many posts
    the whole is worth where some hang together, such as those of one author: the interval is then
    as wide as of so many (E. Korn, B. Graubard, Confidence intervals for proportions with small
    expected number of positive counts estimated from survey data, Survey Methodology 24, 1998).
    """
    if whole <= 0:
        return None
    n = whole if independent is None else max(1.0, min(independent, whole))
    p, z2 = part / whole, Z * Z
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    # At 0 and 1 rounding must not push a bound past the value.
    low, high = min(p, max(0.0, middle - half)), max(p, min(1.0, middle + half))
    return Estimate(value=p, low=low, high=high, posts=whole)
