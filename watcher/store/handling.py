"""What colleagues did with people who wait for an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Select, and_, exists, insert, or_, select

from rules.model import Post
from watcher.store.columns import storable_key
from watcher.store.database import Database
from watcher.store.errors import NoSuchRecordError
from watcher.store.posts import posts_from, select_posts
from watcher.store.schema import handled, posts

What = Literal["done", "later", "reopened"]
"""What a colleague did with somebody who waits."""
_CHUNK = 500
LARGEST = 2**63 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class HandledRecord:
    """What a colleague did with somebody who waits."""

    post: Post
    at: datetime
    what: What
    until: datetime | None
    note: str
    by: str


class Handling(Database):
    """The part of the store that knows what colleagues did with those who wait."""

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


def shelved_until(connection: Connection, since: datetime, now: datetime) -> dict[int, datetime]:
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
