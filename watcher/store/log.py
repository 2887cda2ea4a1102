"""The log: posts on their way from sources to workers, each handed to one worker, in order.

A page is *appended* in one transaction with the source's cursor behind it. Its posts are numbered
without a gap within partitions; all that one author wrote is in the same one, so it stays in order.
A worker *claims* a partition, matches its next posts, and saves what they are and what was found in
them in the same transaction that moves the partition's cursor. See docs/log.md.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from watcher.backends.interface import Page
from watcher.store.database import Database
from watcher.store.errors import StoreError
from watcher.store.log_claim import Claim
from watcher.store.schema import log, log_cursors, log_heads

PARTITIONS = 16
"""How many partitions a log has that nobody chose otherwise for."""


class StaleCursorError(StoreError):
    """Another process has read this source on from the same place; nothing was appended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Appended:
    """What a page brought to the log."""

    posts: int
    """Posts that wait for a worker now; which of them are new is known when they are worked off."""
    gone: int = 0
    """Posts that were stored until the page said that they are deleted."""


class Log(Database):
    """The part of the store that keeps posts on their way to workers."""

    partitions = PARTITIONS
    """Into how many partitions posts go. It may grow: see docs/log.md."""

    def append(self, source: str, cursor: str | None, page: Page, now: datetime) -> Appended:
        """Append a page in one transaction: posts, coverage, deletions and the cursor after it.

        `cursor` is the one that the page was read from, None for a source's first page. Raises
        `StaleCursorError` where the source was read on from there meanwhile, `StoreError`
        otherwise; then nothing of the page was kept.
        """
        raise NotImplementedError

    @contextmanager
    def claim(self, worker: str, limit: int, now: datetime) -> Iterator[Claim | None]:
        """Take the next posts of a partition that nobody works on, about `limit`; None: none wait.

        They are this worker's until the block ends. Without `save` they wait again then; a worker
        that is killed lets go of them too. Raises `StoreError`.
        """
        raise NotImplementedError
        yield None

    def log_backlog(self) -> int:
        """Return how many posts wait in the log."""
        query = select(func.sum(log_heads.c.number - log_cursors.c.number)).join_from(
            log_heads, log_cursors, log_heads.c.partition == log_cursors.c.partition
        )
        with self.reading() as connection:
            return int(connection.execute(query).scalar() or 0)

    def log_lags(self, now: datetime) -> Mapping[str, timedelta]:
        """Return for how long the oldest post of each source waits in the log; none: not in it."""
        query = (
            select(log.c.source, func.min(log.c.at))
            .join(log_cursors, log_cursors.c.partition == log.c.partition)
            .where(log.c.last > log_cursors.c.number)
            .group_by(log.c.source)
        )
        with self.reading() as connection:
            return {
                source: max(now - at, timedelta()) for source, at in connection.execute(query)
            }

    def drop_log(self, before: datetime) -> int:
        """Drop whole days that ended before a moment and are worked off; return how many.

        SQLite deletes the rows of such days.
        """
        raise NotImplementedError
