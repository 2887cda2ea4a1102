"""How much was said of a brand day by day, and how much is usual on such days."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import fmean, median, variance

from watcher.insights.model import Period
from watcher.insights.voice import PARTS, BrandVoice, share_of_voice
from watcher.reports.facts import DayVolume, Volume
from watcher.store import Store

LOOKED_BACK = timedelta(days=56)
FEWEST_WEEKS, MOST_WEEKS = 4, 8
FEWEST_DAYS, MOST_DAYS = 7, 28
SURE = 1.96
"""Standard errors that chance exceeds five times in a hundred."""
FEWEST_POSTS = 10


def volume(
    store: Store, brand: str, period: Period, said: BrandVoice, read_since: datetime | None
) -> Volume:
    """Return the volume of a brand; `said` is its voice in the period. Raises `StoreError`.

    `read_since` is when a source was read first; None where none was.
    """
    earlier = Period(since=period.since - LOOKED_BACK, until=period.since, zone=period.zone)
    [history] = share_of_voice(store, [brand], earlier).brands
    counts = {one.day: one.posts for one in history.days}
    first = counted_from(history, period, read_since, whole=said.posts_before is not None)
    days = tuple(
        DayVolume(
            day=one.day,
            posts=one.posts,
            authors=one.authors,
            usual=usual(counts, first, one.day, period),
        )
        for one in said.days
    )
    before = [counts.get(day, 0) for day in period.before.days()]
    return Volume(
        days=days,
        posts=said.posts,
        authors=said.authors,
        reposts=said.reposts,
        before=said.posts_before,
        certain=None
        if said.posts_before is None
        else differs([one.posts for one in days], before[-len(days) :]),
        private=store.private_spoken(brand, period.since, period.until),
    )


def usual(
    counts: Mapping[date, int], first: date | None, day: date, period: Period
) -> float | None:
    """Return the median of the same weekday in up to eight weeks before the period.

    Of the last four weeks' days where fewer than four such weekdays were counted; None where fewer
    than a week was. The days of the period itself never count.
    """
    if first is None:
        return None
    begin = period.day_of(period.since)
    like = [
        counts.get(one, 0)
        for week in range(1, 60)
        if first <= (one := day - timedelta(weeks=week)) < begin
    ][:MOST_WEEKS]
    if len(like) >= FEWEST_WEEKS:
        return float(median(like))
    last = [begin - timedelta(days=n) for n in range(1, MOST_DAYS + 1)]
    recent = [counts.get(one, 0) for one in last if one >= first]
    return float(median(recent)) if len(recent) >= FEWEST_DAYS else None


def differs(now: Sequence[int], before: Sequence[int]) -> bool | None:
    """Whether two runs of daily counts differ by more than chance; None where nobody can say.

    B. L. Welch, The generalization of Student's problem, Biometrika 34 (1947), with the scatter of
    the days, and never less than that of single posts that come independently (Poisson).
    """
    if sum(now) + sum(before) < FEWEST_POSTS or not now or not before:
        return None
    error = math.sqrt(sum(_scatter(one) / len(one) for one in (now, before)))
    return abs(fmean(now) - fmean(before)) > SURE * error


def _scatter(counts: Sequence[int]) -> float:
    return max(variance(counts) if len(counts) > 1 else 0.0, fmean(counts), 0.25)


def counted_from(
    history: BrandVoice, period: Period, read_since: datetime | None, *, whole: bool
) -> date | None:
    """Return the first day before the period from which on all were counted; None: there is none.

    As posts came: after a source was read first and the brand was counted. Or, where the period
    before is `whole`, later, from an archive: then there are posts in each part of that time.
    """
    begin = period.day_of(period.since)
    found = []
    if history.counted_since is not None and read_since is not None:
        watched = period.day_of(max(history.counted_since, read_since)) + timedelta(days=1)
        found.append(max(watched, history.days[0].day))
    if whole:
        counts = [one.posts for one in history.days]
        dense = (n for n in range(len(counts)) if counts[n] and _is_dense(counts[n:]))
        found += [history.days[n].day for n in dense][:1]
    return min((day for day in found if day < begin), default=None)


def _is_dense(counts: Sequence[int]) -> bool:
    """Whether there are posts in each part of some days."""
    edges = [len(counts) * n // PARTS for n in range(PARTS + 1)]
    return all(any(counts[a:b]) for a, b in pairwise(edges))
