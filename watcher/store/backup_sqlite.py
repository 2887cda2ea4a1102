"""Backups of SQLite: it copies itself while others write, and is checked from end to end."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import URL

from watcher.store.database import make_folder
from watcher.store.errors import StoreError
from watcher.store.versions import COPYING, VERSION_TABLE

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
        _check_sqlite(part)
    except sqlite3.Error as error:
        raise StoreError(f"the backup of {path} failed: {error}") from error


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=30)


def _check_sqlite(path: Path) -> None:
    """Raise `StoreError` unless a file is a whole and sound database of ours."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            said = opened.execute("PRAGMA integrity_check(3)").fetchall()
            loose = opened.execute("PRAGMA foreign_key_check").fetchone()
            version = opened.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608
    except sqlite3.Error as error:
        raise StoreError(
            f"{path} is damaged, or no database of the watcher: {error}",
            help="take an older backup",
        ) from error
    if said != [("ok",)] or loose:
        told = "; ".join(line for (line,) in said) if said != [("ok",)] else f"of {loose[0]}"
        raise StoreError(f"{path} is damaged: {told}", help="take an older backup")
    if version is None or version[0] == COPYING:
        raise StoreError(f"{path} holds a half copy", help="take another backup")


def restore_sqlite(file: Path, database: Path) -> Path | None:
    """Put a file in the place of a database; return where that lies now. Raises `StoreError`."""
    _check_sqlite(file)
    make_folder(database.parent)
    part = database.with_name(f"{database.name}.part")
    aside = None
    try:
        shutil.copyfile(file, part)
        part.chmod(0o600)
        if database.exists():
            with suppress(sqlite3.Error), closing(_connect(database)) as old:
                old.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # also what was written last
            aside = database.with_name(f"{database.name}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
            for suffix in ("", *SUFFIXES):
                beside = Path(f"{database}{suffix}")
                if beside.exists():
                    beside.rename(f"{aside}{suffix}")
        settle(part, database)
    except OSError as error:
        raise StoreError(f"{database} cannot be put in place: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return aside


def settle(part: Path, file: Path) -> None:
    """Give a file its name once the disk has it."""
    with part.open("rb") as opened:
        os.fsync(opened.fileno())
    part.rename(file)
    folder = os.open(file.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
