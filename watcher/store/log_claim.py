"""The next posts of the log, held by one worker until they are saved."""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, update

from watcher.store.copies import Copies
from watcher.store.database import take_writers_lock
from watcher.store.errors import StaleBatchError
from watcher.store.log_claimed import Claimed, Keep, Look, OriginalsOf, SavedClaim
from watcher.store.log_saving import Saving
from watcher.store.matches import Findings
from watcher.store.queue import NOWHERE_ELSE, Places, Routes
from watcher.store.schema import log_cursors
from watcher.store.voices import Forms


@dataclass(kw_only=True)
class Claim(Claimed):
    """What a worker has claimed, and how it is saved."""

    writing: Callable[[], AbstractContextManager[Connection]]

    def save(
        self,
        findings: Findings,
        routes: Routes,
        clock: Callable[[], datetime],
        *,
        keep: Keep = "all",
        wanted: Collection[str] = (),
        look: Look | None = None,
        copies: Callable[[OriginalsOf], Copies] | None = None,
        brands: Forms | None = None,
        places: Places = NOWHERE_ELSE,
    ) -> SavedClaim:
        """Save posts, findings, queue entries and that they are worked off, in one transaction.

        With `keep="matched"` only those posts are stored that something was found in, whose keys
        are in `wanted`, whose authors resemble a brand, or that are stored already. What was stored
        before is neither counted nor told again; what its author changed since waits to be matched
        as any other. `clock` is asked once it is our turn to write: what was told while we waited
        lies before. Raises `StaleBatchError` where another process saved these posts meanwhile,
        `StoreError` otherwise; then nothing was saved.
        """
        with self.writing() as connection:
            take_writers_lock(connection)
            now = clock()
            self._move_cursor(connection, now)
            return Saving(self, connection, look, keep, now).save(
                findings, routes, wanted, copies, brands, places
            )

    def _move_cursor(self, connection: Connection, now: datetime) -> None:
        moved = connection.execute(
            update(log_cursors)
            .where(log_cursors.c.partition == self.partition, log_cursors.c.number == self.after)
            .values(number=self.upto, by=self.worker, at=now)
        )
        if moved.rowcount == 0:
            raise StaleBatchError(
                f"the posts after {self.after} of partition {self.partition} of the log were saved "
                "by another process meanwhile",
                help="Nothing is lost and nothing was saved twice; on SQLite one worker is enough.",
            )
