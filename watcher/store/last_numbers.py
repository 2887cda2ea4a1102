"""The last number that a table gave, to go on with it in a copy.

Also where its row has gone: a watermark stands on it, and nothing may come under it again.
"""

from sqlalchemy import Connection, Table, func, select


def last_number(connection: Connection, table: Table) -> int:
    """Return the last number that a table gave by itself, whether or not its row is still there."""
    column = table.autoincrement_column
    if column is None:
        return 0
    largest = connection.execute(select(func.max(column))).scalar() or 0
    if connection.dialect.name == "sqlite":
        kept = "SELECT max(seq) FROM sqlite_sequence WHERE name = ?"
        given = connection.exec_driver_sql(kept, (table.name,)).scalar() or 0
    elif sequence := _sequence(connection, table):
        query = f"SELECT last_value, is_called FROM {sequence}"  # noqa: S608 - a name of ours
        last, used = connection.exec_driver_sql(query).one()
        given = last if used else last - 1
    else:
        given = 0
    return max(int(largest), int(given))


def go_on_numbering(connection: Connection, table: Table, last: int) -> None:
    """Let a table give the number after `last` next."""
    if not last:
        return
    if connection.dialect.name == "postgresql":
        if sequence := _sequence(connection, table):
            connection.execute(select(func.setval(sequence, last)))
        return
    if table.dialect_options["sqlite"]["autoincrement"]:
        kept = (last, table.name)
        set_ = "UPDATE sqlite_sequence SET seq = ? WHERE name = ?"
        if not connection.exec_driver_sql(set_, kept).rowcount:
            connection.exec_driver_sql(
                "INSERT INTO sqlite_sequence (seq, name) VALUES (?, ?)", kept
            )


def _sequence(connection: Connection, table: Table) -> str | None:
    """Return the name of the sequence that numbers a table's rows on PostgreSQL, quoted."""
    column = table.autoincrement_column
    if column is None:
        return None
    of = select(func.pg_get_serial_sequence(quoted(connection, table.name), column.name))
    return connection.execute(of).scalar()


def quoted(connection: Connection, name: str) -> str:
    """Return a name as the connection's database writes it."""
    return connection.dialect.identifier_preparer.quote(name)
