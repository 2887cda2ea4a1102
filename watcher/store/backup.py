"""Backups of the whole database, and putting them back.

SQLite copies itself while others write (its online backup API, in one reading transaction).
PostgreSQL's own programs do the same for it: `pg_dump` and `pg_restore` in the custom format. Their
passwords travel in their environment, which only this user can read, never on a command line.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Literal

from sqlalchemy import inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from watcher.store.copying import DERIVED, is_empty
from watcher.store.database import Database, make_folder, open_engine, parse
from watcher.store.errors import StoreError, translate
from watcher.store.exclusive import shown_address
from watcher.store.schema import metadata
from watcher.store.versions import COPYING, VERSION_TABLE

_PAGES = 2000
"""Of SQLite, copied between two words about the progress."""
_SUFFIXES = ("-wal", "-shm")

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
    make = _back_up_sqlite if parsed.get_backend_name() == "sqlite" else _back_up_postgresql
    part = file.with_name(f"{file.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # others' posts
        make(parsed, part, progress)
        _settle(part, file)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}") from error
    finally:
        for suffix in ("", "-journal", *_SUFFIXES):
            with suppress(OSError):
                Path(f"{part}{suffix}").unlink(missing_ok=True)
    return Backup(kind=_kind_of(parsed), file=file, octets=file.stat().st_size)


def restore(file: Path, url: str, *, force: bool = False) -> Backup:
    """Put a backup in the place of a database; nobody else may work on it.

    Into one that holds something only with `force`. A SQLite file is then put aside under another
    name; what PostgreSQL holds is replaced, in one transaction. The tables of an older backup are
    brought up to date. Raises `StoreError` where the file is no whole backup of this kind of
    database; then nothing has changed.
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
        aside = _restore_sqlite(file, Path(parsed.database or ""))
    else:
        _restore_postgresql(file, parsed)
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


def _settle(part: Path, file: Path) -> None:
    """Give a file its name once the disk has it."""
    with part.open("rb") as opened:
        os.fsync(opened.fileno())
    part.rename(file)
    folder = os.open(file.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


# --- SQLite -------------------------------------------------------------------------------------


def _back_up_sqlite(url: URL, part: Path, progress: Progress) -> None:
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


def _restore_sqlite(file: Path, database: Path) -> Path | None:
    """Put a file in the place of a database; return where that lies now."""
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
            for suffix in ("", *_SUFFIXES):
                beside = Path(f"{database}{suffix}")
                if beside.exists():
                    beside.rename(f"{aside}{suffix}")
        _settle(part, database)
    except OSError as error:
        raise StoreError(f"{database} cannot be put in place: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return aside


# --- PostgreSQL ---------------------------------------------------------------------------------


def _back_up_postgresql(url: URL, part: Path, _progress: Progress) -> None:
    Database(url.render_as_string(hide_password=False), migrate=False).close()  # ours, and whole
    _run(
        "pg_dump",
        url,
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        f"--exclude-table={DERIVED}*",
        f"--file={part}",
    )
    _run("pg_restore", None, "--list", str(part))


def _restore_postgresql(file: Path, url: URL) -> None:
    """Replace our tables with those of a backup, all in one transaction.

    `pg_restore --clean` cannot: it drops parts of a partitioned table one by one, which the server
    refuses. So it only writes the script, behind a line of ours that drops what is there.
    """
    place, secrets = _connection(url)
    psql = [_program("psql"), *place, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    script = [_program("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(file)]
    with (
        TemporaryFile() as said,
        subprocess.Popen(  # noqa: S603 - a program of this machine, no shell between
            [*psql, "--single-transaction", "--file=-"],
            env=dict(os.environ) | secrets,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        ) as taking,
        subprocess.Popen(script, stdout=subprocess.PIPE, stderr=said) as giving,  # noqa: S603
    ):
        assert taking.stdin  # noqa: S101 - for the type checker
        assert giving.stdout  # noqa: S101
        try:
            taking.stdin.write(_dropping(url).encode())
            shutil.copyfileobj(giving.stdout, taking.stdin)
            if giving.wait():
                taking.kill()  # before the end of its input, which would be taken for all of it
        except BrokenPipeError:  # it has ended at a mistake, and says which
            giving.kill()
        with suppress(BrokenPipeError):
            taking.stdin.close()
        if giving.wait() or taking.wait():
            said.seek(0)
            raise _failed("pg_restore", said.read())


def _dropping(url: URL) -> str:
    """Return the statements that drop all that is ours in a database."""
    engine = open_engine(url)
    try:
        found = inspect(engine).get_table_names()
    except SQLAlchemyError as error:
        raise translate(error, url.render_as_string(hide_password=True)) from error
    finally:
        engine.dispose()
    ours = {*metadata.tables, VERSION_TABLE}
    names = [name for name in found if name in ours or name.startswith(DERIVED)]
    tables = "".join(f'DROP TABLE IF EXISTS "{name}" CASCADE;\n' for name in names)
    functions = "DROP FUNCTION IF EXISTS refuse_change(), refuse_unless_forgotten() CASCADE;\n"
    return "SET client_min_messages = warning;\n" + tables + functions


def _run(program: str, url: URL | None, *arguments: str) -> None:
    """Run one of PostgreSQL's own programs. Raises `StoreError` with what it said."""
    place, secrets = _connection(url) if url is not None else ([], {})
    done = subprocess.run(  # noqa: S603 - a program of this machine, no shell between
        [_program(program), *place, *arguments],
        env=dict(os.environ) | secrets,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise _failed(program, done.stderr)


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise StoreError(
            f"{name} is not installed, which PostgreSQL's backups need",
            help="install PostgreSQL's client programs (Debian: postgresql-client), or use the "
            "snapshots of whoever runs the server",
        )
    return path


def _failed(program: str, output: bytes) -> StoreError:
    said = " ".join(output.decode(errors="replace").split())[:500]
    older = "version mismatch" in said or "unsupported version" in said
    return StoreError(
        f"{program} failed: {said}",
        help="PostgreSQL's programs here must not be older than the server"
        if older
        else "the database is as it was before",
    )


def _connection(url: URL) -> tuple[list[str], dict[str, str]]:
    """Return how libpq's programs reach a database: arguments, and what none may see."""
    from psycopg.conninfo import make_conninfo

    query = {name: value for name, value in url.query.items() if isinstance(value, str)}
    where = {
        "host": url.host or query.pop("host", None),
        "port": url.port or query.pop("port", None),
        "user": url.username,
        "dbname": url.database,
    }
    password = url.password or query.pop("password", None)
    query.pop("password", None)
    known = {name: str(value) for name, value in (where | query).items() if value is not None}
    secrets = {"PGPASSWORD": str(password)} if password else {}
    return [f"--dbname={make_conninfo(**known)}"], secrets
