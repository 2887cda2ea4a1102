"""The words of posts in PostgreSQL's own full-text index (GIN), for a store that is kept there.

Derived data, made by the program that reads it and not by a migration: the tables carry the form of
what they hold in their name, so that another version of the program makes its own and drops these.

    search_FORM         a row for each post: its number, when it was written, its keys (a tsvector)
    search_words_FORM   each word once, to find those that are like another one

They are written beside the store: under a lock of their own, never under the writers' lock. What is
added is there as a whole or not at all, and the largest number tells how far the table has come.

Measured on 100,000 posts of 23 keys: a tsvector takes 48 microseconds of CPU a post and 62 MB, and
finds any prefix in 0.2 ms. Arrays of texts take as much, arrays of hashed numbers 42 MB; but with
either a prefix of 800 words takes 11 to 22 s. The GIN index collects what is new and sorts it in
now and then: a list of half a megabyte costs each search a millisecond, the whole 4 MB two to ten.
"""

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime

from sqlalchemy import (
    Connection,
    Select,
    Subquery,
    and_,
    func,
    literal,
    select,
    text,
    tuple_,
    union,
)
from sqlalchemy.exc import DBAPIError

from watcher.store.columns import Moment
from watcher.store.database import Database
from watcher.store.full_text_query import Condition
from watcher.store.full_text_tables import Tables, Turn

_LOCK = 0x736561726368
"""The number of the lock of those who write here: `search` in ASCII."""
_QUICK_MS = 300
"""After so long the database has chosen the wrong way to look, and is told the other one."""
_CANCELED = "57014"
_ALIVE = 5_000
"""Posts whose words are known to be in use, when others are looked up one by one."""
_AT_A_TIME = 1_000

Place = tuple[datetime, int]
"""When a post was written, and its number: what the newest-first order goes by."""


class FullText:
    """The tables of one form. Safe to use from several threads. Everything raises `StoreError`."""

    def __init__(self, database: Database, form: str) -> None:
        """Take the tables of a form, eight hexadecimal digits; `make` makes them."""
        self._database = database
        self._tables = Tables.of(form)
        self._fresh = Tables.of(form, "_new")
        self._posts, self._words = self._tables.posts, self._tables.words

    # --- asking -----------------------------------------------------------------------------------

    def documents(self) -> int:
        """Return how many posts are in it."""
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(self._posts)).scalar_one()

    def newest(self) -> tuple[int, datetime] | None:
        """Return number and time of the post that came in last, None where none did."""
        with self._database.reading() as connection:
            return self._tables.newest(connection)

    def size_bytes(self) -> int:
        """Return the room that both tables and their indexes take."""
        sizes = (func.pg_total_relation_size(one.name) for one in (self._posts, self._words))
        with self._database.reading() as connection:
            return sum(connection.execute(select(*sizes)).one())

    def rids(self, first: int, last: int) -> list[int]:
        """Return the numbers of the posts in it from `first` to `last`."""
        rid = self._posts.c.rid
        with self._database.reading() as connection:
            query = select(rid).where(rid.between(first, last)).order_by(rid)
            return list(connection.execute(query).scalars())

    def newest_first(
        self,
        condition: Condition,
        limit: int,
        *,
        since: datetime | None = None,
        before: datetime | None = None,
        after: Place | None = None,
    ) -> list[Place]:
        """Return the next places behind `after` of posts that meet a condition, newest first."""
        posted_at, rid = self._posts.c.posted_at, self._posts.c.rid
        query = select(posted_at, rid).order_by(posted_at.desc(), rid.desc()).limit(limit)
        clause = condition.clause()
        if clause is not None:
            query = query.where(clause)
        if since is not None:
            query = query.where(posted_at >= since)
        if before is not None:
            query = query.where(posted_at < before)
        if after is not None:
            last = tuple_(literal(after[0], Moment), literal(after[1]))
            query = query.where(tuple_(posted_at, rid) < last)
        if clause is not None:
            with suppress(_TooSlowError):
                return self._answer(query, "statement_timeout", str(_QUICK_MS))
        # In their order where all are wanted; else the index is asked, and the answer sorted.
        return self._answer(query, "enable_indexscan", "on" if clause is None else "off")

    def _answer(self, query: Select[datetime, int], setting: str, value: str) -> list[Place]:
        """Run a query that is sorted and limited.

        The database either goes through the posts in their order, which is right for what is
        common, or asks the index for all and sorts them. Where two words are common but never
        together it takes the first way, and would go through every post: it is given a moment, and
        then made to take the second. It is to plan each query for its own words, too: a plan for
        any words, which it makes of a query that often comes, would take the first way for all.
        """
        with self._database.reading() as connection:
            chosen = {"plan_cache_mode": "force_custom_plan", setting: value}
            connection.execute(select(*(func.set_config(*one, True) for one in chosen.items())))
            try:
                return [(at, rid) for at, rid in connection.execute(query)]
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) == _CANCELED:
                    raise _TooSlowError from error
                raise

    def words_like(self, first: str, last: str, sizes: range, sign: str, limit: int) -> list[str]:
        """Return words that begin with `first` or end with `last`, at most `limit`.

        They have so many letters and begin with `sign`, which is not counted among those.
        """
        word = self._words.c.word
        letters = func.char_length(word).between(
            len(sign) + sizes.start, len(sign) + sizes.stop - 1
        )
        begins = and_(word >= sign + first, word <= sign + first + chr(0x10FFFF))
        ends = func.right(word, len(last)) == last
        halves = union(
            select(word).where(letters, begins),
            select(word).where(letters, ends, func.starts_with(word, sign)),
        )
        with self._database.reading() as connection:
            return list(connection.execute(halves.limit(limit)).scalars())

    def frequencies(self, newest: int) -> tuple[int, dict[str, int]]:
        """Return how many of the newest posts are looked at, and how many have each lexeme."""
        chosen = self._newest(newest)
        said = _said(chosen).subquery()
        query = select(said.c.said, func.count()).group_by(said.c.said)
        with self._database.reading() as connection:
            count = connection.execute(select(func.count()).select_from(chosen)).scalar_one()
            return count, {word: posts for word, posts in connection.execute(query)}  # noqa: C416

    # --- writing ----------------------------------------------------------------------------------

    def make(self) -> None:
        """Make the tables where they are not there yet."""
        with self._database.reading() as connection:
            if self._tables.are_there(connection):
                return
        with self._writing() as connection:
            if not self._tables.are_there(connection):
                self._tables.create(connection)
                self._tables.index(connection)

    def drop_others(self) -> None:
        """Drop what a crash, or another version of the program, has left."""
        with self._database.reading() as connection:
            if not self._tables.others(connection):
                return
        with self._writing() as connection:
            self._tables.drop_others(connection)

    def empty(self) -> None:
        """Take everything out."""
        with self._writing() as connection:
            connection.execute(text(f"TRUNCATE {self._posts.name}, {self._words.name}"))

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Be the only one who writes; what is written is there when the body ends, or nothing."""
        with self._writing() as connection:
            yield Turn(connection, self._tables)

    @contextmanager
    def fresh_turn(self) -> Iterator[Turn]:
        """Write to tables beside, which nobody asks before `put_in_place`."""
        with self._writing() as connection:
            yield Turn(connection, self._fresh)

    def begin_fresh(self) -> None:
        """Make empty tables beside these, without an index yet."""
        with self._writing() as connection:
            self._tables.drop_others(connection)
            self._fresh.create(connection)

    def put_in_place(self) -> None:
        """Let the tables beside take the place of the present ones.

        Their index is made now: at one go that is quicker, and it is the smallest.
        """
        with self._writing() as connection:
            self._fresh.index(connection)
        with self._writing() as connection:
            self._fresh.take_place_of(self._tables, connection)
        self.note_statistics()

    def note_statistics(self) -> None:
        """Let the database count how common words are: it chooses its way by that."""
        with self._writing() as connection:
            connection.execute(text(f"ANALYZE {self._posts.name}"))

    def drop_unused(self, words: Collection[str]) -> None:
        """Drop those of the words that no post has any more, a thousand in a transaction."""
        in_use = _said(self._newest(_ALIVE)).distinct()
        with self._database.reading() as connection:
            alive = set(connection.execute(in_use).scalars())
        rare = sorted(set(words) - alive)
        for start in range(0, len(rare), _AT_A_TIME):
            with self.turn() as turn:
                turn.drop_unused(rare[start : start + _AT_A_TIME])

    def _newest(self, count: int) -> Subquery:
        keys = select(self._posts.c["keys"]).order_by(self._posts.c.rid.desc())
        return keys.limit(count).subquery()

    def _writing(self) -> AbstractContextManager[Connection]:
        return self._database.writing_aside(_LOCK)


def _said(some: Subquery) -> Select[str]:
    return select(func.unnest(func.tsvector_to_array(some.c["keys"])).label("said"))


class _TooSlowError(Exception):
    """The database has chosen the wrong way to look."""
