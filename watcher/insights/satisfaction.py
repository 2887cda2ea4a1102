"""How people feel about a brand, against how they usually do: a trend, never a level."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rules.model import Reason
from watcher.insights.model import Estimate, Period
from watcher.store import Store

FEWEST = 10
"""Of fewer sayings whose tone is known nothing is said of a day."""
USUAL = timedelta(days=28)
"""How people usually feel is how they felt in so many days before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DaySatisfaction:
    """One day of one brand."""

    day: date
    posts: int
    """All that speak of the brand, copies too; the next four add up to it."""
    negative: int
    neutral: int
    positive: int
    unknown: int
    sayings: int
    """Different wordings whose tone is known: what `net` is counted from."""
    net: Estimate | None
    """Positive less negative sayings, of those whose tone is known, -1 to 1; None of too few."""
    change: Estimate | None
    """By how much `net` differs from what is usual; None where either is not known."""
    smooth: float | None
    """The difference to the usual with the chance of few posts taken out: what a line shows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Satisfaction:
    """How people felt about a brand in a period."""

    brand: str
    period: Period
    days: tuple[DaySatisfaction, ...]
    posts: int
    negative: int
    neutral: int
    positive: int
    unknown: int
    sayings: int
    authors: int
    """Different people behind the sayings."""
    whole: Estimate | None
    """Net satisfaction of the period; None of too few sayings. Not to be shown as a level."""
    before: Estimate | None
    """That of the period before, which is as long."""
    usual: Estimate | None
    """That of the four weeks before the period."""
    change: Estimate | None
    """`whole` less `usual`: the number to show. Its sign is sure where 0 is not between its bounds.
    """
    change_before: Estimate | None
    """`whole` less `before`."""
    counted_since: datetime | None
    """Since when posts that speak of the brand are counted; None: they are not."""
    says: Reason
    """What may be said, in one sentence."""


def satisfaction(store: Store, brand: str, period: Period) -> Satisfaction:
    """Tell how people felt about a brand. Raises `StoreError`."""
    raise NotImplementedError
