"""Posts: saved in the order of arrival, read back by it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, func, select

from rules.model import Account, Post
from watcher.backends.interface import Page
from watcher.store.accounts import (
    Key,
    account_columns,
    account_from,
    key_of,
    save_accounts,
    unexamine_authors,
)
from watcher.store.columns import storable_key
from watcher.store.copying_in import copy_in
from watcher.store.coverage import note_page
from watcher.store.database import Database, insert
from watcher.store.edits import take_up_changes
from watcher.store.from_histories import take_from_histories
from watcher.store.kept_out import without_forgotten
from watcher.store.leaving import highest_gone, take_away_named, without_deleted
from watcher.store.records import SavedPage, StoredPost
from watcher.store.schema import accounts, departures, posts, sources

_CHUNK = 500

_post_columns = [
    posts.c[name]
    for name in (
        "rid", "author", "network", "id", "text", "posted_at", "url", "language", "source",
        "links", "hashtags", "mentions", "reply_to", "reply_to_handle", "repost_of", "quote_of",
        "media", "likes", "reposts", "replies", "titles",
        "edited_at", "private", "alias", "repost_author",
    )
]  # fmt: skip
_AUTHOR_AT = len(_post_columns)


def select_posts() -> Select[Any]:
    """Return a query for what `posts_from` reads; the caller narrows and orders it."""
    return select(*_post_columns, *account_columns).join_from(
        posts, accounts, posts.c.author == accounts.c.row
    )


def posts_from(rows: Iterable[Sequence[Any]]) -> tuple[StoredPost, ...]:
    """Build posts from rows of `select_posts`; posts by one author share one `Account`."""
    authors: dict[int, Account] = {}
    found: list[StoredPost] = []
    for row in rows:
        author = authors.get(row[1])
        if author is None:
            author = authors[row[1]] = account_from(row[_AUTHOR_AT:])
        post = Post(
            author=author,
            network=row[2],
            id=row[3],
            text=row[4],
            posted_at=row[5],
            url=row[6],
            language=row[7],
            source=row[8],
            links=row[9],
            hashtags=row[10],
            mentions=row[11],
            reply_to=row[12],
            reply_to_handle=row[13],
            repost_of=row[14],
            quote_of=row[15],
            media=row[16],
            likes=row[17],
            reposts=row[18],
            replies=row[19],
            titles=row[20],
            edited_at=row[21],
            private=row[22],
            alias=row[23],
            repost_author=row[24],
        )
        found.append(StoredPost(rid=row[0], post=post))
    return tuple(found)


def posts_between(connection: Connection, after: int, limit: int) -> tuple[StoredPost, ...]:
    """Return the next posts after a `rid`, in its order."""
    query = select_posts().where(posts.c.rid > after).order_by(posts.c.rid).limit(limit)
    return posts_from(connection.execute(query))


def newest(connection: Connection) -> int:
    """Return the `rid` of the newest post, 0 when there is none."""
    return connection.execute(select(func.max(posts.c.rid))).scalar() or 0


class Posts(Database):
    """The part of the store that takes in posts and gives them back."""

    def cursor(self, source: str) -> str | None:
        """Return where the next page of a source starts; None before its first page."""
        with self.reading() as connection:
            query = select(sources.c.cursor).where(sources.c.name == source)
            return connection.execute(query).scalar()

    def save_page(self, source: str, page: Page, now: datetime) -> SavedPage:
        """Save a page in one transaction: posts, accounts, coverage and the cursor after it.

        Saving it twice changes nothing: a post is known by its network and id, whatever source it
        came from, and keeps its first form until a later edit is told. What the page says is
        deleted goes, and stays away; so does what was written by somebody who was forgotten.
        Raises `StoreError`; then nothing of it was saved.
        """
        with self.writing() as connection:
            before = newest(connection)
            let_in = without_forgotten(connection, page)
            let_in = replace(let_in, posts=without_deleted(connection, let_in.posts))
            changed = 0
            if let_in.posts:
                authors = save_accounts(connection, let_in, now)
                rows = rows_of(let_in.posts, authors, source, now)
                changed = bring_up(connection, let_in.posts, rows, now)
                insert_posts(connection, [*reversed(rows.values())])
            elif let_in.accounts:
                save_accounts(connection, let_in, now)
            added = select(func.count()).select_from(posts).where(posts.c.rid > before)
            new = connection.execute(added).scalar_one() - changed
            if new or changed:
                unexamine_authors(connection, before)
            note_page(connection, source, page, new, now)
            gone = take_away_named(connection, source, page, now)
        kept_out = len(page.posts) - len(let_in.posts)
        known = len(let_in.posts) - new - changed + page.repeated
        return SavedPage(new=new, known=known, changed=changed, gone=gone, kept_out=kept_out)

    def posts_after(self, rid: int, limit: int) -> tuple[StoredPost, ...]:
        """Return at most `limit` posts that arrived after `rid`, in the order of arrival."""
        with self.reading() as connection:
            return posts_between(connection, rid, limit)

    def posts_by_rid(self, rids: Sequence[int]) -> tuple[StoredPost, ...]:
        """Return the posts with these numbers, in the order given; those forgotten are left out."""
        found: dict[int, StoredPost] = {}
        with self.reading() as connection:
            for start in range(0, len(rids), _CHUNK):
                query = select_posts().where(posts.c.rid.in_(rids[start : start + _CHUNK]))
                found |= {one.rid: one for one in posts_from(connection.execute(query))}
        return tuple(found[rid] for rid in rids if rid in found)

    def post_called(self, name: str) -> Post | None:
        """Return the post with this key (`network:id`) or this address; None where none has it."""
        network, _, id_ = name.partition(":")
        by_key = and_(posts.c.network == network, posts.c.id == id_)
        with self.reading() as connection:
            for named in (by_key, posts.c.url == name):  # the first has an index
                query = select_posts().where(named).order_by(posts.c.rid).limit(1)
                if found := posts_from(connection.execute(query)):
                    return found[0].post
        return None

    def count_posts(self, first_rid: int | None = None, last_rid: int | None = None) -> int:
        """Count posts, or those between two numbers, both included."""
        query = select(func.count()).select_from(posts)
        if first_rid is not None:
            query = query.where(posts.c.rid >= first_rid)
        if last_rid is not None:
            query = query.where(posts.c.rid <= last_rid)
        with self.reading() as connection:
            return connection.execute(query).scalar_one()

    def rids_between(self, first_rid: int, last_rid: int) -> tuple[int, ...]:
        """Return the numbers of the posts from one to another, both included, sorted."""
        query = select(posts.c.rid).where(posts.c.rid.between(first_rid, last_rid))
        with self.reading() as connection:
            return tuple(connection.execute(query.order_by(posts.c.rid)).scalars())

    def newest_rid(self) -> int:
        """Return the number of the post that arrived last, even if it left; 0 when none came."""
        with self.reading() as connection:
            return max(newest(connection), highest_gone(connection))

    def departures(self, now: datetime) -> tuple[int, ...]:
        """Return the numbers of posts that left and whose words are due to leave the index."""
        query = select(departures.c.rid).where(departures.c.due <= now).order_by(departures.c.rid)
        with self.reading() as connection:
            return tuple(connection.execute(query).scalars())

    def left_index(self, rids: Sequence[int]) -> None:
        """Note that the index's files hold nothing of these posts any more."""
        with self.writing() as connection:
            for start in range(0, len(rids), _CHUNK):
                some = departures.c.rid.in_(rids[start : start + _CHUNK])
                connection.execute(delete(departures).where(some))


def bring_up(
    connection: Connection, came: Sequence[Post], rows: dict[Key, dict[str, Any]], now: datetime
) -> int:
    """Bring stored posts up to what came; return how many have another text now.

    `rows` are the posts as they are stored, by network and id. What changed, or only a history had
    brought before, gets a number as if it arrived now.
    """
    take_from_histories(connection, rows, now)
    return take_up_changes(connection, came, rows, now)


def insert_posts(
    connection: Connection, rows: Sequence[dict[str, Any]], *, clean: bool = False
) -> None:
    """Insert those of these posts that are not stored, in their order.

    `clean` says that their texts and numbers are such as the database takes.
    """
    if connection.dialect.name == "postgresql":
        copy_in(connection, posts, rows, clean=clean)
    elif rows:
        connection.execute(insert(connection, posts).on_conflict_do_nothing(), rows)


def rows_of(
    some: Sequence[Post], authors: Mapping[Key, int], source: str, now: datetime
) -> dict[Key, dict[str, Any]]:
    """Return posts as they are stored, by network and id; `authors` are the rows of theirs."""
    return {
        (storable_key(post.network), storable_key(post.id)): row_of(
            post, authors[key_of(post.author)], source, now
        )
        for post in reversed(some)
    }


def row_of(post: Post, author: int, source: str, now: datetime) -> dict[str, Any]:
    """Return a post as it is stored; `author` is the row of its author, `now` when it came."""
    return {
        "seen": now,
        "network": post.network,
        "id": post.id,
        "author": author,
        "text": post.text,
        "posted_at": post.posted_at,
        "url": post.url,
        "language": post.language,
        "source": source,
        "links": post.links,
        "hashtags": post.hashtags,
        "mentions": post.mentions,
        "reply_to": post.reply_to,
        "reply_to_handle": post.reply_to_handle,
        "repost_of": post.repost_of,
        "repost_author": post.repost_author,
        "quote_of": post.quote_of,
        "media": post.media,
        "likes": post.likes,
        "reposts": post.reposts,
        "replies": post.replies,
        "titles": post.titles,
        # One in the future would keep out every edit to come.
        "edited_at": post.edited_at and min(post.edited_at, now),
        "private": post.private,
        "alias": post.alias,
    }
