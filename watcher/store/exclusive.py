"""One at a time for each database: what tells a second one that a first is at work on it.

A SQLite file is for one watcher; on PostgreSQL one leads, and others may stand by
(`watcher.store.leading`). Both kinds of lock go with the process that holds them, however that
ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from watcher.address_secrets import SECRETS
from watcher.store.database import make_folder, parse, shown
from watcher.store.leading import Lead


def shown_address(url: str) -> str:
    """Return a database's address as it may be shown: without what is secret."""
    return shown(parse(url))


def bare_address(url: str) -> str:
    """Return a database's address as `[store] url` has it: no password, and no mark of one."""
    bare = parse(url)._replace(password=None).difference_update_query(SECRETS)
    return bare.render_as_string(hide_password=False)


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
def server_lock(url: str) -> Iterator[str]:
    """Hold the leader's lock on a PostgreSQL database while the body runs, if it is free.

    The body is told who holds it, as `process 12 on host`, and nothing where we do. Raises
    `StoreError` where nobody answers.
    """
    lead = Lead(url, lease=None)  # nothing is asked while the body runs
    try:
        yield "" if lead.attempt() else lead.leader()
    finally:
        lead.release()
