"""Who matters where brands are spoken of: by what people cause there, and who talks with whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rules.model import Account, Brand, Reason
from watcher.insights.model import Period
from watcher.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Influencer:
    """Somebody whose posts about the brands made others do something."""

    account: Account
    """As it was seen last; its followers are shown beside, and count for nothing."""
    score: float
    """0 and up, with no upper end: each doubling of what was caused adds one."""
    posts: int
    """Posts about the brands in the period, without those that only pass on others'."""
    answered_by: int
    """Different others who answered these posts."""
    passed_on_by: int
    """Different others who passed these posts on or quoted them."""
    engagement: int | None
    """Likes, reposts and replies of these posts as the networks told them, without the own ones;
    None where no network told any."""
    per_post: float | None
    """The middle of that over the posts; None where no network told any."""
    suspect: bool
    """Whether the account is held for an imitation of a brand, and nobody found it harmless."""
    best: str
    """The key of the post that most different people took up; empty where it is not stored."""
    best_url: str
    says: Reason
    """What the person caused, in one sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Talk:
    """What one account said to another in posts about the brands, one way."""

    network: str
    who: str
    """The handle of who wrote, without `@`, in small letters."""
    to: str
    """The handle of whom they wrote to, or whose post they passed on."""
    posts: int
    """The next four add up to it: a post is counted once for each whom it addresses."""
    replies: int
    reposts: int
    quotes: int
    mentions: int
    back: int
    """Posts the other way round."""
    negative: int
    neutral: int
    positive: int
    """Posts of each tone; the rest has none that is known."""
    last: datetime
    """When the newest of them was written."""
    who_is_own: bool
    to_is_own: bool
    """Whether it is one of the brands' own accounts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Circle:
    """People who talk with each other, directly or by way of others in it."""

    network: str
    members: tuple[str, ...]
    """Handles, those who take part in most talks first."""
    posts: int


def influencers(
    store: Store,
    brands: Sequence[str],
    period: Period,
    limit: int = 20,
    *,
    own: Sequence[Brand] = (),
    rules: Sequence[str] = (),
) -> tuple[Influencer, ...]:
    """Rank those who speak of the brands by what their posts cause, the strongest first.

    Posts count that speak of one of `brands`, or that one of `rules` found. The accounts of the
    brands `own` are left out, and what they do for others counts for nothing; so do bots, confirmed
    imitators, and everybody's own replies and reposts. Private posts are not looked at: this may be
    passed around. Raises `StoreError`.
    """
    raise NotImplementedError


def talks(
    store: Store,
    brands: Sequence[str],
    period: Period,
    limit: int = 50,
    *,
    own: Sequence[Brand] = (),
) -> tuple[Talk, ...]:
    """Return who spoke to whom about the brands, those with most posts first.

    What answers, quotes or passes on a post about the brands counts too, wherever it is stored.
    Nobody talks with themselves; private posts are not looked at. Raises `StoreError`.
    """
    raise NotImplementedError


def circles(found: Sequence[Talk], *, fewest: int = 3) -> tuple[Circle, ...]:
    """Return the groups of at least so many people whom talks connect, the largest first.

    Brands' own accounts connect nobody: everybody speaks to them.
    """
    raise NotImplementedError
