"""Two rules over the same posts: what the one finds and the other does not."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from zoneinfo import ZoneInfo

from rules import KeywordRule
from rules.matcher import Matcher
from rules.model import Definitions
from rules.tuning.quality import Quality
from watcher.tuning.corpus import Corpus, Report
from watcher.tuning.trial import Found, Newest


@dataclass(kw_only=True)
class Difference:
    """Posts that only one of two rules finds."""

    posts: Newest
    number: int = 0
    relevant: int = 0
    """Of these, how many somebody called relevant."""
    irrelevant: int = 0
    per_day: Counter[date] = field(default_factory=Counter)


@dataclass(kw_only=True)
class Contrast:
    """An old and a new rule, compared."""

    gained: Difference
    """What only the new one finds."""
    lost: Difference
    """What only the old one finds."""
    scanned: int = 0
    before: int = 0
    """Posts that the old one finds."""
    after: int = 0
    """Posts that the new one finds."""
    days: Counter[date] = field(default_factory=Counter)
    """Posts read by day."""
    old_judged: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    new_judged: Counter[tuple[bool, bool]] = field(default_factory=Counter)

    @property
    def qualities(self) -> tuple[Quality, Quality]:
        """How right the old and the new one are on the posts that somebody judged."""
        old, new = (
            Quality.of(pair for pair, n in judged.items() for _ in range(n))
            for judged in (self.old_judged, self.new_judged)
        )
        return old, new


def contrast(
    old: tuple[KeywordRule, Definitions],
    new: tuple[KeywordRule, Definitions],
    corpus: Corpus,
    *,
    zone: ZoneInfo,
    samples: int,
    report: Report,
) -> Contrast:
    """Run two rules, each with its definitions, over a corpus in one pass.

    Raises `ExpressionError` for a rule that is not valid, and what the corpus raises.
    """
    result = Contrast(
        gained=Difference(posts=Newest(samples)), lost=Difference(posts=Newest(samples))
    )
    matchers = [
        Matcher([replace(rule, enabled=True)], definitions) for rule, definitions in (old, new)
    ]
    for batch in corpus.batches(report):
        posts = [known.post for known in batch]
        olds, news = ({match.post: match for match in m.match(posts)} for m in matchers)
        result.scanned += len(batch)
        result.before += len(olds)
        result.after += len(news)
        for known in batch:
            day = known.post.posted_at.astimezone(zone).date()
            result.days[day] += 1
            was, is_ = olds.get(known.post.key), news.get(known.post.key)
            if known.relevant is not None:
                result.old_judged[was is not None, known.relevant] += 1
                result.new_judged[is_ is not None, known.relevant] += 1
            if (was is None) == (is_ is None):
                continue
            side = result.lost if is_ is None else result.gained
            side.number += 1
            side.per_day[day] += 1
            side.relevant += known.relevant is True
            side.irrelevant += known.relevant is False
            side.posts.add(Found(post=known.post, match=was or is_))
    return result
