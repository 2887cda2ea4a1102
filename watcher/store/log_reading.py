"""Reading the log: the next posts of a partition for a worker, and those of a row by itself."""

from collections.abc import Collection, Iterator
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, select

from watcher.store.accounts import Key, key_of, known_accounts, meet
from watcher.store.database import allow_pauses
from watcher.store.errors import StoreError
from watcher.store.log_claim import Claim
from watcher.store.log_claimed import Offered, offers_of
from watcher.store.log_rows import DamagedError, Written, unpack
from watcher.store.log_steps import next_rows
from watcher.store.schema import log, log_cursors, log_heads, sources

MATCHING = timedelta(minutes=10)
"""For how long a claim may be matched: then its worker is taken for lost, and others get it."""
MOST_TAKEN = 50_000_000
"""Octets of a claim, unzipped, after which no further row is taken."""


class UnreadError(StoreError):
    """What waits in one partition of the log cannot be read; what waits in others can."""

    def __init__(self, partition: int, why: Exception) -> None:
        super().__init__(f"partition {partition} of the log cannot be read")
        self.partition, self.why = partition, why


class HeldPartition(NamedTuple):
    """A partition that nobody else works on until the transaction ends."""

    partition: int
    after: int
    """The number up to which it is worked off."""
    head: int
    """The last number given in it."""


def hold_next(connection: Connection, busy: Collection[int] = ()) -> HeldPartition | None:
    """Hold a partition in which posts wait, none of the `busy` ones; None where there is none.

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
    return HeldPartition(*held)


def read_held(
    connection: Connection, held: HeldPartition, worker: str, limit: int, now: datetime
) -> Claim:
    """Read the next posts of a partition that is held, about `limit`."""
    reading = _Reading(held.partition, now)
    upto = held.after
    for row in _rows(connection, held, limit):
        if not reading.take(row):
            break
        if row.first > upto + 1:
            reading.miss(row.source, upto + 1, row.first - 1)
        upto = row.last
    if upto == held.after:  # a number and its row are written, and seen, together
        reading.miss(_read_last(connection), upto + 1, held.head)
        upto = held.head
    return reading.claim(connection, worker, held.after, upto)


def _rows(connection: Connection, held: HeldPartition, limit: int) -> Iterator[Any]:
    """Yield the rows that hold the next posts; where these are gone, the first that are left."""
    # Above the head there is nothing yet, unless it was left by a database that was replaced.
    own = and_(log.c.partition == held.partition, log.c.last <= held.head)
    wanted = and_(own, log.c.first <= held.after + limit)
    after = held.partition, held.after
    rows = next_rows(connection, after, wanted) or next_rows(connection, after, own)[:1]
    while rows:
        yield from rows
        after = held.partition, rows[-1].last
        rows = next_rows(connection, after, wanted)


def _read_last(connection: Connection) -> str:
    """Return the source that was read last: whose posts are gone, with their rows, nobody knows."""
    query = select(sources.c.name).order_by(sources.c.last_pull.desc().nulls_last(), sources.c.name)
    return connection.execute(query.limit(1)).scalar() or "log"


class _Reading:
    """The rows of a claim, put together."""

    def __init__(self, partition: int, now: datetime) -> None:
        self._partition = partition
        self._now = now
        self._offered: list[Offered] = []
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
            seen = min(one.posted_at, self._now)
            self._offered.append(Offered(author, one.author, seen, row.at))
            taken = (one, author, row.source, row.at)
            if key not in known:
                known[key] = taken
                continue
            if one.is_private:
                self._private.add(key)
            if one.is_private or one.has_alias:
                self._again.append(taken)
        for beside in found.accounts:
            seen = min(beside.at, self._now)
            self._offered.append(Offered(key_of(beside.account), beside.account, seen, row.at))
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
        offers = offers_of(self._offered)
        met = meet(offers, known_accounts(connection, offers), clean=True)
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
            offered=self._offered,
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
