"""Everything that a report tells, as it was counted: no words yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from alerts.model import Coverage
from rules.model import Brand, Post
from watcher.insights.account import AccountStatistics
from watcher.insights.answering import Answering
from watcher.insights.campaigns import Campaign
from watcher.insights.inbox import OwnPosts, Unanswered
from watcher.insights.model import Period
from watcher.insights.people import Influencer, Talk
from watcher.insights.satisfaction import Satisfaction
from watcher.insights.themes import Theme
from watcher.insights.voice import ShareOfVoice
from watcher.store import AlarmRecord, Brought, SuspectNews

Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True, slots=True)
class DayVolume:
    """The posts of one day."""

    day: date
    posts: int
    authors: int
    usual: float | None
    """What such a day usually brings; None while that is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Volume:
    """How much was said of one brand."""

    days: tuple[DayVolume, ...]
    posts: int
    authors: int
    reposts: int
    before: int | None
    """Posts of the period before; None where nobody counted then."""
    certain: bool | None
    """Whether the difference to the period before is more than chance; None: nobody can say."""
    private: int
    """How many of the posts are private."""

    @property
    def usual(self) -> float | None:
        """What the days of the period usually bring together; None where one is not known."""
        known = [one.usual for one in self.days if one.usual is not None]
        return sum(known) if known and len(known) == len(self.days) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class BrandFacts:
    """Everything about one brand."""

    brand: Brand
    others: tuple[Brand, ...]
    """Its competitors."""
    volume: Volume
    voice: ShareOfVoice
    """The brand first."""
    satisfaction: Satisfaction
    themes: tuple[Theme, ...]
    alarms: tuple[AlarmRecord, ...]
    alarm_rules: tuple[str, ...]
    """The rules that can raise an alarm about it."""
    hidden_alarms: int
    """Alarms that private posts raised: they are only counted."""
    influencers: tuple[Influencer, ...]
    talks: tuple[Talk, ...]
    inbox: tuple[Unanswered, ...]
    """Without private posts, and without suspects: who borrows a name is no customer."""
    hidden_inbox: int
    suspect_inbox: int
    """How many suspects wait: they are only counted."""
    own_posts: OwnPosts
    answering: tuple[Answering, ...]
    """The brand first."""
    campaigns: tuple[Campaign, ...]
    """Of the competitors."""
    own_campaigns: tuple[Campaign, ...]
    unseen_before: frozenset[str]
    """Brands of which what is new is not known: too little of their own is stored of before."""
    suspects: SuspectNews
    accounts: tuple[AccountStatistics, ...]
    """The first of the brand's own that are known."""
    more_accounts: int
    """How many more of them are known."""
    posts: Mapping[str, Post] = field(default_factory=dict)
    """Public posts by their key: what may be shown."""
    evidence: Mapping[int, tuple[Post, ...]] = field(default_factory=dict)
    """Public posts of each alarm, by its number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """What was looked at."""

    coverage: tuple[Coverage, ...]
    brought: Mapping[str, Brought]
    """By source."""
    first_reads: Mapping[str, datetime]
    blind: tuple[Stretch, ...]
    """Parts of the period in which no source was read and from which nothing came later."""
    late: Stretch | None
    """The part before anybody watched from which posts came later: it may not be whole."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Everything that a report tells."""

    made: datetime
    program: str
    period: Period
    zone: ZoneInfo
    brands: tuple[BrandFacts, ...]
    watched: Watched
    suspect_domains: frozenset[str] = frozenset()
