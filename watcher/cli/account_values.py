"""What is counted of an account, as values that JSON can carry."""

from collections.abc import Iterable
from datetime import timedelta

from watcher.insights.account import (
    KINDS,
    AccountStatistics,
    Around,
    Counted,
    Delay,
    Kinds,
    Rhythm,
)
from watcher.insights.model import Estimate


def as_values(one: AccountStatistics) -> dict[str, object]:
    """Return statistics with plain names; shares from 0 to 1, lengths of time in seconds."""
    account, seen = one.account, one.seen
    return {
        "account": account.key,
        "handle": account.handle,
        "display_name": account.display_name,
        "network": account.network,
        "followers": account.followers,
        "zone": one.zone.key,
        "since": one.period.since,
        "until": one.period.until,
        "seen": {
            "stored": seen.stored,
            "total": seen.total,
            "oldest": seen.oldest,
            "newest": seen.newest,
            "fetched": seen.fetched,
            "whole_since": seen.whole_since,
            "exhausted": seen.exhausted,
        },
        "posts": one.posts,
        "first": one.first,
        "last": one.last,
        "months": [
            {"month": f"{month.first:%Y-%m}", "posts": month.posts, "whole": month.whole}
            for month in one.months
        ],
        "hours_by_weekday": [list(row) for row in one.hours],
        "kinds": _kinds(one.kinds),
        "answers": _counted(one.answers),
        "answered_by": _counted(one.answered_by),
        "answer_delay": {
            "whole": _delay(one.delays.whole),
            "by_hour": [_delay(delay) for delay in one.delays.hours],
            "by_weekday": [_delay(delay) for delay in one.delays.weekdays],
            "unknown": one.delays.unknown,
        },
        "addressed": {
            "posts": one.addressed.posts,
            "authors": one.addressed.authors,
            "mentions": one.addressed.mentions,
            "mentions_answered": one.addressed.mentions_answered,
            "replies": one.addressed.replies,
            "replies_answered": one.addressed.replies_answered,
            "unanswered": _estimate(one.addressed.unanswered),
        },
        "hashtags": _counted(one.hashtags),
        "domains": _counted(one.domains),
        "languages": _counted(one.languages),
        "engagement": {
            "posts": one.engagement.posts,
            "likes": one.engagement.likes,
            "reposts": one.engagement.reposts,
            "replies": one.engagement.replies,
            "a_post": one.engagement.a_post,
            "top": [
                {
                    "key": top.post.key,
                    "posted_at": top.post.posted_at,
                    "text": top.post.text,
                    "url": top.post.url,
                    "private": top.post.private,
                    "likes": top.post.likes,
                    "reposts": top.post.reposts,
                    "replies": top.post.replies,
                    "engagement": top.engagement,
                }
                for top in one.engagement.top
            ],
        },
        "around": _around(one.around),
    }


def _counted(some: Iterable[Counted]) -> list[dict[str, object]]:
    return [{"name": one.name, "posts": one.posts} for one in some]


def _seconds(length: timedelta) -> float:
    return length.total_seconds()


def _delay(delay: Delay | None) -> dict[str, object] | None:
    if delay is None:
        return None
    return {
        "answers": delay.answers, "median": _seconds(delay.median), "p90": _seconds(delay.p90)
    }  # fmt: skip


def _estimate(estimate: Estimate | None) -> dict[str, object] | None:
    if estimate is None:
        return None
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _kinds(kinds: Kinds) -> dict[str, object]:
    return {kind: kinds.of(kind) for kind in KINDS} | {"threads": kinds.threads}


def _around(around: Around | None) -> dict[str, object] | None:
    if around is None:
        return None
    return {
        "day": around.day.isoformat(),
        "before": _rhythm(around.before),
        "after": _rhythm(around.after),
        "shifts": [
            {"what": s.what, "before": s.before, "after": s.after, "chance": s.chance}
            for s in around.shifts
        ],
    }


def _rhythm(rhythm: Rhythm) -> dict[str, object]:
    return {
        "since": rhythm.period.since,
        "until": rhythm.period.until,
        "posts": rhythm.posts,
        "a_day": _estimate(rhythm.a_day),
        "hours": list(rhythm.hours),
        "kinds": _kinds(rhythm.kinds),
    }
