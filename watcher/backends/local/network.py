"""The microblog as the watcher sees it: a network that is read page by page, with accounts."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from rules.model import Account, Post
from watcher.backends import pictures, plaintext
from watcher.backends.interface import (
    EARLIEST,
    LATEST,
    Author,
    BackendError,
    KnownPost,
    Ourselves,
    Page,
    Relation,
    Skipped,
)
from watcher.backends.local import file
from watcher.backends.local.cursor import Reading
from watcher.backends.local.microblog import Change, fold

T = TypeVar("T", str, int)

PAGE = 200
_AT_ONCE = 500

_NO_TIME = f"its time lies not between {EARLIEST.year} and {LATEST.year}"

_POSTS = """
SELECT p.id, p.account, p.posted_at, p.reply_to, p.repost_of, p.quote_of, p.likes,
       coalesce(o.text, p.text) AS text, coalesce(o.language, p.language) AS language,
       o.account AS original_author, q.account AS quoted_author,
       parent.account AS parent_author,
       (SELECT count(*) FROM posts r WHERE r.repost_of = p.id AND NOT r.deleted) AS reposts,
       (SELECT count(*) FROM posts r WHERE r.reply_to = p.id AND NOT r.deleted) AS replies
FROM posts p
LEFT JOIN posts o ON o.id = p.repost_of
LEFT JOIN posts q ON q.id = p.quote_of
LEFT JOIN posts parent ON parent.id = p.reply_to
WHERE NOT p.deleted AND p.id > :after AND p.id <= :newest AND {which}
ORDER BY p.id LIMIT :limit
"""

_ACCOUNTS = """
SELECT a.*,
       (SELECT count(*) FROM follows WHERE followed = a.id AND accepted) AS followers,
       (SELECT count(*) FROM follows WHERE follower = a.id AND accepted) AS following
FROM accounts a
"""

_WHICH = {
    "public": "1",
    "home": "(p.account = :us OR p.account IN"
    " (SELECT followed FROM follows WHERE follower = :us AND accepted))",
    "tag": "p.id IN (SELECT post FROM tags WHERE tag = :tag)",
    "account": "p.account = :account",
}


_NEWEST_FIRST = "ORDER BY p.id DESC"


class LocalNetwork:
    """A microblog's file as a `Network`. Holds nothing open between calls; any thread may use it.

    `query` is what `LocalSource.query` allows; `us` the handle of our own account, or empty.
    """

    network = "local"

    def __init__(
        self, path: Path, *, query: str = "public", us: str = "", source: str = ""
    ) -> None:
        self.path = path
        self._query = query
        self._us = us.removeprefix("@")
        self._source = source

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Yield what was posted since `cursor`, in the order in which it was posted.

        A cursor holds the id of a post; ids grow in the order of writing, whatever a post's own
        time, and one writer at a time makes sure that no lower id turns up later. A cursor of
        another microblog, another query or another kind of source starts at the beginning: the
        store knows its posts again.
        """
        more = True
        while more:
            page = self._page(cursor)
            if page is None:
                return
            yield page
            cursor, more = page.cursor, page.more

    def _page(self, cursor: str | None) -> Page | None:
        with file.opened(self.path) as connection, file.transaction(connection, write=False):
            newest = connection.execute("SELECT max(id) FROM posts").fetchone()[0] or 0
            reading = Reading.of(connection, self._query, self._us)
            after = reading.after(cursor, newest)
            which, values = self._selection(connection)
            rows = connection.execute(
                _POSTS.format(which=which),
                {**values, "after": after, "newest": newest, "limit": PAGE + 1},
            ).fetchall()
            more, rows = len(rows) > PAGE, rows[:PAGE]
            upto = rows[-1]["id"] if more else newest
            if upto <= after:
                return None
            sound, unsound = _sorted_out(rows)
            posts = self._posts(connection, sound)
            authors = {post.author.key for post in posts}
            beside = self._seen_beside(connection, sound, posts)
        return Page(
            posts=posts,
            cursor=reading.cursor(upto),
            more=more,
            accounts=tuple(account for account in beside if account.key not in authors),
            skipped=tuple(Skipped(where=f"post {r['id']}", why=_NO_TIME) for r in unsound[:100]),
            skipped_count=len(unsound),
        )

    def _selection(self, connection: sqlite3.Connection) -> tuple[str, dict[str, object]]:
        """Return the query as a condition on `p` and the values of its places."""
        change = Change(connection)
        query = self._query
        if query.startswith("#"):
            return _WHICH["tag"], {"tag": fold(query[1:])}
        if query.startswith("@"):
            return _WHICH["account"], {"account": change.account_id(query)}
        if query == "home":
            return _WHICH["home"], {"us": self._our_id(change)}
        if query.startswith("search:"):
            words = fold(query.removeprefix("search:")).split()
            values: dict[str, object] = {f"word{i}": word for i, word in enumerate(words)}
            return " AND ".join(["1", *(f"instr(p.folded, :{name})" for name in values)]), values
        return _WHICH["public"], {}

    def _posts(
        self, connection: sqlite3.Connection, rows: Iterable[sqlite3.Row]
    ) -> tuple[Post, ...]:
        rows = list(rows)
        columns = ("account", "parent_author", "original_author")
        ids = {row[column] for row in rows for column in columns} - {None}
        accounts = {int(account.id): account for account in _accounts(connection, ids)}
        return tuple(self._post(row, accounts) for row in rows)

    def _post(self, row: sqlite3.Row, accounts: dict[int, Account]) -> Post:
        text = row["text"]
        parent = accounts.get(row["parent_author"])
        original = accounts.get(row["original_author"])
        return Post(
            network=self.network,
            id=str(row["id"]),
            author=accounts[row["account"]],
            text=text,
            posted_at=file.as_moment(row["posted_at"]),
            language=row["language"],
            source=self._source,
            links=plaintext.links(text),
            hashtags=plaintext.hashtags(text),
            mentions=plaintext.mentions(text),
            reply_to=_optional(row["reply_to"]),
            reply_to_handle=parent.handle if parent else None,
            repost_of=_optional(row["repost_of"]),
            repost_author=original.id if original else "",
            quote_of=_optional(row["quote_of"]),
            likes=row["likes"],
            reposts=row["reposts"],
            replies=row["replies"],
        )

    def _seen_beside(
        self, connection: sqlite3.Connection, rows: Iterable[sqlite3.Row], posts: Iterable[Post]
    ) -> tuple[Account, ...]:
        """Return the accounts reposted, quoted, answered and mentioned, as far as they exist."""
        columns = ("original_author", "quoted_author", "parent_author")
        ids = {row[column] for row in rows for column in columns} - {None}
        handles = {fold(handle) for post in posts for handle in post.mentions}
        for some in _chunks(sorted(handles)):
            ids |= {
                row["id"]
                for row in connection.execute(
                    f"SELECT id FROM accounts WHERE folded_handle IN ({_places(some)})",  # noqa: S608
                    some,
                )
            }
        return _accounts(connection, ids)

    @property
    def revisits_at_once(self) -> int:
        """As many as one statement takes."""
        return _AT_ONCE

    def revisit(self, posts: Sequence[KnownPost]) -> Page:
        """Tell which posts were deleted; nothing here is ever edited."""
        numbers = {int(post.id) for post in posts if post.id.isascii() and post.id.isdigit()}
        some = sorted(number for number in numbers if number < 2**63)
        with file.opened(self.path) as connection, file.transaction(connection, write=False):
            rows = connection.execute(
                f"SELECT id FROM posts WHERE deleted AND id IN ({_places(some)})",  # noqa: S608
                some,
            ).fetchall()
        deleted = tuple(str(row["id"]) for row in rows)
        return Page(posts=(), cursor="", more=False, deleted=deleted)

    def author(self, handle: str) -> Author | None:
        """The account with exactly this handle (case aside), and how much it wrote."""
        account = self.lookup(handle)
        if account is None:
            return None
        with self._reading() as (connection, _):
            (posts,) = connection.execute(
                "SELECT count(*) FROM posts WHERE account = ? AND NOT deleted", (int(account.id),)
            ).fetchone()
        return Author(account=account, posts=posts)

    def history(self, account: Account, place: str, most: int) -> Iterator[Page]:
        """Yield what an account wrote, back from the post numbered `place`."""
        read = 0
        while read < most:
            page = self._older(account, place)
            yield page
            if not page.more:
                return
            read += len(page.posts)
            place = page.cursor

    def _older(self, account: Account, place: str) -> Page:
        before = int(place) if place.isascii() and place.isdigit() else 2**63 - 1
        backwards = _POSTS.format(which=_WHICH["account"]).replace("ORDER BY p.id", _NEWEST_FIRST)
        with file.opened(self.path) as connection, file.transaction(connection, write=False):
            number = _existing(connection, account.id)
            rows = connection.execute(
                backwards,
                {"account": number, "after": 0, "newest": before - 1, "limit": PAGE + 1},
            ).fetchall()
            more, rows = len(rows) > PAGE, rows[:PAGE]
            sound, unsound = _sorted_out(rows)
            posts = self._posts(connection, reversed(sound))
        return Page(
            posts=posts,
            cursor=str(rows[-1]["id"]) if rows else place,
            more=more,
            skipped=tuple(Skipped(where=f"post {r['id']}", why=_NO_TIME) for r in unsound[:100]),
            skipped_count=len(unsound),
        )

    def check(self) -> str:
        """Count what is there; try the query and our own account."""
        with self._reading() as (connection, change):
            accounts, posts = connection.execute(
                "SELECT (SELECT count(*) FROM accounts),"
                " (SELECT count(*) FROM posts WHERE NOT deleted)"
            ).fetchone()
            self._selection(connection)
            if self._us:
                self._our_id(change)
        return f"local microblog {self.path.name}: {accounts} accounts, {posts} posts"

    def close(self) -> None:
        """Nothing is held open."""

    def lookup(self, handle: str) -> Account | None:
        """The account with exactly this handle (case aside), or None."""
        with self._reading() as (connection, _):
            rows = connection.execute(
                _ACCOUNTS + "WHERE a.folded_handle = ?", (fold(handle.removeprefix("@")),)
            ).fetchall()
        return _account(rows[0]) if rows else None

    def search_accounts(self, text: str, limit: int) -> tuple[Account, ...]:
        """Accounts whose handle or display name contains the text, shortest handle first."""
        with self._reading() as (connection, _):
            rows = connection.execute(
                _ACCOUNTS + "WHERE instr(a.folded_handle, :text) OR instr(a.folded_name, :text)"
                " ORDER BY length(a.handle), a.id LIMIT :limit",
                {"text": fold(text.removeprefix("@")), "limit": max(limit, 0)},
            ).fetchall()
        return tuple(map(_account, rows))

    def avatar(self, account: Account) -> bytes | None:
        """The picture in the account's `data:` URL, or in the file beside the microblog's it names.

        Whoever writes an account could name any file: only pictures in or under the microblog's
        folder are read, whatever links and `..` lead elsewhere.
        """
        return pictures.of_data_url(account.avatar) or pictures.of_file(
            self.path.parent, account.avatar
        )

    def ourselves(self) -> Ourselves:
        """Our own account. A microblog of one file has no moderators, and no rules."""
        with self._reading() as (connection, change):
            own = _accounts(connection, [self._our_id(change)])
        return Ourselves(account=own[0])

    def relation(self, account_id: str) -> Relation:
        """How our account stands to this one."""
        with self._reading() as (connection, change):
            us, them = self._our_id(change), _existing(connection, account_id)
            row = connection.execute(
                "SELECT (SELECT 1 FROM blocks WHERE blocker = :them AND blocked = :us) AS blocked,"
                " (SELECT accepted FROM follows WHERE follower = :us AND followed = :them)"
                " AS accepted",
                {"us": us, "them": them},
            ).fetchone()
        if row["blocked"]:
            return "blocked"
        if row["accepted"] is None:
            return "none"
        return "following" if row["accepted"] else "requested"

    def follow(self, account_id: str) -> Relation:
        """Follow, once however often it is asked; `requested` where the account is locked."""
        with file.opened(self.path) as connection, file.transaction(connection, write=True):
            change = Change(connection)
            return change.follow_ids(self._our_id(change), _existing(connection, account_id))

    def unfollow(self, account_id: str) -> None:
        """Undo a follow or the request for one."""
        with file.opened(self.path) as connection, file.transaction(connection, write=True):
            change = Change(connection)
            change.unfollow_ids(self._our_id(change), _existing(connection, account_id))

    def latest(self, limit: int) -> tuple[Post, ...]:
        """Return the newest posts of the query, newest last: what a person reads."""
        with file.opened(self.path) as connection, file.transaction(connection, write=False):
            which, values = self._selection(connection)
            newest_first = _POSTS.format(which=which).replace("ORDER BY p.id", _NEWEST_FIRST)
            top = {"after": 0, "newest": 2**63 - 1, "limit": limit}
            rows = connection.execute(newest_first, {**values, **top}).fetchall()
            sound, _ = _sorted_out(rows)
            return self._posts(connection, reversed(sound))

    def _our_id(self, change: Change) -> int:
        if not self._us:
            raise BackendError(
                "this source has no account of its own",
                kind="refused",
                help='add account = "handle" to the source',
            )
        return change.account_id(self._us)

    @contextmanager
    def _reading(self) -> Iterator[tuple[sqlite3.Connection, Change]]:
        with file.opened(self.path) as connection, file.transaction(connection, write=False):
            yield connection, Change(connection)


def _sorted_out(rows: list[sqlite3.Row]) -> tuple[list[sqlite3.Row], list[sqlite3.Row]]:
    """Return the posts with a time, and those with none that could be shown."""
    sound = [row for row in rows if file.is_moment(row["posted_at"])]
    return sound, [row for row in rows if not file.is_moment(row["posted_at"])]


def _existing(connection: sqlite3.Connection, account_id: str) -> int:
    number = int(account_id) if account_id.isascii() and account_id.isdigit() else 0
    if (
        0 < number < 2**63
        and connection.execute("SELECT 1 FROM accounts WHERE id = ?", (number,)).fetchone()
    ):
        return number
    raise BackendError(f"there is no account with the id {account_id[:40]} here", kind="gone")


def _accounts(connection: sqlite3.Connection, ids: Iterable[int]) -> tuple[Account, ...]:
    found: list[Account] = []
    for some in _chunks(sorted(ids)):
        rows = connection.execute(_ACCOUNTS + f"WHERE a.id IN ({_places(some)})", some)
        found += map(_account, rows)
    return tuple(found)


def _account(row: sqlite3.Row) -> Account:
    return Account(
        network=LocalNetwork.network,
        id=str(row["id"]),
        handle=row["handle"],
        display_name=row["display_name"],
        bio=row["bio"],
        avatar=row["avatar"],
        created=file.as_moment(row["created"]) if file.is_moment(row["created"]) else None,
        followers=row["followers"],
        following=row["following"],
        bot=bool(row["bot"]),
        locked=bool(row["locked"]),
        discoverable=bool(row["discoverable"]),
    )


def _chunks(items: list[T], size: int = 500) -> Iterator[list[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _places(items: list[T]) -> str:
    return ", ".join("?" * len(items))


def _optional(number: int | None) -> str | None:
    return None if number is None else str(number)
