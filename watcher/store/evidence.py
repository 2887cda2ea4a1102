"""What was kept of a suspect for others to see: copies of posts, and when each came in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from rules.model import Post
from watcher.store.database import Database
from watcher.store.errors import NoSuchRecordError
from watcher.store.posts import posts_from, select_posts
from watcher.store.schema import posts, sightings, suspects


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenPost:
    """A post, and when it was read."""

    post: Post
    """As it was then; what its author changed since is not seen."""
    seen: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """What one source brought of a suspect."""

    source: str
    posts: int
    first: datetime
    """When the first of these posts was read."""
    last: datetime


class Evidence(Database):
    """The part of the store that shows what was seen of a suspect, by whom and when."""

    def private_posts(self, suspect: int) -> int:
        """Count the private posts of a suspect, which leave with no evidence.

        Raises `NoSuchRecordError`.
        """
        with self.reading() as connection:
            of_suspect = _about(connection, suspect, select(func.count()).select_from(posts))
            private = of_suspect.where(posts.c.private.is_(True))
            return int(connection.execute(private).scalar_one())

    def seen_posts(self, suspect: int, limit: int) -> tuple[SeenPost, ...]:
        """Return the newest `limit` public posts by the account, or with links to the domain.

        They stand in the order in which they were written. Raises `NoSuchRecordError`.
        """
        with self.reading() as connection:
            chosen = _about(connection, suspect, select(posts.c.rid, posts.c.seen))
            chosen = chosen.where(posts.c.private.is_(False))
            seen: dict[int, datetime] = {
                row.rid: row.seen
                for row in connection.execute(chosen.order_by(posts.c.rid.desc()).limit(limit))
            }
            rids = list(seen)
            found = [
                SeenPost(post=one.post, seen=seen[one.rid])
                for start in range(0, len(rids), 500)
                for one in posts_from(
                    connection.execute(
                        select_posts().where(posts.c.rid.in_(rids[start : start + 500]))
                    )
                )
            ]
        return tuple(sorted(found, key=lambda one: (one.post.posted_at, one.post.key)))

    def sightings(self, suspect: int) -> tuple[Sighting, ...]:
        """Return which sources brought posts of a suspect, and when; the first one first.

        Raises `NoSuchRecordError`.
        """
        first, last = func.min(posts.c.seen), func.max(posts.c.seen)
        query = select(
            posts.c.source, func.count().label("number"), first.label("first"), last.label("last")
        )
        with self.reading() as connection:
            rows = connection.execute(
                _about(connection, suspect, query)
                .group_by(posts.c.source)
                .order_by(first, posts.c.source)
            ).all()
        return tuple(
            Sighting(source=row.source, posts=row.number, first=row.first, last=row.last)
            for row in rows
        )


def _about(connection: Connection, suspect: int, query: Select[Any]) -> Select[Any]:
    """Narrow a query about posts down to those of a suspect."""
    row = connection.execute(select(suspects.c.account).where(suspects.c.id == suspect)).first()
    if row is None:
        raise NoSuchRecordError(
            f"there is no suspect {suspect}", help="`watcher suspects list` shows their numbers."
        )
    if row.account is not None:
        return query.where(posts.c.author == row.account)
    return query.join(sightings, sightings.c.rid == posts.c.rid).where(
        sightings.c.suspect == suspect
    )
