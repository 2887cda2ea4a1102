"""Many rows into a table of PostgreSQL in one go: by COPY, past those that are there already."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator

from watcher.store.columns import Count, Key, Labels, Moment, Words, in_microseconds

Encode = Callable[[Any], Any]


def copy_in(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    returning: Sequence[str] = (),
    *,
    clean: bool = False,
) -> Sequence[Any]:
    """Insert rows, all with the same columns, in their order; those that conflict are passed over.

    `clean` says that their texts and numbers are such as the database takes.

    Return these columns of what was really inserted, as the driver gives them.

    They go through a table of this connection's own, which is empty again when the transaction
    ends: COPY itself knows no conflicts. The values pass through the types of their columns.
    """
    if not rows:
        return ()
    names = list(rows[0])
    aside = f"new_{table.name}"
    columns = ", ".join(f'"{name}"' for name in names)
    _make(connection, table, aside, names)
    encode = [
        (at, one)
        for at, name in enumerate(names)
        if (one := _encoder(connection, table, name, clean=clean)) is not None
    ]
    copy = f"COPY {aside} ({columns}) FROM STDIN"
    try:
        with closing(connection.connection.cursor()) as cursor, cursor.copy(copy) as rows_to:
            write = rows_to.write_row
            for row in rows:
                values = list(row.values())
                for at, one in encode:
                    if values[at] is not None:
                        values[at] = one(values[at])
                write(values)
    except connection.dialect.loaded_dbapi.Error as error:
        # The driver's own: SQLAlchemy knows nothing of COPY.
        raise DBAPIError.instance(
            copy, None, error, connection.dialect.loaded_dbapi.Error, dialect=connection.dialect
        ) from error
    wanted = ", ".join(f'"{name}"' for name in returning)
    # The names are those of our own tables.
    move = f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {aside} ORDER BY at_row"  # noqa: S608
    made = connection.execute(
        text(move + " ON CONFLICT DO NOTHING" + (f" RETURNING {wanted}" if wanted else ""))
    )
    found = made.all() if wanted else ()
    connection.execute(text(f"TRUNCATE {aside}"))
    return found


def _make(connection: Connection, table: Table, aside: str, names: Sequence[str]) -> None:
    """Make the table beside, unless this connection has it; its numbers last as long as that."""
    types = ", ".join(f'"{name}" {_type(connection, table, name)}' for name in names)
    connection.execute(
        text(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {aside} (at_row bigserial, {types})"
            " ON COMMIT DELETE ROWS"
        )
    )


def _type(connection: Connection, table: Table, name: str) -> str:
    return table.c[name].type.compile(dialect=connection.dialect)


def _encoder(connection: Connection, table: Table, name: str, *, clean: bool) -> Encode | None:
    """Return what makes a value of a column what the driver takes; None: it is that already."""
    kind = table.c[name].type
    if clean and isinstance(kind, Words | Key | Count):
        return None
    if isinstance(kind, Moment):
        return in_microseconds
    if isinstance(kind, TypeDecorator):
        dialect = connection.dialect
        if isinstance(kind, Labels):
            return lambda value: kind.process_bind_param(value, dialect) if value else "[]"
        return lambda value: kind.process_bind_param(value, dialect)
    return None
