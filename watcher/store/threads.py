"""In which threads somebody was answered last: a thread goes on below what it began with."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, exists, func, literal, select

from watcher.store.people import first_mention
from watcher.store.schema import accounts, posts

_CHUNK = 500
_DEEPEST = 100
"""Answers up to which a thread is followed to its beginning."""

Answers = Mapping[int, Sequence[tuple[int | None, datetime]]]
"""By author: the post that was answered, None where it is not stored, and when."""
Root = int | tuple[str, str]
"""Where a thread begins: a post, or the id of one that is not stored."""
Last = Mapping[Root | None, datetime]
"""When one author was answered last, by thread; None is what may be any."""


def answers_to(
    connection: Connection, own: Sequence[int], times: tuple[datetime, datetime], authors: set[int]
) -> Answers:
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


def roots_of(connection: Connection, *some: Iterable[int]) -> dict[int, Root]:
    """Return where the threads of posts begin, as far as they are stored."""
    parent = posts.alias("parent")
    above: dict[int, Root | None] = {}
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


def _root(rid: int, above: Mapping[int, Root | None]) -> Root:
    here: Root = rid
    seen = {here}
    while isinstance(here, int) and (up := above.get(here)) is not None and up not in seen:
        here = up
        seen.add(here)
    return here


def last_in_threads(
    answers: Iterable[tuple[int | None, datetime]], roots: Mapping[int, Root]
) -> Last:
    """Return when an author was answered last, by thread."""
    last: dict[Root | None, datetime] = {}
    for rid, at in answers:
        root = None if rid is None else roots[rid]
        last[root] = max(at, last.get(root, at))
    return last


def is_answered(row: Any, last: Last, roots: Mapping[int, Root]) -> bool:
    """Whether the brand wrote to the author in the same thread after a post.

    An answer to a post that is not stored may be in any thread: it counts.
    """
    return any(
        at is not None and at >= row.posted_at for at in map(last.get, (None, roots[row.rid]))
    )
