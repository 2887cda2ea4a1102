"""Links of posts matched long ago, looked at again when brands or rules changed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from rules.model import Suspect
from watcher.store.database import Database
from watcher.store.database import insert as insert_or
from watcher.store.posts import posts_from, select_posts
from watcher.store.queue import NOWHERE_ELSE, Places, Routes, enqueue_news, remember_routes
from watcher.store.raising import note_sightings, raise_suspects
from watcher.store.records import Batch, SavedMatches
from watcher.store.schema import posts, progress

_LINKS = "links"
"""How far down the links have to be looked at again: the newest first, and none where it is 0."""


def look_at_links_again(connection: Connection, upto: int) -> None:
    """Have the links of all posts up to this `rid` looked at again."""
    upsert = insert_or(connection, progress)
    connection.execute(
        upsert.on_conflict_do_update(index_elements=["name"], set_={"rid": upsert.excluded.rid}),
        {"name": _LINKS, "rid": upto},
    )


class Links(Database):
    """The part of the store that knows which links are to be looked at again."""

    def links_to_look_at(self, limit: int) -> Batch:
        """Return posts with links to be looked at again, at most `limit`, the newest first.

        An empty batch says that nothing is left.
        """
        query = select(progress.c.rid).where(progress.c.name == _LINKS)
        with self.reading() as connection:
            upto = connection.execute(query).scalar() or 0
            found = posts_from(
                connection.execute(
                    select_posts()
                    .where(posts.c.rid <= upto, posts.c.links != ())
                    .order_by(posts.c.rid.desc())
                    .limit(limit)
                )
            )
        return Batch(
            after=found[-1].rid - 1 if found else 0,
            upto=upto,
            posts=tuple(one.post for one in found),
            rids=tuple(one.rid for one in found),
        )

    def save_links(
        self,
        batch: Batch,
        suspects: Sequence[Suspect],
        routes: Routes,
        now: datetime,
        *,
        faint: Sequence[Suspect] = (),
        places: Places = NOWHERE_ELSE,
    ) -> SavedMatches:
        """Save what was found in such a batch, and that it was looked at."""
        with self.writing() as connection:
            remember_routes(connection, routes, now)
            at = (progress.c.name == _LINKS, progress.c.rid == batch.upto)
            if batch.after:
                connection.execute(update(progress).where(*at).values(rid=batch.after))
            else:
                connection.execute(delete(progress).where(*at))
            news = raise_suspects(connection, suspects, now, faint=faint)
            note_sightings(connection, [*suspects, *faint], batch)
            queued = enqueue_news(connection, news, routes, now, places)
        new = sum(one.event is None for one in news)
        return SavedMatches(suspects=new, changed=len(news) - new, queued=queued)
