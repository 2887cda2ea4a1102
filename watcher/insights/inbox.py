"""Customers who wait for an answer: complaints and questions that a brand left alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from rules.model import Brand, Post, Reason
from watcher.store import Store

LOOKED_BACK = timedelta(days=14)
"""What is older is not worth an answer."""
WAITING = timedelta(hours=4)
"""So long after a post an answer is missed, unless another time is given."""

Sort = Literal["complaint", "negative", "question"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Unanswered:
    """Somebody whom a brand owes an answer, by the oldest post that has none."""

    brand: str
    post: Post
    """The oldest of the person's posts that wait. It may be private: that stays in the company."""
    sort: Sort
    waiting: timedelta
    """How long the oldest waits."""
    posts: int
    """How many posts of the same person wait, this one included."""
    newest: Post
    """The newest of these: to be answered, if only one is."""
    answered_by_others: int
    """Different people who answered meanwhile, bots not counted."""
    engagement: int
    """Likes, reposts and replies of these posts as the network told them."""
    signs: tuple[Reason, ...]
    """Why it is urgent, one sentence each; those with more signs come first."""
    says: Reason
    """What waits and how long, in one sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnPosts:
    """What is known of a brand's own posts, and with it of its answers."""

    brand: str
    accounts: tuple[str, ...]
    """The brand's own accounts as they are configured."""
    posts: int
    """Posts by them that are stored of the time looked back on."""
    answers: int
    """Those of them that answer somebody."""
    newest: datetime | None
    """When the newest post by them was written, whenever that was."""
    says: Reason | None
    """Why nobody can know what was answered; None where it is known."""


def inbox(
    store: Store,
    brands: Sequence[Brand],
    now: datetime,
    waiting: timedelta = WAITING,
    limit: int = 50,
    *,
    back: timedelta = LOOKED_BACK,
) -> tuple[Unanswered, ...]:
    """Return who waits for an answer of the brands for `waiting` or longer, most urgent first.

    One entry for each person and brand. Who was answered by the brand in the same thread later, was
    handled by a colleague, or is a bot waits no more. `own_posts` tells whether answers are known
    at all. Raises `StoreError`.
    """
    raise NotImplementedError


def own_posts(
    store: Store, brands: Sequence[Brand], now: datetime, *, back: timedelta = LOOKED_BACK
) -> tuple[OwnPosts, ...]:
    """Tell for each brand whether its own posts are read, so that its answers can be known.

    Raises `StoreError`.
    """
    raise NotImplementedError
