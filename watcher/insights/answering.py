"""Whether a brand answers those who speak to it, and how long they wait."""

from dataclasses import dataclass
from datetime import timedelta

from rules.model import Brand, Reason
from watcher.insights.model import Estimate, Period
from watcher.store import Store

WITHIN = timedelta(days=7)
"""A later answer is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delay:
    """How long an answer took, and between which lengths that lies 95 times in 100."""

    value: timedelta
    low: timedelta
    high: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Answering:
    """How one brand answers. Everything is None where its own posts are not read."""

    brand: str
    addressed: int
    """Public posts to the brand's own accounts: they mention them or answer them."""
    customers: int
    """Different people who wrote them."""
    asking: int
    """Those of `addressed` that ask or complain."""
    own_posts: int
    """What the brand's own accounts wrote from the period's begin to `WITHIN` after its end."""
    own_answers: int
    """Those of them that answer somebody."""
    answered: Estimate | None
    """The part of `addressed` that got an answer `WITHIN`."""
    asking_answered: Estimate | None
    """The part of `asking` that did."""
    median: Delay | None
    """Of the answers; None where there are too few."""
    p90: Delay | None
    """Nine of ten answers came within."""
    says: Reason
    """What may be said, in one sentence."""


def answering(store: Store, brand: Brand, period: Period) -> Answering:
    """Tell how a brand answered those who addressed it in a period. Raises `StoreError`."""
    raise NotImplementedError
