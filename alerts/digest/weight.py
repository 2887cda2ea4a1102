"""How much a post matters to whom it is shown, and why in a few words. Pure.

What it set off, who listens, whether it complains, whether it addresses a brand, how new it is. In
logarithms, so that a thousand likes count as a few and not as a thousand.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from alerts.model import Waiting
from alerts.ours import addressed, owner
from rules.model import Brand, Post, Reason
from rules.signals.sentiment import complaint, tone

MOST_READ = 500
"""So many posts are read for their tone: those that weigh most without it."""
MOST_REASONS = 3

COMPLAINS = 4.0
SOUNDS_BAD = 1.5
ADDRESSES = 2.0
PROVEN = 1.0
LISTENED = 1000
"""An account that so many follow is worth a word."""
REACTED = 50

REASONS = {
    "complains": "it complains",
    "negative": "it sounds displeased",
    "addresses": "it addresses {brand}",
    "followers": "{followers} accounts follow its author",
    "proven": "its author is verified",
    "reactions": "it has set off {count} reactions",
}
"""Why a post matters, as message ids of the catalogues; each goes on after "Here because"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What a post weighs."""

    weight: float
    why: tuple[Reason, ...] = ()
    """The weightiest first."""


def judge(posts: Iterable[Post], waiting: Waiting, brands: Sequence[Brand]) -> Mapping[str, Judged]:
    """Weigh posts, each by its key. Equal posts weigh the same whatever stands beside them."""
    plain = {post.key: (post, _without_tone(post, waiting, brands)) for post in posts}
    first = sorted(plain, key=lambda key: (-plain[key][1].weight, key))
    read = set(first[:MOST_READ])
    return {
        key: _with_tone(post, judged, brands) if key in read else judged
        for key, (post, judged) in plain.items()
    }


def reactions(post: Post) -> int:
    """What a post set off, in one number; a repost counts twice."""
    counts = (post.likes or 0, 2 * (post.reposts or 0), post.replies or 0)
    return min(sum(max(0, count) for count in counts), 10**9)


def _without_tone(post: Post, waiting: Waiting, brands: Sequence[Brand]) -> Judged:
    """A repost weighs less than its original, what we wrote ourselves least of all."""
    period = (waiting.until - waiting.since).total_seconds() or 1.0
    age = (waiting.until - post.posted_at).total_seconds() / period
    followers = max(0, post.author.followers or 0)
    weight = (
        math.log2(1 + reactions(post))
        + 0.5 * math.log2(1 + followers)
        + max(0.0, min(1.0, 1.0 - age))
    )
    why = []
    if reactions(post) >= REACTED:
        count = math.log2(1 + reactions(post))
        why.append(_reason("reactions", count, count=str(reactions(post))))
    if followers >= LISTENED:
        count = 0.5 * math.log2(1 + followers)
        why.append(_reason("followers", count, followers=str(followers)))
    own = owner(post.author, brands)
    if own is None and (brand := addressed(post, brands)):
        weight += ADDRESSES
        why.append(_reason("addresses", ADDRESSES, brand=brand))
    if post.author.verified:
        weight += PROVEN
        why.append(_reason("proven", PROVEN))
    if post.repost_of:
        weight -= 2
    if not post.text.strip() and not post.media:
        weight -= 4
    return Judged(weight=weight - 100 if own else weight, why=_weightiest(why))


def _with_tone(post: Post, judged: Judged, brands: Sequence[Brand]) -> Judged:
    if owner(post.author, brands) is not None or not post.text.strip():
        return judged
    found = _tone(post, brands)
    if found is None:
        return judged
    return Judged(weight=judged.weight + found.weight, why=_weightiest([found, *judged.why]))


def _tone(post: Post, brands: Sequence[Brand]) -> Reason | None:
    """Whether a post complains or sounds bad; None where it does not, or nobody can tell."""
    if complaint(post.text, post.language) is not None:
        return _reason("complains", COMPLAINS)
    names = tuple(name for brand in brands for name in (brand.name, *brand.spellings))
    found = tone(post.text, post.language, names)
    if found.label == "negative":
        return _reason("negative", SOUNDS_BAD * found.confidence)
    return None


def _weightiest(why: Sequence[Reason]) -> tuple[Reason, ...]:
    return tuple(sorted(why, key=lambda one: -one.weight)[:MOST_REASONS])


def _reason(clause: str, weight: float, **values: str) -> Reason:
    return Reason(template=REASONS[clause], values=values, weight=weight)
