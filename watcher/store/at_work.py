"""Whether somebody is at work on a database: then it is not copied, and nothing takes its place.

Who works leaves signs of life: processes in `workers`, drivers of batch jobs in `jobs`. On a server
its clock writes them and its clock is asked how old they are: this host's may be minutes off.
"""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Text,
    cast,
    inspect,
    literal,
    literal_column,
    select,
    text,
    union_all,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError

from watcher.store.database import open_engine, parse, shown
from watcher.store.errors import StoreError, translate
from watcher.store.schema import jobs, workers

_SILENT = timedelta(seconds=60)
"""Who gave no sign of life for so long is not at work any more."""
_LATELY: ColumnElement[Any] = literal_column(
    f"(extract(epoch FROM clock_timestamp()) - {_SILENT.total_seconds():.0f}) * 1000000"
)
"""Since when signs of life count, on a server's clock."""
_MARK = "watcher_at_work"


def refuse_at_work(url: str, now: datetime) -> None:
    """Raise `StoreError` where somebody gave a sign of life lately on a database, if it is one.

    A file that is no database, and one without our tables, have nobody at work on them. `now`
    counts for a file; a server goes by its own clock.
    """
    parsed = parse(url)
    on_server = parsed.get_backend_name() != "sqlite"
    if not on_server and not Path(parsed.database or "").exists():
        return
    engine = open_engine(parsed)
    try:
        with engine.connect() as connection:
            if {workers.name, jobs.name} <= set(inspect(connection).get_table_names()):
                _refuse(connection, now)
    except SQLAlchemyError as error:
        if on_server:
            raise translate(error, shown(parsed)) from error
    finally:
        engine.dispose()


def keep_out(writing: Connection, now: datetime) -> None:
    """Let nobody begin to work before a writing transaction ends.

    Raises `StoreError` where somebody is at work already.
    """
    if writing.dialect.name == "postgresql":  # signs of life wait for no other writer
        writing.execute(text(f"LOCK TABLE {workers.name}, {jobs.name} IN SHARE MODE"))
    _refuse(writing, now)


def keep_out_script() -> str:
    """Return the statements that do so in a transaction of PostgreSQL's own programs.

    What these say where it fails is for `refused_by_script`.
    """
    somebody = _at_work(_LATELY).compile(
        dialect=postgresql.dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"literal_binds": True},
    )
    return f"""
DO $at_work$
DECLARE somebody text;
BEGIN
  IF to_regclass('{workers.name}') IS NULL OR to_regclass('{jobs.name}') IS NULL
  THEN RETURN; END IF;
  LOCK TABLE {workers.name}, {jobs.name} IN ACCESS EXCLUSIVE MODE;
  somebody := ({somebody});
  IF somebody IS NOT NULL THEN RAISE EXCEPTION '{_MARK}(%)', somebody; END IF;
END $at_work$;
"""


def refused_by_script(said: bytes) -> StoreError | None:
    """Return why the statements of `keep_out_script` failed, if they did, from what was said."""
    found = re.search(rf"{_MARK}\((.*)\)".encode(), said)
    return _error(found[1].decode(errors="replace")) if found else None


def _refuse(connection: Connection, now: datetime) -> None:
    since = _LATELY if connection.dialect.name == "postgresql" else now - _SILENT
    somebody: str | None = connection.execute(_at_work(since)).scalar()
    if somebody is not None:
        raise _error(somebody)


def _at_work(since: ColumnElement[Any] | datetime) -> CompoundSelect[str]:
    """Return the query that says of one who is at work, in words, who it is."""
    process = literal("a worker is at work on the database: process ")
    works = process + cast(workers.c.pid, Text) + " on " + workers.c.host
    driven = literal("job ") + cast(jobs.c.id, Text) + " is being worked on by " + jobs.c.by
    return union_all(
        select(works).where(workers.c.stopped.is_(None), workers.c.beat > since),
        select(driven).where(jobs.c.state == "running", jobs.c.beat > since),
    ).limit(1)


def _error(somebody: str) -> StoreError:
    return StoreError(
        somebody,
        help="stop `watcher run`, every `watcher work` and every job first; one that was killed is "
        f"forgotten after {_SILENT.total_seconds():.0f} seconds",
    )
