"""Backups of SQLite: it copies itself while others write, and is checked from end to end."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.engine import URL

from watcher.store.database import Database, make_folder
from watcher.store.errors import StoreError
from watcher.store.schema import metadata
from watcher.store.versions import COPYING, HEAD, VERSION_TABLE, known_revisions, not_ours

_PAGES = 2000
"""Of SQLite, copied between two words about the progress."""
_SUFFIXES = ("-journal", "-wal", "-shm")
"""What may lie beside a database, named after it, and would be read into any other of that name."""

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


def restore_sqlite(file: Path, url: URL) -> Path | None:
    """Put a file in the place of a database; return where that lies now. Raises `StoreError`.

    What is written beside the file, in its `-wal`, belongs to it, and comes along. An older one is
    brought up to date first. At every moment one of the two is whole at the database's path.
    """
    database = Path(url.database or "").resolve()  # a link stays, and its disk is that of the data
    make_folder(database.parent)
    part = database.with_name(f"{database.name}.part")
    try:
        drop(part)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _copy_whole(file, part)
        _check_sqlite(part, file)
        _check_version(part, file)
        Database(url.set(database=str(part)).render_as_string()).close()
        _fold(part)
        if database.exists():
            return _exchange(part, database)
        for suffix in _SUFFIXES:
            Path(f"{database}{suffix}").unlink(missing_ok=True)  # of one that was removed
        settle(part, database)
    except OSError as error:
        raise StoreError(
            f"{database} cannot be put in place: {error.strerror}",
            help="what was there before is not lost" if database.exists() else "",
        ) from error
    finally:
        with suppress(OSError):
            drop(part)
    return None


def _exchange(part: Path, database: Path) -> Path:
    """Put a whole file in the place of a database; return that one's new name.

    It gets that name beside its old one, so that there is no moment without a database: a watcher
    that found none would make an empty one, and read and mail everything again.
    """
    _sync(part)
    aside = _free_name(database)
    # Opened first and closed last: to close a file gives back SQLite's locks on it.
    with database.open("rb") as opened, _alone(database):
        beside = [suffix for suffix in _SUFFIXES if os.path.lexists(f"{database}{suffix}")]
        _keep(database, aside, opened, beside)
        try:
            _sync(database.parent)
            for suffix in beside:
                Path(f"{database}{suffix}").unlink()
            part.replace(database)
            _sync(database.parent)
        except BaseException:
            _put_back(aside, database, beside)
            raise
    return aside


@contextmanager
def _alone(database: Path) -> Iterator[None]:
    """Keep all others out of a database while the body runs, with its log folded into it.

    Who has opened it already, and waits, cannot write any more once another file has its name. A
    damaged one, with which SQLite cannot do that, stays as it is. Raises `StoreError` where another
    process has it open.
    """
    with closing(_connect(database)) as held:
        try:
            held.execute("PRAGMA journal_mode = DELETE")
            held.execute("BEGIN EXCLUSIVE")
            folded = held.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise _not_aside(database, str(error)) from error
        else:
            if not folded:  # somebody came between the two
                raise _not_aside(database, "database is locked")
        yield


def _not_aside(database: Path, said: str) -> StoreError:
    return StoreError(
        f"{database} cannot be put aside: {said}",
        help="end what has it open, or see to it that it can be written, and do it again; nothing "
        "has changed",
    )


def _keep(database: Path, aside: Path, opened: BinaryIO, beside: list[str]) -> None:
    """Give an open database, and what lies beside it, one more name, or none where that fails."""
    try:
        for suffix in beside:
            with Path(f"{database}{suffix}").open("rb") as other:
                _link(Path(f"{database}{suffix}"), Path(f"{aside}{suffix}"), other)
        _link(database, aside, opened)
    except BaseException:
        with suppress(OSError):
            drop(aside)
        raise


def _link(file: Path, name: Path, opened: BinaryIO) -> None:
    try:
        os.link(file, name)
    except OSError:  # a file system without links
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with name.open("wb") as copied:
            shutil.copyfileobj(opened, copied)
        _sync(name)


def _put_back(aside: Path, database: Path, beside: list[str]) -> None:
    """Undo an exchange, however far it had come. Raises `StoreError` where that fails."""
    try:
        for suffix in ("", *beside):
            Path(f"{aside}{suffix}").replace(f"{database}{suffix}")
        drop(aside)  # what has both names keeps both
    except OSError as error:
        raise StoreError(
            f"{database} cannot be put in place, nor what was there before: {error.strerror}",
            help=f"what was there before is in {aside}",
        ) from error


def _copy_whole(file: Path, part: Path) -> None:
    try:
        with closing(_reading(file)) as source, closing(_connect(part)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise _damaged(file, error) from error


def _fold(part: Path) -> None:
    """Have all of a database in its one file. Raises `StoreError`."""
    try:
        with closing(_connect(part)) as opened:
            opened.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise StoreError(f"{part} cannot be written: {error}") from error


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
        if not any(os.path.lexists(f"{name}{suffix}") for suffix in ("", *_SUFFIXES))
    )


def drop(part: Path) -> None:
    """Remove a database that is to be none, and what lies beside it. Raises `OSError`."""
    for suffix in ("", *_SUFFIXES):
        Path(f"{part}{suffix}").unlink(missing_ok=True)


def _sync(place: Path) -> None:
    """Wait until the disk has a file, or the names in a folder. Raises `OSError`."""
    opened = os.open(place, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def settle(part: Path, file: Path) -> None:
    """Give a file its name once the disk has it. Raises `StoreError` where another one has it."""
    _sync(part)
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
    _sync(file.absolute().parent)
