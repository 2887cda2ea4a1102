"""Which part of what is said of several brands is said of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rules.model import Reason
from watcher.insights.model import Estimate, Period, share
from watcher.insights.net import difference, independent, is_sure
from watcher.store import Store
from watcher.store.brand_counts import VoiceCount
from watcher.store.columns import storable_key

PARTS = 4
"""Where nobody counted posts as they came, there must be some in each of so many parts."""
OFTEN = 10
"""Posts in each part of a period that make a brand one often spoken of."""

SAYS = {
    "nobody": "Nobody spoke of any of these brands in this period.",
    "alone-one": "1 post speaks of {brand}; it has no competitors to compare with.",
    "alone": "{posts} posts speak of {brand}; it has no competitors to compare with.",
    "first": "{percent} % of {all} posts speak of {brand}; the period before is not known.",
    "more": "{percent} % of {all} posts speak of {brand}: more than in the period before.",
    "less": "{percent} % of {all} posts speak of {brand}: less than in the period before.",
    "same": "{percent} % of {all} posts speak of {brand}: no difference to the period before that "
    "could not be chance.",
}
"""What may be said at the command line; reports have sentences of their own."""


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

    The first one is the one that is compared with the others. A post that speaks of two brands
    counts for both. The intervals take into account that some people write a lot.
    """
    names = list(dict.fromkeys(brands))
    days = list(period.by_day())
    parts = [*(part for _, part in days), period.before]
    spans = [(part.since, part.until) for part in parts]
    counted = store.voice_counts(names, spans, together=len(days))
    of_span: dict[int, dict[str, VoiceCount]] = {}
    for one in counted:
        of_span.setdefault(one.span, {})[one.brand] = one
    since = store.counted_since(names)
    before, now = (_Beside(of_span.get(len(days) + n, {})) for n in (0, 1))
    by_day = [(day, _Beside(of_span.get(n, {}))) for n, (day, _) in enumerate(days)]
    # One that is often spoken of and was not before in some part of the time was not looked for.
    often = [name for name in names if now.posts(name) >= PARTS * OFTEN]
    known = is_known(store, names, period.before) and all(
        is_known(store, [name], period.before) for name in often
    )
    told = tuple(
        BrandVoice(
            brand=name,
            posts=now.posts(name),
            authors=now.authors(name),
            reposts=now.reposts(name),
            share=now.share(name),
            share_of_authors=now.share_of_authors(name),
            posts_before=before.posts(name) if known else None,
            share_before=before.share(name) if known else None,
            change=difference(now.share(name), before.share(name)) if known else None,
            days=tuple(
                DayVoice(
                    day=day,
                    posts=one.posts(name),
                    authors=one.authors(name),
                    share=one.share(name),
                )
                for day, one in by_day
            ),
            counted_since=since.get(name),
        )
        for name in names
    )
    return ShareOfVoice(period=period, posts=now.whole, brands=told, says=_sentence(told))


class _Beside:
    """The brands of one span beside each other."""

    def __init__(self, counted: Mapping[str, VoiceCount]) -> None:
        self._of = counted
        self.whole = sum(one.posts for one in counted.values())
        self._authors = sum(one.authors for one in counted.values())
        self._people = sum(one.first for one in counted.values())
        self._tt = sum(one.ct for one in counted.values())

    def posts(self, brand: str) -> int:
        one = self._of.get(storable_key(brand))
        return one.posts if one else 0

    def authors(self, brand: str) -> int:
        one = self._of.get(storable_key(brand))
        return one.authors if one else 0

    def reposts(self, brand: str) -> int:
        one = self._of.get(storable_key(brand))
        return one.reposts if one else 0

    def share(self, brand: str) -> Estimate | None:
        """The part of the posts, as sure as so many people make it."""
        if not self.whole:
            return None
        one = self._of.get(storable_key(brand))
        part = one.posts / self.whole if one else 0.0
        # The sum over the people of (their posts of the brand - part * all their posts) squared.
        squares = one.cc - 2 * part * one.ct + part * part * self._tt if one else 0.0
        worth = independent(self.whole, self._people, squares, part * (1 - part))
        return share(one.posts if one else 0, self.whole, independent=worth)

    def share_of_authors(self, brand: str) -> Estimate | None:
        return share(self.authors(brand), self._authors, independent=self._people)


def is_known(store: Store, brands: Sequence[str], period: Period) -> bool:
    """Whether somebody counted posts about all of the brands during the whole of a period.

    As posts came, or later those that an archive or a search brought: then there are some in each
    part of it.
    """
    since = store.counted_since(brands)
    if not all(name in since for name in brands):
        return False
    if all(since[name] <= period.since for name in brands):
        return True
    length = period.length / PARTS
    spans = [(period.since + n * length, period.since + (n + 1) * length) for n in range(PARTS)]
    return store.spans_with_posts(brands, spans) == PARTS


def _sentence(brands: Sequence[BrandVoice]) -> Reason:
    if not any(one.posts for one in brands):
        return Reason(template=SAYS["nobody"])
    first = brands[0]
    values = {"brand": first.brand, "posts": str(first.posts)}
    values["all"] = str(sum(one.posts for one in brands))
    if len(brands) == 1:
        kind = "alone-one" if first.posts == 1 else "alone"
        return Reason(template=SAYS[kind], values=values)
    values["percent"] = f"{100 * first.share.value:.0f}" if first.share else "0"
    kind = "first"
    if first.change is not None:
        kind = "same"
        if is_sure(first.change):
            kind = "more" if first.change.value > 0 else "less"
    return Reason(template=SAYS[kind], values=values)
