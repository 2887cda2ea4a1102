"""Posts to brands that wait for an answer.

A brand answered when one of its own accounts wrote to the same person in the same thread later.
docs/people.md shows the queries as one types them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Text,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)

from rules.lookalike.ownership import split_network
from rules.model import Brand, Verdict
from watcher.store.brand_counts import about
from watcher.store.columns import folded_handle, storable_key
from watcher.store.handling import Handling, shelved_until
from watcher.store.people import MOST_NAMED, NOBODY, not_leaving, own_rows, passes_on
from watcher.store.schema import accounts, posts, sightings, spoken, suspects
from watcher.store.threads import answers_to, is_answered, last_in_threads, roots_of

_CHUNK = 500
_HELD = (Verdict.OPEN.value, Verdict.CONFIRMED.value)
"""Suspects that nobody found harmless."""
_ASKING = ("?", "\uff1f", "\u061f", "\u037e")
"""Question marks: Latin, full-width, Arabic, Greek."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waits:
    """A post that no own account of the brand answered."""

    rid: int
    author: int
    posted_at: datetime
    complaint: bool
    negative: bool
    asks: bool
    """Whether there is a question mark in it, be it in a link."""
    addressed: bool
    suspect: bool
    """Whether its author is held for an imitation of a brand."""
    leads_astray: bool
    """Whether it links to a domain that is held for an imitation of a brand's."""
    others: int
    """Different people who answered it, bots, the author and the brands' own accounts left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnCounts:
    """What is stored of a brand's own posts."""

    posts: int
    answers: int
    newest: datetime | None


class Inbox(Handling):
    """The part of the store that knows who waits for an answer."""

    def waiting_for(
        self, brand: Brand, since: datetime, until: datetime, now: datetime
    ) -> tuple[Waits, ...]:
        """Return the posts written from `since` to `until` that wait at `now`, oldest first.

        What was written or done after `now` is not looked at: a report about last month tells who
        waited at its end. Whoever was handled waits no more: what they wrote before is done, or put
        off until then.
        """
        with self.reading() as connection:
            own = own_rows(connection, [brand])
            times = since, until, now
            found = connection.execute(_candidates(connection, brand, own, times)).all()
            authors = {row.author for row in found}
            answers = answers_to(connection, own, (since, now), authors) if own and found else {}
            roots = roots_of(
                connection,
                [row.rid for row in found if row.author in answers],
                [rid for some in answers.values() for rid, _ in some if rid is not None],
            )
            last = {author: last_in_threads(some, roots) for author, some in answers.items()}
            shelved = shelved_until(connection, since, now) if found else {}
            left = [
                row
                for row in found
                if not (row.author in last and is_answered(row, last[row.author], roots))
                and not (row.author in shelved and row.posted_at <= shelved[row.author])
            ]
            others = _others(connection, [row.rid for row in left], own, now)
            suspected = _suspected(connection, {row.author for row in left})
            astray = _leading_astray(connection, [row.rid for row in left])
        return tuple(
            Waits(
                rid=row.rid,
                author=row.author,
                posted_at=row.posted_at,
                complaint=bool(row.complaint),
                negative=row.tone == "negative",
                asks=bool(row.asks),
                addressed=bool(row.addressed),
                suspect=row.author in suspected,
                leads_astray=row.rid in astray,
                others=others.get(row.rid, 0),
            )
            for row in left
        )

    def own_counts_between(self, brand: Brand, since: datetime, now: datetime) -> OwnCounts:
        """Count what a brand's own accounts wrote from `since` to `now`.

        `newest` is of all times up to `now`.
        """
        with self.reading() as connection:
            own = own_rows(connection, [brand])
            recent = posts.c.posted_at >= since
            query = select(
                func.coalesce(func.sum(case((recent, 1), else_=0)), 0),
                func.coalesce(
                    func.sum(case((and_(recent, posts.c.reply_to.is_not(None)), 1), else_=0)), 0
                ),
                func.max(posts.c.posted_at),
            ).where(posts.c.author.in_(own), posts.c.posted_at <= now)
            written, answers, newest = connection.execute(query).one()
        return OwnCounts(posts=int(written), answers=int(answers), newest=newest)


def _candidates(
    connection: Connection,
    brand: Brand,
    own: Sequence[int],
    times: tuple[datetime, datetime, datetime],
) -> Any:
    """Select the posts of a brand that want an answer, and that it did not answer directly."""
    since, until, now = times
    parent, answer, author = posts.alias("parent"), posts.alias("answer"), accounts.alias("author")
    to_parent = and_(parent.c.id == posts.c.reply_to, parent.c.network == posts.c.network)
    to_own = parent.c.author.in_(own)
    asks = or_(*(posts.c.text.contains(mark) for mark in _ASKING))
    addressed = case(
        (to_own, 1),
        (and_(parent.c.rid.is_not(None), parent.c.author != posts.c.author), 0),
        (_named(connection, brand), 1),
        else_=0,
    )
    answered = exists().where(
        answer.c.reply_to == posts.c.id,
        answer.c.network == posts.c.network,
        (answer.c.author + 0).in_(own),  # by what it answers, not by who writes much
        answer.c.posted_at >= posts.c.posted_at,
        answer.c.posted_at <= now,
    )
    wants = or_(
        spoken.c.complaint.is_(True),
        and_(or_(spoken.c.tone == "negative", asks), addressed == 1),
    )

    def of(complaint: Any, tone: Any, is_addressed: Any) -> list[Any]:
        return [
            posts.c.rid,
            posts.c.author,
            posts.c.posted_at,
            case((complaint, 1), else_=0).label("complaint"),
            tone.label("tone"),
            case((asks, 1), else_=0).label("asks"),
            is_addressed.label("addressed"),
        ]

    common = [
        ~passes_on(),
        ~answered if own else true(),
        author.c.folded_handle.not_in(NOBODY),
        or_(author.c.bot.is_(None), author.c.bot.is_(False)),
        not_leaving(author.c.row),
    ]
    mine = and_(spoken.c.rid == posts.c.rid, spoken.c.brand == storable_key(brand.name))
    speaking = (
        select(*of(spoken.c.complaint.is_(True), spoken.c.tone, addressed))
        .join_from(spoken, posts, mine)
        .join(author, author.c.row == posts.c.author)
        .join(parent, to_parent, isouter=True)
        .where(spoken.c.posted_at >= since, spoken.c.posted_at <= until, about(), wants, *common)
    )
    # Who asks below the brand's own post need not name it.
    below = (
        select(*of(false(), literal(""), literal(1)))
        .join_from(parent, posts, and_(to_parent, to_own))
        .join(author, author.c.row == posts.c.author)
        .where(
            posts.c.posted_at >= since,
            posts.c.posted_at <= until,
            posts.c.author.not_in(own),
            asks,
            ~exists().where(mine),
            *common,
        )
    )
    chosen = (union_all(speaking, below) if own else speaking).subquery("candidates")
    return select(chosen).order_by(chosen.c.posted_at, chosen.c.rid)


def _named(connection: Connection, brand: Brand) -> ColumnElement[bool]:
    """Whether a post speaks to an own account: it answers it by name, or names it and few others.

    SQLite knows capitals of ASCII only: a handle written with others is overlooked.
    """
    handles = sorted({folded_handle(split_network(entry)[1]) for entry in brand.accounts})
    written = type_coerce(posts.c.mentions, Text)
    if connection.dialect.name == "postgresql":
        number = func.json_array_length(cast(written, JSON))
    else:
        number = func.json_array_length(written)
    mentions = func.lower(written)
    names = or_(
        false(),
        *(
            mentions.contains(json.dumps(one, ensure_ascii=False), autoescape=True)
            for one in handles
        ),
    )
    to = posts.c.reply_to_handle
    return case(
        (to.is_not(None), func.lower(to).in_(handles)),
        else_=and_(names, number <= MOST_NAMED),
    )


def _others(
    connection: Connection, rids: Sequence[int], own: Sequence[int], now: datetime
) -> dict[int, int]:
    """Count the different people who answered each post until `now`."""
    answer, who = posts.alias("answer"), accounts.alias("who")
    found: dict[int, int] = {}
    for start in range(0, len(rids), _CHUNK):
        query = (
            select(posts.c.rid, func.count(answer.c.author.distinct()))
            .join(
                answer,
                and_(answer.c.reply_to == posts.c.id, answer.c.network == posts.c.network),
            )
            .join(who, who.c.row == answer.c.author)
            .where(
                posts.c.rid.in_(rids[start : start + _CHUNK]),
                answer.c.author != posts.c.author,
                answer.c.author.not_in(own),
                answer.c.posted_at <= now,
                or_(who.c.bot.is_(None), who.c.bot.is_(False)),
            )
            .group_by(posts.c.rid)
        )
        found |= {row[0]: row[1] for row in connection.execute(query)}
    return found


def _suspected(connection: Connection, authors: set[int]) -> set[int]:
    some = sorted(authors)
    found: set[int] = set()
    for start in range(0, len(some), _CHUNK):
        query = select(suspects.c.account).where(
            suspects.c.account.in_(some[start : start + _CHUNK]),
            suspects.c.verdict.in_(_HELD),
        )
        found |= set(connection.execute(query).scalars())
    return found


def _leading_astray(connection: Connection, rids: Sequence[int]) -> set[int]:
    """Return which posts link to a suspected domain."""
    found: set[int] = set()
    for start in range(0, len(rids), _CHUNK):
        query = (
            select(sightings.c.rid)
            .join(suspects, suspects.c.id == sightings.c.suspect)
            .where(
                sightings.c.rid.in_(rids[start : start + _CHUNK]),
                suspects.c.subject.startswith("domain:"),
                suspects.c.verdict.in_(_HELD),
            )
        )
        found |= set(connection.execute(query).scalars())
    return found
