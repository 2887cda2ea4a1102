"""What a brand began to say in public: hashtags it had not used, and bursts of its own posts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from rules.model import Brand, Reason
from watcher.insights.model import Period
from watcher.store import Store

NEW_AFTER = timedelta(days=56)
"""A hashtag is new that was not used for so long before the period."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """Something that a brand, or those who speak of it, began."""

    kind: Literal["hashtag", "burst", "talk"]
    """`hashtag`: the brand's own accounts begin to use it; `burst`: they post far more than usual;
    `talk`: a hashtag new among posts of others that speak of the brand."""
    brand: str
    name: str
    """The hashtag without `#` as it is written most often; empty for a burst."""
    since: datetime
    """Its first post."""
    until: datetime
    """Its last post in the period."""
    own_posts: int
    posts: int
    """By others, with the hashtag."""
    authors: int
    """Different people among these."""
    engagement: int
    """Likes, reposts and replies that the networks told of all these posts."""
    usual: float | None
    """Of a burst: the brand's usual posts in as many days."""
    examples: tuple[str, ...]
    """Keys of public posts, those of the brand first."""
    says: Reason
    """One sentence about it."""


def campaigns(store: Store, brand: Brand, period: Period) -> tuple[Campaign, ...]:
    """Return what a brand began in a period, what moved most first. Raises `StoreError`."""
    raise NotImplementedError
