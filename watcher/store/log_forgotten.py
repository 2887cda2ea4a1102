"""Forgetting a person in the log: what they wrote goes from its rows, and comes into none again.

In the transaction that keeps somebody out two marks are left: that the log is to be gone through,
and the archive. A mark goes when that is done, so a crash in the middle only means once more. It
holds a random word: whoever is done takes away the mark that he began with, and no later one.
"""

import secrets
from collections.abc import Collection
from typing import Literal

from sqlalchemy import Connection, and_, delete, select, update

from watcher.store.accounts import Key
from watcher.store.database import Database
from watcher.store.database import insert as insert_or
from watcher.store.kept_out import anybody, digests_by, key_of_forgotten, persons
from watcher.store.log_erasing import Named, authors_in, without
from watcher.store.log_steps import START, next_rows
from watcher.store.schema import log, log_heads, meta

Place = Literal["log", "archive"]
_MARKS: dict[Place, str] = {
    "log": "forgotten people are in the log",
    "archive": "forgotten people are in the archive",
}
_MOST_KNOWN = 200_000
"""Names of which it is remembered whether they are kept out."""


def mark_forgotten(connection: Connection) -> None:
    """Note that log and archive may hold posts of somebody who was just kept out."""
    for name in _MARKS.values():
        upsert = insert_or(connection, meta)
        word = {"value": upsert.excluded.value}
        connection.execute(
            upsert.on_conflict_do_update(index_elements=["name"], set_=word),
            {"name": name, "value": secrets.token_hex(16)},
        )


class LogForgetting(Database):
    """The part of the store that takes forgotten people out of the log."""

    def forgotten_in(self, place: Place) -> str | None:
        """Return the mark of a place that may hold posts of forgotten people; None: it does not."""
        with self.reading() as connection:
            query = select(meta.c.value).where(meta.c.name == _MARKS[place])
            return connection.execute(query).scalar()

    def forgotten_gone(self, place: Place, mark: str) -> None:
        """Note that a place holds nothing of those who were forgotten when the mark was read."""
        with self.writing() as connection:
            same = and_(meta.c.name == _MARKS[place], meta.c.value == mark)
            connection.execute(delete(meta).where(same))

    def kept_out_of(self, names: Collection[Named]) -> frozenset[Named]:
        """Return those of these accounts who are kept out."""
        with self.reading() as connection:
            return _kept_out(connection, names)

    def erase_from_log(self) -> int:
        """Erase from the log what forgotten people wrote; return how many posts went.

        Also what others passed on of it, where it says whose it is, or the log holds the original.
        Numbers stay as they are, without a gap. Nobody waits for it: appenders and workers go on.
        """
        mark = self.forgotten_in("log")
        if mark is None:
            return 0
        with self._transaction(self._writers) as connection:
            # Who holds a head now may not have seen who was forgotten; whoever comes later has.
            heads = select(log_heads.c.partition).order_by(log_heads.c.partition)
            connection.execute(heads.with_for_update()).all()
        known: dict[Named, bool] = {}
        originals: set[Key] = set()
        gone = 0
        while True:
            before = len(originals)
            gone += self._go_through(known, originals)
            if len(originals) == before:  # nothing that somebody else may have passed on
                break
        self.forgotten_gone("log", mark)
        self.empty_log()
        return gone

    def _go_through(self, known: dict[Named, bool], originals: set[Key]) -> int:
        after, gone = START, 0
        while True:
            with self._transaction(self._writers) as connection:
                rows = next_rows(connection, after, hold=True)
                if not rows:
                    return gone
                if len(known) > _MOST_KNOWN:
                    known.clear()
                new = {name for row in rows for name in authors_in(row.posts)} - known.keys()
                out = _kept_out(connection, new)
                known.update((name, name in out) for name in new)
                for row in rows:
                    after = row.partition, row.last
                    left = without(row.posts, lambda name: known.get(name, False), originals)
                    if left is None:
                        continue
                    gone += left.gone
                    own = and_(
                        log.c.partition == row.partition, log.c.last == row.last, log.c.at == row.at
                    )
                    connection.execute(update(log).where(own).values(posts=left.octets))


def _kept_out(connection: Connection, names: Collection[Named]) -> frozenset[Named]:
    """Return those of these accounts who are kept out, by their ids or by their handles then."""
    if not names or not anybody(connection):
        return frozenset()
    key = key_of_forgotten(connection)
    digests = {name: digests_by(key, name[0], [name[1]], filter(None, [name[2]])) for name in names}
    found = persons(connection, [one for some in digests.values() for one in some])
    return frozenset(name for name, some in digests.items() if not found.keys().isdisjoint(some))
