"""Posts to brands that wait for an answer, and what colleagues did with them.

A brand answered when one of its own accounts wrote to the same person in the same thread later.
docs/people.md shows the queries as one types them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)

from rules.lookalike.ownership import split_network
from rules.model import Brand, Post, Verdict
from watcher.store.brand_counts import about
from watcher.store.columns import folded_handle, storable_key
from watcher.store.database import Database
from watcher.store.errors import NoSuchRecordError
from watcher.store.people import MOST_NAMED, NOBODY, first_mention, not_leaving, own_rows, passes_on
from watcher.store.posts import posts_from, select_posts
from watcher.store.schema import accounts, handled, posts, sightings, spoken, suspects

What = Literal["done", "later", "reopened"]
"""What a colleague did with somebody who waits."""
_CHUNK = 500
_HELD = (Verdict.OPEN.value, Verdict.CONFIRMED.value)
"""Suspects that nobody found harmless."""
_ASKING = ("?", "\uff1f", "\u061f", "\u037e")
"""Question marks: Latin, full-width, Arabic, Greek."""
LARGEST = 2**63 - 1
_DEEPEST = 100
"""Answers up to which a thread is followed to its beginning."""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class HandledRecord:
    """What a colleague did with somebody who waits."""

    post: Post
    at: datetime
    what: What
    until: datetime | None
    note: str
    by: str


class Inbox(Database):
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
            found = connection.execute(
                _candidates(connection, brand, own, (since, until, now))
            ).all()
            authors = {row.author for row in found}
            answers = _answers(connection, own, (since, now), authors) if own and found else {}
            roots = _roots(
                connection,
                [row.rid for row in found if row.author in answers],
                [rid for some in answers.values() for rid, _ in some if rid is not None],
            )
            last = {author: _last_in_threads(some, roots) for author, some in answers.items()}
            shelved = _shelved(connection, since, now) if found else {}
            left = [
                row
                for row in found
                if not (row.author in last and _is_answered(row, last[row.author], roots))
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

    def handle(
        self,
        name: str,
        what: What,
        note: str,
        by: str,
        now: datetime,
        until: datetime | None = None,
    ) -> tuple[Post, HandledRecord | None]:
        """Record what somebody did with a post; return it, and what was done with it before.

        `name` is its number, its key (`network:id`) or its address. Raises `NoSuchRecordError`
        where no post is called so, or where it is to be reopened and nobody handled it.
        """
        with self.writing() as connection:
            rid, post = _called(connection, name)
            last = select_handled().where(handled.c.rid == rid).limit(1)
            before = _handled(connection, last)
            if what == "reopened":
                _need_handled(before, name)
            connection.execute(
                insert(handled),
                {"rid": rid, "at": now, "what": what, "until": until, "note": note, "by": by},
            )
        return post, before[0] if before else None

    def handled(self, *, limit: int = 100) -> tuple[HandledRecord, ...]:
        """Return what was done with those who waited, the newest first."""
        with self.reading() as connection:
            return _handled(connection, select_handled().limit(limit))


def select_handled() -> Select[Any]:
    """Return a query for what was done, the newest first."""
    return select(handled).order_by(handled.c.row.desc())


def _called(connection: Connection, name: str) -> tuple[int, Post]:
    network, _, id_ = name.partition(":")
    ways = [
        and_(posts.c.network == storable_key(network), posts.c.id == storable_key(id_)),
        posts.c.url == name,  # has no index, and comes last
    ]
    if name.isascii() and name.isdigit() and int(name) <= LARGEST:
        ways.insert(0, posts.c.rid == int(name))
    for way in ways:
        query = select_posts().where(way).order_by(posts.c.rid).limit(1)
        if found := posts_from(connection.execute(query)):
            return found[0].rid, found[0].post
    raise NoSuchRecordError(
        f"no stored post is called {name[:200]}",
        help="`watcher inbox` shows the numbers of the posts that wait; what is deleted is gone.",
    )


def _handled(connection: Connection, query: Select[Any]) -> tuple[HandledRecord, ...]:
    rows = connection.execute(query).all()
    named: dict[int, Post] = {}
    rids = sorted({row.rid for row in rows})
    for start in range(0, len(rids), _CHUNK):
        some = select_posts().where(posts.c.rid.in_(rids[start : start + _CHUNK]))
        named |= {one.rid: one.post for one in posts_from(connection.execute(some))}
    return tuple(
        HandledRecord(
            post=named[row.rid],
            at=row.at,
            what=row.what,
            until=row.until,
            note=row.note,
            by=row.by,
        )
        for row in rows
    )


def _need_handled(before: Sequence[HandledRecord], name: str) -> None:
    if before and before[0].what != "reopened":
        return
    called = name[:200]
    raise NoSuchRecordError(
        f"{called} is open already"
        if before
        else f"nobody handled {called}, so nothing is taken back",
        help="`watcher inbox handled` shows what was done, and by whom.",
    )


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


_Answers = Mapping[int, Sequence[tuple[int | None, datetime]]]
"""By author: the post that was answered, None where it is not stored, and when."""


def _answers(
    connection: Connection, own: Sequence[int], times: tuple[datetime, datetime], authors: set[int]
) -> _Answers:
    """Return what own accounts answered to these people between two moments, both included."""
    target, named = posts.alias("target"), accounts.alias("named")
    by_own = and_(posts.c.author.in_(own), posts.c.posted_at.between(*times))
    to = and_(target.c.id == posts.c.reply_to, target.c.network == posts.c.network)
    known = select(target.c.author, target.c.rid, posts.c.posted_at).join_from(posts, target, to)
    # The post that it answers is not stored, or it answers by name alone.
    handle = case(
        (posts.c.reply_to_handle.is_not(None), func.lower(posts.c.reply_to_handle)),
        (func.substr(posts.c.text, 1, 1) == "@", first_mention(connection)),
    )
    who = and_(named.c.network == posts.c.network, named.c.folded_handle == handle)
    unknown = (
        select(named.c.row, literal(None), posts.c.posted_at)
        .join_from(posts, named, who)
        .where(~exists().where(to))
    )
    found: dict[int, list[tuple[int | None, datetime]]] = {}
    for query in (known, unknown):
        for author, rid, at in connection.execute(query.where(by_own)):
            if author in authors:
                found.setdefault(author, []).append((rid, at))
    return found


_Root = int | tuple[str, str]
"""Where a thread begins: a post, or the id of one that is not stored."""


def _roots(connection: Connection, *some: Iterable[int]) -> dict[int, _Root]:
    """Return where the threads of posts begin, as far as they are stored."""
    parent = posts.alias("parent")
    above: dict[int, _Root | None] = {}
    level = {rid for rids in some for rid in rids}
    wanted = frozenset(level)
    for _ in range(_DEEPEST):
        ask = sorted(level - above.keys())
        if not ask:
            break
        level = set()
        for start in range(0, len(ask), _CHUNK):
            query = (
                select(posts.c.rid, parent.c.rid, posts.c.network, posts.c.reply_to)
                .join(
                    parent,
                    and_(parent.c.id == posts.c.reply_to, parent.c.network == posts.c.network),
                    isouter=True,
                )
                .where(posts.c.rid.in_(ask[start : start + _CHUNK]))
            )
            for rid, of, network, reply_to in connection.execute(query):
                above[rid] = of or ((network, reply_to) if reply_to else None)
                level |= {of} if of else set()
    return {rid: _root(rid, above) for rid in wanted}


def _root(rid: int, above: Mapping[int, _Root | None]) -> _Root:
    here: _Root = rid
    seen = {here}
    while isinstance(here, int) and (up := above.get(here)) is not None and up not in seen:
        here = up
        seen.add(here)
    return here


_Last = Mapping[_Root | None, datetime]
"""When one author was answered last, by thread; None is what may be any."""


def _last_in_threads(
    answers: Iterable[tuple[int | None, datetime]], roots: Mapping[int, _Root]
) -> _Last:
    last: dict[_Root | None, datetime] = {}
    for rid, at in answers:
        root = None if rid is None else roots[rid]
        last[root] = max(at, last.get(root, at))
    return last


def _is_answered(row: Any, last: _Last, roots: Mapping[int, _Root]) -> bool:
    """Whether the brand wrote to the author in the same thread after a post.

    An answer to a post that is not stored may be in any thread: it counts.
    """
    return any(
        at is not None and at >= row.posted_at for at in map(last.get, (None, roots[row.rid]))
    )


def _shelved(connection: Connection, since: datetime, now: datetime) -> dict[int, datetime]:
    """Return up to when what somebody wrote is handled, by author, as it was at `now`."""
    later = handled.alias("later_on")
    last = ~exists().where(
        later.c.rid == handled.c.rid, later.c.row > handled.c.row, later.c.at <= now
    )
    query = (
        select(posts.c.author, handled.c.at)
        .join(posts, posts.c.rid == handled.c.rid)
        .where(
            last,
            handled.c.at.between(since, now),
            or_(handled.c.what == "done", and_(handled.c.what == "later", handled.c.until > now)),
        )
    )
    found: dict[int, datetime] = {}
    for author, at in connection.execute(query):
        found[author] = max(at, found.get(author, at))
    return found


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
