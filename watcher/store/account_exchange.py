"""Whom an account answers and how soon, and who speaks to it and is answered.

A network names what a post answers by its id; a server of Mastodon by a name of its own, which is
kept beside the id (`posts.alias`, and further ones in `aliases`). Each way is looked up in turn.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Text,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
)

from rules.model import Account
from watcher.store.columns import storable
from watcher.store.schema import account_forms, accounts, aliases, posts

SHOWN = 50
"""Of those whom an account answers, and who answer it, the names of so many are told."""
_AT_ONCE = 10_000
_NO_NAME: ColumnElement[str] = literal_column("''")
"""Written out, not a parameter: so the database knows that its index of names serves."""
_MOST_NAMES = 5
"""Names that an account had, looked for among those mentioned."""


class Waited(NamedTuple):
    """A post by another and the account's first answer to it."""

    asked: int
    """When the post was written, in microseconds since 1970."""
    waited: int
    """Microseconds until the first answer; below 0 where the clocks disagree."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """What passed between an account and others."""

    answers: Mapping[str, int]
    """Its answers by the handle of whom they go to: the most frequent ones."""
    threads: int
    """Its answers to itself."""
    waits: tuple[Waited, ...]
    """One for each post by another that is stored and was answered."""
    unknown: int
    """Answers to posts that are not stored."""
    answered_by: Mapping[str, int]
    """Answers to its posts by the handle of who wrote them: the most frequent ones."""
    mentions: int
    """Posts by others that name it and answer none of its posts."""
    mentions_answered: int
    replies: int
    """Posts by others that answer one of its own."""
    replies_answered: int
    authors: int
    """Others who wrote either."""


def exchange(
    connection: Connection, row: int, account: Account, since: datetime, until: datetime
) -> Exchange:
    """Count what an account answered, and what was written to it, from `since` before `until`."""
    further = connection.execute(select(aliases.c.name).limit(1)).first() is not None
    names = _names(connection, row, account)
    to: Counter[int | str] = Counter()
    threads = unknown = 0
    waits: list[Waited] = []
    for author, asked, answered, whom, count in _answered(connection, row, since, until, further):
        handle = _first_of(whom)
        if author == row or (author is None and handle.lower() in names):
            threads += count
        elif author is None:
            to[handle] += count
            unknown += count
        else:
            to[author] += count
            waits.append(Waited(asked, answered - asked))
    by: Counter[int | str] = Counter()
    sums = [0, 0, 0, 0]
    authors = 0
    for author, *counts in _addressed(connection, row, account, names, since, until, further):
        authors += 1
        sums = [one + int(two) for one, two in zip(sums, counts, strict=True)]
        if counts[2]:
            by[author] = int(counts[2])
    return Exchange(
        answers=_called(connection, to),
        threads=threads,
        waits=tuple(waits),
        unknown=unknown,
        answered_by=_called(connection, by),
        mentions=sums[0],
        mentions_answered=sums[1],
        replies=sums[2],
        replies_answered=sums[3],
        authors=authors,
    )


def _first_of(handle: str | None) -> str:
    """Return a handle, or the first one of a list of them in JSON."""
    if handle and handle.startswith('["'):
        return str(json.loads(handle)[0])
    return handle or ""


def _names(connection: Connection, row: int, account: Account) -> frozenset[str]:
    """Return the handles that an account has and had, and its id, in lower case."""
    former = (
        select(account_forms.c.handle)
        .where(account_forms.c.account == row)
        .order_by(account_forms.c.until.desc())
        .limit(100)
    )
    known = dict.fromkeys([account.handle, *connection.execute(former).scalars()])
    names = list(known)[: _MOST_NAMES - 1]
    if not account.id.isdigit():  # a number is nobody's name
        names.append(account.id)
    return frozenset(storable(name).lower() for name in names if name)


def is_reply(post: Any) -> ColumnElement[bool]:
    """Return the condition for posts that answer somebody.

    One that begins with a name answers whoever has it, even where the network does not say so.
    """
    return or_(
        post.c.reply_to.is_not(None), post.c.reply_to_handle.is_not(None), _begins_with_name(post)
    )


def _begins_with_name(post: Any) -> ColumnElement[bool]:
    listed = type_coerce(post.c.mentions, Text)
    return and_(listed != "[]", func.substr(post.c.text, 1, 1) == "@")


def _target(post: Any, further: bool) -> Any:
    """Return the `rid` of the stored post that `post` answers, as an expression."""
    other = posts.alias("answered")
    by_id = (
        select(other.c.rid)
        .where(other.c.network == post.c.network, other.c.id == post.c.reply_to)
        .correlate_except(other)
    )
    named = posts.alias("named")
    by_alias = (
        select(func.min(named.c.rid))
        .where(named.c.alias == post.c.reply_to, named.c.alias != _NO_NAME)
        .where(named.c.network == post.c.network)
        .correlate_except(named)
    )
    ways = [by_id.scalar_subquery(), by_alias.scalar_subquery()]
    if further:
        by_name = select(aliases.c.rid).where(aliases.c.name == post.c.reply_to)
        ways.append(by_name.correlate_except(aliases).scalar_subquery())
    return func.coalesce(*ways)


def _answered(
    connection: Connection, row: int, since: datetime, until: datetime, further: bool
) -> Any:
    """Yield, for each post answered: its author, its time, that of the first answer, how many.

    Where it is not stored, author and times are None, and the handle of whom it is by is given.
    """
    answer, target = posts.alias("answer"), posts.alias("target")
    # As a list in JSON, of which the first is the one that the text begins with.
    named = case((_begins_with_name(answer), type_coerce(answer.c.mentions, Text)))
    own = (
        select(
            func.coalesce(answer.c.reply_to_handle, named).label("handle"),
            answer.c.posted_at,
            _target(answer, further).label("to"),
        )
        .where(
            answer.c.author == row,
            answer.c.repost_of.is_(None),
            is_reply(answer),
            answer.c.posted_at >= since,
            answer.c.posted_at < until,
        )
        .subquery("answer")
    )
    handle = case((target.c.rid.is_(None), own.c.handle))
    query = (
        select(
            target.c.author,
            type_coerce(func.min(target.c.posted_at), BigInteger),
            type_coerce(func.min(own.c.posted_at), BigInteger),
            handle.label("handle"),
            func.count(),
        )
        .select_from(own.outerjoin(target, target.c.rid == own.c.to))
        .group_by(target.c.rid, target.c.author, handle)
    )
    result = connection.execute(query, execution_options={"yield_per": _AT_ONCE})
    for some in result.partitions():
        yield from some


def _addressed(
    connection: Connection,
    row: int,
    account: Account,
    names: Collection[str],
    since: datetime,
    until: datetime,
    further: bool,
) -> Any:
    """Yield, for each other who spoke to the account: mentions, those answered, replies, those too.

    A post whose author asks nothing of it and only passes on another's words is left out.
    """
    post, own, answer = posts.alias("post"), posts.alias("own"), posts.alias("reply")
    parent = (
        select(own.c.author)
        .where(own.c.rid == _target(post, further))
        .correlate_except(own)
        .scalar_subquery()
    )
    replies = case(
        (func.lower(post.c.reply_to_handle).in_(names), True),
        (post.c.reply_to.is_(None), False),
        else_=func.coalesce(parent == row, False),
    )
    listed = type_coerce(post.c.mentions, Text)
    mentions = or_(
        *(
            listed.icontains(json.dumps(name, ensure_ascii=False), autoescape=True)
            for name in sorted(names)
        )
    )
    called: list[ColumnElement[bool]] = [
        answer.c.reply_to == post.c.id,
        and_(post.c.alias != _NO_NAME, answer.c.reply_to == post.c.alias),
    ]
    if further:
        others = select(aliases.c.name).where(aliases.c.rid == post.c.rid)
        called.append(answer.c.reply_to.in_(others.correlate_except(aliases)))
    is_answered = or_(
        *(
            select(answer.c.rid)
            # Not by the index of authors: one may have written a million posts.
            .where(way, answer.c.author + 0 == row, answer.c.repost_of.is_(None))
            .where(answer.c.network == post.c.network)
            .correlate_except(answer)
            .exists()
            for way in called
        )
    )
    spoken = (
        select(
            post.c.author,
            case((replies, 1), else_=0).label("reply"),
            case((is_answered, 1), else_=0).label("answered"),
        )
        .where(
            post.c.network == account.network,
            post.c.author != row,
            post.c.repost_of.is_(None),
            post.c.posted_at >= since,
            post.c.posted_at < until,
            or_(and_(listed != "[]", mentions), replies),
        )
        .subquery("spoken")
    )
    query = select(
        spoken.c.author,
        func.sum(1 - spoken.c.reply),
        func.sum((1 - spoken.c.reply) * spoken.c.answered),
        func.sum(spoken.c.reply),
        func.sum(spoken.c.reply * spoken.c.answered),
    ).group_by(spoken.c.author)
    result = connection.execute(query, execution_options={"yield_per": _AT_ONCE})
    for some in result.partitions():
        yield from some


def _called(connection: Connection, found: Counter[int | str]) -> dict[str, int]:
    """Return the most frequent ones by their handles; some are rows of accounts, some handles."""
    handles: Counter[str] = Counter()
    rows = Counter({one: count for one, count in found.items() if isinstance(one, int)})
    most = [one for one, _ in rows.most_common(SHOWN * 4)]
    query = select(accounts.c.row, accounts.c.handle).where(accounts.c.row.in_(most))
    for number, handle in connection.execute(query):
        handles[handle] += rows[number]
    for one, count in found.items():
        if isinstance(one, str) and one:
            handles[one] += count
    return dict(sorted(handles.items(), key=lambda item: (-item[1], item[0]))[:SHOWN])
