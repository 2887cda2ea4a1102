"""What rates speak of: a match as an event, what is known of a rule's matches, and an alarm."""

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol, runtime_checkable

from rules.model import Reason

Group = Literal["author", "brand", "domain"]
"""What a rate may keep apart: each author, brand or link domain is then counted for itself."""

Value = Literal["author", "domain", "hashtag", "language"]
"""What of a post can be new, or be counted in its variety."""

LEAST_GRACE = timedelta(days=1)
MOST_EVIDENCE = 5
"""Posts named with an alarm."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One match, as far as rates look at it."""

    at: datetime
    """When the post was written, or when it was found where it claims to be written later."""
    rid: int
    """The post's number in the order of arrival."""
    author: str
    """The author's key."""
    handle: str = ""
    """What the author is called."""
    values: Mapping[Group | Value, tuple[str, ...]] = field(default_factory=dict)
    """Brands, domains, hashtags, languages; only those that the rate asks for."""
    toned: tuple[str, ...] = ()
    """The brands of which it speaks in a tone that is known; only where the rate asks."""
    negative: tuple[str, ...] = ()
    """Those of which it speaks badly."""
    repost: bool = False
    """Whether it passes another post on."""
    followers: int = 0
    """The followers of its author, as far as known."""

    def of(self, what: Group | Value) -> tuple[str, ...]:
        """What the post has of a kind of value."""
        return (self.author,) if what == "author" else self.values.get(what, ())


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """The matches of a rule came too often, too seldom, or with something new."""

    rule: str
    kind: str
    """The rate's kind: `frequency`, `spike`, ..."""
    group: str = ""
    """The author's key, the brand, the domain or the new value; empty where none is kept apart."""
    since: datetime
    until: datetime
    """The window it is about: posts written after `since` and up to `until`."""
    count: int
    """What was counted in it: posts, authors or different values."""
    reason: Reason
    evidence: tuple[int, ...] = ()
    """The `rid` of some posts in the window, newest first; at most `MOST_EVIDENCE`."""


class History(Protocol):
    """The matches of one rule, all that are stored, each counted in the time of its post."""

    def events(self, since: datetime, until: datetime) -> Sequence[Event]:
        """Those written after `since` and up to `until`, in the order of writing, then arrival."""
        ...

    def count(self, since: datetime, until: datetime) -> Mapping[str, int]:
        """How many there are for each group, or distinct authors where the rate counts those.

        Without groups all stand under the empty name. Who has none may be missing.
        """
        ...


@runtime_checkable
class Toned(Protocol):
    """A history that knows the tone of its posts, for what judges their share of negative ones."""

    def tones(self, since: datetime, until: datetime) -> Mapping[str, tuple[int, int]]:
        """How many negative posts there are for each group, and of how many the tone is known."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """When all sources were really read: without it silence means nothing."""

    since: datetime
    until: datetime
    gaps: tuple[tuple[datetime, datetime], ...] = ()

    def is_whole(self, since: datetime, until: datetime) -> bool:
        """Whether no gap lies between two moments, as far as is known by now."""
        if since < self.since:
            return False
        return not any(begin < until and end > since for begin, end in self.gaps)

    def covers(self, since: datetime, until: datetime) -> bool:
        """Whether all that was written between two moments has been read."""
        return until <= self.until and self.is_whole(since, until)


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """All that a rate judges by, at one moment."""

    rule: str
    now: datetime
    fresh: tuple[Event, ...]
    """The matches found since the rate was judged last, in the order of writing."""
    history: History
    """All matches, the fresh ones among them."""
    watching_since: datetime
    """Since when the rule has been looking for what it looks for now."""
    told: Mapping[str, tuple[datetime, ...]] = field(default_factory=dict)
    """The ends of the windows of recent alarms, by group."""
    silence: timedelta
    """How long a group stays silent after an alarm."""
    sight: Sight | None = None
    """None where some source was never read to its newest post, or there is none."""
    settled: bool = True
    """Whether all posts that were read until the end of the sight are matched."""
    known: Mapping[str, datetime] = field(default_factory=dict)
    """When each value among the fresh ones was last met before; for `new_term` alone."""


def fresh_within(record: Record, window: timedelta) -> tuple[Event, ...]:
    """The fresh events an alarm may still be about.

    What was written longer ago than the window, and at least a day, is counted in its own time and
    raises nothing: who was away is not told at length of what is over.
    """
    oldest = record.now - max(window, LEAST_GRACE)
    return tuple(event for event in record.fresh if event.at > oldest)


def watched_until(record: Record, window: timedelta, *, windows: int) -> datetime | None:
    """The moment up to which so many windows on end were watched without a gap, if they were.

    None where anything may be missing in them, where the rule is younger, or where the last look
    is so long ago that nobody should be told now.
    """
    sight = record.sight
    if sight is None or not record.settled:
        return None
    first = sight.until - windows * window
    if first < record.watching_since or sight.until <= record.now - max(window, LEAST_GRACE):
        return None
    if sight.until > record.now:  # the clock was put back since
        return None
    return sight.until if sight.covers(first, sight.until) else None


class Quiet:
    """Which groups stay silent around the alarms that were raised."""

    def __init__(self, record: Record) -> None:
        self._told = {group: sorted(moments) for group, moments in record.told.items()}
        self._length = record.silence

    def covers(self, group: str, at: datetime) -> bool:
        """Whether an alarm about this moment would come too soon: after another, or before it."""
        return any(abs(at - moment) < self._length for moment in self._beside(group, at))

    def covers_all(self, group: str, since: datetime, until: datetime) -> bool:
        """Whether one alarm silences the whole time between two moments, both included."""
        return any(
            abs(since - moment) < self._length and abs(until - moment) < self._length
            for moment in self._beside(group, since)
        )

    def begin(self, group: str, at: datetime) -> None:
        """Note an alarm."""
        insort(self._told.setdefault(group, []), at)

    def _beside(self, group: str, at: datetime) -> list[datetime]:
        """The last alarm up to a moment and the first after it: no other is nearer."""
        told = self._told.get(group, [])
        place = bisect_right(told, at)
        return told[max(0, place - 1) : place + 1]


def evidence(events: Sequence[Event]) -> tuple[int, ...]:
    """The posts to show for an alarm: the newest, by different authors where there are several."""
    newest: dict[str, int] = {}
    for event in reversed(events):
        newest.setdefault(event.author, event.rid)
        if len(newest) == MOST_EVIDENCE:
            break
    chosen = list(newest.values())
    for event in reversed(events):
        if len(chosen) == MOST_EVIDENCE:
            break
        if event.rid not in chosen:
            chosen.append(event.rid)
    return tuple(sorted(chosen, reverse=True))
