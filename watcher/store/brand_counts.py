"""What is counted of posts that speak of brands: how they sound, how many, what they say.

Everything is counted by the time posts were written in, so the order in which they came makes no
difference. docs/brands.md shows each of these queries as one types them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Subquery,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    select,
    type_coerce,
    union_all,
    values,
)

from watcher.store.columns import Key, Moment, storable_key
from watcher.store.database import Database
from watcher.store.left_out import counts_for
from watcher.store.schema import heard, posts, spoken

Span = tuple[datetime, datetime]
"""The first moment that belongs to it, and the first one after it."""

_CHUNK = 500
MOST_SORTED = 20_000
"""Posts of which all wordings are sorted to draw some; of more, an index gives them in order."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class ToneCount:
    """How many posts of a span speak of a brand in one tone."""

    span: int
    """Its place among the spans asked for."""
    tone: str
    """`negative`, `neutral`, `positive`; empty where nothing could tell."""
    posts: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Opinions:
    """What different people said of a brand in a span, each wording once, by who said it first.

    Of each person `n` sayings are known, of which `positive - negative` is `d`.
    """

    span: int
    positive: int
    negative: int
    sayings: int
    authors: int
    dd: int
    """The sum of `d * d` over the people."""
    dn: int
    nn: int


NOTHING_SAID = Opinions(span=-1, positive=0, negative=0, sayings=0, authors=0, dd=0, dn=0, nn=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceCount:
    """How many posts of a span speak of a brand, and how they hang together by their authors.

    Of each author `c` posts speak of this brand and `t` of any of those asked for.
    """

    span: int
    brand: str
    """As it is stored: see `storable_key`."""
    posts: int
    authors: int
    reposts: int
    cc: int
    """The sum of `c * c` over the authors who speak of it."""
    ct: int
    first: int
    """Authors counted for this brand and for none before it: over all brands each one once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Saying:
    """One wording about a brand, by whoever wrote it first."""

    said: str
    text: str
    language: str | None
    tone: str
    author: int
    rid: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownPost:
    """A public post that may be shown."""

    key: str
    posted_at: datetime
    engagement: int


class BrandCounts(Database):
    """The part of the store that counts how brands are spoken of."""

    def counted_since(self, brands: Sequence[str]) -> dict[str, datetime]:
        """Return since when each brand is counted; those that are not are left out."""
        names = {storable_key(name): name for name in brands}
        query = select(heard.c.brand, heard.c.since).where(heard.c.brand.in_(names))
        with self.reading() as connection:
            return {names[row.brand]: row.since for row in connection.execute(query)}

    def tone_counts(self, brand: str, spans: Sequence[Span]) -> tuple[ToneCount, ...]:
        """Count the posts of each span that speak of a brand, by their tone."""
        some = spans_of(spans)
        query = (
            select(some.c.n, spoken.c.tone, func.count())
            .join_from(some, spoken, _within(some, spoken.c.brand == brand))
            .group_by(some.c.n, spoken.c.tone)
            .order_by(some.c.n, spoken.c.tone)
        )
        with self.reading() as connection:
            return tuple(
                ToneCount(span=n, tone=tone, posts=number)
                for n, tone, number in connection.execute(query)
            )

    def opinion_counts(self, brand: str, spans: Sequence[Span]) -> tuple[Opinions, ...]:
        """Count what was said of a brand in each span; of wordings whose tone is known."""
        some = spans_of(spans)
        said = _said_first(some, and_(spoken.c.brand == brand, spoken.c.tone != ""))
        by_author = (
            select(
                said.c.n,
                func.sum(case((said.c.tone == "positive", 1), else_=0)).label("up"),
                func.sum(case((said.c.tone == "negative", 1), else_=0)).label("down"),
                func.count().label("sayings"),
            )
            .join(posts, posts.c.rid == said.c.rid)
            .where(said.c.place == 1)
            .group_by(said.c.n, posts.c.author)
            .subquery()
        )
        up, down, sayings = by_author.c.up, by_author.c.down, by_author.c.sayings
        query = (
            select(
                by_author.c.n,
                func.sum(up),
                func.sum(down),
                func.sum(sayings),
                func.count(),
                func.sum((up - down) * (up - down)),
                func.sum((up - down) * sayings),
                func.sum(sayings * sayings),
            )
            .group_by(by_author.c.n)
            .order_by(by_author.c.n)
        )
        with self.reading() as connection:
            return tuple(
                Opinions(
                    span=row[0],
                    positive=int(row[1]),
                    negative=int(row[2]),
                    sayings=int(row[3]),
                    authors=row[4],
                    dd=int(row[5]),
                    dn=int(row[6]),
                    nn=int(row[7]),
                )
                for row in connection.execute(query)
            )

    def voice_counts(
        self, brands: Sequence[str], spans: Sequence[Span], *, together: int = 0
    ) -> tuple[VoiceCount, ...]:
        """Count the posts of each span that speak of each brand, and who wrote them.

        The first ones, as many as `together`, are counted as one more too, numbered after the last.
        """
        some = spans_of(spans)
        of_them = spoken.c.brand.in_([storable_key(name) for name in brands])
        apart = (
            select(
                some.c.n,
                spoken.c.brand,
                posts.c.author,
                func.count().label("c"),
                func.count(posts.c.repost_of).label("reposts"),
            )
            .join_from(some, spoken, _within(some, of_them))
            .join(posts, posts.c.rid == spoken.c.rid)
            .group_by(some.c.n, spoken.c.brand, posts.c.author)
            .cte("apart")
        )
        whole = (
            select(
                literal(len(spans)),
                apart.c.brand,
                apart.c.author,
                func.sum(apart.c.c),
                func.sum(apart.c.reposts),
            )
            .where(apart.c.n < together)
            .group_by(apart.c.brand, apart.c.author)
        )
        by_author = union_all(select(apart), whole).cte("by_author")
        same = [by_author.c.n, by_author.c.author]
        place = func.row_number().over(partition_by=same, order_by=by_author.c.brand)
        beside = select(
            *by_author.c,
            func.sum(by_author.c.c).over(partition_by=same).label("t"),
            place.label("place"),
        ).subquery()
        query = (
            select(
                beside.c.n,
                beside.c.brand,
                func.sum(beside.c.c),
                func.count(),
                func.sum(beside.c.reposts),
                func.sum(beside.c.c * beside.c.c),
                func.sum(beside.c.c * beside.c.t),
                func.sum(case((beside.c.place == 1, 1), else_=0)),
            )
            .group_by(beside.c.n, beside.c.brand)
            .order_by(beside.c.n, beside.c.brand)
        )
        with self.reading() as connection:
            return tuple(
                VoiceCount(
                    span=row[0],
                    brand=row[1],
                    posts=int(row[2]),
                    authors=row[3],
                    reposts=int(row[4]),
                    cc=int(row[5]),
                    ct=int(row[6]),
                    first=int(row[7]),
                )
                for row in connection.execute(query)
            )

    def sayings(self, brands: Sequence[str], span: Span, limit: int) -> list[Saying]:
        """Return wordings of public posts about any of the brands, and who wrote each first.

        At most `limit`, drawn by the digest of their words: as good as a lot, and the same at every
        time and in whatever order posts came.
        """
        of_them = spoken.c.brand.in_([storable_key(name) for name in brands])
        some = spans_of([span])
        with self.reading() as connection:
            number = select(func.count()).join_from(some, spoken, _within(some, of_them))
            if connection.execute(number).scalar_one() <= MOST_SORTED:
                return _sayings(connection, some, of_them, limit)
            drawn = sorted(
                {one for name in brands for one in _drawn(connection, name, span, limit)}
            )[:limit]
            found: list[Saying] = []
            for start in range(0, len(drawn), _CHUNK):
                these = and_(of_them, spoken.c.said.in_(drawn[start : start + _CHUNK]))
                found += _sayings(connection, some, these, limit, by_words=True)
        return found

    def shown_posts(self, rids: Collection[int]) -> dict[int, ShownPost]:
        """Return what is told of public posts by their numbers; private ones are left out."""
        some = sorted(set(rids))
        found = {}
        with self.reading() as connection:
            for start in range(0, len(some), _CHUNK):
                query = select(
                    posts.c.rid, posts.c.network, posts.c.id, posts.c.posted_at, engagement()
                ).where(posts.c.rid.in_(some[start : start + _CHUNK]), posts.c.private.is_(False))
                for rid, network, id_, posted_at, number in connection.execute(query):
                    found[rid] = ShownPost(
                        key=f"{network}:{id_}", posted_at=posted_at, engagement=int(number)
                    )
        return found

    def spans_with_posts(self, brands: Sequence[str], spans: Sequence[Span]) -> int:
        """Return in how many of the spans anybody spoke of any of the brands."""
        some = spans_of(spans)
        of_them = spoken.c.brand.in_([storable_key(name) for name in brands])
        query = select(func.count()).select_from(some)
        there = select(spoken.c.rid).where(_within(some, of_them)).correlate(some).exists()
        with self.reading() as connection:
            return connection.execute(query.where(there)).scalar_one()


def _sayings(
    connection: Connection,
    some: CTE,
    condition: ColumnElement[bool],
    limit: int,
    *,
    by_words: bool = False,
) -> list[Saying]:
    found = _said_first(some, condition, public=True, by_words=by_words)
    drawn = select(found).where(found.c.place == 1).order_by(found.c.said).limit(limit).subquery()
    query = (
        select(
            drawn.c.said,
            posts.c.text,
            posts.c.language,
            drawn.c.tone,
            posts.c.author,
            drawn.c.rid,
        )
        .join(posts, posts.c.rid == drawn.c.rid)
        .order_by(drawn.c.said)
    )
    return [
        Saying(said=said, text=text, language=language, tone=tone, author=author, rid=rid)
        for said, text, language, tone, author, rid in connection.execute(query)
    ]


def _drawn(connection: Connection, brand: str, span: Span, limit: int) -> list[str]:
    """The first wordings of a brand in the order of their digests, as their index gives them."""
    begin, end = ((moment - _EPOCH) // _MICROSECOND for moment in span)
    # No index of times is wanted: only so many wordings are read, in their order.
    written = type_coerce(spoken.c.posted_at, BigInteger) + 0
    public = select(posts.c.rid).where(posts.c.rid == spoken.c.rid, posts.c.private.is_(False))
    query = (
        select(spoken.c.said)
        .where(
            spoken.c.brand == storable_key(brand),
            written >= begin,
            written < end,
            about(),
            public.exists(),
        )
        .distinct()
        .order_by(spoken.c.said)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def about() -> ColumnElement[bool]:
    """Whether a post that names a brand is about it, unless it is clearly not."""
    return counts_for()


def engagement() -> ColumnElement[int]:
    """The likes, reposts and replies that a network told of a post."""
    return sum(
        (func.coalesce(posts.c[name], 0) for name in ("likes", "reposts", "replies")), literal(0)
    )


def said() -> ColumnElement[str]:
    """The words of a post in short; of one where nobody kept them, that it is that post."""
    return case((spoken.c.said == "", cast(spoken.c.rid, Key)), else_=spoken.c.said)


def spans_of(spans: Sequence[Span]) -> CTE:
    """Stretches of time to join with: an index finds the posts of each."""
    table = values(
        column("n", Integer), column("since", Moment), column("until", Moment), name="span"
    )
    return table.data([(n, since, until) for n, (since, until) in enumerate(spans)]).cte("spans")


def _within(
    some: CTE, condition: ColumnElement[bool], *, by_words: bool = False
) -> ColumnElement[bool]:
    """Whether a post lies in a span; `by_words` where the index of wordings finds it quicker."""
    if by_words:
        written = type_coerce(spoken.c.posted_at, BigInteger) + 0
        begin, end = (type_coerce(each, BigInteger) for each in (some.c.since, some.c.until))
        return and_(condition, written >= begin, written < end, about())
    return and_(
        condition,
        spoken.c.posted_at >= some.c.since,
        spoken.c.posted_at < some.c.until,
        about(),
    )


def _said_first(
    some: CTE, condition: ColumnElement[bool], *, public: bool = False, by_words: bool = False
) -> Subquery:
    """Number the posts of each span with the same words in the order they were written in."""
    place = func.row_number().over(
        partition_by=[some.c.n, said()],
        order_by=[spoken.c.posted_at, spoken.c.rid, spoken.c.brand],
    )
    query: Select[Any] = select(
        some.c.n, spoken.c.rid, spoken.c.tone, said().label("said"), place.label("place")
    ).join_from(some, spoken, _within(some, condition, by_words=by_words))
    if public:
        query = query.join(posts, posts.c.rid == spoken.c.rid).where(posts.c.private.is_(False))
    return query.subquery()
