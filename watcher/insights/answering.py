"""Whether a brand answers those who speak to it, and how long they wait."""

import math
from dataclasses import dataclass
from datetime import timedelta

from rules.model import Brand, Reason
from watcher.insights.model import Estimate, Period, Z, share
from watcher.store import Store
from watcher.store.brand_acts import AnswerCount
from watcher.store.brand_counts import Span

WITHIN = timedelta(days=7)
"""A later answer is none."""
FEWEST = 5
"""Of fewer answers no delay is told."""

SAYS = {
    "no-accounts": "{brand} has no accounts of its own in the configuration: whom it answers "
    "cannot be known.",
    "unread": "No source reads what {brand} itself posts: whom it answers cannot be known.",
    "only-one-read": "The only post by {brand} itself is no answer: either it answers nobody, or "
    "its answers are not read.",
    "no-answers-read": "Of {own} posts by {brand} itself none is an answer: either it answers "
    "nobody, or its answers are not read.",
    "nobody": "Nobody addressed {brand} in this period.",
    "few": "{brand} answered {answered} of {addressed} posts to it.",
    "answers": "{brand} answered {answered} of {addressed} posts to it, half of them within "
    "{median}.",
}
"""What may be said at the command line; reports have sentences of their own."""


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
    """Tell how a brand answered those who addressed it in a period. Raises `StoreError`.

    An answer is a post by one of its own accounts that replies to that very post.
    """
    span = (period.since, period.until)
    count = store.answer_count(brand, span, WITHIN)
    own, replies = store.own_posts_and_answers(brand, (period.since, period.until + WITHIN))
    known = replies > 0
    median, p90 = _delays(store, brand, span, count.answered)
    return Answering(
        brand=brand.name,
        addressed=count.addressed,
        customers=count.customers,
        asking=count.asking,
        own_posts=own,
        own_answers=replies,
        answered=share(count.answered, count.addressed) if known else None,
        asking_answered=share(count.asking_answered, count.asking) if known else None,
        median=median,
        p90=p90,
        says=_sentence(brand, count, own, replies, median),
    )


def _delays(
    store: Store, brand: Brand, span: Span, answers: int
) -> tuple[Delay | None, Delay | None]:
    """The median and the delay within which nine of ten answers came.

    Bounds are the delays at those places in their order between which a quantile lies (H. David, H.
    Nagaraja, Order Statistics, 3rd ed., 2003, section 7.1; the binomial by its normal form). Where
    there are too few answers for such a place, the bound is the least or the most an answer takes.
    """
    if answers < FEWEST:
        return None, None
    places = {part: _places(part, answers) for part in (0.5, 0.9)}
    wanted = {place for three in places.values() for place in three}
    delays = {0: timedelta(0), answers + 1: WITHIN}
    delays |= store.answer_delays(brand, span, WITHIN, wanted - delays.keys())
    median, p90 = (
        Delay(value=delays[at], low=delays[low], high=delays[high])
        for low, at, high in (places[0.5], places[0.9])
    )
    return median, p90


def _places(part: float, number: int) -> tuple[int, int, int]:
    """The places of the lower bound, the quantile and the upper bound; 0 is before the first."""
    half = Z * math.sqrt(number * part * (1 - part))
    low = max(0, math.floor(number * part - half))
    high = min(number + 1, math.ceil(number * part + half) + 1)
    return low, max(1, math.ceil(number * part)), high


def _sentence(
    brand: Brand, count: AnswerCount, own: int, replies: int, median: Delay | None
) -> Reason:
    values = {
        "brand": brand.name,
        "addressed": str(count.addressed),
        "answered": str(count.answered),
        "own": str(own),
    }
    if not brand.accounts:
        kind = "no-accounts"
    elif not own:
        kind = "unread"
    elif not replies:
        kind = "only-one-read" if own == 1 else "no-answers-read"
    elif not count.addressed:
        kind = "nobody"
    elif median is None:
        kind = "few"
    else:
        kind = "answers"
        values["median"] = told_length(median.value)
    return Reason(template=SAYS[kind], values=values)


def told_length(length: timedelta) -> str:
    """Return a length of time as a person says it: `45 seconds`, `9 minutes`, `3 hours`."""
    seconds = length.total_seconds()
    units = (("second", 1, 90), ("minute", 60, 5400), ("hour", 3600, 129_600))
    unit, size = next(
        ((unit, size) for unit, size, most in units if seconds < most), ("day", 86_400)
    )
    number = round(seconds / size)
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
