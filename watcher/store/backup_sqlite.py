"""Backups of SQLite: it copies itself while others write, and is checked from end to end."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path

from sqlalchemy.engine import URL

from watcher.store.database import make_folder
from watcher.store.errors import StoreError
from watcher.store.schema import metadata
from watcher.store.versions import COPYING, HEAD, VERSION_TABLE, known_revisions, not_ours

_PAGES = 2000
"""Of SQLite, copied between two words about the progress."""
SUFFIXES = ("-wal", "-shm")
"""What may lie beside a database, named after it."""

Progress = Callable[[int, int], None]


def back_up_sqlite(url: URL, part: Path, progress: Progress) -> None:
    """Copy a database into a file, in one reading transaction. Raises `StoreError`."""
    path = Path(url.database or "")
    if not path.exists():
        raise StoreError(f"there is no database at {path}", help="Run `watcher once` to make it.")
    try:
        with closing(_connect(path)) as source, closing(_connect(part)) as target:
            # Held to the end: without it, each write of the service would begin the copy anew.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            source.backup(
                target,
                pages=_PAGES,
                progress=lambda _status, left, all_: progress(all_ - left, all_),
            )
            target.execute("PRAGMA journal_mode = DELETE")  # one file, whole by itself
        _check_sqlite(part, part)
    except sqlite3.Error as error:
        raise StoreError(f"the backup of {path} failed: {error}") from error


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=30)


def _reading(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)


def _damaged(name: Path, error: sqlite3.Error) -> StoreError:
    return StoreError(
        f"{name} is damaged, or no database of the watcher: {error}", help="take an older backup"
    )


def _check_sqlite(path: Path, name: Path) -> None:
    """Raise `StoreError` unless a file, to be called by a name, is a whole database of ours."""
    try:
        with closing(_reading(path)) as opened:
            said = opened.execute("PRAGMA integrity_check(3)").fetchall()
            loose = opened.execute("PRAGMA foreign_key_check").fetchone()
            version = opened.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608
    except sqlite3.Error as error:
        raise _damaged(name, error) from error
    if said != [("ok",)] or loose:
        told = "; ".join(line for (line,) in said) if said != [("ok",)] else f"of {loose[0]}"
        raise StoreError(f"{name} is damaged: {told}", help="take an older backup")
    if version is None or version[0] == COPYING:
        raise StoreError(f"{name} holds a half copy", help="take another backup")


def restore_sqlite(file: Path, database: Path) -> Path | None:
    """Put a file in the place of a database; return where that lies now. Raises `StoreError`.

    What is written beside the file, in its `-wal`, belongs to it, and comes along.
    """
    make_folder(database.parent)
    part = database.with_name(f"{database.name}.part")
    aside = None
    try:
        _drop(part)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _copy_whole(file, part)
        _check_sqlite(part, file)
        _check_version(part, file)
        if database.exists():
            with suppress(sqlite3.Error), closing(_connect(database)) as old:
                old.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # also what was written last
            aside = _free_name(database)
            for suffix in ("", *SUFFIXES):
                beside = Path(f"{database}{suffix}")
                if beside.exists():
                    beside.rename(f"{aside}{suffix}")
        settle(part, database)
    except OSError as error:
        raise StoreError(f"{database} cannot be put in place: {error.strerror}") from error
    finally:
        _drop(part)
    return aside


def _copy_whole(file: Path, part: Path) -> None:
    try:
        with closing(_reading(file)) as source, closing(_connect(part)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise _damaged(file, error) from error


def _check_version(part: Path, name: Path) -> None:
    """Raise `StoreError` unless a checked file is of a version that this program knows."""
    with closing(_reading(part)) as opened:
        rows = opened.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchall()  # noqa: S608
        listed = opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    version = " ".join(str(row[0]) for row in rows)
    lacks = version == HEAD and not metadata.tables.keys() <= {name for (name,) in listed}
    if lacks or version not in known_revisions():
        raise not_ours(name, version)


def _free_name(database: Path) -> Path:
    """Return a name beside a database that nothing has: two restores may be of one second."""
    first = database.with_name(f"{database.name}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    names = chain([first], (first.with_name(f"{first.name}-{number}") for number in count(2)))
    return next(
        name
        for name in names
        if not any(os.path.lexists(f"{name}{suffix}") for suffix in ("", *SUFFIXES))
    )


def _drop(part: Path) -> None:
    for suffix in ("", "-journal", *SUFFIXES):
        Path(f"{part}{suffix}").unlink(missing_ok=True)


def settle(part: Path, file: Path) -> None:
    """Give a file its name once the disk has it. Raises `StoreError` where another one has it."""
    with part.open("rb") as opened:
        os.fsync(opened.fileno())
    try:
        os.link(part, file)  # it takes no name that is taken, as renaming would
    except FileExistsError as error:
        raise StoreError(
            f"there is a file already: {file}", help="name another, or remove it first"
        ) from error
    except OSError:  # a file system without links
        if os.path.lexists(file):
            raise
        part.rename(file)
    else:
        part.unlink()
    folder = os.open(file.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
