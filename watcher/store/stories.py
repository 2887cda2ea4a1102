"""What carries a rise: its words, what is repeated most and who began, and whom it is carried by.

Told of public posts alone: it may go where private ones must not. What is told is read anew from
the posts each time, so that it says what is known by then.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, false, func, select

from rules.model import Reason
from rules.rates import Alarm
from rules.rates.reasons import told
from rules.signals.distinctive import distinctive
from watcher.store.database import Database
from watcher.store.left_out import counts_for, is_told
from watcher.store.rates import alarm_record
from watcher.store.schema import accounts, alarms, matches, posts, spoken

MOST_POSTS = 1000
MOST_EARLIER = 1000
EARLIER = timedelta(days=28)
"""The words of a rise are compared with those of so long before it."""
FEWEST_COPIES = 3
MOST_NAMED = 3
MOST_TERMS = 5


class Stories(Database):
    """The part of the store that tells what carries a rise."""

    def story(self, alarm_id: int) -> tuple[Reason, ...]:
        """Return what is told of an alarm beside its number; nothing of one that is no spike."""
        with self.reading() as connection:
            row = connection.execute(select(alarms).where(alarms.c.id == alarm_id)).first()
            return () if row is None else story_of(connection, alarm_record(row).alarm)


def story_of(connection: Connection, alarm: Alarm) -> tuple[Reason, ...]:
    """Return the story of an alarm as `Stories.story` does."""
    if alarm.kind != "spike" or alarm.count == 0:
        return ()
    own = and_(
        matches.c.rule == alarm.rule,
        is_told(),
        posts.c.private.is_(False),
        _of_group(connection, alarm.group),
    )
    inside = and_(own, matches.c.posted_at > alarm.since, matches.c.posted_at <= alarm.until)
    rows = connection.execute(
        _select().where(inside).order_by(matches.c.posted_at.desc()).limit(MOST_POSTS)
    ).all()[::-1]
    if not rows:
        return ()
    found = [_spread(connection, inside)]
    before = and_(
        own, matches.c.posted_at > alarm.since - EARLIER, matches.c.posted_at <= alarm.since
    )
    words = _terms(connection, rows, before)
    if words:
        found.append(told("terms", words=", ".join(f"“{word}”" for word in words)))
    return tuple(one for one in (*found, _started(rows), _amplified(rows)) if one is not None)


def _of_group(connection: Connection, group: str) -> ColumnElement[bool]:
    """The posts of a brand or an author; of a domain nothing is told."""
    if not group:
        return posts.c.rid.is_not(None)
    if connection.execute(select(spoken.c.rid).where(spoken.c.brand == group).limit(1)).first():
        return posts.c.rid.in_(select(spoken.c.rid).where(spoken.c.brand == group, counts_for()))
    network, _, number = group.partition(":")
    author = select(accounts.c.row).where(accounts.c.network == network, accounts.c.id == number)
    row = connection.execute(author).scalar()
    return false() if row is None else posts.c.author == row


def _select() -> Any:
    author = posts.join(accounts, posts.c.author == accounts.c.row)
    reactions = (
        func.coalesce(posts.c.likes, 0)
        + func.coalesce(posts.c.reposts, 0)
        + func.coalesce(posts.c.replies, 0)
    )
    return select(
        posts.c.rid,
        posts.c.text,
        posts.c.repost_of,
        accounts.c.handle,
        reactions.label("reactions"),
    ).select_from(matches.join(author, posts.c.rid == matches.c.rid))


def _spread(connection: Connection, inside: ColumnElement[bool]) -> Reason:
    query = select(
        func.count(), func.count(posts.c.author.distinct()), func.count(posts.c.repost_of)
    ).select_from(matches.join(posts, posts.c.rid == matches.c.rid))
    count, authors, reposts = connection.execute(query.where(inside)).one()
    return told("spread", posts=str(count), accounts=str(authors), reposts=str(reposts))


def _terms(
    connection: Connection, rows: Sequence[Row[Any]], before: ColumnElement[bool]
) -> tuple[str, ...]:
    """The words that set these posts apart from those before, brands left out."""
    query = _select().where(before).order_by(matches.c.posted_at.desc()).limit(MOST_EARLIER)
    earlier = [row.text for row in connection.execute(query)]
    brands = select(spoken.c.brand).distinct().where(spoken.c.rid.in_([r.rid for r in rows[:500]]))
    names = connection.execute(brands).scalars().all()
    found = distinctive([row.text for row in rows], earlier, without=names, most=MOST_TERMS)
    return tuple(one.text for one in found)


def _started(rows: Sequence[Row[Any]]) -> Reason | None:
    """Who said first what is said most often in the same words."""
    said = Counter(_wording(row.text) for row in rows if row.text.strip())
    if not said:
        return None
    wording, copies = max(said.items(), key=lambda one: (one[1], one[0]))
    if copies < FEWEST_COPIES:
        return None
    first = next(row for row in rows if _wording(row.text) == wording)
    return told("started", author=f"@{first.handle}", copies=str(copies))


def _wording(text: str) -> str:
    """A text as its copies have it: without what marks a repost, and whatever its case."""
    if text.startswith("RT @"):
        text = text.partition(": ")[2]
    return " ".join(text.casefold().split())


def _amplified(rows: Sequence[Row[Any]]) -> Reason | None:
    """Whose posts got most reactions."""
    caused = Counter[str]()
    for row in rows:
        caused[row.handle] += max(0, row.reactions)
    most = sorted(((n, name) for name, n in caused.items() if n), key=lambda one: (-one[0], one[1]))
    named = ", ".join(f"@{name} ({n})" for n, name in most[:MOST_NAMED])
    return told("amplified", authors=named) if named else None
