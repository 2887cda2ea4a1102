"""What is counted of one account's posts: every number of `watcher stats`, and what it is of."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from rules.model import Account, Post
from watcher.insights.model import Estimate, Period, share

Kind = Literal["original", "reply", "repost", "quote"]
KINDS: tuple[Kind, ...] = ("original", "reply", "repost", "quote")


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """A name and in how many posts it stands; a link and a hashtag count once a post."""

    name: str
    posts: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Month:
    """The posts of one month of the zone's calendar."""

    first: date
    """Its first day."""
    posts: int
    whole: bool
    """Whether all of it lies in what was counted: the first and the last month seldom do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kinds:
    """What sort of posts there are. Each post is one: a repost, else a reply, else a quote."""

    original: int = 0
    reply: int = 0
    """Answers to others and to itself."""
    repost: int = 0
    quote: int = 0
    threads: int = 0
    """Those of the replies that answer the account itself."""

    @property
    def posts(self) -> int:
        """All of them."""
        return self.original + self.reply + self.repost + self.quote

    def of(self, kind: Kind) -> int:
        """Return how many there are of a kind."""
        count: int = getattr(self, kind)
        return count

    def share(self, kind: Kind) -> Estimate | None:
        """Return the part of a kind, 0 to 1; None where there are no posts."""
        return share(self.of(kind), self.posts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delay:
    """How long answers took."""

    answers: int
    median: timedelta
    p90: timedelta
    """Nine of ten came at least this fast."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delays:
    """How long posts by others waited for the account's first answer; by when they were written."""

    whole: Delay | None
    """None where no answer stands beside what it answers."""
    hours: tuple[Delay | None, ...]
    """For each of the 24 hours of the zone's day."""
    weekdays: tuple[Delay | None, ...]
    """Monday first."""
    unknown: int
    """Answers to posts that are not stored, or are dated after their answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Addressed:
    """Posts by others that speak to the account; reposts are none."""

    mentions: int
    """Posts that name it and answer none of its posts."""
    mentions_answered: int
    replies: int
    """Posts that answer one of its posts."""
    replies_answered: int
    authors: int
    """How many wrote them."""

    @property
    def posts(self) -> int:
        """All of them."""
        return self.mentions + self.replies

    @property
    def unanswered(self) -> Estimate | None:
        """The part that has no answer by the account among what is stored; None of nothing."""
        return share(self.posts - self.mentions_answered - self.replies_answered, self.posts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Engaged:
    """A post that others did much with."""

    post: Post
    engagement: int
    """Likes, reposts and replies together, as they stood when it was read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Engagement:
    """What others did with the account's own posts: reposts of others' are left out."""

    posts: int
    """Posts of which a network told at least one number."""
    likes: int
    reposts: int
    replies: int
    top: tuple[Engaged, ...]

    @property
    def together(self) -> int:
        """Likes, reposts and replies."""
        return self.likes + self.reposts + self.replies

    @property
    def a_post(self) -> float | None:
        """How many of the three a post has on average; None where none is told."""
        return self.together / self.posts if self.posts else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """How much of what the account wrote is stored."""

    stored: int
    """Its posts in the store, whenever they were written."""
    total: int | None
    """How many it has written, as its network said last; None where nobody asked."""
    oldest: datetime | None
    newest: datetime | None
    fetched: datetime | None
    """When its history was fetched last; None where it never was."""
    whole_since: datetime | None
    """Since when nothing is missing up to `fetched`; None where that is not known."""
    exhausted: bool
    """Whether the network showed all that it shows, back to the first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """How an account posts in a stretch of time."""

    period: Period
    posts: int
    a_day: Estimate
    """Posts a day, from the days' own scatter."""
    hours: tuple[int, ...]
    """Posts in each of the 24 hours of the day."""
    kinds: Kinds


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """One difference between before and after, and how likely chance makes one as large."""

    what: str
    """`posts a day`, `hours` (when the busiest three begin) or one of `KINDS` (its share)."""
    before: float
    after: float
    chance: float | None
    """0 to 1; None where there are too few posts to say."""

    @property
    def is_real(self) -> bool:
        """Whether chance is a poor explanation: it makes one in a hundred at most."""
        return self.chance is not None and self.chance < 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class Around:
    """An account's rhythm before and from a day on."""

    day: date
    before: Rhythm
    after: Rhythm
    shifts: tuple[Shift, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountStatistics:
    """All that is counted of one account's stored posts."""

    account: Account
    zone: ZoneInfo
    period: Period
    """What was counted: what was asked for, else from its first stored post to its last."""
    posts: int
    first: datetime | None
    """When the first of these posts was written; None where there are none."""
    last: datetime | None
    months: tuple[Month, ...]
    """From the first to the last, those without a post included."""
    hours: tuple[tuple[int, ...], ...]
    """Posts by weekday (Monday first) and hour on the zone's clocks: 7 times 24."""
    kinds: Kinds
    answers: tuple[Counted, ...]
    """Whom it answers, by handle or id, most often first; itself is left out."""
    answered_by: tuple[Counted, ...]
    """Who answers it, likewise."""
    delays: Delays
    addressed: Addressed
    hashtags: tuple[Counted, ...]
    domains: tuple[Counted, ...]
    """Registrable domains of what it links to."""
    languages: tuple[Counted, ...]
    """As the posts state them; empty for those that state none."""
    engagement: Engagement
    seen: Seen
    around: Around | None = None
    """None where it was not asked for, or where nothing lies on one side of the day."""
