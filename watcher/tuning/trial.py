"""A rule over many posts: how much it finds and when, samples, and how right it is."""

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import count
from statistics import median
from zoneinfo import ZoneInfo

from rules import KeywordRule
from rules.copies import COPIES_FOR, Originals
from rules.matcher import Matcher
from rules.model import Definitions, Match, Post
from rules.tuning.quality import Quality
from watcher.tuning.corpus import Corpus, Known, Report


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A post to show, and what matched in it; no match where the rule missed it."""

    post: Post
    match: Match | None = None


class Newest:
    """Keeps the newest posts of those it is shown."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[tuple[datetime, int, Found]] = []
        self._order = count()

    def add(self, found: Found) -> None:
        """Take one in, and let go of the oldest where there are too many."""
        heapq.heappush(self._kept, (found.post.posted_at, next(self._order), found))
        if len(self._kept) > self._most:
            heapq.heappop(self._kept)

    def newest_first(self) -> list[Found]:
        """Return what was kept."""
        return [found for _, _, found in sorted(self._kept, key=lambda one: one[:2], reverse=True)]


class Repeats:
    """Tells which of the posts that one rule finds are told, and which only repeat these.

    As the service does it, going by when posts were written instead of when they were found.
    """

    def __init__(self, rule: KeywordRule) -> None:
        self._originals = Originals(rule.dedupe) if rule.dedupe != "none" else None
        self._told: dict[str, datetime] = {}

    def has(self, post: Post) -> bool:
        """Whether the post repeats one that was shown before; posts come in their order."""
        if self._originals is None:
            return False
        original = self._originals.original_of(post) or post.key
        first = self._told.get(original)
        if first is not None and abs(post.posted_at - first) <= COPIES_FOR:
            return True
        self._told[original] = post.posted_at
        return False


Channels = Callable[[str, Post], Iterable[str]]
"""Where a post goes that a rule found: the names of channels, by the name of the rule."""


@dataclass(kw_only=True)
class Trial:
    """What one rule found."""

    rule: str
    repeats: Repeats
    samples: Newest
    """Posts that it found."""
    mistaken: Newest
    """Posts that it found and somebody called irrelevant."""
    missed: Newest
    """Posts that it did not find and somebody called relevant."""
    found: int = 0
    minutes: Counter[datetime] = field(default_factory=Counter)
    """Posts found by the minute (UTC) in which they were written."""
    told: Counter[datetime] = field(default_factory=Counter)
    """The same without those that the rule's `dedupe` keeps back."""
    brought: dict[str, Counter[datetime]] = field(default_factory=dict)
    """Of these, what comes to each channel, be it by the rule or by a route."""
    judged: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    """Posts somebody judged, by (found, relevant)."""

    @property
    def quality(self) -> Quality:
        """How right it was on the posts that somebody judged."""
        return Quality(
            tp=self.judged[True, True],
            fp=self.judged[True, False],
            fn=self.judged[False, True],
            tn=self.judged[False, False],
        )

    @property
    def copies(self) -> int:
        """Posts found that only repeat others, and are not told."""
        return self.found - self.told.total()

    def per_day(self, zone: ZoneInfo) -> Counter[date]:
        """Posts found by day on the clocks of a zone."""
        days = Counter[date]()
        for minute, number in self.minutes.items():
            days[minute.astimezone(zone).date()] += number
        return days

    def add(self, known: Known, match: Match | None, channels: Channels | None = None) -> None:
        """Count one post, and whether it was found; `channels` says where such a post goes."""
        if match is not None:
            self.found += 1
            minute = known.post.posted_at.replace(second=0, microsecond=0)
            self.minutes[minute] += 1
            is_told = not self.repeats.has(known.post)
            self.told[minute] += is_told
            if is_told and channels is not None:
                for channel in channels(self.rule, known.post):
                    self.brought.setdefault(channel, Counter())[minute] += 1
            self.samples.add(Found(post=known.post, match=match))
        if known.relevant is None:
            return
        self.judged[match is not None, known.relevant] += 1
        if known.relevant and match is None:
            self.missed.add(Found(post=known.post))
        elif match is not None and not known.relevant:
            self.mistaken.add(Found(post=known.post, match=match))


@dataclass(kw_only=True)
class Trials:
    """What several rules found in the same posts."""

    trials: list[Trial]
    scanned: int = 0
    days: Counter[date] = field(default_factory=Counter)
    """Posts read by day."""

    def span(self) -> list[date]:
        """Every day from the first post to the last, those without posts too."""
        return span(self.days)

    def median_a_day(self, trial: Trial, zone: ZoneInfo) -> float:
        """Posts found on a day as many others have; 0 where there is no day."""
        per_day = trial.per_day(zone)
        return median([per_day[day] for day in self.span()] or [0])


def span(days: Collection[date]) -> list[date]:
    """Every day from the first to the last, those between too."""
    if not days:
        return []
    first, last = min(days), max(days)
    return [first + timedelta(days=at) for at in range((last - first).days + 1)]


def run(
    rules: Sequence[KeywordRule],
    definitions: Definitions,
    corpus: Corpus,
    *,
    zone: ZoneInfo,
    report: Report,
    samples: int = 0,
    wrong: int = 0,
    channels: Channels | None = None,
) -> Trials:
    """Run rules, enabled or not, over a corpus in one pass.

    At most `samples` posts found and `wrong` posts of each kind of mistake are kept of each rule.
    With `channels` is counted what comes to each.
    Raises `ExpressionError` for a rule that is not valid, and what the corpus raises.
    """
    trials = Trials(
        trials=[
            Trial(
                rule=rule.name,
                repeats=Repeats(rule),
                samples=Newest(samples),
                mistaken=Newest(wrong),
                missed=Newest(wrong),
            )
            for rule in rules
        ]
    )
    numbered = [replace(rule, name=str(at), enabled=True) for at, rule in enumerate(rules)]
    matcher = Matcher(numbered, definitions)
    for batch in corpus.batches(report):
        matches: dict[str, dict[int, Match]] = {}
        for match in matcher.match([known.post for known in batch]):
            matches.setdefault(match.post, {})[int(match.rule)] = match
        trials.scanned += len(batch)
        for known in batch:
            trials.days[known.post.posted_at.astimezone(zone).date()] += 1
            found = matches.get(known.post.key, {})
            # most posts match few rules: the others count only where somebody judged the post
            for at in found if known.relevant is None else range(len(rules)):
                trial = trials.trials[at]
                one = found.get(at)
                trial.add(known, one and replace(one, rule=trial.rule), channels)
    return trials
