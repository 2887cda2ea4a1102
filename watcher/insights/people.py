"""Who matters where brands are spoken of: by what people cause there, and who talks with whom."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rules.lookalike.ownership import split_network
from rules.model import Account, Brand, Reason
from watcher.insights.model import Period
from watcher.store import Store
from watcher.store.people import Looked, Person, Taken

Name = tuple[str, str]
"""Network and handle."""
_BEST_POSTS = 10
"""Posts of one person of which the engagement counts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Influencer:
    """Somebody whose posts about the brands made others do something."""

    account: Account
    """As it was seen last; its followers are shown beside, and count for nothing."""
    score: float
    """0 and up, with no upper end: each doubling of what was caused adds one."""
    posts: int
    """Posts about the brands in the period, without those that only pass on others'."""
    answered_by: int
    """Different others who answered these posts."""
    passed_on_by: int
    """Different others who passed these posts on or quoted them."""
    engagement: int | None
    """Likes, reposts and replies of these posts as the networks told them, without the own ones;
    None where no network told any."""
    per_post: float | None
    """The middle of that over the posts; None where no network told any."""
    suspect: bool
    """Whether the account is held for an imitation of a brand, and nobody found it harmless."""
    best: str
    """The key of the post that most different people took up; empty where it is not stored."""
    best_url: str
    says: Reason
    """What the person caused, in one sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Talk:
    """What one account said to another in posts about the brands, one way."""

    network: str
    who: str
    """The handle of who wrote, without `@`, in small letters."""
    to: str
    """The handle of whom they wrote to, or whose post they passed on."""
    posts: int
    """The next four add up to it: a post is counted once for each whom it addresses."""
    replies: int
    reposts: int
    quotes: int
    mentions: int
    back: int
    """Posts the other way round."""
    negative: int
    neutral: int
    positive: int
    """Posts of each tone; the rest has none that is known."""
    last: datetime
    """When the newest of them was written."""
    who_is_own: bool
    to_is_own: bool
    """Whether it is one of the brands' own accounts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Circle:
    """People who talk with each other, directly or by way of others in it."""

    network: str
    members: tuple[str, ...]
    """Handles, those who take part in most talks first."""
    posts: int


def influencers(
    store: Store,
    brands: Sequence[str],
    period: Period,
    limit: int = 20,
    *,
    own: Sequence[Brand] = (),
    rules: Sequence[str] = (),
) -> tuple[Influencer, ...]:
    """Rank those who speak of the brands by what their posts cause, the strongest first.

    Posts count that speak of one of `brands`, or that one of `rules` found. The accounts of the
    brands `own` are left out, and what they do for others counts for nothing; so do bots, confirmed
    imitators, and everybody's own replies and reposts. Private posts are not looked at: this may be
    passed around. Raises `StoreError`.
    """
    looked = Looked(brands=brands, rules=rules, since=period.since, until=period.until, own=own)
    tallies = _tallies(store, looked)
    scored = ((tally.score, row) for row, tally in tallies.items())
    ranked = sorted((-score, row) for score, row in scored if score > 0)
    found: list[Influencer] = []
    for start in range(0, len(ranked), limit):
        some = [row for _, row in ranked[start : start + limit]]
        people = store.people(some, looked)
        found += [_influencer(people[row], tallies[row]) for row in some if row in people]
        if len(found) >= limit:
            break
    return tuple(found[:limit])


@dataclass(slots=True)
class _Tally:
    """What is known of one person."""

    taken: Taken | None = None
    engaged: dict[int, int] = field(default_factory=dict)
    """How many posts have an engagement."""
    told: bool = False

    @property
    def posts(self) -> int:
        return sum(self.engaged.values()) + (self.taken.unseen if self.taken else 0)

    @property
    def score(self) -> float:
        """What others did, on a scale of doublings: see docs/people.md.

        People count and not their posts, so that a ring of few accounts stays few, however often
        they boost each other; who passes on those who pass on him gets half for it. Of engagement
        the ten best posts count, each for less than the one before, and the best no more than the
        second: neither one lucky post nor a thousand weak ones are worth several good ones. That
        people count by their logarithm follows A. Pal and S. Counts, Identifying topical
        authorities in microblogs, WSDM 2011: it takes the weight from "few overzealous users".
        """
        answered = self.taken.answered_by if self.taken else 0
        passed = (self.taken.passed_on_by - self.taken.mutual / 2) if self.taken else 0.0
        best: list[int] = []
        for engagement in sorted(self.engaged, reverse=True):
            best += [engagement] * min(self.engaged[engagement], _BEST_POSTS - len(best))
            if len(best) >= _BEST_POSTS:
                break
        engaged = sum(math.log2(1 + one) / max(2, place) for place, one in enumerate(best, 1))
        return math.log2(1 + answered) + math.log2(1 + passed) + engaged

    @property
    def middle(self) -> float:
        """The middle of the engagement of the posts."""
        ordered = sorted(self.engaged)
        half = (sum(self.engaged.values()) - 1) / 2
        low = high = 0
        seen = 0
        for engagement in ordered:
            first, seen = seen, seen + self.engaged[engagement]
            if first <= math.floor(half) < seen:
                low = engagement
            if first <= math.ceil(half) < seen:
                high = engagement
        return (low + high) / 2


def _tallies(store: Store, looked: Looked) -> dict[int, _Tally]:
    tallies: dict[int, _Tally] = {}
    taken_up, engaged = store.caused(looked)
    for taken in taken_up:
        tallies[taken.row] = _Tally(taken=taken)
    for noticed in engaged:
        tally = tallies.setdefault(noticed.row, _Tally())
        tally.engaged[noticed.engagement] = tally.engaged.get(noticed.engagement, 0) + noticed.posts
        tally.told = tally.told or noticed.told
    return tallies


def _influencer(person: Person, tally: _Tally) -> Influencer:
    answered = tally.taken.answered_by if tally.taken else 0
    passed = tally.taken.passed_on_by if tally.taken else 0
    engagement = sum(number * posts for number, posts in tally.engaged.items())
    per_post = tally.middle if tally.told else None
    return Influencer(
        account=person.account,
        score=tally.score,
        posts=tally.posts,
        answered_by=answered,
        passed_on_by=passed,
        engagement=engagement if tally.told else None,
        per_post=per_post,
        suspect=person.suspect,
        best=person.best,
        best_url=person.best_url,
        says=_caused(answered, passed, tally.posts, engagement),
    )


def _caused(answered: int, passed: int, posts: int, engagement: int) -> Reason:
    """Say what somebody caused."""
    did = [("answered by {answered}", answered), ("passed on by {passed}", passed)]
    by = ", ".join(words for words, number in did if number)
    people = f"{by} {'person' if (passed or answered) == 1 else 'people'}" if by else ""
    noticed = "{engagement} likes, reposts and replies" if engagement > 1 else ""
    noticed = "{engagement} like, repost or reply" if engagement == 1 else noticed
    written = "{posts} post" if posts == 1 else "{posts} posts"
    on_them = f"{noticed} on {written}" if noticed else written
    said = "; ".join(part for part in (people, on_them if posts else "") if part)
    return Reason(
        template=f"{said[:1].upper()}{said[1:]}.",
        values={
            "answered": f"{answered:,}",
            "passed": f"{passed:,}",
            "posts": f"{posts:,}",
            "engagement": f"{engagement:,}",
        },
    )


def talks(
    store: Store,
    brands: Sequence[str],
    period: Period,
    limit: int = 50,
    *,
    own: Sequence[Brand] = (),
) -> tuple[Talk, ...]:
    """Return who spoke to whom about the brands, those with most posts first.

    What answers, quotes or passes on a post about the brands counts too, wherever it is stored.
    Nobody talks with themselves; private posts are not looked at. Raises `StoreError`.
    """
    looked = Looked(brands=brands, since=period.since, until=period.until)
    ours = {split_network(entry) for brand in own for entry in brand.accounts}

    def is_own(network: str, handle: str) -> bool:
        return not ours.isdisjoint((("", handle), (network, handle)))

    return tuple(
        Talk(
            network=one.network,
            who=one.who,
            to=one.to,
            posts=one.posts,
            replies=one.replies,
            reposts=one.reposts,
            quotes=one.quotes,
            mentions=one.mentions,
            back=one.back,
            negative=one.negative,
            neutral=one.neutral,
            positive=one.positive,
            last=one.last,
            who_is_own=is_own(one.network, one.who),
            to_is_own=is_own(one.network, one.to),
        )
        for one in store.said(looked, limit)
    )


def circles(found: Sequence[Talk], *, fewest: int = 3) -> tuple[Circle, ...]:
    """Return the groups of at least so many people whom talks connect, the largest first.

    Brands' own accounts connect nobody: everybody speaks to them.
    """
    between = [one for one in found if not (one.who_is_own or one.to_is_own)]
    leader: dict[Name, Name] = {}

    def led_by(name: Name) -> Name:
        while (above := leader.setdefault(name, name)) != name:
            leader[name] = name = leader[above]
        return name

    takes_part: Counter[Name] = Counter()
    for one in between:
        who, to = (one.network, one.who), (one.network, one.to)
        takes_part.update((who, to))
        leader[led_by(who)] = led_by(to)
    members: dict[Name, list[Name]] = {}
    for name in sorted(takes_part, key=lambda name: (-takes_part[name], name)):
        members.setdefault(led_by(name), []).append(name)
    posts: Counter[Name] = Counter()
    for one in between:
        posts[led_by((one.network, one.who))] += one.posts
    made = [
        Circle(network=head[0], members=tuple(handle for _, handle in some), posts=posts[head])
        for head, some in members.items()
        if len(some) >= fewest
    ]
    return tuple(sorted(made, key=lambda one: (-len(one.members), -one.posts, one.members)))
