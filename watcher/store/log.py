"""The log: posts on their way from sources to workers, each handed to one worker, in order.

A page is *appended* in one transaction with the source's cursor behind it. Its posts are numbered
without a gap within partitions; all that one author wrote is in the same one, so it stays in order.
A worker *claims* a partition, matches its next posts, and saves what they are and what was found in
them in the same transaction that moves the partition's cursor. See docs/log.md.
"""

import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Connection, and_, bindparam, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from rules.model import Post
from watcher.backends.interface import Page
from watcher.store.accounts import Key, key_of
from watcher.store.columns import storable_key
from watcher.store.coverage import note_page
from watcher.store.database import insert as insert_or
from watcher.store.database import take_writers_lock
from watcher.store.errors import StoreError, translate
from watcher.store.kept_out import without_forgotten
from watcher.store.leaving import take_away_named
from watcher.store.log_claim import Claim
from watcher.store.log_days import DAY, LogDays, day_of
from watcher.store.log_reading import UnreadError, hold_next, read_held, readable
from watcher.store.log_rows import Seen, packs
from watcher.store.log_steps import START, next_rows
from watcher.store.log_taken_back import take_back
from watcher.store.log_waiting import waiting_since
from watcher.store.schema import log, log_cursors, log_heads, sources

PARTITIONS = 16
"""How many partitions a log has that nobody chose otherwise for."""
_ASK_AGAIN = timedelta(minutes=1)
"""So long after more partitions were wanted while posts waited it is tried again."""
_TRIES = 5
"""How often appending begins anew while partitions are added."""


class StaleCursorError(StoreError):
    """Another process has read this source on from the same place; nothing was appended."""


class _MorePartitionsError(Exception):
    """Partitions were added since the posts were shared out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Appended:
    """What a page brought to the log."""

    posts: int
    """Posts that wait for a worker now; which of them are new is known when they are worked off."""
    gone: int = 0
    """Posts that were stored until the page said that they are deleted."""


class Log(LogDays):
    """The part of the store that keeps posts on their way to workers."""

    partitions = PARTITIONS
    """Into how many partitions posts go. It may grow: see docs/log.md."""
    _known_partitions = 0
    _asked_for_more: datetime | None = None

    def append(self, source: str, cursor: str | None, page: Page, now: datetime) -> Appended:
        """Append a page in one transaction: posts, coverage, deletions and the cursor after it.

        `cursor` is the one that the page was read from, None for a source's first page. Raises
        `StaleCursorError` where the source was read on from there meanwhile, `StoreError`
        otherwise; then nothing of the page was kept.
        """
        partitions = self._make_ready(now)
        for _ in range(_TRIES):
            try:
                return self._append(source, cursor, page, now, partitions)
            except _MorePartitionsError:
                partitions = self._make_ready(now, anew=True)
        raise StoreError("the log goes on changing its partitions", help="Try again.")

    def _append(
        self, source: str, cursor: str | None, page: Page, now: datetime, partitions: int
    ) -> Appended:
        came = {_key(post): post for post in reversed(page.posts)}
        shared = _shared_out(page, [*reversed(came.values())], partitions, now)
        takes_away = bool(page.deleted or page.departed)
        gone = 0
        with self._appending(takes_away=takes_away) as connection:
            _hold_cursor(connection, source, cursor)
            note_page(connection, source, page, 0, now)
            if takes_away:
                gone = take_away_named(connection, source, page, now)
            heads = _hold_heads(connection, shared, partitions)
            # Now that heads are held: who goes through the log after somebody was forgotten waits
            # for those who held one before.
            let_in = without_forgotten(connection, page)
            if let_in is not page:
                kept = {_key(post): post for post in reversed(let_in.posts)}
                came = {key: post for key, post in came.items() if key in kept}
                of_kept = [*reversed(came.values())]
                shared = _shared_out(let_in, of_kept, partitions, now)
            _write(connection, shared, heads, source, now)
            if takes_away:
                take_back(connection, source, page, now)
        return Appended(posts=len(came), gone=gone)

    @contextmanager
    def _appending(self, *, takes_away: bool) -> Iterator[Connection]:
        # On PostgreSQL sources are appended to side by side. What takes posts away writes like all
        # others who do, one at a time; the lock comes first, as it does for everybody.
        with self._transaction(self._writers) as connection:
            if takes_away:
                take_writers_lock(connection)
            yield connection

    def _make_ready(self, now: datetime, *, anew: bool = False) -> int:
        """Have partitions, and on PostgreSQL the tables for this day and the next.

        Return how many partitions there are, asked `anew` or as it was known last. Other threads
        append too: what is known may be another number by the next line, and is read once.
        """
        partitions = 0 if anew else self._known_partitions
        asked = self._asked_for_more
        lately = asked is not None and abs(now - asked) < _ASK_AGAIN and partitions
        if partitions < self.partitions and not lately:
            self._asked_for_more = now
            with self.writing() as connection:
                partitions = _add_partitions(connection, self.partitions)
            self._known_partitions = partitions
        if self._file is None:
            self._make_days({day_of(now), day_of(now) + DAY})
        return partitions

    @contextmanager
    def claim(
        self, worker: str, limit: int, now: datetime, *, aside: Collection[int] = ()
    ) -> Iterator[Claim | None]:
        """Take the next posts of a partition that nobody works on, about `limit`; None: none wait.

        It is none of the partitions in `aside`, and of the others the one worked off longest ago.
        They are this worker's until the block ends, and with `save` done by then. Without it they
        wait again; a worker that is killed lets go of them too. Raises `UnreadError` where what
        waits in this partition cannot be read, `StoreError` otherwise.
        """
        if self._file is None:
            with self._transaction(self._writers) as connection:
                yield self._claim_next(connection, worker, limit, now, aside)
            return
        yield from self._claim_alone(worker, limit, now, aside)

    def _claim_next(
        self, connection: Connection, worker: str, limit: int, now: datetime, busy: Collection[int]
    ) -> Claim | None:
        held = hold_next(connection, busy)
        if held is None:
            return None
        try:
            return read_held(connection, held, worker, limit, now)
        except SQLAlchemyError as error:
            raise UnreadError(held.partition, translate(error, self._where)) from error
        except Exception as error:
            raise UnreadError(held.partition, error) from error

    def _claim_alone(
        self, worker: str, limit: int, now: datetime, aside: Collection[int]
    ) -> Iterator[Claim | None]:
        """Claim on SQLite: nothing is held while the posts are matched, but in this process."""
        with _CLAIMING:
            with self.reading() as connection:
                busy = {number for file, number in _CLAIMED if file == self._file}
                claim = self._claim_next(connection, worker, limit, now, busy.union(aside))
            if claim is not None:
                held = (self._file, claim.partition)
                _CLAIMED.add(held)
        if claim is None:
            yield None
            return
        try:
            claim.writing = self.writing
            yield claim
        finally:
            with _CLAIMING:
                _CLAIMED.discard(held)

    def log_backlog(self) -> int:
        """Return how many posts, and accounts told of beside them, wait in the log."""
        query = select(func.sum(log_heads.c.number - log_cursors.c.number)).join_from(
            log_heads, log_cursors, log_heads.c.partition == log_cursors.c.partition
        )
        with self.reading() as connection:
            return int(connection.execute(query).scalar() or 0)

    def log_lags(self, now: datetime) -> Mapping[str, timedelta]:
        """Return for how long the oldest post of each source waits in the log; none: not in it."""
        with self.reading() as connection:
            oldest = waiting_since(connection)
        return {source: max(now - at, timedelta()) for source, at in oldest.items()}

    def logged(self, day: datetime) -> Iterator[tuple[str, Post]]:
        """Yield all that came on a day, in the order of the log, with the source that brought it.

        Rows that cannot be read are left out: they were counted when they were worked off.
        """
        after, of_day = START, and_(log.c.at >= day, log.c.at < day + DAY)
        while True:
            with self.reading() as connection:
                rows = next_rows(connection, after, of_day)
            if not rows:
                return
            for row in rows:
                after = row.partition, row.last
                for post in readable(row.posts):
                    yield row.source, post.build(post.author, row.source)


_CLAIMING = Lock()
_CLAIMED: set[tuple[object, int]] = set()
"""What threads of this process have claimed, by file and partition."""


def _key(post: Post) -> Key:
    return storable_key(post.network), storable_key(post.id)


def partition_of(key: Key, partitions: int) -> int:
    """Return the partition of an account: the same in every process, for ever."""
    return zlib.crc32(f"{key[0]}:{key[1]}".encode()) % partitions


def _shared_out(
    page: Page, came: list[Post], partitions: int, now: datetime
) -> dict[int, tuple[list[Post], list[Seen]]]:
    """Return what goes to each partition: posts, and accounts beside them."""
    shared: dict[int, tuple[list[Post], list[Seen]]] = {}
    for post in came:
        number = partition_of(key_of(post.author), partitions)
        shared.setdefault(number, ([], []))[0].append(post)
    newest = min(max((post.posted_at for post in page.posts), default=now), now)
    for account in page.accounts:
        number = partition_of(key_of(account), partitions)
        shared.setdefault(number, ([], []))[1].append(Seen(account=account, at=newest))
    return shared


def _hold_cursor(connection: Connection, source: str, cursor: str | None) -> None:
    """Hold a source's row until the transaction ends. Raises `StaleCursorError`."""
    create = insert_or(connection, sources).on_conflict_do_nothing()
    connection.execute(create, {"name": source, "posts": 0})
    query = select(sources.c.cursor).where(sources.c.name == source).with_for_update()
    if connection.execute(query).scalar() != cursor:
        raise StaleCursorError(
            f"the source {source} was read on by another process meanwhile",
            help="Nothing is lost and nothing came twice: it is read on from where the other is.",
        )


def _hold_heads(connection: Connection, wanted: Collection[int], partitions: int) -> dict[int, int]:
    """Hold the heads of some partitions, in order; return the last number given in each."""
    if not wanted:
        return {}
    query = select(log_heads.c.partition, log_heads.c.number).order_by(log_heads.c.partition)
    held = connection.execute(query.where(log_heads.c.partition.in_(wanted)).with_for_update())
    heads: dict[int, int] = {partition: number for partition, number in held}  # noqa: C416 - rows are not pairs to mypy
    number = connection.execute(select(func.count()).select_from(log_heads)).scalar_one()
    if number != partitions:
        raise _MorePartitionsError
    return heads


def _write(
    connection: Connection,
    shared: Mapping[int, tuple[list[Post], list[Seen]]],
    heads: Mapping[int, int],
    source: str,
    now: datetime,
) -> None:
    """Write the rows, numbered on from the heads of their partitions."""
    if not shared:
        return
    rows = []
    for partition, (posts, accounts) in sorted(shared.items()):
        last = heads[partition]
        for number, octets in packs(posts, accounts):
            rows.append(
                {
                    "partition": partition,
                    "first": last + 1,
                    "last": last + number,
                    "at": now,
                    "source": source,
                    "posts": octets,
                }
            )
            last += number
    connection.execute(insert(log), rows)
    ends = {row["partition"]: row["last"] for row in rows}
    connection.execute(
        update(log_heads)
        .where(log_heads.c.partition == bindparam("of"))
        .values(number=bindparam("upto")),
        [{"of": partition, "upto": upto} for partition, upto in ends.items()],
    )


def _add_partitions(connection: Connection, wanted: int) -> int:
    """Add partitions up to a number, and return how many there are.

    None is added while anything waits: what an author wrote before would wait in another one than
    what comes from then on, and could be overtaken.
    """
    query = select(log_heads.c.partition, log_heads.c.number).order_by(log_heads.c.partition)
    heads = connection.execute(query.with_for_update()).all()
    if len(heads) >= wanted:
        return len(heads)
    done = {row[0]: row[1] for row in connection.execute(
        select(log_cursors.c.partition, log_cursors.c.number)
    )}  # fmt: skip
    if any(done.get(row.partition, 0) < row.number for row in heads):
        return len(heads)
    new = [{"partition": number, "number": 0} for number in range(len(heads), wanted)]
    for table in (log_heads, log_cursors):
        connection.execute(insert_or(connection, table).on_conflict_do_nothing(), new)
    return wanted
