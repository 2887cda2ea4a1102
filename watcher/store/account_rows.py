"""How the posts of one account are come by: all of them, or some thousands at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, and_, func, or_, select, type_coerce

from watcher.store.schema import posts

AT_ONCE = 20_000
"""Posts in a stretch."""
_MICROSECOND = timedelta(microseconds=1)
PART = 4
"""An account with more than this part of all posts has written a large part of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Own:
    """The posts of an account from one moment on and before another."""

    row: int
    """The account's."""
    since: datetime
    until: datetime
    are_many: bool
    """Whether they are so large a part of all posts that going through all as they lie takes less
    time than looking up each by its author."""

    @classmethod
    def of(cls, connection: Connection, row: int, since: datetime, until: datetime) -> "Own":
        """Return the posts of the account of this row."""
        newest = connection.scalar(select(func.max(posts.c.rid))) or 0
        within = posts.c.author == row, posts.c.posted_at >= since, posts.c.posted_at < until
        further = select(posts.c.posted_at).where(*within).order_by(posts.c.posted_at)
        beyond = connection.scalar(further.offset(newest // PART).limit(1))
        return cls(row=row, since=since, until=until, are_many=beyond is not None)

    def among(self, post: Any) -> ColumnElement[bool]:
        """Return the condition for them among the posts of a query."""
        author = post.c.author + 0 if self.are_many else post.c.author  # + 0: no index serves
        within = post.c.posted_at >= self.since, post.c.posted_at < self.until
        return and_(author == self.row, *within)

    def stretches(self, connection: Connection) -> Iterator[ColumnElement[bool]]:
        """Yield conditions for some thousands of them at a time; together they are all.

        More than so many of one moment, to the microsecond, may stay together.
        """
        everything = self.among(posts)
        if self.are_many:
            newest = connection.scalar(select(func.max(posts.c.rid))) or 0
            for first in range(0, newest + 1, AT_ONCE):
                yield and_(posts.c.rid >= first, posts.c.rid < first + AT_ONCE, everything)
            return
        query = select(posts.c.posted_at).where(everything).order_by(posts.c.posted_at)
        query = query.offset(AT_ONCE).limit(1)
        at = self.since
        while (end := connection.scalar(query.where(posts.c.posted_at >= at))) is not None:
            end = max(end, at + _MICROSECOND)
            yield and_(posts.c.posted_at >= at, posts.c.posted_at < end, everything)
            at = end
        yield and_(posts.c.posted_at >= at, everything)


def is_reply(post: Any) -> ColumnElement[bool]:
    """Return the condition for posts that answer somebody.

    One that begins with a name answers whoever has it, even where the network does not say so.
    """
    return or_(
        post.c.reply_to.is_not(None), post.c.reply_to_handle.is_not(None), begins_with_name(post)
    )


def begins_with_name(post: Any) -> ColumnElement[bool]:
    """Return the condition for posts that begin with the name of somebody they mention."""
    listed = type_coerce(post.c.mentions, Text)
    return and_(listed != "[]", func.substr(post.c.text, 1, 1) == "@")
