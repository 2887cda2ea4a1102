"""Reads everything that a report tells from the store."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from rules import KeywordRule
from rules.model import Brand, Post, Verdict
from rules.signals.spoken import Hearing
from watcher.config import Config
from watcher.insights.account import AccountStatistics, account_statistics
from watcher.insights.answering import answering
from watcher.insights.campaigns import campaigns, is_looked_at
from watcher.insights.inbox import WAITING, own_posts, worklist
from watcher.insights.model import Period
from watcher.insights.people import influencers, talks
from watcher.insights.satisfaction import satisfaction
from watcher.insights.themes import themes
from watcher.insights.voice import ShareOfVoice, share_of_voice
from watcher.reports.facts import BrandFacts, Facts, Stretch, Watched
from watcher.reports.volume import volume
from watcher.store import AlarmRecord, Store, SuspectNews

MOST_LISTED = 20
"""People, conversations, suspects."""
EVERYBODY = 10**9
"""Whoever waits is counted; the section lists the first."""
MOST_ACCOUNTS = 3
"""Own accounts of a brand that are looked at."""
MOST_DOMAINS = 100_000
MOST_SHOWN = 3
"""Posts that are shown for one thing."""


def gather(
    config: Config,
    store: Store,
    hearing: Hearing,
    brands: Sequence[Brand],
    period: Period,
    now: datetime,
    program: str,
) -> Facts:
    """Return everything about some brands in a period. Raises `StoreError`."""
    watched = _watched(config, store, period)
    begin = min(watched.first_reads.values(), default=None)
    return Facts(
        made=now,
        program=program,
        period=period,
        zone=period.zone,
        brands=tuple(_of_brand(config, store, hearing, one, period, begin, now) for one in brands),
        watched=watched,
        suspect_domains=_suspect_domains(store),
    )


def reported(config: Config) -> tuple[Brand, ...]:
    """Return the brands that a report is about where none is named.

    One that is only compared with another is told beside that one.
    """
    compared = {other for brand in config.brands for other in brand.competitors}
    return tuple(b for b in config.brands if b.name not in compared or b.competitors)


def _of_brand(
    config: Config,
    store: Store,
    hearing: Hearing,
    brand: Brand,
    period: Period,
    read_since: datetime | None,
    now: datetime,
) -> BrandFacts:
    known = {one.name: one for one in config.brands}
    others = tuple(known[name] for name in brand.competitors if name != brand.name)
    voice = share_of_voice(store, [brand.name, *(one.name for one in others)], period)
    if read_since is None or read_since > period.before.since:
        voice = _unsure_of_before(voice)
    rules = _alarm_rules(config, hearing, brand)
    alarms, evidence, hidden = _alarms(store, brand, rules, period)
    work = worklist(store, [brand], period.until, WAITING, EVERYBODY, back=period.length)
    waiting = work.entries
    public = tuple(one for one in waiting if not (one.post.private or one.newest.private))
    found = themes(store, brand, others, period)
    began = tuple(one for other in others for one in campaigns(store, other, period))
    own_began = campaigns(store, brand, period)
    people = influencers(store, [brand.name], period, MOST_LISTED, own=[brand])
    accounts, more_accounts = _accounts(store, brand, period)
    keys = [key for theme in found for key in theme.examples[:MOST_SHOWN]]
    keys += [key for one in (*began, *own_began) for key in one.examples[:MOST_SHOWN]]
    keys += [one.best for one in people]
    return BrandFacts(
        brand=brand,
        others=others,
        volume=volume(store, brand.name, period, voice.brands[0], read_since),
        voice=_without_doubles(voice),
        satisfaction=satisfaction(store, brand.name, period),
        themes=found,
        alarms=alarms,
        alarm_rules=rules,
        hidden_alarms=hidden,
        influencers=people,
        talks=talks(store, [brand.name], period, MOST_LISTED, own=[brand]),
        inbox=public,
        hidden_inbox=len(waiting) - len(public),
        suspect_inbox=work.look_alikes,
        own_posts=own_posts(store, [brand], period.until, back=period.length)[0],
        answering=tuple(answering(store, one, period) for one in (brand, *others)),
        campaigns=tuple(sorted(began, key=lambda one: -one.engagement)),
        own_campaigns=own_began,
        unseen_before=frozenset(
            one.name for one in (brand, *others) if not is_looked_at(store, one, period)
        ),
        suspects=_suspects(store, brand, period, now),
        accounts=accounts,
        more_accounts=more_accounts,
        posts=store.public_posts(keys),
        evidence=evidence,
    )


def _unsure_of_before(voice: ShareOfVoice) -> ShareOfVoice:
    """Where nobody watched then, and nothing came later, "nobody spoke of it" is not known."""
    return replace(
        voice,
        brands=tuple(
            one
            if one.posts_before
            else replace(one, posts_before=None, share_before=None, change=None)
            for one in voice.brands
        ),
    )


def _without_doubles(voice: ShareOfVoice) -> ShareOfVoice:
    """A brand that is named twice among the competitors is compared once."""
    return replace(voice, brands=tuple({one.brand: one for one in voice.brands}.values()))


def _alarm_rules(config: Config, hearing: Hearing, brand: Brand) -> tuple[str, ...]:
    """Return the rules with a rate that name the brand, or none at all."""
    names = []
    for rule in config.rules:
        if isinstance(rule, KeywordRule) and rule.enabled and rule.rate is not None:
            named = hearing.named_in(" \n ".join((rule.find, *rule.any, *rule.all)))
            if not named or brand.name in named:
                names.append(rule.name)
    return tuple(names)


def _alarms(
    store: Store, brand: Brand, rules: Sequence[str], period: Period
) -> tuple[tuple[AlarmRecord, ...], Mapping[int, tuple[Post, ...]], int]:
    """Return the alarms about a brand, the public posts of each, and how many are private."""
    found = tuple(
        one
        for one in store.alarms_between(period.since, period.until)
        if one.alarm.group == brand.name or (one.alarm.rule in rules)
    )
    rids = sorted({rid for one in found for rid in one.alarm.evidence})
    stored = {one.rid: one.post for one in store.posts_by_rid(rids)}
    posts = {
        one.id: tuple(stored[rid] for rid in one.alarm.evidence if rid in stored) for one in found
    }
    public = tuple(one for one in found if not any(post.private for post in posts[one.id]))
    shown = {one.id: posts[one.id][:MOST_SHOWN] for one in public}
    return public, shown, len(found) - len(public)


def _accounts(
    store: Store, brand: Brand, period: Period
) -> tuple[tuple[AccountStatistics, ...], int]:
    """Return how a brand's first own accounts posted, and how many more are known."""
    found: dict[str, None] = {}
    for written in brand.accounts:
        network, _, handle = written.rpartition(":")
        account = store.account_by_handle(network or None, handle)
        if account is not None:
            found[account.key] = None
    keys = list(found)[:MOST_ACCOUNTS]
    told = tuple(account_statistics(store, key, period, period.zone) for key in keys)
    return told, len(found) - len(told)


def _suspects(store: Store, brand: Brand, period: Period, now: datetime) -> SuspectNews:
    """Return what became of suspects in a period, and how many are open when the report is made."""
    news = store.suspect_news(brand.name, period.since, period.until, limit=MOST_LISTED)
    later = max(now, period.until) + timedelta(seconds=1)
    return replace(news, open=store.suspect_news(brand.name, period.until, later, limit=0).open)


def _suspect_domains(store: Store) -> frozenset[str]:
    """Return the domains to which nobody is sent: suspects that nobody found harmless."""
    return frozenset(
        one.suspect.name.lower()
        for verdict in (Verdict.OPEN, Verdict.CONFIRMED)
        for one in store.suspects(verdict=verdict, kind="domain", limit=MOST_DOMAINS)
    )


def _watched(config: Config, store: Store, period: Period) -> Watched:
    sources = [one for one in config.sources if one.enabled]
    every = {one.name: one.interval for one in sources}
    coverage = tuple(
        replace(one, every=every[one.source])
        for one in store.coverage(list(every), period.since, period.until)
    )
    brought = store.brought(period.since, period.until)
    reads = {name: at for name, at in store.first_reads().items() if name in every}
    blind = list(_all_blind([one.gaps for one in coverage], period))
    begin = min(reads.values(), default=period.until)
    late = None
    if begin > period.since:
        unwatched = (period.since, min(begin, period.until))
        if any(one.posts for one in brought.values()):
            late = unwatched
        else:
            blind.insert(0, unwatched)
    return Watched(
        coverage=coverage,
        brought=brought,
        first_reads=reads,
        blind=tuple(_joined(blind)),
        late=late,
    )


def _all_blind(
    gaps: Sequence[Sequence[tuple[datetime, datetime, str]]], period: Period
) -> Iterable[Stretch]:
    """Yield the parts of a period that lie in a gap of every source."""
    common: list[Stretch] = [(period.since, period.until)] if gaps else []
    for one in gaps:
        common = [
            (max(a, since), min(b, until))
            for a, b in common
            for since, until in _joined([(since, until) for since, until, _ in one])
            if max(a, since) < min(b, until)
        ]
    return common


def _joined(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Return stretches in order, those that touch as one."""
    result: list[Stretch] = []
    for since, until in sorted(stretches):
        if result and since <= result[-1][1]:
            result[-1] = (result[-1][0], max(until, result[-1][1]))
        else:
            result.append((since, until))
    return result
