"""What a digest says: which matches make it, grouped, merged and ranked. Pure.

A digest answers in this order: is anything urgent; what changed; the posts that matter; new
suspects; accounts to follow; what was watched and what was not; whether it is late.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from alerts.email_digest import EmailDigest
from alerts.merge import merge
from alerts.model import Coverage, FollowProposal, Mention, Volume, Waiting
from alerts.ours import owner
from alerts.schedule import LATE_AFTER, Slot
from rules.lookalike.reasons import REASONS as LOOKALIKE
from rules.model import Brand, Match, Post, Reason, Suspect

MOST_SUSPECTS = 8
MOST_PROPOSALS = 8
MOST_VOLUMES = 10
MOST_SOURCES = 20
MOST_URGENT = 4
"""Of each kind of urgent news."""

FOUND_LATE = timedelta(hours=1)
"""A post older than this when the period began was not found in its own time."""

FRESH = timedelta(minutes=15)
"""A source read to its newest post so lately was watched, however often it is to be read."""

STRONG_SUSPECT = 0.85
DELIBERATE = frozenset({"affix", "homoglyph", "leet", "invisible"})
"""Techniques that are hardly chosen by chance, unlike a name that merely holds the brand."""
SURGE_FACTOR = 3
SURGE_POSTS = 20
"""A rule surges at so many posts that are so many times those of the period before."""
WIDE_FOLLOWERS = 50_000
WIDE_ENGAGEMENT = 500

REASONS = {
    "blind": "{source} could not be watched.",
    "strong-suspect": "“{name}” looks very much like {brand}.",
    "surge": "The rule {rule} found {posts} posts, after {before} in the period before.",
    "wide-author": "@{handle}, whom {followers} accounts follow, wrote about it ({rule}).",
    "wide-post": "A post by @{handle} is spreading: {count} reactions ({rule}).",
}
"""Why something is urgent, as message ids of the catalogues."""

Watch = Literal["watched", "partly", "blind"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A post to show, standing for all that say the same."""

    post: Post
    matches: tuple[Match, ...]
    """Its own matches, that of the rule it is listed under first."""
    also: tuple[str, ...] = ()
    """Other rules that found it or a copy of it."""
    copies: int = 0
    """Further posts that say the same."""
    voices: int = 1
    """Accounts that say it, this post's author included."""
    own: bool = False
    """It comes from an account of a configured brand."""
    weight: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """What one rule found, most important first."""

    rule: str
    items: tuple[Item, ...]
    more: int = 0
    """Posts listed under this rule that are not shown."""
    found: int = 0
    """Posts that the rule found, wherever they are listed."""
    elsewhere: int = 0
    """Those of them that are listed under other rules, which say more about them."""

    @property
    def posts(self) -> int:
        """All posts listed under this rule, shown or not, copies included."""
        return sum(item.copies + 1 for item in self.items) + self.more


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """How one source was watched: `partly` and `blind` mean that posts may be missing."""

    coverage: Coverage
    state: Watch
    missed: timedelta
    """How much of the period lies in gaps."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """Everything a mail says, before words and layout."""

    channel: EmailDigest
    zone: ZoneInfo
    slot: Slot
    now: datetime
    since: datetime
    until: datetime
    posts: int
    """All posts found, shown or not."""
    urgent: tuple[Reason, ...]
    volumes: tuple[Volume, ...]
    more_volumes: int
    groups: tuple[Group, ...]
    more_groups: int = 0
    """Rules of which nothing is shown."""
    more_posts: int = 0
    """Posts of those rules, and those that were too many to consider."""
    suspects: tuple[Suspect, ...] = ()
    more_suspects: int = 0
    proposals: tuple[FollowProposal, ...] = ()
    more_proposals: int = 0
    watched: tuple[Watched, ...] = ()
    more_watched: int = 0
    written: tuple[datetime, datetime] | None = None
    """When the oldest and the newest post were written, if not in the period of the digest."""

    @property
    def on_time(self) -> bool:
        """Whether it leaves at the time it was promised for."""
        kept = self.now - self.slot.at <= LATE_AFTER
        return kept and not (self.slot.late or self.slot.first) and self.channel.send != "instant"

    @property
    def sight(self) -> Watch:
        """How well everything together was watched."""
        states = {watched.state for watched in self.watched}
        if not states or states == {"blind"}:
            return "blind"
        return "watched" if states == {"watched"} else "partly"

    @property
    def is_empty(self) -> bool:
        """Nothing was found: no post, no suspect, nobody to follow."""
        return not (self.posts or self.suspects or self.proposals)

    @property
    def is_silent(self) -> bool:
        """The channel wants no mail of this; see `EmailDigest.when_empty`."""
        if not self.is_empty:
            return False
        if self.channel.send in {"instant", "hourly"} or self.channel.when_empty == "skip":
            return True
        return self.channel.when_empty == "trouble" and self.sight == "watched"

    @property
    def summary(self) -> str:
        """What it holds in a few English words, for logs and records."""
        counts = (
            (self.posts, "posts"),
            (len(self.suspects) + self.more_suspects, "suspects"),
            (len(self.proposals) + self.more_proposals, "follow proposals"),
        )
        return ", ".join(f"{count} {what}" for count, what in counts if count) or "nothing found"

    @property
    def suspect_domains(self) -> frozenset[str]:
        """Domains under suspicion, in ASCII and in Unicode: never to be linked."""
        domains = [suspect for suspect in self.suspects if suspect.is_domain]
        return frozenset(
            text.casefold()
            for suspect in domains
            for text in (suspect.subject.removeprefix("domain:"), suspect.name)
            if text
        )


def compose(
    channel: EmailDigest,
    waiting: Waiting,
    slot: Slot,
    now: datetime,
    brands: Sequence[Brand],
    timezone: str,
) -> Digest:
    """Make the digest of everything that waits, uncut; `alerts.cut` brings it to a size.

    `timezone` is the IANA name used where the channel names none. Deterministic: equal input gives
    an equal digest.
    """
    groups = _groups(waiting, brands)
    volumes = sorted(waiting.volumes, key=_volume_order)
    order = {"blind": 0, "partly": 1, "watched": 2}
    watched = sorted(map(_watched, waiting.coverage), key=lambda w: order[w.state])
    suspects = tuple(sorted(waiting.suspects, key=_suspect_order))
    return Digest(
        channel=channel,
        zone=channel.zone(timezone),
        slot=slot,
        now=now,
        since=waiting.since,
        until=waiting.until,
        posts=len({mention.post.key for mention in waiting.mentions}) + waiting.more,
        urgent=_urgent(waiting, suspects, groups, watched),
        volumes=tuple(volumes[:MOST_VOLUMES]),
        more_volumes=max(0, len(volumes) - MOST_VOLUMES),
        groups=groups,
        more_posts=waiting.more,
        suspects=suspects[:MOST_SUSPECTS],
        more_suspects=max(0, len(suspects) - MOST_SUSPECTS),
        proposals=waiting.proposals[:MOST_PROPOSALS],
        more_proposals=max(0, len(waiting.proposals) - MOST_PROPOSALS),
        watched=tuple(watched[:MOST_SOURCES]),
        more_watched=max(0, len(watched) - MOST_SOURCES),
        written=_written(waiting),
    )


def _groups(waiting: Waiting, brands: Sequence[Brand]) -> tuple[Group, ...]:
    found = {(m.rule, mention.post.key) for mention in waiting.mentions for m in mention.matches}
    sizes = Counter(rule for rule, _ in found)
    weights = {
        mention.post.key: _weight(mention.post, waiting, brands) for mention in waiting.mentions
    }
    best_first = sorted(
        waiting.mentions, key=lambda m: (-weights[m.post.key], m.post.posted_at, m.post.key)
    )
    by_rule: dict[str, list[Item]] = {}
    listed = Counter[str]()
    for family in merge(best_first):
        rules = {match.rule for mention in family for match in mention.matches}
        if not rules:
            continue
        # The rule that found least says most about a post, so the post is listed there.
        ordered = sorted(rules, key=lambda rule: (sizes[rule], rule))
        item = _item(family, ordered, weights[family[0].post.key], brands)
        by_rule.setdefault(ordered[0], []).append(item)
        listed[ordered[0]] += sum((ordered[0], mention.post.key) in found for mention in family)
    groups = [
        Group(
            rule=rule,
            items=tuple(sorted(items, key=lambda item: -item.weight)),
            found=sizes[rule],
            elsewhere=sizes[rule] - listed[rule],
        )
        for rule, items in by_rule.items()
    ]
    return tuple(sorted(groups, key=lambda group: (-group.items[0].weight, group.rule)))


def _item(
    family: Sequence[Mention], rules: Sequence[str], weight: float, brands: Sequence[Brand]
) -> Item:
    shown = family[0]
    copies = len(family) - 1
    return Item(
        post=shown.post,
        matches=tuple(sorted(shown.matches, key=lambda m: (m.rule != rules[0], m.rule))),
        also=tuple(rules[1:]),
        copies=copies,
        voices=len({mention.post.author.key for mention in family}),
        own=owner(shown.post.author, brands) is not None,
        weight=round(weight + 0.5 * math.log2(1 + copies), 6),
    )


def _weight(post: Post, waiting: Waiting, brands: Sequence[Brand]) -> float:
    """How much a post matters: what it set off, who listens, how new it is.

    Logarithms, so that a thousand likes count as a few and not as a thousand. A repost weighs less
    than its original, what we wrote ourselves least of all.
    """
    period = (waiting.until - waiting.since).total_seconds() or 1.0
    age = (waiting.until - post.posted_at).total_seconds() / period
    weight = (
        math.log2(1 + _reactions(post))
        + 0.5 * math.log2(1 + max(0, post.author.followers or 0))
        + max(0.0, min(1.0, 1.0 - age))
    )
    if post.repost_of:
        weight -= 2
    return weight - 100 if owner(post.author, brands) else weight


def _reactions(post: Post) -> int:
    counts = (post.likes or 0, 2 * (post.reposts or 0), post.replies or 0)
    return min(sum(max(0, count) for count in counts), 10**9)


def _suspect_order(suspect: Suspect) -> tuple[bool, int, float]:
    """Of the strong suspects, those first whose name tells that it was meant to deceive."""
    claims = any(why.template == LOOKALIKE["claim"] for why in suspect.evidence)
    deliberate = not DELIBERATE.isdisjoint(suspect.techniques)
    return (suspect.score < STRONG_SUSPECT, -claims - deliberate, -suspect.score)


def _written(waiting: Waiting) -> tuple[datetime, datetime] | None:
    moments = [mention.post.posted_at for mention in waiting.mentions]
    if not moments or min(moments) >= waiting.since - FOUND_LATE:
        return None
    return min(moments), max(moments)


def _volume_order(volume: Volume) -> tuple[float, int, str]:
    change = abs(volume.posts - volume.before) if volume.before is not None else volume.posts
    return (-change, -volume.posts, volume.rule)


def _watched(coverage: Coverage) -> Watched:
    gaps = [
        (max(since, coverage.since), min(until, coverage.until))
        for since, until, _ in coverage.gaps
    ]
    seen = coverage.last_success
    stale = seen is None or coverage.until - seen > max(2 * coverage.every, FRESH)
    if seen is None or (stale and seen <= coverage.since):
        return Watched(
            coverage=coverage,
            state="blind",
            missed=max(timedelta(), coverage.until - coverage.since),
        )
    if coverage.last_error or stale:
        gaps.append((max(seen, coverage.since), coverage.until))
    missed = _length(gaps)
    return Watched(coverage=coverage, state="partly" if missed else "watched", missed=missed)


def _length(stretches: list[tuple[datetime, datetime]]) -> timedelta:
    """The time covered by stretches that may overlap."""
    total = timedelta()
    end: datetime | None = None
    for since, until in sorted(stretches):
        start = since if end is None else max(since, end)
        if until > start:
            total += until - start
            end = until
    return total


def _urgent(
    waiting: Waiting,
    suspects: Sequence[Suspect],
    groups: Sequence[Group],
    watched: Sequence[Watched],
) -> tuple[Reason, ...]:
    blind = [_reason("blind", source=w.coverage.source) for w in watched if w.state == "blind"]
    strong = [
        _reason("strong-suspect", name=_called(s), brand=s.brand)
        for s in suspects
        if s.score >= STRONG_SUSPECT
    ]
    surges = [
        _reason("surge", rule=v.rule, posts=str(v.posts), before=str(v.before))
        for v in waiting.volumes
        if v.before is not None and v.posts >= max(SURGE_POSTS, SURGE_FACTOR * v.before)
    ]
    wide = [
        found
        for group in groups
        for item in group.items
        if not item.own and (found := _wide(item, group.rule)) is not None
    ]
    return tuple(reason for kind in (blind, strong, surges, wide) for reason in kind[:MOST_URGENT])


def _called(suspect: Suspect) -> str:
    """What the eye meets first: the display name where there is one, with the handle behind it."""
    if suspect.is_domain:
        return suspect.name
    handle = f"@{suspect.name}"
    return f"{suspect.display_name} ({handle})" if suspect.display_name else handle


def _wide(item: Item, rule: str) -> Reason | None:
    author = item.post.author
    if (author.followers or 0) >= WIDE_FOLLOWERS:
        followers = str(author.followers)
        return _reason("wide-author", handle=author.handle, followers=followers, rule=rule)
    if (count := _reactions(item.post)) >= WIDE_ENGAGEMENT:
        return _reason("wide-post", handle=author.handle, count=str(count), rule=rule)
    return None


def _reason(clause: str, **values: str) -> Reason:
    return Reason(template=REASONS[clause], values=values)
