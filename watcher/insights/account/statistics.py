"""Puts together what is counted of an account: steps of time become hours, days and months."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rules.lookalike.hosts import host
from watcher.insights.account.clock import step_of
from watcher.insights.account.model import (
    AccountStatistics,
    Addressed,
    Around,
    Counted,
    Delay,
    Delays,
    Engaged,
    Engagement,
    Kind,
    Kinds,
    Month,
    Seen,
)
from watcher.insights.account.rhythm import Days, rhythm, shifts
from watcher.insights.model import Period
from watcher.store import Store
from watcher.store.account_exchange import Exchange
from watcher.store.account_statistics import AccountCounts, AccountSpan
from watcher.store.account_written import Step

_MOMENT = timedelta(microseconds=1)
_MICROSECONDS = 1_000_000
_LISTED = 20
"""Names in a list: hashtags, domains, languages, people."""


def account_statistics(
    store: Store,
    account_key: str,
    period: Period | None,
    zone: ZoneInfo,
    *,
    around: date | None = None,
) -> AccountStatistics:
    """Count the stored posts of the account with this key (`network:id`).

    `period` bounds the posts, None takes them all; `zone` is that of hours, days and months, and
    `around` asks for the rhythm before and from this day on as well. Raises `NoSuchRecordError`
    where no account has this key, `StoreError` otherwise.
    """
    everything = store.account_span(account_key)
    bounds = period or _whole(everything, zone)
    span = store.account_span(account_key, bounds.since, bounds.until) if period else everything
    step = step_of(zone, span.first or bounds.since, (span.last or bounds.since) + _MOMENT)
    counts = store.account_counts(account_key, bounds.since, bounds.until, step)
    clock = _Local(zone, step)
    moments = [(clock.at(one), one) for one in counts.steps]
    exchanged = counts.exchange
    return AccountStatistics(
        account=everything.account,
        zone=zone,
        period=bounds,
        posts=span.posts,
        first=span.first,
        last=span.last,
        months=_months(moments, bounds, zone),
        hours=_week(moments),
        kinds=_kinds(counts.steps, exchanged.threads),
        answers=_listed(exchanged.answers),
        answered_by=_listed(exchanged.answered_by),
        delays=_delays(exchanged, zone),
        addressed=Addressed(
            mentions=exchanged.mentions,
            mentions_answered=exchanged.mentions_answered,
            replies=exchanged.replies,
            replies_answered=exchanged.replies_answered,
            authors=exchanged.authors,
        ),
        hashtags=_listed(_folded(counts.hashtags)),
        domains=_listed(_domains(counts.hosts)),
        languages=_listed(counts.languages),
        engagement=_engagement(counts),
        seen=_seen(store, account_key, everything),
        around=_around(moments, bounds, zone, around) if around else None,
    )


class _Local:
    """Steps of time as the clocks of a zone show them."""

    def __init__(self, zone: ZoneInfo, step: timedelta) -> None:
        self._zone = zone
        self._seconds = step // timedelta(seconds=1)

    def at(self, step: Step) -> datetime:
        return datetime.fromtimestamp(step.number * self._seconds, self._zone)


def _whole(span: AccountSpan, zone: ZoneInfo) -> Period:
    """Return the days from the first post to the last."""
    if span.first is None or span.last is None:
        beginning = datetime.fromtimestamp(0, UTC)
        return Period(since=beginning, until=beginning, zone=zone)
    return Period.of_days(
        span.first.astimezone(zone).date(), span.last.astimezone(zone).date(), zone
    )


def _months(
    moments: Sequence[tuple[datetime, Step]], bounds: Period, zone: ZoneInfo
) -> tuple[Month, ...]:
    counts: Counter[date] = Counter()
    for local, step in moments:
        counts[date(local.year, local.month, 1)] += step.posts
    if not counts:
        return ()
    found, month = [], min(counts)
    while month <= max(counts):
        following = _next_month(month)
        begin, end = (datetime.combine(day, time.min, zone) for day in (month, following))
        whole = bounds.since <= begin and end <= bounds.until
        found.append(Month(first=month, posts=counts[month], whole=whole))
        month = following
    return tuple(found)


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _week(moments: Iterable[tuple[datetime, Step]]) -> tuple[tuple[int, ...], ...]:
    cells = [[0] * 24 for _ in range(7)]
    for local, step in moments:
        cells[local.weekday()][local.hour] += step.posts
    return tuple(map(tuple, cells))


def _by_kind(step: Step) -> dict[Kind, int]:
    rest = step.posts - step.reposts - step.replies - step.quotes
    return {
        "original": rest, "reply": step.replies, "repost": step.reposts, "quote": step.quotes
    }  # fmt: skip


def _kinds(steps: Sequence[Step], threads: int) -> Kinds:
    reposts = sum(step.reposts for step in steps)
    replies = sum(step.replies for step in steps)
    quotes = sum(step.quotes for step in steps)
    together = sum(step.posts for step in steps)
    return Kinds(
        original=together - reposts - replies - quotes,
        reply=replies,
        repost=reposts,
        quote=quotes,
        threads=threads,
    )


def _listed(counts: Mapping[str, int]) -> tuple[Counted, ...]:
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_LISTED]
    return tuple(Counted(name=name, posts=posts) for name, posts in most)


def _folded(counts: Mapping[str, int]) -> dict[str, int]:
    """Join what differs by case only, under the spelling that is used most."""
    spellings: dict[str, list[tuple[int, str]]] = {}
    for name, posts in counts.items():
        spellings.setdefault(name.casefold(), []).append((posts, name))
    return {max(some)[1]: sum(posts for posts, _ in some) for some in spellings.values()}


def _domains(hosts: Mapping[frozenset[str], int]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for names, posts in hosts.items():
        known = {one.registrable for name in names if (one := host(name)) is not None}
        for domain in known:
            found[domain] += posts
    return found


def _delays(exchanged: Exchange, zone: ZoneInfo) -> Delays:
    sound = [one for one in exchanged.waits if one.waited >= 0]
    hours: list[list[int]] = [[] for _ in range(24)]
    weekdays: list[list[int]] = [[] for _ in range(7)]
    for one in sound:
        local = datetime.fromtimestamp(one.asked // _MICROSECONDS, zone)
        hours[local.hour].append(one.waited)
        weekdays[local.weekday()].append(one.waited)
    return Delays(
        whole=_delay([one.waited for one in sound]),
        hours=tuple(map(_delay, hours)),
        weekdays=tuple(map(_delay, weekdays)),
        unknown=exchanged.unknown + len(exchanged.waits) - len(sound),
    )


def _delay(waited: list[int]) -> Delay | None:
    if not waited:
        return None
    waited.sort()
    return Delay(
        answers=len(waited),
        median=timedelta(microseconds=_quantile(waited, 0.5)),
        p90=timedelta(microseconds=_quantile(waited, 0.9)),
    )


def _quantile(ordered: Sequence[int], part: float) -> int:
    """Return the least value that so large a part of all do not exceed."""
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def _engagement(counts: AccountCounts) -> Engagement:
    echo = counts.echo
    return Engagement(
        posts=echo.posts,
        likes=echo.likes,
        reposts=echo.reposts,
        replies=echo.replies,
        top=tuple(Engaged(post=one.post, engagement=number) for one, number in counts.top),
    )


def _seen(store: Store, key: str, span: AccountSpan) -> Seen:
    history = store.history_of(key)
    newest = history.stretches[0] if history and history.stretches else None
    return Seen(
        stored=span.posts,
        total=history.total if history else None,
        oldest=span.first,
        newest=span.last,
        fetched=history.fetched if history else None,
        whole_since=newest.oldest if newest else None,
        exhausted=bool(newest and newest.whole),
    )


def _around(
    moments: Iterable[tuple[datetime, Step]], bounds: Period, zone: ZoneInfo, day: date
) -> Around | None:
    """Compare the days before a day with those from it on; None where one side has no day."""
    border = datetime.combine(day, time.min, zone).astimezone(UTC)
    if not bounds.since < border < bounds.until:
        return None
    before = Period(since=bounds.since, until=border, zone=zone)
    after = Period(since=border, until=bounds.until, zone=zone)
    last = bounds.day_of(bounds.until - _MOMENT)
    early = Days(first=bounds.day_of(bounds.since), last=day - timedelta(days=1))
    late = Days(first=day, last=last)
    for local, step in moments:
        side = early if local.date() < day else late
        side.add(local.date(), local.hour, _by_kind(step))
    return Around(
        day=day, before=rhythm(early, before), after=rhythm(late, after),
        shifts=shifts(early, late),
    )  # fmt: skip
