"""Reading the log: the next posts of a partition for a worker, and those of a row by itself."""

from collections.abc import Collection, Iterator
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from watcher.store.accounts import Key, Offer, add_offer, known_accounts, meet
from watcher.store.database import allow_pauses
from watcher.store.errors import StoreError
from watcher.store.log_claim import Claim
from watcher.store.log_rows import DamagedError, Written, unpack
from watcher.store.schema import log, log_cursors, log_heads

MATCHING = timedelta(minutes=10)
"""For how long a claim may be matched: then its worker is taken for lost, and others get it."""
MOST_TAKEN = 50_000_000
"""Octets of a claim, unzipped, after which no further row is taken."""


def claim_next(
    connection: Connection, worker: str, limit: int, now: datetime, busy: Collection[int] = ()
) -> Claim | None:
    """Hold a partition and read its next posts; None where none waits, but in the `busy` ones.

    It is the one that was worked off longest ago: so none waits for ever beside a busier one.
    """
    waits = log_heads.c.number - log_cursors.c.number
    held = connection.execute(
        select(log_cursors.c.partition, log_cursors.c.number, log_heads.c.number)
        .join(log_heads, log_heads.c.partition == log_cursors.c.partition)
        .where(waits > 0, log_cursors.c.partition.not_in(busy))
        .order_by(log_cursors.c.at.nulls_first(), waits.desc(), log_cursors.c.partition)
        .limit(1)
        .with_for_update(of=log_cursors, skip_locked=True)
    ).first()
    if held is None:
        return None
    allow_pauses(connection, MATCHING)
    partition, after, head = held
    query = (
        select(log.c.first, log.c.last, log.c.at, log.c.source, log.c.posts)
        .where(log.c.partition == partition, log.c.last > after)
        .order_by(log.c.last)
    )
    # Where the next ones are gone, the first that is left.
    rows = (
        connection.execute(query.where(log.c.first <= after + limit)).all()
        or connection.execute(query.limit(1)).all()
    )
    if not rows:  # a number and its row are written, and seen, together
        raise StoreError(
            f"the posts {after + 1} to {head} of partition {partition} of the log are gone",
            help="Somebody took rows out of the table log: restore it from a backup.",
        )
    reading = _Reading(partition, now)
    upto = after
    for row in rows:
        if not reading.take(row):
            break
        if row.first > upto + 1:
            reading.miss(row.source, upto + 1, row.first - 1)
        upto = row.last
    return reading.claim(connection, worker, after, upto)


class _Reading:
    """The rows of a claim, put together."""

    def __init__(self, partition: int, now: datetime) -> None:
        self._partition = partition
        self._now = now
        self._offers: dict[Key, Offer] = {}
        self._written: dict[Key, tuple[Written, Key, str, datetime]] = {}
        self._again: list[tuple[Written, Key, str, datetime]] = []
        self._private: set[Key] = set()
        self._damaged: list[tuple[str, str, int, str]] = []
        self._size = 0

    def take(self, row: Any) -> bool:
        """Take a row; False where it has to wait.

        It does where it would be too much at once, or holds another form of a post taken.
        """
        try:
            found = unpack(row.posts)
        except DamagedError as error:
            self._lose(row, row.last - row.first + 1, error.message)
            return True
        if self._size and self._size + found.size > MOST_TAKEN:
            return False
        keys = [(one.fields[1], one.fields[2]) for one in found.posts]
        known = self._written
        if any(key in known and one.is_edited for key, one in zip(keys, found.posts, strict=True)):
            return False
        self._size += found.size
        if found.damaged:
            self._lose(row, found.damaged, "what it says of them makes no post")
        for key, one in zip(keys, found.posts, strict=True):
            author = (one.author.network, one.author.id)
            add_offer(self._offers, one.author, min(one.posted_at, self._now), author)
            taken = (one, author, row.source, row.at)
            if key not in known:
                known[key] = taken
                continue
            if one.is_private:
                self._private.add(key)
            if one.is_private or one.has_alias:
                self._again.append(taken)
        for seen in found.accounts:
            add_offer(self._offers, seen.account, min(seen.at, self._now))
        return True

    def miss(self, source: str, first: int, last: int) -> None:
        """Note that the rows with these numbers are gone, before one that a source brought."""
        place = f"log {self._partition}:{first}-{last}"
        self._damaged.append((source, place, last - first + 1, "its rows are gone"))

    def _lose(self, row: Any, number: int, why: str) -> None:
        place = f"log {self._partition}:{row.first}-{row.last}"
        self._damaged.append((row.source, place, number, why))

    def claim(self, connection: Connection, worker: str, after: int, upto: int) -> Claim:
        """Return the claim, its posts by their authors as they are known now."""
        met = meet(self._offers, known_accounts(connection, self._offers), clean=True)
        built = []
        for key, (one, author, source, _) in self._written.items():
            post = one.build(met[author].account, source)
            built.append(replace(post, private=True) if key in self._private else post)
        return Claim(
            partition=self._partition,
            after=after,
            upto=upto,
            posts=tuple(built),
            came=tuple(came for *_, came in self._written.values()),
            worker=worker,
            writing=lambda: nullcontext(connection),
            met=met,
            again=tuple(
                (one.build(met[author].account, source), came)
                for one, author, source, came in self._again
            ),
            damaged=self._damaged,
        )


def readable(octets: bytes) -> Iterator[Written]:
    """Yield the posts of a row that can be read."""
    with suppress(DamagedError):
        yield from unpack(octets).posts
