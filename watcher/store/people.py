"""What people cause with their posts about brands: who answers these, and who passes them on.

Private posts are not counted, neither what somebody does for own posts, nor what bots, confirmed
imitators and the brands' own accounts do. docs/people.md shows each query as one types it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    JSON,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    case,
    cast,
    distinct,
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

from rules.lookalike.ownership import split_network
from rules.model import Account, Brand, Verdict
from watcher.store.accounts import account_columns, account_from
from watcher.store.brand_counts import about
from watcher.store.columns import folded_handle, storable_key
from watcher.store.database import Database
from watcher.store.schema import accounts, forgotten, matches, posts, spoken, suspects

_CHUNK = 500
_TAKEN, _UNSEEN, _NOTICED = 0, 1, 2
"""Which part of an answer a row belongs to."""
MOST_NAMED = 5
"""A post that names more people than these speaks to none of them in particular."""
NOBODY = ("", "?")
"""Handles of what has no author: whatever an archive holds without one is by the account `?`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """Which posts are looked at."""

    brands: Sequence[str]
    """Those that speak of one of these."""
    rules: Sequence[str] = ()
    """Those that one of these found."""
    since: datetime
    until: datetime
    """Written from `since` on and before `until`."""
    own: Sequence[Brand] = ()
    """The brands whose accounts are nobody's audience, and no influencers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """How others took up what one person wrote."""

    row: int
    """Of the account."""
    answered_by: int
    passed_on_by: int
    mutual: int
    """How many of `passed_on_by` this person passed on in turn."""
    unseen: int
    """Posts that others passed on and that are not stored themselves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Noticed:
    """How many posts of one person have the same engagement."""

    row: int
    engagement: int
    """Likes, reposts and replies together, less the own ones."""
    told: bool
    """Whether the network told any of them."""
    posts: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody behind a row, and the post of theirs that others took up most."""

    account: Account
    suspect: bool
    best: str
    best_url: str


class People(Database):
    """The part of the store that knows what people cause."""

    def looked_at(self, looked: Looked) -> int:
        """Count the posts that are looked at, those that only pass others on left out."""
        with self.reading() as connection:
            query = select(func.count()).select_from(_mine(looked))
            return connection.execute(query).scalar_one()

    def caused(self, looked: Looked) -> tuple[tuple[Taken, ...], tuple[Noticed, ...]]:
        """Return how posts were taken up, and how much engagement the networks told of them.

        The first has one entry for each person of whom any was taken up. All is asked for in one
        statement, so that the posts looked at are found once.
        """
        with self.reading() as connection:
            own = own_rows(connection, looked.own)
            mine = _mine(looked)
            passing = _passing(looked, first_mention(connection)).cte("passing")
            parts = (_taken(mine, passing, own), _unseen(passing), _noticed(mine, own))
            rows = connection.execute(union_all(*parts)).all()
        unseen = {row: int(number) for part, row, number, *_ in rows if part == _UNSEEN}
        return (
            tuple(
                Taken(
                    row=row,
                    answered_by=int(answered),
                    passed_on_by=int(passed_on),
                    mutual=int(mutual),
                    unseen=unseen.get(row, 0),
                )
                for part, row, answered, passed_on, mutual in rows
                if part == _TAKEN
            ),
            tuple(
                Noticed(row=row, engagement=int(number), told=bool(told), posts=int(written))
                for part, row, number, told, written in rows
                if part == _NOTICED
            ),
        )

    def people(self, rows: Sequence[int], looked: Looked) -> dict[int, Person]:
        """Return who is behind these rows; whoever is being forgotten is left out."""
        wanted = list(rows)
        suspected = exists().where(
            suspects.c.account == accounts.c.row,
            suspects.c.verdict.in_([Verdict.OPEN.value, Verdict.CONFIRMED.value]),
        )
        found: dict[int, Person] = {}
        with self.reading() as connection:
            best = _best(connection, wanted, looked)
            for start in range(0, len(wanted), _CHUNK):
                query = select(*account_columns, accounts.c.row, suspected).where(
                    accounts.c.row.in_(wanted[start : start + _CHUNK]),
                    accounts.c.folded_handle.not_in(NOBODY),
                    not_leaving(accounts.c.row),
                )
                for one in connection.execute(query).all():
                    key, url = best.get(one.row, ("", ""))
                    found[one.row] = Person(
                        account=account_from(one), suspect=bool(one[-1]), best=key, best_url=url
                    )
        return found


def own_rows(connection: Connection, brands: Sequence[Brand]) -> list[int]:
    """Return the rows of the brands' own accounts that were ever seen, by their full handles."""
    wanted: dict[str, set[str]] = {}
    for brand in brands:
        for entry in brand.accounts:
            network, handle = split_network(entry)
            wanted.setdefault(folded_handle(handle), set()).add(network)
    handles = list(wanted)
    found: list[int] = []
    for start in range(0, len(handles), _CHUNK):
        some = accounts.c.folded_handle.in_(handles[start : start + _CHUNK])
        query = select(accounts.c.row, accounts.c.network, accounts.c.folded_handle).where(some)
        found += [
            row.row
            for row in connection.execute(query)
            if not wanted[row.folded_handle].isdisjoint(("", row.network.casefold()))
        ]
    return sorted(found)


def about_them(looked: Looked) -> Any:
    """Select the `rid` of each post that is looked at, once."""
    chosen = []
    if looked.brands:
        chosen.append(
            select(spoken.c.rid)
            .where(
                spoken.c.brand.in_([storable_key(one) for one in looked.brands]),
                spoken.c.posted_at >= looked.since,
                spoken.c.posted_at < looked.until,
                about(),
            )
            .distinct()
        )
    if looked.rules:
        chosen.append(
            select(matches.c.rid)
            .where(
                matches.c.rule.in_([storable_key(one) for one in looked.rules]),
                matches.c.posted_at >= looked.since,
                matches.c.posted_at < looked.until,
            )
            .distinct()
        )
    if not chosen:
        return select(spoken.c.rid).where(~true())
    return union(*chosen)


def passes_on(table: Any = posts.c) -> ColumnElement[bool]:
    """Whether a post only passes on another; the `RT @` of old does, too."""
    return or_(table.repost_of.is_not(None), is_old_repost(table))


def is_old_repost(table: Any = posts.c) -> ColumnElement[bool]:
    """Whether a post passes on another as was done before networks knew reposts."""
    return func.substr(table.text, 1, 4) == "RT @"


def first_mention(connection: Connection) -> ColumnElement[str]:
    """The first handle that a post mentions, in small letters; NULL where it mentions none."""
    written = type_coerce(posts.c.mentions, Text)
    if connection.dialect.name == "postgresql":
        return func.lower(cast(written, JSON)[0].as_string())
    return func.lower(func.json_extract(written, "$[0]"))


def _mine(looked: Looked, authors: Sequence[int] | None = None) -> CTE:
    """The public posts that are looked at, and that somebody wrote and not only passed on.

    With `authors` only theirs.
    """
    chosen = about_them(looked).subquery("chosen")
    by_them = posts.c.author.in_(authors) if authors is not None else true()
    return (
        select(
            posts.c.rid,
            posts.c.network,
            posts.c.id,
            posts.c.author,
            posts.c.likes,
            posts.c.reposts,
            posts.c.replies,
        )
        .join_from(chosen, posts, posts.c.rid == chosen.c.rid)
        .where(posts.c.private.is_(False), ~passes_on(), by_them)
        .cte("mine")
    )


def _others(actors: Any, targets: Any, own: Sequence[int]) -> ColumnElement[bool]:
    """Whether what one does for another counts."""
    someone = accounts.alias("someone")
    bot = exists().where(someone.c.row == actors, someone.c.bot.is_(True))
    imitator = exists().where(
        suspects.c.account == actors, suspects.c.verdict == Verdict.CONFIRMED.value
    )
    conditions = [actors != targets, ~bot, ~imitator]
    if own:
        conditions += [actors.not_in(list(own)), targets.not_in(list(own))]
    return and_(*conditions)


def _taken(mine: CTE, passing: CTE, own: Sequence[int]) -> Select[Any]:
    """Count for each person by how many others they were answered, passed on, and both ways."""
    pairs = _pairs(mine, passing, own).subquery("pairs")
    forth = pairs.c.actor < pairs.c.target
    passed = case((pairs.c.passed > 0, 1), else_=0)
    # A pair stands there twice where each took up the other.
    both = func.sum(passed).over(
        partition_by=(
            case((forth, pairs.c.actor), else_=pairs.c.target),
            case((forth, pairs.c.target), else_=pairs.c.actor),
        )
    )
    each = select(pairs, passed.label("once"), both.label("both")).subquery("each")
    return select(
        literal(_TAKEN),
        each.c.target,
        func.sum(case((each.c.answers > 0, 1), else_=0)),
        func.sum(each.c.once),
        func.sum(case((each.c.both == 2, 1), else_=0)),
    ).group_by(each.c.target)


def _noticed(mine: CTE, own: Sequence[int]) -> Select[Any]:
    """Count for each person the posts of one engagement."""
    rows = _engaged(mine).subquery("engaged")
    query = select(
        literal(_NOTICED), rows.c.author, rows.c.engagement, rows.c.told, func.count()
    ).group_by(rows.c.author, rows.c.engagement, rows.c.told)
    return query.where(rows.c.author.not_in(own)) if own else query


def _pairs(mine: CTE, passing: CTE, own: Sequence[int]) -> Any:
    """Select who took up whom, each pair once: how often by answers, and by passing on."""
    taking = posts.alias("taking")

    def by(link: Any, answers: int) -> Any:
        return (
            select(
                mine.c.author.label("target"),
                taking.c.author.label("actor"),
                literal(answers).label("answers"),
                literal(1 - answers).label("passed"),
            )
            .join_from(mine, taking, and_(link == mine.c.id, taking.c.network == mine.c.network))
            .where(taking.c.private.is_(False))
        )

    taken = union_all(
        by(taking.c.reply_to, 1),
        by(taking.c.repost_of, 0),
        by(taking.c.quote_of, 0),
        select(passing.c.target, passing.c.actor, literal(0), literal(1)),
    ).cte("taken")
    once = (
        select(
            taken.c.target,
            taken.c.actor,
            func.sum(taken.c.answers).label("answers"),
            func.sum(taken.c.passed).label("passed"),
        )
        .group_by(taken.c.target, taken.c.actor)
        .cte("once")
    )
    return select(once).where(_others(once.c.actor, once.c.target, own))


def _passing(looked: Looked, first: Any) -> Any:
    """Select who passed on whom where the post passed on is not stored: actor, target, original."""
    chosen = about_them(looked).subquery("passed")
    original, author = posts.alias("original"), accounts.alias("author")
    stored = exists().where(
        original.c.network == posts.c.network, original.c.id == posts.c.repost_of
    )

    def by(named: ColumnElement[bool]) -> Any:
        return (
            select(
                posts.c.author.label("actor"),
                author.c.row.label("target"),
                func.coalesce(posts.c.repost_of, "").label("original"),
            )
            .join_from(chosen, posts, posts.c.rid == chosen.c.rid)
            .join(author, and_(author.c.network == posts.c.network, named))
            .where(posts.c.private.is_(False), ~stored)
        )

    told = and_(posts.c.repost_of.is_not(None), author.c.id == posts.c.repost_author)
    of_old = and_(posts.c.repost_author == "", is_old_repost(), author.c.folded_handle == first)
    return union_all(by(told), by(of_old))


def _unseen(passing: CTE) -> Select[Any]:
    """Count for each account the posts that others passed on, and that are not stored."""
    posts_of = func.count(distinct(passing.c.original))
    return (
        select(literal(_UNSEEN), passing.c.target, posts_of, literal(0), literal(0))
        .where(passing.c.original != "", passing.c.actor != passing.c.target)
        .group_by(passing.c.target)
    )


def _engaged(mine: CTE) -> Any:
    """Select the engagement of each post: likes, reposts and replies, less the author's own ones.

    Networks count an author's own answers and reposts too. `told` is 1 where the network told any
    of the three, else 0.
    """
    taking = posts.alias("own_taking")
    known = func.coalesce(mine.c.likes, mine.c.reposts, mine.c.replies).is_not(None)

    def own(link: Any, reposts: int, replies: int) -> Any:
        same = and_(
            link == mine.c.id,
            taking.c.network == mine.c.network,
            taking.c.author + 0 == mine.c.author,  # never by the index of authors: some write much
        )
        nothing = literal(0)
        columns = (mine.c.rid, mine.c.author, nothing, literal(reposts), literal(replies), nothing)
        return select(*columns).join_from(mine, taking, same)

    each = union_all(
        select(
            mine.c.rid,
            mine.c.author,
            func.coalesce(mine.c.likes, 0).label("likes"),
            func.coalesce(mine.c.reposts, 0).label("reposts"),
            func.coalesce(mine.c.replies, 0).label("replies"),
            case((known, 1), else_=0).label("told"),
        ),
        own(taking.c.repost_of, -1, 0),
        own(taking.c.reply_to, 0, -1),
    ).subquery("engaging")

    def left(number: Any) -> ColumnElement[int]:
        total = func.sum(number)
        return case((total > 0, total), else_=0)

    return select(
        each.c.rid,
        each.c.author,
        (func.sum(each.c.likes) + left(each.c.reposts) + left(each.c.replies)).label("engagement"),
        func.max(each.c.told).label("told"),
    ).group_by(each.c.rid, each.c.author)


def _best(
    connection: Connection, rows: Sequence[int], looked: Looked
) -> dict[int, tuple[str, str]]:
    """Return key and address of the post of each person that most others took up."""
    mine = _mine(looked, rows)
    taking = posts.alias("taking_best")

    def by(link: Any) -> Any:
        return (
            select(mine.c.rid, taking.c.author)
            .join_from(mine, taking, and_(link == mine.c.id, taking.c.network == mine.c.network))
            .where(taking.c.private.is_(False), taking.c.author != mine.c.author)
        )

    links = (taking.c.reply_to, taking.c.repost_of, taking.c.quote_of)
    takers = union(*map(by, links)).subquery("takers")
    counted = (
        select(takers.c.rid, func.count().label("people")).group_by(takers.c.rid).subquery("most")
    )
    engaged = _engaged(mine).subquery("engaged_best")
    query = (
        select(engaged.c.author, posts.c.network, posts.c.id, posts.c.url)
        .join_from(engaged, posts, posts.c.rid == engaged.c.rid)
        .join(counted, counted.c.rid == engaged.c.rid, isouter=True)
        .order_by(func.coalesce(counted.c.people, 0), engaged.c.engagement, engaged.c.rid.desc())
    )
    return {  # the last one of each stays
        row.author: (f"{row.network}:{row.id}", row.url) for row in connection.execute(query)
    }


def not_leaving(row: Any) -> ColumnElement[bool]:
    """Whether an account is not being forgotten at this moment."""
    return ~exists().where(forgotten.c.account == row)
