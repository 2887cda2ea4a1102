"""Whom an account answers and how soon, and who speaks to it and is answered.

A network names what a post answers by its id; a server of Mastodon by a name of its own, which is
kept beside the id (`posts.alias`, and further ones in `aliases`). Each way is looked up in turn.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
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
from watcher.store.account_rows import Own, begins_with_name, is_reply
from watcher.store.columns import storable
from watcher.store.schema import account_forms, accounts, aliases, posts

SHOWN = 50
"""Of those whom an account answers, and who answer it, the names of so many are told."""
_AT_ONCE = 10_000
_REPLY, _ANSWERED, _KINDS = 2, 1, 4
"""What a post that speaks to an account is, in the lowest digit of a number to the base 4."""
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


def exchange(connection: Connection, account: Account, own: Own) -> Exchange:
    """Count what an account answered, and what was written to it in the same time."""
    row = own.row
    further = connection.execute(select(aliases.c.name).limit(1)).first() is not None
    names = _names(connection, row, account)
    to: Counter[int | str] = Counter()
    threads = unknown = 0
    waits: list[Waited] = []
    for author, asked, answered, whom, count in _answered(connection, own, further):
        handle = _first_of(whom) if author is None else ""
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
    authors: set[int] = set()
    for code, count in _addressed(connection, own, account, names, further):
        author, kind = divmod(code, _KINDS)
        authors.add(author)
        sums[kind & _REPLY] += count
        if kind & _ANSWERED:
            sums[kind] += count
        if kind & _REPLY:
            by[author] += count
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
        authors=len(authors),
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


def _answered(connection: Connection, written: Own, further: bool) -> Any:
    """Yield, for each post answered: its author, its time, that of the first answer, how many.

    Where it is not stored, author and times are None, and the handle of whom it is by is given.
    """
    answer, target = posts.alias("answer"), posts.alias("target")
    # As a list in JSON, of which the first is the one that the text begins with.
    named = case((begins_with_name(answer), type_coerce(answer.c.mentions, Text)))
    own = (
        select(
            func.coalesce(answer.c.reply_to_handle, named).label("handle"),
            answer.c.posted_at,
            _target(answer, further).label("target"),
        )
        .where(written.among(answer), answer.c.repost_of.is_(None), is_reply(answer))
        .offset(0)  # else databases look up what is answered anew wherever it is spoken of
        .subquery("answer")
    )
    handle = case((own.c.target.is_(None), own.c.handle))
    answered = (
        select(
            own.c.target,
            handle.label("handle"),
            func.min(own.c.posted_at).label("first"),
            func.count().label("answers"),
        )
        .group_by(own.c.target, handle)
        .subquery("answered")
    )
    query = select(
        target.c.author,
        type_coerce(target.c.posted_at, BigInteger),
        type_coerce(answered.c.first, BigInteger),
        answered.c.handle,
        answered.c.answers,
    ).select_from(answered.outerjoin(target, target.c.rid == answered.c.target))
    result = connection.execute(query, execution_options={"yield_per": _AT_ONCE})
    for some in result.partitions():
        yield from some


def _addressed(
    connection: Connection,
    written: Own,
    account: Account,
    names: Collection[str],
    further: bool,
) -> Any:
    """Yield how many posts by one other were written to the account, of one kind each.

    The author and the kind come as one number, of which the lowest digit to the base `_KINDS` says
    whether they are replies, else mentions, and whether they were answered.

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
        else_=func.coalesce(parent == written.row, False),
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
            .where(way, answer.c.author + 0 == written.row, answer.c.repost_of.is_(None))
            .where(answer.c.network == post.c.network)
            .correlate_except(answer)
            .exists()
            for way in called
        )
    )
    code = post.c.author * _KINDS
    code += case((replies, _REPLY), else_=0) + case((is_answered, _ANSWERED), else_=0)
    spoken = (
        select(code.label("code"))
        .where(
            # Not by the index of keys, whose order is not that in which posts lie.
            post.c.network + _NO_NAME == account.network,
            post.c.author != written.row,
            post.c.repost_of.is_(None),
            post.c.posted_at >= written.since,
            post.c.posted_at < written.until,
            or_(and_(listed != "[]", mentions), replies),
        )
        .offset(0)  # else databases look up all again wherever it is spoken of
        .subquery("spoken")
    )
    query = select(spoken.c.code, func.count()).group_by(spoken.c.code).order_by(spoken.c.code)
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
