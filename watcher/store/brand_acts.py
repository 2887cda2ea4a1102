"""What brands do in public: what their own accounts post, and whom they answer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    type_coerce,
    union,
)

from rules.lookalike.ownership import split_network
from rules.model import Brand
from watcher.store.brand_counts import Span, about, engagement, spans_of
from watcher.store.columns import Words, storable_key
from watcher.store.database import Database
from watcher.store.people import own_rows, passes_on
from watcher.store.schema import posts, spoken

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnCount:
    """What a brand's own accounts wrote of themselves in a span: no answers, no reposts."""

    posts: int = 0
    engagement: int = 0
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tagged:
    """Posts with the same hashtags by the same author."""

    hashtags: tuple[str, ...]
    author: int
    posts: int
    engagement: int
    first: datetime
    last: datetime
    rid: int
    """The one that came first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerCount:
    """Public posts to a brand's own accounts, and which of them were answered."""

    addressed: int
    customers: int
    asking: int
    answered: int
    asking_answered: int


class BrandActs(Database):
    """The part of the store that counts what brands do."""

    def own_counts(self, brand: Brand, spans: Sequence[Span]) -> tuple[OwnCount, ...]:
        """Count what a brand's own accounts wrote in each span, answers and reposts left out."""
        some = spans_of(spans)
        with self.reading() as connection:
            own = own_rows(connection, [brand])
            query = (
                select(
                    some.c.n,
                    func.count(),
                    func.sum(engagement()),
                    func.min(posts.c.posted_at),
                    func.max(posts.c.posted_at),
                )
                .join_from(some, posts, _by(own, some.c.since, some.c.until))
                .where(posts.c.reply_to.is_(None), ~passes_on())
                .group_by(some.c.n)
            )
            found = {
                n: OwnCount(posts=number, engagement=int(moved), first=first, last=last)
                for n, number, moved, first, last in connection.execute(query)
            }
        return tuple(found.get(n, OwnCount()) for n in range(len(spans)))

    def own_posts_and_answers(self, brand: Brand, span: Span) -> tuple[int, int]:
        """Count what a brand's own accounts wrote in a span, and what of it answers somebody."""
        with self.reading() as connection:
            own = own_rows(connection, [brand])
            query = select(func.count(), func.count(posts.c.reply_to)).where(_by(own, *span))
            row = connection.execute(query).one()
        return row[0], row[1]

    def own_tags(self, brand: Brand, span: Span) -> tuple[Tagged, ...]:
        """Return the hashtags of what a brand's own accounts wrote in a span."""
        with self.reading() as connection:
            own = own_rows(connection, [brand])
            return _tagged(connection, _tags().where(_by(own, *span)))

    def tags_beside(self, brand: Brand, span: Span) -> tuple[Tagged, ...]:
        """Return the hashtags of posts of others that speak of a brand."""
        query = _tags().join(spoken, spoken.c.rid == posts.c.rid).where(_of(brand.name, span))
        with self.reading() as connection:
            return _tagged(connection, query)

    def best_own(self, brand: Brand, span: Span, limit: int) -> tuple[int, ...]:
        """Return the numbers of a brand's own posts, those that moved most first; no answers."""
        with self.reading() as connection:
            own = own_rows(connection, [brand])
            query = (
                select(posts.c.rid)
                .where(_by(own, *span), posts.c.reply_to.is_(None), ~passes_on())
                .order_by(engagement().desc(), posts.c.posted_at, posts.c.network, posts.c.id)
                .limit(limit)
            )
            return tuple(connection.execute(query).scalars())

    def answer_count(self, brand: Brand, span: Span, within: timedelta) -> AnswerCount:
        """Count public posts to a brand, and those that its own accounts answered in time."""
        with self.reading() as connection:
            answers = _answers(connection, brand, span, within)
            done = answers.c.delay.is_not(None)
            query = select(
                func.count(),
                func.count(answers.c.author.distinct()),
                func.coalesce(func.sum(answers.c.asks), 0),
                func.count(answers.c.delay),
                func.coalesce(func.sum(case((done, answers.c.asks), else_=0)), 0),
            )
            row = connection.execute(query.select_from(answers)).one()
        return AnswerCount(
            addressed=row[0],
            customers=row[1],
            asking=int(row[2]),
            answered=row[3],
            asking_answered=int(row[4]),
        )

    def answer_delays(
        self, brand: Brand, span: Span, within: timedelta, places: Collection[int]
    ) -> dict[int, timedelta]:
        """Return how long answers took, by their place in the order of length, 1 the quickest."""
        with self.reading() as connection:
            answers = _answers(connection, brand, span, within)
            ordered = (
                select(
                    answers.c.delay,
                    func.row_number().over(order_by=answers.c.delay).label("place"),
                )
                .where(answers.c.delay.is_not(None))
                .subquery()
            )
            query = select(ordered.c.place, ordered.c.delay)
            found = connection.execute(query.where(ordered.c.place.in_(sorted(set(places)))))
            return {place: delay * _MICROSECOND for place, delay in found}


def _by(own: Sequence[int], since: Any, until: Any) -> ColumnElement[bool]:
    """Whether one of the accounts wrote a post in a span, for others to read."""
    return and_(
        posts.c.author.in_(own),
        posts.c.posted_at >= since,
        posts.c.posted_at < until,
        posts.c.private.is_(False),
    )


def _of(brand: str, span: Span) -> ColumnElement[bool]:
    """Whether a post speaks of a brand in a span."""
    return and_(
        spoken.c.brand == storable_key(brand),
        spoken.c.posted_at >= span[0],
        spoken.c.posted_at < span[1],
        about(),
    )


def _tags() -> Select[Any]:
    moved = func.sum(engagement())
    first, last = func.min(posts.c.posted_at), func.max(posts.c.posted_at)
    with_tags = type_coerce(posts.c.hashtags, Words) != "[]"
    one = func.min(posts.c.rid)
    return (
        select(
            posts.c.hashtags,
            posts.c.author,
            func.count(),
            moved,
            first,
            last,
            one,
        )
        .where(with_tags, posts.c.private.is_(False))
        .group_by(posts.c.hashtags, posts.c.author)
    )


def _tagged(connection: Connection, query: Select[Any]) -> tuple[Tagged, ...]:
    return tuple(
        Tagged(
            hashtags=tags,
            author=author,
            posts=number,
            engagement=int(moved),
            first=first,
            last=last,
            rid=rid,
        )
        for tags, author, number, moved, first, last, rid in connection.execute(query)
    )


def _answers(connection: Connection, brand: Brand, span: Span, within: timedelta) -> Any:
    """Public posts to a brand's own accounts, each with how long its first answer took."""
    own = own_rows(connection, [brand])
    asked = _addressed(brand, own, span)
    reply = posts.alias("reply")
    length = within // _MICROSECOND
    delay = type_coerce(reply.c.posted_at, BigInteger) - type_coerce(asked.c.posted_at, BigInteger)
    answered = and_(
        reply.c.reply_to == asked.c.id,
        reply.c.network == asked.c.network,
        reply.c.author.in_(own),
        delay.between(0, length),
    )
    return (
        select(asked.c.rid, asked.c.author, asked.c.asks, func.min(delay).label("delay"))
        .join_from(asked, reply, answered, isouter=True)
        .group_by(asked.c.rid, asked.c.author, asked.c.asks)
        .subquery("answers")
    )


def _addressed(brand: Brand, own: Sequence[int], span: Span) -> CTE:
    """Public posts of others that mention a brand's own accounts, or answer them."""
    mentioning = (
        select(posts.c.rid)
        .join(spoken, spoken.c.rid == posts.c.rid)
        .where(_of(brand.name, span), _mentions(brand))
    )
    theirs = posts.alias("theirs")
    answering = (
        select(posts.c.rid)
        .join(theirs, and_(theirs.c.network == posts.c.network, theirs.c.id == posts.c.reply_to))
        .where(theirs.c.author.in_(own), posts.c.posted_at >= span[0], posts.c.posted_at < span[1])
    )
    some = union(mentioning, answering).subquery("some")
    complains = (
        select(spoken.c.rid)
        .where(
            spoken.c.rid == posts.c.rid,
            spoken.c.brand == storable_key(brand.name),
            spoken.c.complaint.is_(True),
        )
        .exists()
    )
    return (
        select(
            posts.c.rid,
            posts.c.network,
            posts.c.id,
            posts.c.author,
            posts.c.posted_at,
            case((or_(complains, _asks()), 1), else_=0).label("asks"),
        )
        .join(some, some.c.rid == posts.c.rid)
        .where(posts.c.private.is_(False), ~passes_on(), posts.c.author.not_in(own))
        .cte("asked")
    )


def _mentions(brand: Brand) -> ColumnElement[bool]:
    """Whether a post is addressed to one of a brand's own accounts."""
    handles = {split_network(one)[1] for one in brand.accounts}
    handles |= {one.split("@")[0] for one in handles}
    mentioned = func.lower(type_coerce(posts.c.mentions, Words))
    return or_(
        literal(False) if not handles else func.lower(posts.c.reply_to_handle).in_(handles),
        *(mentioned.contains(f'"{handle}"', autoescape=True) for handle in sorted(handles)),
    )


def _asks() -> ColumnElement[bool]:
    """Whether a text has a question mark that is no part of an address."""
    text = type_coerce(posts.c.text, Words)
    return or_(
        (text + " ").contains("? "),
        *(text.contains(mark) for mark in ("?\n", "??", "?!", "\uff1f")),
    )
