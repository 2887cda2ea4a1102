"""What a report tells beside the figures: alarms, suspects and verdicts of a period, public posts.

A report is passed around, so that nothing that private posts alone tell is in it: it is counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import BigInteger, and_, case, func, or_, select, type_coerce

from rules.model import Post, Verdict
from watcher.store.database import Database
from watcher.store.left_out import counts_for
from watcher.store.posts import posts_from, select_posts
from watcher.store.private import is_hidden_suspect
from watcher.store.rates import alarm_record
from watcher.store.records import AlarmRecord, SuspectRecord
from watcher.store.schema import alarms, posts, spoken, suspect_events, suspects
from watcher.store.suspects import record_of, select_suspects

_CHUNK = 200
_SECOND = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class SuspectNews:
    """What became of the suspects of one brand between two moments."""

    raised: tuple[SuspectRecord, ...]
    """Those first seen then, highest score first; public ones."""
    more: int
    """How many more there are than were asked for."""
    judged: dict[Verdict, int]
    """How many were judged then, by the last verdict of that time."""
    open: int
    """How many of all wait for a person."""
    hidden: int
    """Those of `raised` of whom there are none but private posts: they are not listed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Brought:
    """What one source brought that was written between two moments."""

    posts: int
    first: datetime
    """When the first of them was read."""
    lag: timedelta
    """How long after its writing half of them had been read, to the second."""


class Reported(Database):
    """The part of the store that a report alone reads."""

    def alarms_between(
        self, since: datetime, until: datetime, *, limit: int = 1000
    ) -> tuple[AlarmRecord, ...]:
        """Return the alarms whose window ends in a period or goes on in it, oldest first."""
        query = (
            select(alarms)
            .where(alarms.c.since < until, alarms.c.until > since)
            .order_by(alarms.c.until, alarms.c.id)
            .limit(limit)
        )
        with self.reading() as connection:
            return tuple(alarm_record(row) for row in connection.execute(query))

    def suspect_news(
        self, brand: str, since: datetime, until: datetime, *, limit: int = 20
    ) -> SuspectNews:
        """Return what became of a brand's suspects from `since` on and before `until`."""
        raised = and_(
            suspects.c.brand == brand,
            suspects.c.first_seen >= since,
            suspects.c.first_seen < until,
        )
        hidden = is_hidden_suspect()
        of_brand = select(func.count()).select_from(suspects)
        with self.reading() as connection:
            whole = connection.execute(of_brand.where(raised)).scalar_one()
            unseen = connection.execute(of_brand.where(raised, hidden)).scalar_one()
            rows = connection.execute(
                select_suspects()
                .where(raised, ~hidden)
                .order_by(suspects.c.score.desc(), suspects.c.id)
                .limit(limit)
            ).all()
            newest = (
                select(func.max(suspect_events.c.row))
                .join(suspects, suspects.c.id == suspect_events.c.suspect)
                .where(
                    suspects.c.brand == brand,
                    ~is_hidden_suspect(),
                    suspect_events.c.kind == "judged",
                    suspect_events.c.at >= since,
                    suspect_events.c.at < until,
                )
                .group_by(suspect_events.c.suspect)
            )
            verdicts = connection.execute(
                select(suspect_events.c.verdict, func.count())
                .where(suspect_events.c.row.in_(newest))
                .group_by(suspect_events.c.verdict)
            ).all()
            waiting = connection.execute(
                of_brand.where(
                    suspects.c.brand == brand,
                    suspects.c.first_seen < until,
                    suspects.c.verdict == str(Verdict.OPEN),
                    ~is_hidden_suspect(),
                )
            ).scalar_one()
        return SuspectNews(
            raised=tuple(record_of(row) for row in rows),
            more=whole - unseen - len(rows),
            judged={Verdict(verdict): number for verdict, number in verdicts if verdict},
            open=waiting,
            hidden=unseen,
        )

    def public_posts(self, keys: Sequence[str]) -> dict[str, Post]:
        """Return the posts with these keys (`network:id`) by them; private ones are left out."""
        wanted = [key.partition(":") for key in dict.fromkeys(keys) if key]
        found: dict[str, Post] = {}
        with self.reading() as connection:
            for start in range(0, len(wanted), _CHUNK):
                named: list[Any] = [
                    and_(posts.c.network == network, posts.c.id == id_)
                    for network, _, id_ in wanted[start : start + _CHUNK]
                ]
                query = select_posts().where(or_(*named), posts.c.private.is_(False))
                rows = connection.execute(query.order_by(posts.c.rid))
                for one in posts_from(rows):
                    found.setdefault(one.post.key, one.post)
        return found

    def brought(self, since: datetime, until: datetime) -> dict[str, Brought]:
        """Return what each source brought that was written in a period, and how late that came."""
        late = type_coerce(posts.c.seen - posts.c.posted_at, BigInteger) // _SECOND
        lag = case((late > 0, late), else_=0)
        query = (
            select(posts.c.source, lag.label("lag"), func.count(), func.min(posts.c.seen))
            .where(posts.c.posted_at >= since, posts.c.posted_at < until)
            .group_by(posts.c.source, lag)
            .order_by(posts.c.source, lag)
        )
        found: dict[str, list[tuple[int, int, datetime]]] = {}
        with self.reading() as connection:
            for source, seconds, number, first in connection.execute(query):
                found.setdefault(source, []).append((seconds, number, first))
        return {source: _brought(some) for source, some in found.items()}

    def private_spoken(self, brand: str, since: datetime, until: datetime) -> int:
        """Count the private posts that speak of a brand: they are in its numbers alone."""
        query = (
            select(func.count())
            .select_from(spoken.join(posts, posts.c.rid == spoken.c.rid))
            .where(
                spoken.c.brand == brand,
                spoken.c.posted_at >= since,
                spoken.c.posted_at < until,
                counts_for(),
                posts.c.private.is_(True),
            )
        )
        with self.reading() as connection:
            return int(connection.execute(query).scalar_one())


def _brought(some: Sequence[tuple[int, int, datetime]]) -> Brought:
    """Join posts by their lag in seconds, of which the least comes first."""
    number = sum(posts for _, posts, _ in some)
    below = accumulate(posts for _, posts, _ in some)
    middle = next(at for at, reached in enumerate(below) if 2 * reached >= number)
    return Brought(
        posts=number,
        first=min(first for _, _, first in some),
        lag=timedelta(seconds=some[middle][0]),
    )
