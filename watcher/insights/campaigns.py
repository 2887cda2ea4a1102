"""What a brand began to say in public: hashtags it had not used, and bursts of its own posts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from rules.lookalike.ownership import split_network
from rules.model import Brand, Reason
from rules.rates.tail import is_high, usual
from rules.text import fold_words
from watcher.insights.model import Period
from watcher.insights.voice import is_known
from watcher.store import Store
from watcher.store.brand_acts import OwnCount, Tagged
from watcher.store.brand_counts import Span

NEW_AFTER = timedelta(days=28)
"""A hashtag is new that was not used for so long before the period; what is usual is told by the
same days."""
FEWEST_OWN = 2
"""In one post alone a hashtag of the brand is no campaign, unless others take it up."""
FEWEST_PEOPLE = 5
"""What fewer people take up is no talk."""
FEWEST_BURST = 5
"""Fewer posts a day are no burst."""
MOST = 12
EXAMPLES = 3

SAYS = {
    "hashtag": "{brand} began to use #{tag}: in {own} posts of its own, and in {posts} by {people} "
    "people who speak of it.",
    "hashtag-one": "{brand} began to use #{tag}: in 1 post of its own, and in {posts} by {people} "
    "people who speak of it.",
    "hashtag-alone": "{brand} began to use #{tag}: in {own} posts of its own; nobody else who "
    "speaks of it does.",
    "hashtag-other": "{brand} began to use #{tag}: in {own} posts of its own; 1 other person who "
    "speaks of it does.",
    "talk": "#{tag} is new among posts that speak of {brand}: {posts} posts by {people} people.",
    "burst": "{brand} wrote {own} posts within {days} days, usually {usual}.",
    "burst-day": "{brand} wrote {own} posts on one day, usually {usual}.",
}
"""What may be said, as message ids of the catalogues."""


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
    """Return what a brand began in a period, what moved most first. Raises `StoreError`.

    Nothing is new to somebody who did not look before: where no posts of the brand's own accounts,
    or none that speak of it, are stored of the time before, nothing is told of that kind.
    """
    span = (period.since, period.until)
    earlier = Period(since=period.since - NEW_AFTER, until=period.since, zone=period.zone)
    before = (earlier.since, earlier.until)
    mine = _by_tag(store.own_tags(brand, span))
    theirs = _by_tag(store.tags_beside(brand, span))
    found: list[tuple[Campaign, list[int]]] = []
    used = set(_by_tag(store.own_tags(brand, before)))
    if is_looked_at(store, brand, period):
        found += [
            _of_tag("hashtag", brand, tag, own, theirs.get(tag, _Tag()))
            for tag, own in mine.items()
            if tag not in used and _is_campaign(own, theirs.get(tag, _Tag()))
        ]
        found += _bursts(store, brand, period)
    if is_known(store, [brand.name], earlier):
        heard = used.union(_by_tag(store.tags_beside(brand, before)))
        own_new = {one.name.casefold() for one, _ in found}
        found += [
            _of_tag("talk", brand, tag, mine.get(tag, _Tag()), talk)
            for tag, talk in theirs.items()
            if tag not in heard and tag not in own_new and not _is_name(tag, brand) and talk.is_wide
        ]
    found.sort(key=lambda one: (-one[0].engagement - one[0].posts, one[0].since, one[0].name))
    some = found[:MOST]
    shown = store.shown_posts([rid for _, rids in some for rid in rids])
    return tuple(
        replace(one, examples=tuple(shown[rid].key for rid in rids if rid in shown)[:EXAMPLES])
        for one, rids in some
    )


def is_looked_at(store: Store, brand: Brand, period: Period) -> bool:
    """Whether enough is stored of what a brand's own accounts wrote before to tell what is new.

    Raises `StoreError`.
    """
    span = _first_half((period.since - NEW_AFTER, period.since))
    return store.own_counts(brand, [span])[0].posts > 0


class _Tag:
    """Posts with one hashtag."""

    def __init__(self) -> None:
        self.posts = self.engagement = 0
        self.forms = Counter[str]()
        self.authors = Counter[int]()
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.rids: list[tuple[int, datetime, int]] = []

    def add(self, one: Tagged, written: str) -> None:
        self.posts += one.posts
        self.engagement += one.engagement
        self.forms[written] += one.posts
        self.authors[one.author] += one.posts
        self.first = min(self.first or one.first, one.first)
        self.last = max(self.last or one.last, one.last)
        self.rids.append((-one.engagement, one.first, one.rid))

    @property
    def is_wide(self) -> bool:
        """Whether many people use it, and not but a few of them often."""
        most = max(self.authors.values(), default=0)
        return len(self.authors) >= FEWEST_PEOPLE and 2 * most <= self.posts

    def best(self) -> list[int]:
        return [rid for _, _, rid in sorted(self.rids)[:EXAMPLES]]


def _by_tag(some: Iterable[Tagged]) -> dict[str, _Tag]:
    """Posts by hashtag, whatever its capitals."""
    found: dict[str, _Tag] = {}
    for one in some:
        for folded, written in {tag.casefold(): tag for tag in one.hashtags}.items():
            found.setdefault(folded, _Tag()).add(one, written)
    return found


def _is_campaign(own: _Tag, theirs: _Tag) -> bool:
    """Whether a hashtag is more than one word of one post."""
    return own.posts >= FEWEST_OWN or len(theirs.authors) >= FEWEST_PEOPLE


def _is_name(tag: str, brand: Brand) -> bool:
    names = (brand.name, *brand.spellings, *(split_network(one)[1] for one in brand.accounts))
    return tag in {"".join(fold_words(name)) for name in names}


def _of_tag(
    kind: Literal["hashtag", "talk"], brand: Brand, tag: str, own: _Tag, theirs: _Tag
) -> tuple[Campaign, list[int]]:
    main = own if kind == "hashtag" else theirs
    name = min(main.forms, key=lambda form: (-main.forms[form], form), default=tag)
    moments = [one for one in (own.first, own.last, theirs.first, theirs.last) if one]
    values = {
        "brand": brand.name,
        "tag": name,
        "own": str(own.posts),
        "posts": str(theirs.posts),
        "people": str(len(theirs.authors)),
    }
    told = Campaign(
        kind=kind,
        brand=brand.name,
        name=name,
        since=min(moments) if kind == "talk" or own.first is None else own.first,
        until=max(moments),
        own_posts=own.posts,
        posts=theirs.posts,
        authors=len(theirs.authors),
        engagement=own.engagement + theirs.engagement,
        usual=None,
        examples=(),
        says=Reason(template=SAYS[_saying(kind, own, theirs)], values=values),
    )
    return told, [*own.best(), *theirs.best()]


def _saying(kind: Literal["hashtag", "talk"], own: _Tag, theirs: _Tag) -> str:
    """Which sentence to say: of one post, and of nobody or one person, others."""
    if kind == "talk":
        return kind
    if own.posts == 1:
        return "hashtag-one"
    return {0: "hashtag-alone", 1: "hashtag-other"}.get(len(theirs.authors), kind)


def _bursts(store: Store, brand: Brand, period: Period) -> list[tuple[Campaign, list[int]]]:
    """Days in a row on which a brand posts far more than on the days before the period."""
    earlier = Period.of_days(
        period.day_of(period.since) - NEW_AFTER,
        period.day_of(period.since) - timedelta(days=1),
        period.zone,
    )
    days = [one for _, one in period.by_day()]
    calm = [one for _, one in earlier.by_day()]
    counts = store.own_counts(brand, [(one.since, one.until) for one in (*calm, *days)])
    before = [one.posts for one in counts[: len(calm)]]
    runs: list[list[tuple[Period, OwnCount]]] = [[]]
    for day, one in zip(days, counts[len(calm) :], strict=True):
        if one.posts >= FEWEST_BURST and is_high(one.posts, before):
            runs[-1].append((day, one))
        elif runs[-1]:
            runs.append([])
    return [_burst(store, brand, run, usual(before)) for run in runs if run]


def _burst(
    store: Store, brand: Brand, run: Sequence[tuple[Period, OwnCount]], a_day: float
) -> tuple[Campaign, list[int]]:
    posts = sum(one.posts for _, one in run)
    span = (run[0][0].since, run[-1][0].until)
    firsts = [one.first for _, one in run if one.first]
    lasts = [one.last for _, one in run if one.last]
    values = {
        "brand": brand.name,
        "own": str(posts),
        "days": str(len(run)),
        "usual": str(int(a_day * len(run) + 0.5)),
    }
    told = Campaign(
        kind="burst",
        brand=brand.name,
        name="",
        since=min(firsts),
        until=max(lasts),
        own_posts=posts,
        posts=0,
        authors=0,
        engagement=sum(one.engagement for _, one in run),
        usual=a_day * len(run),
        examples=(),
        says=Reason(template=SAYS["burst-day" if len(run) == 1 else "burst"], values=values),
    )
    return told, list(store.best_own(brand, span, EXAMPLES))


def _first_half(span: Span) -> Span:
    return span[0], span[0] + (span[1] - span[0]) / 2
