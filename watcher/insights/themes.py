"""What people speak of where they speak of a brand, and of others not, or did not before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rules.model import Brand
from watcher.insights.model import Estimate, Period
from watcher.store import Store

MOST = 8
"""Themes of each kind."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Theme:
    """A word, or two that belong together, that sets a brand's posts apart."""

    term: str
    """What posts are compared by: without capitals and accents."""
    written: str
    """As it is written most often."""
    against: Literal["others", "before"]
    """Whether it sets the brand apart from its competitors, or the period from the one before."""
    posts: int
    """How many sayings of the period have it, each wording counted once."""
    authors: int
    others: int
    """How many sayings have it of those it is compared with, of as many."""
    score: float
    """Standard deviations from what chance would do."""
    tone: Estimate | None
    """Net satisfaction of these sayings less that of all of the brand; None of too few."""
    examples: tuple[str, ...]
    """Keys of posts that show it, public ones, the most answered and passed on first."""


def themes(
    store: Store, brand: Brand, others: Sequence[Brand], period: Period, *, most: int = MOST
) -> tuple[Theme, ...]:
    """Return what a brand's posts are about: against the others first, then against before.

    Private posts are left out. Raises `StoreError`.
    """
    raise NotImplementedError
