"""Backups of PostgreSQL, made and put back by its own programs in the custom format.

Their passwords travel in their environment, which only this user can read, never on a command line.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from sqlalchemy import inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from watcher.address_secrets import SECRETS
from watcher.store.at_work import keep_out_script, refused_by_script
from watcher.store.database import Database, open_engine, shown
from watcher.store.errors import StoreError, translate
from watcher.store.full_text_tables import is_derived
from watcher.store.schema import metadata
from watcher.store.versions import HEAD, VERSION_TABLE, known_revisions, not_ours

Progress = Callable[[int, int], None]
_DAYS = "log_day_[0-9]*"
"""The log's tables of days, to pg_dump: one may be made while it begins."""
_MARK = "watcher_restore_refused"
_DAY = re.compile(r"log_day_\d{8}", re.ASCII)
"""How a day of the log is called that stands by itself: not dropped yet, and no part of `log`."""
_THEIRS = "watcher_restore_kept"
_FUNCTIONS = (
    "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'this trail only grows'; END $$;\n"
    "CREATE FUNCTION refuse_unless_forgotten() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN IF EXISTS (SELECT 1 FROM proposals JOIN forgotten ON forgotten.account ="
    " proposals.account WHERE proposals.id = OLD.proposal) THEN RETURN OLD; END IF;"
    " RAISE EXCEPTION 'this trail only grows'; END $$;\n"
)
"""What triggers of our tables call, as migrations make it: a dump of tables holds none of it."""


def back_up_postgresql(url: URL, part: Path, _progress: Progress) -> None:
    """Dump our tables into a file, which is read again in the end. Raises `StoreError`."""
    Database(url.render_as_string(hide_password=False), migrate=False).close()  # ours, and whole
    ours = [f'--table="{name}"' for name in (*metadata.tables, VERSION_TABLE)]
    _run(
        "pg_dump",
        url,
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        *ours,
        f"--table={_DAYS}",
        f"--file={part}",
    )
    _run("pg_restore", None, "--file=/dev/null", str(part))  # each block of it


def restore_postgresql(file: Path, url: URL) -> None:
    """Replace our tables with those of a backup, all in one transaction. Raises `StoreError`.

    `pg_restore --clean` cannot: it drops parts of a partitioned table one by one, which the server
    refuses. So it only writes the script, between lines of ours: those before it drop what is
    there, those behind it refuse what is no backup of ours. Only when it has come to its end is
    psql told to commit; however else this ends, the server takes everything back.
    """
    place, secrets = _connection(url)
    psql = [_program("psql"), *place, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    script = [_program("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(file)]
    brings_functions = b" FUNCTION " in _run("pg_restore", None, "--list", str(file))
    before = (
        "BEGIN;\n" + keep_out_script() + _dropping(url) + ("" if brings_functions else _FUNCTIONS)
    )
    with (
        TemporaryFile() as said,
        subprocess.Popen(  # noqa: S603 - a program of this machine, no shell between
            [*psql, "--file=-"],
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
            taking.stdin.write(before.encode())
            shutil.copyfileobj(giving.stdout, taking.stdin)
            if not giving.wait():
                taking.stdin.write(f"{_checking()}COMMIT;\n".encode())
            taking.stdin.close()
        except BrokenPipeError:  # it has ended at a mistake, and says which
            giving.kill()
            with suppress(BrokenPipeError):
                taking.stdin.close()
        if taking.wait() or giving.wait():
            said.seek(0)
            raise _refused(file, said.read())


def _dropping(url: URL) -> str:
    """Return the statements that drop all that is ours in a database, and nothing else.

    They fail where something of another program depends on it, and say what.
    """
    engine = open_engine(url)
    try:
        found = inspect(engine).get_table_names()
    except SQLAlchemyError as error:
        raise translate(error, shown(url)) from error
    finally:
        engine.dispose()
    ours = {*metadata.tables, VERSION_TABLE}
    names = [name for name in found if name in ours or is_derived(name) or _DAY.fullmatch(name)]
    tables = ", ".join(f'"{name}"' for name in names)
    return f"""
SET client_min_messages = warning;
DO $drop$
DECLARE theirs text;
BEGIN
  {f"DROP TABLE IF EXISTS {tables};" if names else ""}
  DROP FUNCTION IF EXISTS refuse_change(), refuse_unless_forgotten();
EXCEPTION WHEN dependent_objects_still_exist THEN
  GET STACKED DIAGNOSTICS theirs = PG_EXCEPTION_DETAIL;
  RAISE EXCEPTION '{_THEIRS}(%)', replace(theirs, E'\n', '; ');
END $drop$;
"""


def _checking() -> str:
    """Return the statements that fail unless a whole database of ours was put back."""
    known = ", ".join(f"'{revision}'" for revision in sorted(known_revisions()))
    tables = ", ".join(f"'{name}'" for name in sorted(metadata.tables))
    return f"""
RESET search_path;
DO $check$
DECLARE found text[];
BEGIN
  IF to_regclass('{VERSION_TABLE}') IS NULL THEN RAISE EXCEPTION '{_MARK}()'; END IF;
  SELECT array_agg(version_num::text) INTO found FROM {VERSION_TABLE};
  IF found IS NULL OR cardinality(found) <> 1 OR found[1] NOT IN ({known})
    OR found[1] = '{HEAD}'
      AND EXISTS (SELECT FROM unnest(ARRAY[{tables}]) name WHERE to_regclass(name) IS NULL)
  THEN RAISE EXCEPTION '{_MARK}(%)', coalesce(array_to_string(found, ' '), ''); END IF;
END $check$;
"""  # noqa: S608 - our own names


def _refused(file: Path, output: bytes) -> StoreError:
    """Return why a backup was not put back, from what the programs said."""
    if at_work := refused_by_script(output):
        return at_work
    theirs = re.search(rf"{_THEIRS}\((.*)\)".encode(), output)
    if theirs is not None:
        return StoreError(
            "something of another program depends on the watcher's tables: "
            f"{theirs[1].decode(errors='replace')}",
            help="drop it, and make it anew when the backup is back; the database is as it was "
            "before",
        )
    marked = re.search(rf"{_MARK}\((.*)\)".encode(), output)
    if marked is None:
        return _failed("pg_restore", output)
    return not_ours(file, marked[1].decode(errors="replace"))


def _run(program: str, url: URL | None, *arguments: str) -> bytes:
    """Run one of PostgreSQL's own programs; return its output. Raises `StoreError`."""
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
    return done.stdout


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

    _, told = url.get_dialect()().create_connect_args(url)  # as SQLAlchemy does, hosts joined
    twice = sorted(name for name, value in told.items() if isinstance(value, (tuple, list)))
    if twice:
        raise StoreError(
            f"the database address says {twice[0]} twice: {shown(url)}",
            help="say it once",
        )
    password = told.pop("password", None)
    if not SECRETS.isdisjoint(told):  # of which libpq reads none from the environment
        raise StoreError(
            f"the database address holds a secret: {shown(url)}", help="take it out of the address"
        )
    secrets = {"PGPASSWORD": str(password)} if password else {}
    known = {name: str(value) for name, value in told.items()}
    return [f"--dbname={make_conninfo(**known)}"], secrets
