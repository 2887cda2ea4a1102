"""Rows on their way from one database to another, as they are stored, counted and summed up.

The sum over a table is that of its rows' BLAKE2b digests modulo 2**128, so it knows no order
(Bellare and Micciancio, "A New Paradigm for Collision-Free Hashing", 1997: AdHash).
"""

import marshal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

from sqlalchemy import Boolean, Connection, Engine, Float, Table, Text, func, select
from sqlalchemy.types import TypeDecorator

from watcher.store.columns import storable
from watcher.store.errors import StoreError
from watcher.store.last_numbers import quoted

_AT_A_TIME = 5000
_MODULUS = 2**128

Rows = Sequence[tuple[Any, ...]]
Put = Callable[[Table, Iterable[Rows]], None]


class RowsSum:
    """How many rows there were, and the sum of their digests."""

    def __init__(self) -> None:
        self.rows = self.total = 0

    def over(self, batches: Iterable[Rows]) -> Iterator[Rows]:
        """Pass the batches on, and sum up their rows."""
        for batch in batches:
            self.rows += len(batch)
            self.total = (self.total + sum(map(_digest, batch))) % _MODULUS
            yield batch


def _digest(row: tuple[Any, ...]) -> int:
    # In this form of marshal equal values have equal bytes; they are kept nowhere.
    return int.from_bytes(blake2b(marshal.dumps(row, 2), digest_size=16).digest())


def count_rows(connection: Connection, table: Table) -> int:
    """Return how many rows a table has."""
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def stored_rows(
    connection: Connection, table: Table, copied: Callable[[int], object]
) -> Iterator[Rows]:
    """Yield all rows of a table in batches, in the order of their keys, as they are stored.

    `copied` is told after each batch how many rows it had.
    """
    columns = ", ".join(quoted(connection, column.name) for column in table.columns)
    key = ", ".join(quoted(connection, column.name) for column in table.primary_key.columns)
    name = quoted(connection, table.name)
    query = f"SELECT {columns} FROM {name} ORDER BY {key}"  # noqa: S608 - names of our own
    to_plain = _plain(table)
    streamed = connection.execution_options(stream_results=True)
    with streamed.execution_options(yield_per=_AT_A_TIME).exec_driver_sql(query) as result:
        for part in result.partitions(_AT_A_TIME):
            yield [to_plain(row) for row in part]
            copied(len(part))


def _plain(table: Table) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """Return what makes one value of what the two databases say in two ways."""
    turned: dict[int, Callable[[Any], Any]] = {}
    for at, column in enumerate(table.columns):
        kind = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
        if isinstance(kind, Boolean):
            turned[at] = bool
        elif isinstance(kind, Float):
            turned[at] = lambda value: float(value) + 0.0  # SQLite knows no -0.0
        elif isinstance(kind, Text):
            turned[at] = storable
    items = tuple(turned.items())

    def plain(row: Sequence[Any]) -> tuple[Any, ...]:
        values = list(row)
        for at, turn in items:
            if (value := values[at]) is not None:
                values[at] = turn(value)
        return tuple(values)

    return plain


@contextmanager
def into_postgresql(engine: Engine) -> Iterator[Put]:
    """Write a table with one COPY: what refers to rows of its own is checked when it has ended."""
    with engine.connect() as connection:

        def put(table: Table, batches: Iterable[Rows]) -> None:
            names = ", ".join(quoted(connection, column.name) for column in table.columns)
            name = quoted(connection, table.name)
            driver: Any = connection.connection.driver_connection
            with connection.begin():
                connection.execute(select(1))  # lets the driver begin
                with (
                    driver.cursor() as cursor,
                    cursor.copy(f"COPY {name} ({names}) FROM STDIN") as rows,
                ):
                    for batch in batches:
                        for row in batch:
                            rows.write_row(row)

        yield put


@contextmanager
def into_sqlite(engine: Engine) -> Iterator[Put]:
    """Write batches; what refers to rows that come later is checked when all are there."""
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys = OFF")
        driver.execute("PRAGMA synchronous = NORMAL")

        def put(table: Table, batches: Iterable[Rows]) -> None:
            names = ", ".join(quoted(connection, column.name) for column in table.columns)
            places = ", ".join("?" for _ in table.columns)
            name = quoted(connection, table.name)
            statement = f"INSERT INTO {name} ({names}) VALUES ({places})"  # noqa: S608
            for batch in batches:
                driver.execute("BEGIN IMMEDIATE")
                driver.executemany(statement, batch)
                driver.execute("COMMIT")

        try:
            yield put
            if broken := driver.execute("PRAGMA foreign_key_check").fetchone():
                raise StoreError(
                    f"the copy is not whole: a row of {broken[0]} refers to one of {broken[2]} "
                    "that is not there"
                )
        finally:
            connection.invalidate()  # its settings are not those of others
