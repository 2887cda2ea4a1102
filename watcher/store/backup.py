"""Backups of the whole database, and putting them back.

SQLite copies itself while others write (its online backup API, in one reading transaction).
PostgreSQL's own programs do the same for it: `pg_dump` and `pg_restore` in the custom format.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy.engine import URL

from watcher.store.backup_postgresql import back_up_postgresql, restore_postgresql
from watcher.store.backup_sqlite import back_up_sqlite, drop, restore_sqlite, settle
from watcher.store.copy_target import is_empty
from watcher.store.database import Database, parse
from watcher.store.errors import StoreError
from watcher.store.exclusive import shown_address

Kind = Literal["SQLite", "PostgreSQL"]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A backup that was made, or put back."""

    kind: Kind
    file: Path
    octets: int
    aside: Path | None = None
    """Where the database lies that a restored one took the place of."""


def back_up(url: str, file: Path, progress: Progress = lambda _done, _all: None) -> Backup:
    """Save a database in one file, as it is at this moment, while others go on writing into it.

    The file appears under its name when it is whole and checked. Raises `StoreError` where a file
    is there already, nothing can be written, the database is damaged, or a program is missing.
    """
    if file.exists():
        raise StoreError(
            f"there is a file already: {file}", help="name another, or remove it first"
        )
    parsed = parse(url)
    make = back_up_sqlite if parsed.get_backend_name() == "sqlite" else back_up_postgresql
    part = file.with_name(f"{file.name}.part")
    try:
        drop(part)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # others' posts
        make(parsed, part, progress)
        settle(part, file)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            drop(part)
    return Backup(kind=_kind_of(parsed), file=file, octets=file.stat().st_size)


def restore(file: Path, url: str, *, force: bool = False) -> Backup:
    """Put a backup in the place of a database; nobody else may work on it.

    Into one that holds something only with `force`. A SQLite file is then put aside under another
    name; what PostgreSQL holds is replaced, in one transaction. The tables of an older backup are
    brought up to date. Raises `StoreError` where the file is no whole backup of this kind of
    database, another process has the SQLite file open, or something of another program depends on
    our tables; then nothing has changed.
    """
    parsed = parse(url)
    kind = _kind_of(parsed)
    found = _kind_of_file(file)
    if found != kind:
        raise StoreError(
            f"{file} is a backup of {found}, and the database is {kind}: {shown_address(url)}",
            help=f"restore it into an empty {found} database, and move that with "
            "`watcher store copy`",
        )
    if not force and not is_empty(url):
        raise StoreError(
            f"the database is not empty: {shown_address(url)}",
            help="--force puts a SQLite file aside under another name, and replaces what a "
            "PostgreSQL database holds",
        )
    aside = None
    if kind == "SQLite":
        aside = restore_sqlite(file, parsed)
    else:
        restore_postgresql(file, parsed)
        Database(url).close()  # an older one is brought up to date
    return Backup(kind=kind, file=file, octets=file.stat().st_size, aside=aside)


def _kind_of(url: URL) -> Kind:
    return "SQLite" if url.get_backend_name() == "sqlite" else "PostgreSQL"


def _kind_of_file(file: Path) -> Kind:
    try:
        with file.open("rb") as opened:
            head = opened.read(16)
    except OSError as error:
        raise StoreError(f"{file} cannot be read: {error.strerror}") from error
    if head == b"SQLite format 3\0":
        return "SQLite"
    if head.startswith(b"PGDMP"):
        return "PostgreSQL"
    raise StoreError(
        f"{file} is no backup that the watcher can put back",
        help="`watcher store backup FILE` makes one; a dump of PostgreSQL has to be of the custom "
        "format",
    )
