"""One watcher for each database: what tells a second one that a first is at work on it.

Two would end each other's attempts to deliver (`abandon_claims`) and send mails twice. Both kinds
of lock go with the process that holds them, however that ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from watcher.store.database import make_folder, open_postgresql, parse
from watcher.store.errors import translate

_WATCHERS_LOCK = 0x77617463686573
"""The number of the lock on PostgreSQL; that of the writers is another one."""


def shown_address(url: str) -> str:
    """Return a database's address as it may be shown: without its password."""
    return parse(url).render_as_string(hide_password=True)


def lock_file(url: str) -> Path | None:
    """Return the file, in a folder that exists, that the only watcher of a SQLite database locks.

    It lies beside the database itself, also where `url` names a link to it. None for a database on
    a server. Raises `StoreError` when the address is none or the folder cannot be made.
    """
    parsed = parse(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    database = Path(parsed.database or "").resolve()
    make_folder(database.parent)
    return database.with_name(f"{database.name}.lock")


@contextmanager
def server_lock(url: str) -> Iterator[bool]:
    """Hold the lock on a PostgreSQL database for as long as the body runs, if it is free.

    The body is told whether it is held; it is not when another process holds it. The lock belongs
    to a connection of its own, which has to reach the server itself: a pooler that shares
    connections between transactions would lose it. Raises `StoreError` where nobody answers.
    """
    engine = open_postgresql(parse(url))
    connection = None
    try:
        try:
            connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            held = connection.execute(select(func.pg_try_advisory_lock(_WATCHERS_LOCK)))
            free = bool(held.scalar_one())
        except SQLAlchemyError as error:
            raise translate(error, shown_address(url)) from error
        yield free
    finally:
        if connection is not None:
            # Not given back to the pool: the server lets go of the lock when the connection ends.
            connection.invalidate()
            connection.close()
        engine.dispose()
