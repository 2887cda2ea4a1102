"""Who spoke to whom in posts about brands: by answers, reposts, quotes and mentions.

docs/people.md shows the query as one types it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    type_coerce,
    union,
    union_all,
)

from watcher.store.columns import Moment, storable_key
from watcher.store.database import Database
from watcher.store.kept_out import anybody, digests_of, persons
from watcher.store.left_out import counts_for
from watcher.store.people import (
    MOST_NAMED,
    NOBODY,
    Looked,
    about_them,
    first_mention,
    is_old_repost,
    not_leaving,
)
from watcher.store.schema import accounts, posts, spoken

REPLY, REPOST, QUOTE, MENTION = range(1, 5)
"""How a post is directed at somebody; of several ways to one person the first counts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What one account said to another."""

    network: str
    who: str
    to: str
    posts: int
    replies: int
    reposts: int
    quotes: int
    mentions: int
    back: int
    negative: int
    neutral: int
    positive: int
    last: datetime


class Talks(Database):
    """The part of the store that knows who speaks to whom."""

    def said(self, looked: Looked, limit: int) -> tuple[Said, ...]:
        """Return who spoke to whom, those with most posts first.

        Nobody who was forgotten is among them, also where others go on to name them.
        """
        with self.reading() as connection:
            forgetful = anybody(connection)
            found: list[Said] = []
            asked, start = limit, 0
            while len(found) < limit:
                rows = connection.execute(_pairs(connection, looked, asked, start)).mappings().all()
                some = [Said(**row) for row in rows]
                found += _without_forgotten(connection, some) if forgetful else some
                start += asked
                if len(rows) < asked:
                    break
        return tuple(found[:limit])


def _pairs(connection: Connection, looked: Looked, limit: int, start: int) -> Any:
    links = _links(connection, looked)

    def of(condition: Any) -> Any:
        return func.sum(case((condition, 1), else_=0))

    pairs = (
        select(
            links.c.network,
            links.c.who,
            links.c.to,
            func.count().label("posts"),
            of(links.c.how == REPLY).label("replies"),
            of(links.c.how == REPOST).label("reposts"),
            of(links.c.how == QUOTE).label("quotes"),
            of(links.c.how == MENTION).label("mentions"),
            of(links.c.tone == 1).label("negative"),
            of(links.c.tone == 3).label("neutral"),
            of(links.c.tone == 2).label("positive"),
            func.max(type_coerce(links.c.posted_at, Moment), type_=Moment).label("last"),
        )
        .group_by(links.c.network, links.c.who, links.c.to)
        .cte("pairs")
    )
    forth = pairs.c.who < pairs.c.to
    both = func.sum(pairs.c.posts).over(
        partition_by=(
            pairs.c.network,
            case((forth, pairs.c.who), else_=pairs.c.to),
            case((forth, pairs.c.to), else_=pairs.c.who),
        )
    )
    return (
        select(pairs, cast(both - pairs.c.posts, posts.c.rid.type).label("back"))
        .order_by(
            pairs.c.posts.desc(),
            both.desc(),
            pairs.c.last.desc(),
            pairs.c.network,
            pairs.c.who,
            pairs.c.to,
        )
        .limit(limit)
        .offset(start)
    )


def _around(connection: Connection, looked: Looked) -> CTE:
    """The public posts that are looked at, and those that answer, quote or pass one of them on."""
    chosen = about_them(looked).cte("chosen")
    said, taking = posts.alias("said"), posts.alias("taking")

    def by(link: Any) -> Any:
        return (
            select(taking.c.rid)
            .join_from(chosen, said, said.c.rid == chosen.c.rid)
            .join(taking, and_(link == said.c.id, taking.c.network == said.c.network))
            .where(said.c.private.is_(False))
        )

    links = (taking.c.reply_to, taking.c.repost_of, taking.c.quote_of)
    around = union(select(chosen.c.rid), *map(by, links)).subquery("around_them")
    of_old = case((is_old_repost(), func.coalesce(first_mention(connection), "")))
    return (  # each post is read once, and its few columns several times
        select(
            posts.c.rid,
            posts.c.network,
            posts.c.author,
            type_coerce(posts.c.posted_at, BigInteger).label("posted_at"),
            posts.c.reply_to,
            func.lower(posts.c.reply_to_handle).label("reply_to_handle"),
            posts.c.quote_of,
            posts.c.repost_of,
            posts.c.repost_author,
            of_old.label("of_old"),  # NULL but for an old repost
            type_coerce(posts.c.mentions, Text).label("mentions"),
        )
        .join_from(around, posts, posts.c.rid == around.c.rid)
        .where(posts.c.private.is_(False))
        .cte("around")
    )


def _links(connection: Connection, looked: Looked) -> Any:
    """Select who is addressed by each post, once each, by the first way that holds."""
    around = _around(connection, looked)
    addressed = union_all(
        _to_author(around, REPLY, around.c.reply_to, around.c.reply_to_handle),
        _to_author(around, QUOTE, around.c.quote_of),
        _to_reposted(around),
        _to_mentioned(connection, around),
    ).subquery("addressed")
    once = (
        select(
            addressed.c.rid,
            addressed.c.author,
            addressed.c.to,
            func.min(addressed.c.how).label("how"),
            func.min(addressed.c.posted_at).label("posted_at"),
            _tone(addressed.c.rid, looked).label("tone"),
        )
        .where(addressed.c.to.not_in(NOBODY))
        .group_by(addressed.c.rid, addressed.c.author, addressed.c.to)
        .subquery("once")
    )
    author = accounts.alias("author")
    return (
        select(
            author.c.network,
            author.c.folded_handle.label("who"),
            once.c.to,
            once.c.how,
            once.c.posted_at,
            once.c.tone,
        )
        .join_from(once, author, author.c.row == once.c.author)
        .where(
            author.c.folded_handle.not_in(NOBODY),
            once.c.to != author.c.folded_handle,
            not_leaving(author.c.row),
        )
        .subquery("links")
    )


def _columns(around: CTE, to: Any, how: int) -> list[Any]:
    return [
        around.c.rid,
        around.c.author,
        around.c.posted_at,
        literal(how).label("how"),
        to.label("to"),
    ]


def _to_author(around: CTE, how: int, link: Any, *others: Any) -> Any:
    """Select who wrote the post that each is linked to; what a post says itself where none is."""
    linked, author = posts.alias(f"linked_{how}"), accounts.alias(f"author_{how}")
    to = func.coalesce(author.c.folded_handle, *others) if others else author.c.folded_handle
    same = and_(linked.c.id == link, linked.c.network == around.c.network)
    return (
        select(*_columns(around, to, how))
        .join_from(around, linked, same, isouter=True)
        .join(author, author.c.row == linked.c.author, isouter=True)
        .where(or_(link.is_not(None), *[o.is_not(None) for o in others]))
    )


def _to_reposted(around: CTE) -> Any:
    """Select whose post each passes on: its author, the account it names, the `RT @` of old."""
    author = accounts.alias("passed_on")
    named = and_(
        around.c.repost_author != "",
        author.c.id == around.c.repost_author,
        author.c.network == around.c.network,
    )
    linked, writer = posts.alias("linked_repost"), accounts.alias("writer")
    to = func.coalesce(writer.c.folded_handle, author.c.folded_handle, around.c.of_old)
    same = and_(linked.c.id == around.c.repost_of, linked.c.network == around.c.network)
    return (
        select(*_columns(around, to, REPOST))
        .join_from(around, linked, same, isouter=True)
        .join(writer, writer.c.row == linked.c.author, isouter=True)
        .join(author, named, isouter=True)
        .where(_passes_on(around))
    )


def _passes_on(around: CTE) -> ColumnElement[bool]:
    return or_(around.c.repost_of.is_not(None), around.c.of_old.is_not(None))


def _to_mentioned(connection: Connection, around: CTE) -> Any:
    """Select whom each post names.

    A repost has the names of another's words; an answer names all who talked before, and is for one
    of them. Who names many speaks to nobody.
    """
    if connection.dialect.name == "postgresql":
        number = func.json_array_length(cast(around.c.mentions, JSON))
        named = func.json_array_elements_text(cast(around.c.mentions, JSON)).table_valued("value")
    else:
        number = func.json_array_length(around.c.mentions)
        named = func.json_each(around.c.mentions).table_valued("value")
    answered = posts.alias("answered")
    answers = or_(
        around.c.reply_to_handle.is_not(None),
        exists().where(answered.c.id == around.c.reply_to, answered.c.network == around.c.network),
    )
    return (
        select(*_columns(around, func.lower(named.c.value), MENTION))
        .join_from(around, named, true())
        .where(
            around.c.mentions != "[]",
            number <= MOST_NAMED,
            ~_passes_on(around),
            ~answers,
        )
    )


def _tone(rid: Any, looked: Looked) -> Any:
    """Select the tone of a post as a number: of several brands the worst; NULL where none is."""
    rank = case((spoken.c.tone == "negative", 1), (spoken.c.tone == "positive", 2), else_=3)
    brands = [storable_key(one) for one in looked.brands]
    return (
        select(func.min(rank))
        .where(spoken.c.rid == rid, spoken.c.brand.in_(brands), spoken.c.tone != "", counts_for())
        .scalar_subquery()
    )


def _without_forgotten(connection: Connection, some: list[Said]) -> list[Said]:
    names = {(one.network, handle) for one in some for handle in (one.who, one.to)}
    digests = {
        name: digests_of(connection, name[0], [name[1]], [name[1]]) for name in sorted(names)
    }
    out = persons(connection, [digest for found in digests.values() for digest in found])
    kept_out = {name for name, found in digests.items() if not out.keys().isdisjoint(found)}
    return [
        one
        for one in some
        if (one.network, one.who) not in kept_out and (one.network, one.to) not in kept_out
    ]
