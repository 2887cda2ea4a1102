"""How people feel about a brand, against how they usually do: a trend, never a level."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rules.model import Reason
from watcher.insights.model import Estimate, Period
from watcher.insights.net import difference, is_sure, net, smoothed
from watcher.insights.voice import is_known
from watcher.store import Store
from watcher.store.brand_counts import NOTHING_SAID, Opinions, ToneCount
from watcher.store.tones import TONES

FEWEST = 10
"""Of what fewer people said nothing is told."""
USUAL = timedelta(days=28)
"""How people usually feel is how they felt in so many days before."""

SAYS = {
    "uncounted": "Posts that speak of {brand} are not counted.",
    "nobody": "Nobody spoke of {brand} in this period.",
    "unknown": "Nothing can tell in which tone people speak of {brand}.",
    "one": "1 post is too few to say how people feel about {brand}.",
    "few": "{posts} posts are too few to say how people feel about {brand}.",
    "few-known": "{posts} posts speak of {brand}, but the tone of what only {people} people said "
    "of it is known: too few to say how people feel.",
    "one-known": "{posts} posts speak of {brand}, but the tone of what only 1 person said of it is "
    "known: too few to say how people feel.",
    "first": "How people felt about {brand} in the four weeks before is not known: there is "
    "nothing to compare with.",
    "better": "People feel better about {brand} than in the four weeks before.",
    "worse": "People feel worse about {brand} than in the four weeks before.",
    "same": "How people feel about {brand} shows no difference to the four weeks before that could "
    "not be chance.",
    "better-partly": "People feel better about {brand} than before, of which not all is counted.",
    "worse-partly": "People feel worse about {brand} than before, of which not all is counted.",
    "same-partly": "How people feel about {brand} shows no difference to the time before that "
    "could not be chance; not all of that time is counted.",
}
"""What may be said, as message ids of the catalogues."""
PARTLY = frozenset({"better", "worse", "same"})


@dataclass(frozen=True, kw_only=True, slots=True)
class DaySatisfaction:
    """One day of one brand."""

    day: date
    posts: int
    """All that speak of the brand, copies too; the next four add up to it."""
    negative: int
    neutral: int
    positive: int
    unknown: int
    sayings: int
    """Different wordings whose tone is known: what `net` is counted from."""
    authors: int
    """Different people who wrote them first."""
    net: Estimate | None
    """Positive less negative sayings, of those whose tone is known, -1 to 1; None of too few
    people."""
    change: Estimate | None
    """By how much `net` differs from what is usual, or where that is not known from the whole
    period; None where it is not known itself."""
    smooth: float | None
    """The same difference with the chance of few posts taken out: what a line shows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Satisfaction:
    """How people felt about a brand in a period."""

    brand: str
    period: Period
    days: tuple[DaySatisfaction, ...]
    posts: int
    negative: int
    neutral: int
    positive: int
    unknown: int
    sayings: int
    authors: int
    """Different people behind the sayings."""
    whole: Estimate | None
    """Net satisfaction of the period; None of too few sayings. Not to be shown as a level."""
    before: Estimate | None
    """That of the period before, which is as long."""
    usual: Estimate | None
    """That of the four weeks before the period."""
    change: Estimate | None
    """`whole` less `usual`: the number to show. Its sign is sure where 0 is not between its bounds.
    """
    change_before: Estimate | None
    """`whole` less `before`."""
    counted_since: datetime | None
    """Since when posts that speak of the brand are counted; None: they are not."""
    says: Reason
    """What may be said, in one sentence."""


def satisfaction(store: Store, brand: str, period: Period) -> Satisfaction:
    """Tell how people felt about a brand in a period, and how sure that is. Raises `StoreError`.

    Each wording counts once, for whoever wrote it first: a hundred reposts are not a hundred happy
    customers. Who wrote a lot weighs in the number, but makes it no surer than one person can.
    """
    days = list(period.by_day())
    earlier = Period(since=period.since - USUAL, until=period.since, zone=period.zone)
    parts = [*(part for _, part in days), period, earlier]
    if (again := period.before) != earlier:
        parts.append(again)
    spans = [(part.since, part.until) for part in parts]
    said = {one.span: one for one in store.opinion_counts(brand, spans)}
    told = _tones(store.tone_counts(brand, spans[: len(days)]))
    nets = [_net(said.get(n)) for n in range(len(spans))]
    whole, usual, before = nets[len(days)], nets[len(days) + 1], nets[-1]
    measure = usual or whole
    lines = smoothed(nets[: len(days)])
    since = store.counted_since([brand]).get(brand)
    of_all = said.get(len(days), NOTHING_SAID)
    tones = {tone: sum(one.get(tone, 0) for one in told.values()) for tone in ("", *TONES)}
    change = difference(whole, usual)
    return Satisfaction(
        brand=brand,
        period=period,
        days=tuple(
            DaySatisfaction(
                day=day,
                posts=sum(told.get(n, {}).values()),
                negative=told.get(n, {}).get("negative", 0),
                neutral=told.get(n, {}).get("neutral", 0),
                positive=told.get(n, {}).get("positive", 0),
                unknown=told.get(n, {}).get("", 0),
                sayings=said.get(n, NOTHING_SAID).sayings,
                authors=said.get(n, NOTHING_SAID).authors,
                net=nets[n],
                change=difference(nets[n], measure),
                smooth=None if line is None or measure is None else line - measure.value,
            )
            for n, ((day, _), line) in enumerate(zip(days, lines, strict=True))
        ),
        posts=sum(tones.values()),
        negative=tones["negative"],
        neutral=tones["neutral"],
        positive=tones["positive"],
        unknown=tones[""],
        sayings=of_all.sayings,
        authors=of_all.authors,
        whole=whole,
        before=before,
        usual=usual,
        change=change,
        change_before=difference(whole, before),
        counted_since=since,
        says=_sentence(
            brand, tones, of_all, change, since, whole_usual=is_known(store, [brand], earlier)
        ),
    )


def _net(of: Opinions | None) -> Estimate | None:
    return net(of) if of is not None and of.authors >= FEWEST else None


def _tones(counted: Sequence[ToneCount]) -> dict[int, dict[str, int]]:
    told: dict[int, dict[str, int]] = {}
    for one in counted:
        told.setdefault(one.span, {})[one.tone] = one.posts
    return told


def _sentence(
    brand: str,
    tones: Mapping[str, int],
    of: Opinions,
    change: Estimate | None,
    since: datetime | None,
    *,
    whole_usual: bool,
) -> Reason:
    posts = sum(tones.values())
    values = {"brand": brand, "posts": str(posts), "people": str(of.authors)}
    if not posts:
        kind = "nobody" if since else "uncounted"
    elif posts == tones[""]:
        kind = "unknown"
    elif posts < FEWEST:
        kind = "one" if posts == 1 else "few"
    elif of.authors < FEWEST:
        kind = "one-known" if of.authors == 1 else "few-known"
    elif change is None:
        kind = "first"
    elif is_sure(change):
        kind = "better" if change.value > 0 else "worse"
    else:
        kind = "same"
    if kind in PARTLY and not whole_usual:
        kind = f"{kind}-partly"
    return Reason(template=SAYS[kind], values=values)
