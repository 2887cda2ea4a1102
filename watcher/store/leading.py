"""Who leads the schedule on PostgreSQL: who holds one advisory lock, on a connection of its own.

The lock goes with the connection, however that ends: at once when the process dies, and within some
six seconds when its host does, or the network between: the server asks idle connections for a sign
of life. Our own end gives up sooner, so that who is cut off knows it before another one leads.

A process that is suspended, or hangs as a whole, still has its connection: its kernel answers. So
the server also ends a leader's connection on which nothing was asked for ten seconds (PostgreSQL 14
and newer). Such a process does not know yet that it leads no more when it goes on: `holds_lead`
asks the server itself, and is asked before each step. What it was writing the server takes back
after a minute (`watcher.store.database`).
"""

import os
import re
import selectors
import socket
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from watcher.store.database import Database, open_postgresql, parse, shown
from watcher.store.errors import StoreError, translate

_LEADERS_LOCK = 0x77617463686573
"""The number of the lock; that of the writers is another one."""
_OURS = {
    "keepalives": "1",
    "keepalives_idle": "2",
    "keepalives_interval": "1",
    "keepalives_count": "2",
    "tcp_user_timeout": "3000",  # milliseconds
    "connect_timeout": "3",
}
"""How our end finds out that the server cannot be reached: within four seconds."""
_SERVERS = {
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "6000",
}
"""How the server finds out that we are not there any more: within six. None is of use to a socket
in a folder, and none is needed there."""
_LEASE = timedelta(seconds=10)
"""For how long a leader may ask nothing; it asks twice a second."""
_LONGEST_NAME = 63
_NAMED = re.compile(r"watcher:(\d{1,10})@([\w.-]{1,60})", re.ASCII)
_WHO = text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    " AND l.classid::bigint = :high AND l.objid::bigint = :low"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_HELD = text(
    "SELECT EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted"
    " AND l.objsubid = 1 AND l.classid::bigint = :high AND l.objid::bigint = :low"
    " AND l.pid = :session"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)
_HIGH, _LOW = divmod(_LEADERS_LOCK, 1 << 32)
_SET = text("SELECT set_config(name, :value, false) FROM pg_settings WHERE name = :name")
"""An older server does not know each of them."""


def is_shared(url: str) -> bool:
    """Whether several processes, on any host, may work on a database: whether it is a server's."""
    return parse(url).get_backend_name() != "sqlite"


class Lead:
    """The leader's lock on a database; used by one thread at a time.

    The connection has to reach the server itself: a pooler that shares connections between
    transactions would lose the lock. `clock` is told with each answer what time it is at the
    server, and how many seconds the answer took. With a `lease`, the lock is lost when nothing is
    asked for so long.
    """

    def __init__(
        self,
        url: str,
        clock: Callable[[datetime, float], object] = lambda _now, _took: None,
        *,
        lease: timedelta | None = _LEASE,
    ) -> None:
        parsed = parse(url)
        name = f"watcher:{os.getpid()}@{socket.gethostname()}"[:_LONGEST_NAME]
        self._where = shown(parsed)
        self._engine = open_postgresql(
            parsed.update_query_dict({**_OURS, "application_name": name})
        )
        self._connection: Connection | None = None
        self._clock = clock
        self._lease = lease
        self.session = 0
        """The number of the server's process that our connection speaks with; 0 without one."""

    def attempt(self) -> bool:
        """Take the lock if it is free; whether it is held. Raises `StoreError`.

        Ask again and again: the connection stays open meanwhile, and is opened anew where it broke.
        """
        return bool(self._ask(select(func.pg_try_advisory_lock(_LEADERS_LOCK))))

    def check(self) -> None:
        """Make sure that the lock is held still. Raises `StoreError` where it is not known."""
        if self._connection is None:
            raise StoreError(f"the connection that holds the lock was lost: {self._where}")
        self._ask(text("SELECT 1"))

    def wait(self, seconds: float) -> None:
        """Wait for so long, but no longer than until the connection ends or says something."""
        if self._connection is None:
            return
        driver = self._connection.connection.dbapi_connection
        if driver is None:
            return
        with selectors.DefaultSelector() as selector:
            selector.register(driver.fileno(), selectors.EVENT_READ)
            selector.select(seconds)

    def leader(self) -> str:
        """Name who holds the lock, as `process 12 on host`. Raises `StoreError`."""
        named = _NAMED.fullmatch(str(self._ask(_WHO.bindparams(high=_HIGH, low=_LOW))))
        return f"process {named[1]} on {named[2]}" if named else "another process"

    def release(self) -> None:
        """Let go of the lock and of the connection; `attempt` opens another one."""
        connection, self._connection, self.session = self._connection, None, 0
        if connection is not None:
            # Not given back to a pool: the server lets go of the lock when the connection ends.
            connection.invalidate()
            connection.close()
        self._engine.dispose()

    def _ask(self, what: object) -> object:
        try:
            if self._connection is None:
                self._connection = self._open()
            asked = time.monotonic()
            now = self._connection.execute(select(func.clock_timestamp())).scalar_one()
            self._clock(now, time.monotonic() - asked)
            return self._connection.execute(what).scalar()  # type: ignore[call-overload]
        except SQLAlchemyError as error:
            self.release()
            raise translate(error, self._where) from error

    def _open(self) -> Connection:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        wanted = dict(_SERVERS)
        if self._lease is not None:
            wanted["idle_session_timeout"] = f"{self._lease / timedelta(milliseconds=1):.0f}"
        for name, value in wanted.items():
            connection.execute(_SET, {"name": name, "value": value})
        self.session = connection.execute(select(func.pg_backend_pid())).scalar_one()
        return connection


class Leading(Database):
    """The part of the store that knows whether a process leads still, and what time it is there."""

    def ask_the_time(self, clock: Callable[[datetime, float], object]) -> None:
        """Tell `clock` what time it is at the server, and how many seconds the answer took.

        A file has no clock: nothing is told. Raises `StoreError`.
        """
        if not self.on_server:
            return
        with self.reading() as connection:
            asked = time.monotonic()
            now = connection.execute(select(func.clock_timestamp())).scalar_one()
            clock(now, time.monotonic() - asked)

    def holds_lead(self, session: int) -> bool:
        """Whether the connection of this number (`Lead.session`) holds the leader's lock now."""
        with self.reading() as connection:
            found = connection.execute(_HELD, {"session": session, "high": _HIGH, "low": _LOW})
            return bool(found.scalar_one())
