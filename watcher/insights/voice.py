"""Which part of what is said of several brands is said of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rules.model import Reason
from watcher.insights.model import Estimate, Period
from watcher.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class DayVoice:
    """One day of one brand."""

    day: date
    posts: int
    authors: int
    share: Estimate | None
    """Of the posts of that day; None of a day on which nobody spoke of any of the brands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BrandVoice:
    """One of the brands."""

    brand: str
    posts: int
    authors: int
    """Different people who spoke of it."""
    reposts: int
    """How many of the posts only pass another one on, as their network says."""
    share: Estimate | None
    """Of all posts that speak of one of the brands; the values of all brands add up to one."""
    share_of_authors: Estimate | None
    """Of all who spoke of one of the brands, each counted once for every brand."""
    posts_before: int | None
    """In the period before; None where nobody counted then."""
    share_before: Estimate | None
    change: Estimate | None
    """`share` less `share_before`."""
    days: tuple[DayVoice, ...]
    counted_since: datetime | None
    """Since when posts that speak of it are counted; None: they are not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShareOfVoice:
    """Several brands beside each other; a post that speaks of two counts for both."""

    period: Period
    posts: int
    """The sum over the brands."""
    brands: tuple[BrandVoice, ...]
    """In the order asked for."""
    says: Reason
    """What may be said of the first one."""


def share_of_voice(store: Store, brands: Sequence[str], period: Period) -> ShareOfVoice:
    """Tell each brand's part of what was said of all of them. Raises `StoreError`.

    The first one is the one that is compared with the others.
    """
    raise NotImplementedError
