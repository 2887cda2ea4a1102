"""Backups of PostgreSQL, made and put back by its own programs in the custom format.

Their passwords travel in their environment, which only this user can read, never on a command line.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from sqlalchemy import inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from watcher.store.copy_target import DERIVED
from watcher.store.database import Database, open_engine
from watcher.store.errors import StoreError, translate
from watcher.store.schema import metadata
from watcher.store.versions import VERSION_TABLE

Progress = Callable[[int, int], None]


def back_up_postgresql(url: URL, part: Path, _progress: Progress) -> None:
    """Dump a database into a file, which is read again in the end. Raises `StoreError`."""
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


def restore_postgresql(file: Path, url: URL) -> None:
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
