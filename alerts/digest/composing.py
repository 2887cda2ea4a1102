"""What a digest says, of everything that waits for a channel. Pure.

A digest answers in this order: which rates raised an alarm; is anything urgent; what changed;
the posts that matter; new suspects; accounts to follow; what was watched and what was not; whether
it is late.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.channels.digest_channel import DigestChannel
from alerts.digest.brands import Told, told
from alerts.digest.grouping import groups_of
from alerts.digest.parts import Group, Item, Watch, Watched
from alerts.digest.sight import watched
from alerts.digest.urgent import REASONS as URGENT
from alerts.digest.urgent import STRONG_SUSPECT, compared, urgent
from alerts.digest.volume import SHORTEST
from alerts.model import FollowProposal, Occasion, RaisedAlarm, Volume, Waiting
from alerts.schedule import LATE_AFTER, Slot
from rules.lookalike.reasons import REASONS as LOOKALIKE
from rules.model import Brand, Definitions, Reason, Suspect
from rules.signals.distinctive import Word, distinctive
from rules.signals.spoken import Hearing

MOST_BRANDS = 6
MOST_SUSPECTS = 8
MOST_CHANGES = 4
"""Changes of one suspect that are told; `watcher suspects show` tells all."""
MOST_PROPOSALS = 8
MOST_VOLUMES = 10
MOST_SOURCES = 20
MOST_ALARMS = 8

MOST_HEARD = 200
"""Among so many of the weightiest posts one is looked for that speaks of the brand to be told."""

FOUND_LATE = timedelta(hours=1)
"""A post older than this when the period began was not found in its own time."""

DELIBERATE = frozenset({"affix", "homoglyph", "leet", "invisible"})
"""Techniques that are hardly chosen by chance, unlike a name that merely holds the brand."""
COPIED = frozenset({"copied-avatar", "copied-bio", "copied-display-name"})
"""What was taken from the brand's own account; each tells of intent by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """Everything a mail says, before words and layout."""

    channel: DigestChannel
    zone: ZoneInfo
    slot: Slot
    now: datetime
    since: datetime
    until: datetime
    posts: int
    """All posts found, shown or not."""
    alarms: tuple[RaisedAlarm, ...]
    """The newest first."""
    more_alarms: int
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
    news: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    """Of suspects that were judged before, by subject: what changed since."""
    proposals: tuple[FollowProposal, ...] = ()
    more_proposals: int = 0
    watched: tuple[Watched, ...] = ()
    more_watched: int = 0
    hidden: int = 0
    """Private posts that were found and are not for these recipients."""
    brands: tuple[Told, ...] = ()
    """How much was said of each brand."""
    more_brands: int = 0
    words: tuple[Word, ...] = ()
    """What sets the posts apart from earlier ones."""
    quoted: Item | None = None
    """The post that says best what people say, where far more is said than usual."""
    written: tuple[datetime, datetime] | None = None
    """When the oldest and the newest post were written, if not in the period of the digest."""
    silenced: int = 0
    """Findings that silences kept from being told."""
    left_out: int = 0
    """Posts that name a brand and are taken for not about it."""
    held: int = 0
    """Posts that wait until an alarm is over."""
    retold: int = 0
    """Alarms among these that were told before."""
    routed: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    """See `Waiting.routed`."""
    notices: tuple[Reason, ...] = ()
    """What is said beside the findings."""
    occasion: Occasion = "digest"

    @property
    def on_time(self) -> bool:
        """Whether it leaves at the time it was promised for."""
        kept = self.now - self.slot.at <= LATE_AFTER and self.occasion == "digest"
        return (
            kept
            and not (self.slot.late or self.slot.first or self.slot.early)
            and self.channel.send != "instant"
        )

    @property
    def sight(self) -> Watch:
        """How well everything together was watched."""
        states = {watched.state for watched in self.watched}
        if not states or states == {"blind"}:
            return "blind"
        return "watched" if states == {"watched"} else "partly"

    @property
    def is_empty(self) -> bool:
        """Nothing was found: no alarm, no post, no suspect, nobody to follow."""
        return not (self.alarms or self.posts or self.hidden or self.suspects or self.proposals)

    @property
    def is_urgent(self) -> bool:
        """Whether somebody should acknowledge it: it holds an alarm, or other urgent news.

        An alarm that is told again asks for nothing new: the message that told it first waits. Nor
        does a source that is still not read: `blind_after` tells of it once.
        """
        over = sum(one.is_over for one in self.alarms)
        if len(self.alarms) - over + self.more_alarms > self.retold:
            return True
        return any(why.template != URGENT["blind"] for why in self.urgent)

    @property
    def is_silent(self) -> bool:
        """The channel wants no mail of this; see `DigestChannel.when_empty`."""
        if not self.is_empty or self.occasion != "digest":
            return False
        kept_back = self.silenced or self.held or self.left_out
        if kept_back and self.channel.send in {"daily", "weekly"}:
            return False  # that nothing is told is not that nothing was said
        if self.channel.send in {"instant", "hourly"} or self.channel.when_empty == "skip":
            return True
        return self.channel.when_empty == "trouble" and self.sight == "watched"

    @property
    def summary(self) -> str:
        """What it holds in a few English words, for logs and records."""
        counts = (
            (len(self.alarms) + self.more_alarms, "alarm", "alarms"),
            (self.posts, "post", "posts"),
            (self.hidden, "private post not shown", "private posts not shown"),
            (self.silenced, "silenced", "silenced"),
            (self.left_out, "left out", "left out"),
            (self.held, "held back", "held back"),
            (len(self.suspects) + self.more_suspects, "suspect", "suspects"),
            (len(self.proposals) + self.more_proposals, "follow proposal", "follow proposals"),
        )
        said = (f"{count} {one if count == 1 else many}" for count, one, many in counts if count)
        return ", ".join(said) or "nothing found"

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
    channel: DigestChannel,
    waiting: Waiting,
    slot: Slot,
    now: datetime,
    brands: Sequence[Brand],
    timezone: str,
) -> Digest:
    """Make the digest of everything that waits, uncut; `alerts.digest.cut` brings it to a size.

    `timezone` is the IANA name used where the channel names none. Deterministic: equal input gives
    an equal digest.
    """
    groups = groups_of(waiting, brands)
    volumes = sorted(waiting.volumes, key=_volume_order)
    order = {"blind": 0, "partly": 1, "watched": 2}
    seen = sorted(map(watched, waiting.coverage), key=lambda w: order[w.state])
    brands_told = _brands(waiting)
    surged = next((one.brand for one in brands_told if one.surge), "")
    quoted = _quoted(groups, surged, brands) if surged else None
    suspects = tuple(sorted(waiting.suspects, key=_suspect_order))
    return Digest(
        channel=channel,
        zone=channel.zone(timezone),
        slot=slot,
        now=now,
        since=waiting.since,
        until=waiting.until,
        posts=len({mention.post.key for mention in waiting.mentions}) + waiting.more,
        alarms=waiting.alarms[:MOST_ALARMS],
        more_alarms=max(0, len(waiting.alarms) - MOST_ALARMS),
        urgent=_urgent(waiting, urgent(waiting, suspects, groups, seen, brands_told, quoted)),
        volumes=tuple(volumes[:MOST_VOLUMES]),
        more_volumes=max(0, len(volumes) - MOST_VOLUMES),
        groups=groups,
        more_posts=waiting.more,
        suspects=suspects[:MOST_SUSPECTS],
        more_suspects=max(0, len(suspects) - MOST_SUSPECTS),
        news={subject: news[:MOST_CHANGES] for subject, news in waiting.news.items()},
        proposals=waiting.proposals[:MOST_PROPOSALS],
        more_proposals=max(0, len(waiting.proposals) - MOST_PROPOSALS),
        watched=tuple(seen[:MOST_SOURCES]),
        more_watched=max(0, len(seen) - MOST_SOURCES),
        hidden=waiting.hidden,
        brands=brands_told[:MOST_BRANDS],
        more_brands=max(0, len(brands_told) - MOST_BRANDS),
        words=_words(waiting, groups, brands),
        quoted=quoted,
        written=_written(waiting),
        silenced=waiting.silenced,
        left_out=waiting.left_out,
        held=waiting.held,
        retold=waiting.retold,
        routed=waiting.routed,
        notices=waiting.notices,
        occasion=waiting.occasion,
    )


def _brands(waiting: Waiting) -> tuple[Told, ...]:
    """The brands, those first of which far more is said than usual."""
    length = waiting.until - waiting.since
    if length < SHORTEST:
        return ()  # of minutes nothing is usual
    brands = [told(voice, length) for voice in waiting.voices]
    return tuple(sorted(brands, key=lambda one: one.surge is None))


def _quoted(groups: Sequence[Group], brand: str, brands: Sequence[Brand]) -> Item | None:
    """The weightiest post that speaks of a brand; of several brands, each is quoted for itself."""
    said = [one for group in groups for one in group.items if one.post.text.strip() and not one.own]
    said.sort(key=lambda one: (one.weight, one.post.key), reverse=True)
    if len(brands) > 1:
        hearing = Hearing(Definitions(brands=tuple(brands)))
        some = [one.post for one in said[:MOST_HEARD]]
        of_it = {spoken.post for spoken in hearing.find(some) if spoken.brand == brand}
        said = [one for one in said if one.post.key in of_it]
    return next(iter(said), None)


def _words(waiting: Waiting, groups: Sequence[Group], brands: Sequence[Brand]) -> tuple[Word, ...]:
    posts = [item.post for group in groups for item in group.items if item.post.text]
    spoken = Counter(post.language.split("-")[0] for post in posts if post.language)
    return distinctive(
        [post.text for post in posts],
        waiting.earlier,
        without=[name for brand in brands for name in (brand.name, *brand.spellings)],
        languages=[language for language, _ in spoken.most_common(3)] or ("en", "fr"),
    )


def _urgent(waiting: Waiting, found: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """What is said first: where a message is for something else, that alone."""
    if waiting.occasion in {"escalation", "blind"}:
        return waiting.pressing
    return (*waiting.pressing, *found)


def _suspect_order(suspect: Suspect) -> tuple[bool, int, float]:
    """Of the strong suspects, those first of which more tells that they mean to deceive."""
    claims = any(why.template == LOOKALIKE["claim"] for why in suspect.evidence)
    deliberate = not DELIBERATE.isdisjoint(suspect.techniques)
    copied = len(COPIED.intersection(suspect.techniques))
    return (suspect.score < STRONG_SUSPECT, -claims - deliberate - copied, -suspect.score)


def _written(waiting: Waiting) -> tuple[datetime, datetime] | None:
    moments = [mention.post.posted_at for mention in waiting.mentions]
    if not moments or min(moments) >= waiting.since - FOUND_LATE:
        return None
    return min(moments), max(moments)


def _volume_order(volume: Volume) -> tuple[float, int, str]:
    usual = compared(volume)
    change = abs(volume.posts - usual) if usual is not None else volume.posts
    return (-change, -volume.posts, volume.rule)
