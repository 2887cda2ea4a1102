"""The microblog's SQLite file: opening, making, and telling what is wrong with it.

The only module that knows `sqlite3`, beside the statements in `microblog.py` and `network.py` that
run on what it opens.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from watcher.backends.interface import EARLIEST, LATEST, BackendError

APPLICATION = 0x77617463  # "watc": tells our files from other programs' databases
SCHEMA = 1
BUSY_SECONDS = 10.0

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

TABLES = """
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    handle TEXT NOT NULL,
    folded_handle TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    bio TEXT NOT NULL,
    avatar TEXT NOT NULL,
    created INTEGER NOT NULL,
    bot INTEGER NOT NULL,
    locked INTEGER NOT NULL,
    discoverable INTEGER NOT NULL
);
CREATE TABLE posts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ref TEXT UNIQUE,
    account INTEGER NOT NULL REFERENCES accounts,
    text TEXT NOT NULL,
    folded TEXT NOT NULL,
    posted_at INTEGER NOT NULL,
    language TEXT,
    reply_to INTEGER REFERENCES posts,
    repost_of INTEGER REFERENCES posts,
    quote_of INTEGER REFERENCES posts,
    likes INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX posts_by_account ON posts (account, id);
CREATE INDEX posts_by_reply ON posts (reply_to) WHERE reply_to IS NOT NULL;
CREATE INDEX posts_by_repost ON posts (repost_of, account) WHERE repost_of IS NOT NULL;
CREATE TABLE tags (
    tag TEXT NOT NULL,
    post INTEGER NOT NULL REFERENCES posts,
    PRIMARY KEY (tag, post)
) WITHOUT ROWID;
CREATE TABLE follows (
    follower INTEGER NOT NULL REFERENCES accounts,
    followed INTEGER NOT NULL REFERENCES accounts,
    accepted INTEGER NOT NULL,
    PRIMARY KEY (follower, followed)
) WITHOUT ROWID;
CREATE INDEX follows_by_followed ON follows (followed, accepted);
CREATE TABLE blocks (
    blocker INTEGER NOT NULL REFERENCES accounts,
    blocked INTEGER NOT NULL REFERENCES accounts,
    PRIMARY KEY (blocker, blocked)
) WITHOUT ROWID;
"""


def create(path: Path, now: datetime) -> None:
    """Make an empty microblog; an existing one is left as it is. Raises `BackendError`.

    Ids start at the moment of founding (seconds × 100,000) instead of 1: a microblog that was
    thrown away and made anew never gives an old post's id to another post, so what has been pulled
    of the old one neither hides nor renames what is in the new one.
    """
    base = int(now.timestamp()) * 100_000
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists():
            _look(path)
        with translated(path):
            connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            try:
                _lay_tables(connection, base)
            finally:
                connection.close()
    except OSError as error:
        raise _unusable(path, error) from error


def _lay_tables(connection: sqlite3.Connection, base: int) -> None:
    """Lay the tables where there are none: in a new file, or one whose making was cut short."""
    if not _is_blank(connection):
        return
    connection.execute("PRAGMA journal_mode = WAL")
    with transaction(connection, write=True):
        if not _is_blank(connection):
            return  # another process was quicker
        for statement in TABLES.split(";"):
            connection.execute(statement)
        connection.executemany(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)",
            [("accounts", base), ("posts", base)],
        )
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {SCHEMA}")


def _is_blank(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open an existing microblog for the length of a block and close it. Raises `BackendError`.

    A connection each time costs a tenth of a millisecond and makes threads a matter of course.
    """
    _look(path)
    with translated(path):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
        )
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.row_factory = sqlite3.Row
            _recognise(connection, path)
            yield connection
        finally:
            connection.close()


@contextmanager
def transaction(connection: sqlite3.Connection, *, write: bool) -> Iterator[None]:
    """Run a block as one transaction: all of it, or none. A reading one sees one state."""
    connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours for the length of a block."""
    try:
        yield
    except sqlite3.Error as error:
        raise _our_error(path, error) from error


def as_number(when: datetime) -> int:
    """Return an aware moment as the file keeps it: microseconds since 1970, UTC.

    Raises `BackendError` for one before `EARLIEST` or after `LATEST`.
    """
    if not EARLIEST <= when <= LATEST:
        years = f"{EARLIEST.year} and {LATEST.year}"
        raise BackendError(f"the time {when.isoformat()} lies not between {years}", kind="refused")
    return (when - EPOCH) // timedelta(microseconds=1)


def as_moment(number: int) -> datetime:
    """Return what the file keeps as a moment in UTC. Raises `OverflowError`: see `is_moment`."""
    return EPOCH + timedelta(microseconds=number)


def is_moment(number: int) -> bool:
    """Whether what the file keeps lies between `EARLIEST` and `LATEST`."""
    return _FIRST <= number <= _LAST


_FIRST, _LAST = as_number(EARLIEST), as_number(LATEST)


def _look(path: Path) -> None:
    try:
        if not path.is_file() and path.exists() and not path.is_dir():
            raise BackendError(  # opening a pipe would wait for its other end
                f"{path} is no regular file", kind="broken", help="name another file"
            )
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise _unusable(path, error) from error


def _recognise(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        raise BackendError(
            f"{path} is not a local microblog",
            kind="broken",
            help="name another file; `watcher local post` makes a new microblog",
        )
    if version != SCHEMA:
        raise BackendError(
            f"the microblog {path} was made by a newer watcher (format {version}, known: {SCHEMA})",
            kind="broken",
            help="update the watcher",
        )


def _unusable(path: Path, error: OSError) -> BackendError:
    if isinstance(error, FileNotFoundError):
        return BackendError(
            f"there is no local microblog at {path}",
            kind="gone",
            help='write the first post with `watcher local post @somebody "..."`',
        )
    if isinstance(error, PermissionError):
        return BackendError(f"{path} may not be read: {error.strerror}", kind="refused")
    if isinstance(error, IsADirectoryError | NotADirectoryError):
        return BackendError(f"{path} is a folder or lies in a file", kind="broken")
    return BackendError(f"{path} cannot be opened: {error.strerror}", kind="temporary")


def _our_error(path: Path, error: sqlite3.Error) -> BackendError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    what = f"the local microblog {path} cannot be used: {error}"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return BackendError(what, kind="temporary", help="another program is writing; try again")
    if code == sqlite3.SQLITE_FULL:
        return BackendError(what, kind="temporary", help="make room on the disk")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
        return BackendError(what, kind="refused", help="its folder must be writable, too")
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return BackendError(what, kind="broken", help="it is no microblog, or it was damaged")
    return BackendError(what, kind="temporary")
