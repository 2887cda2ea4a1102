"""The tables of the full-text index: how they are made and replaced, what is written to them."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Table,
    Text,
    cast,
    delete,
    func,
    inspect,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, TSVECTOR, insert

from watcher.store.columns import Moment
from watcher.store.full_text_query import lexeme, quoted, vector

_OURS = re.compile(r"search(_words)?_[0-9a-f]{8}(_new)?")
_WAITING_KB = 512
"""What is new and not sorted into the index yet; every search goes through it."""


def is_derived(name: str) -> bool:
    """Whether a table is one of the index, of whatever form: made from others, and made anew."""
    return _OURS.fullmatch(name) is not None


class Entry(NamedTuple):
    """What is kept of a post."""

    rid: int
    posted_at: datetime
    keys: Collection[bytes]
    words: Collection[bytes]
    """Those of the keys that are found by what is like them."""


@dataclass(frozen=True)
class Tables:
    """Both tables, which belong together."""

    posts: Table
    words: Table

    @classmethod
    def of(cls, form: str, suffix: str = "") -> "Tables":
        """Return the tables of a form, which are not made by this."""
        posts = Table(
            f"search_{form}{suffix}",
            MetaData(),
            Column("rid", BigInteger, primary_key=True, autoincrement=False),
            Column("posted_at", Moment, nullable=False),
            Column("keys", TSVECTOR, nullable=False),
        )
        word = Column("word", Text(collation="C"), primary_key=True)
        return cls(posts, Table(f"search_words_{form}{suffix}", MetaData(), word))

    def are_there(self, connection: Connection) -> bool:
        """Whether they are made."""
        return connection.execute(select(func.to_regclass(self.posts.name))).scalar() is not None

    def create(self, connection: Connection) -> None:
        """Make them, empty and without an index but of the numbers."""
        self.posts.create(connection)
        self.words.create(connection)

    def index(self, connection: Connection) -> None:
        """Make the indexes; PostgreSQL names them, so that a table may be renamed."""
        name = self.posts.name
        connection.execute(text(f"CREATE INDEX ON {name} (posted_at, rid)"))
        waiting = f"gin_pending_list_limit = {_WAITING_KB}"
        connection.execute(text(f"CREATE INDEX ON {name} USING gin (keys) WITH ({waiting})"))

    def others(self, connection: Connection) -> list[str]:
        """Return the names of tables of the index that are not these."""
        mine = {self.posts.name, self.words.name}
        names = inspect(connection).get_table_names()
        return [name for name in names if is_derived(name) and name not in mine]

    def drop_others(self, connection: Connection) -> None:
        """Drop all tables of the index but these."""
        for name in self.others(connection):
            connection.execute(text(f"DROP TABLE IF EXISTS {name}"))

    def take_place_of(self, old: "Tables", connection: Connection) -> None:
        """Take the names of others, which go."""
        for mine, its in ((self.posts, old.posts), (self.words, old.words)):
            connection.execute(text(f"DROP TABLE IF EXISTS {its.name}"))
            connection.execute(text(f"ALTER TABLE {mine.name} RENAME TO {its.name}"))

    def newest(self, connection: Connection) -> tuple[int, datetime] | None:
        """Return number and time of the post that came in last, None where none did."""
        query = select(self.posts.c.rid, self.posts.c.posted_at)
        row = connection.execute(query.order_by(self.posts.c.rid.desc()).limit(1)).first()
        return None if row is None else (row[0], row[1])


class Turn:
    """One transaction of the only one who writes."""

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._connection = connection
        self._tables = tables

    def newest_rid(self) -> int:
        """Return the number of the post that came in last, 0 where none did."""
        newest = self._tables.newest(self._connection)
        return newest[0] if newest else 0

    def add(self, entries: Sequence[Entry]) -> None:
        """Add posts, whose numbers are new, and their words."""
        posts, words = self._tables.posts, self._tables.words
        came = (
            func.unnest(
                literal([entry.rid for entry in entries], ARRAY(BigInteger)),
                literal([entry.posted_at for entry in entries], ARRAY(Moment)),
                _texts(vector(entry.keys) for entry in entries),
            )
            .table_valued("rid", "posted_at", "vector")
            .render_derived("came")
        )
        rows = select(came.c.rid, came.c.posted_at, cast(came.c.vector, TSVECTOR))
        self._connection.execute(insert(posts).from_select(["rid", "posted_at", "keys"], rows))
        said = sorted({lexeme(word) for entry in entries for word in entry.words} - {""})
        fresh = select(func.unnest(_texts(said)))
        self._connection.execute(
            insert(words).from_select(["word"], fresh).on_conflict_do_nothing()
        )

    def remove(self, rids: Sequence[int]) -> list[str]:
        """Take posts out; return the keys that they had, which others may have too."""
        posts = self._tables.posts
        some = func.unnest(literal(rids, ARRAY(BigInteger))).column_valued("gone")
        gone = (
            delete(posts)
            .where(posts.c.rid.in_(select(some)))
            .returning(posts.c["keys"])
            .cte("gone")
        )
        said = select(func.unnest(func.tsvector_to_array(gone.c["keys"]))).distinct()
        return list(self._connection.execute(said).scalars())

    def drop_unused(self, words: Sequence[str]) -> None:
        """Drop those of the words that no post has; each is looked up."""
        posts, known = self._tables.posts, self._tables.words
        gone = (
            func.unnest(_texts(words), _texts(map(quoted, words)))
            .table_valued("word", "query")
            .render_derived("gone")
        )
        query = cast(gone.c.query, TSQUERY)
        used = select(posts.c.rid).where(posts.c["keys"].bool_op("@@")(query)).exists()
        self._connection.execute(delete(known).where(known.c.word == gone.c.word, ~used))


def _texts(some: Iterable[str]) -> ColumnElement[Sequence[str]]:
    return literal(list(some), ARRAY(Text))
