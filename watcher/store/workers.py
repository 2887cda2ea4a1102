"""Which processes work on this database, on whatever host: a row each, with a sign of life.

Signs of life wait for no other writer: a long batch must not make its own process look dead. Only
host names and process numbers are kept.
"""

import os
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Select, delete, insert, select, update

from watcher.store.database import Database
from watcher.store.schema import workers

BEAT_EVERY = timedelta(seconds=10)
LOST_AFTER = timedelta(seconds=30)
"""Who gave no sign of life for so long was killed, hangs, or is cut off."""
KEPT_FOR = timedelta(days=7)
"""For how long is told of who left or was lost."""

Role = Literal["leads", "stands by", "works"]


@dataclass(frozen=True, kw_only=True)
class WorkerRecord:
    """A process that works on the database, or did."""

    id: str
    host: str
    pid: int
    role: Role
    """`leads` the schedule, `stands by` to lead it, or `works` the log off."""
    started: datetime
    beat: datetime
    """Its last sign of life."""
    stopped: datetime | None
    """When it left in good order."""
    posts: int
    """Posts that it matched since it started."""
    matches: int
    trouble: str
    """What goes wrong at present, in one line; empty where nothing does."""
    config: str
    """The fingerprint of the configuration that it goes by; empty where it told none."""
    is_lost: bool
    """Whether it gave no sign of life for half a minute and did not say that it leaves."""

    @property
    def is_alive(self) -> bool:
        """Whether it works at this moment, as far as anybody knows."""
        return self.stopped is None and not self.is_lost


class Workers(Database):
    """The part of the store that knows who works on it."""

    def sign_in(
        self,
        role: Role,
        now: datetime,
        *,
        host: str | None = None,
        pid: int | None = None,
        config: str = "",
    ) -> str:
        """Note that a process begins to work, this one unless named; return its id.

        `config` is the fingerprint of its configuration, to be compared with that of the leader.
        Those that left or were lost a week ago are forgotten.
        """
        host = socket.gethostname() if host is None else host
        pid = os.getpid() if pid is None else pid
        worker = f"{host}:{pid}:{secrets.token_hex(4)}"
        values = {"id": worker, "host": host, "pid": pid, "role": role, "config": config}
        with self._transaction(self._writers) as connection:
            connection.execute(delete(workers).where(workers.c.beat < now - KEPT_FOR))
            connection.execute(insert(workers).values(**values, started=now, beat=now))
        return worker

    def beat(
        self,
        worker: str,
        now: datetime,
        *,
        role: Role | None = None,
        posts: int | None = None,
        matches: int | None = None,
        trouble: str | None = None,
        config: str | None = None,
    ) -> bool:
        """Leave a sign of life, to be done every ten seconds; what is None stays as it was.

        `posts` and `matches` count all since the start. False where nobody knows the worker any
        more, a week after its last sign: it has to sign in again.
        """
        told = {"role": role, "posts": posts, "matches": matches, "trouble": trouble}
        told |= {"config": config}
        values = {name: value for name, value in told.items() if value is not None}
        with self._transaction(self._writers) as connection:
            done = connection.execute(
                update(workers)
                .where(workers.c.id == worker)
                .values(beat=now, stopped=None, **values)
            )
        return done.rowcount == 1

    def sign_off(self, worker: str, now: datetime) -> None:
        """Note that a process leaves in good order."""
        with self._transaction(self._writers) as connection:
            connection.execute(
                update(workers).where(workers.c.id == worker).values(beat=now, stopped=now)
            )

    def workers(self, now: datetime) -> tuple[WorkerRecord, ...]:
        """Return who works on the database and who did within a week, the leader first.

        `now` is the time on the clock that the signs of life were written by.
        """
        with self.reading() as connection:
            rows = connection.execute(select(workers).where(workers.c.beat >= now - KEPT_FOR)).all()
        found = [
            WorkerRecord(
                id=row.id,
                host=row.host,
                pid=row.pid,
                role=row.role,
                started=row.started,
                beat=row.beat,
                stopped=row.stopped,
                posts=row.posts,
                matches=row.matches,
                trouble=row.trouble,
                config=row.config,
                is_lost=row.stopped is None and row.beat < now - LOST_AFTER,
            )
            for row in rows
        ]
        order = ("leads", "stands by", "works")
        return tuple(
            sorted(found, key=lambda one: (not one.is_alive, order.index(one.role), one.id))
        )


def otherwise(found: Sequence[WorkerRecord]) -> tuple[WorkerRecord, ...]:
    """Return those who work by another configuration than the leader, who is the first."""
    alive = [one for one in found if one.is_alive and one.config]
    if not alive or alive[0].role != "leads":
        return ()
    return tuple(one for one in alive if one.config != alive[0].config)


def is_alive(worker: ColumnElement[str], now: datetime) -> ColumnElement[bool]:
    """Return the condition that a worker, by its id, works at `now` as far as anybody knows."""
    return _alive(worker, now).exists()


def leads(worker: ColumnElement[str], now: datetime) -> ColumnElement[bool]:
    """Return the condition that a worker, by its id, leads at `now` as far as anybody knows."""
    return _alive(worker, now).where(workers.c.role == "leads").exists()


def _alive(worker: ColumnElement[str], now: datetime) -> Select[tuple[str]]:
    return select(workers.c.id).where(
        workers.c.id == worker, workers.c.stopped.is_(None), workers.c.beat >= now - LOST_AFTER
    )
