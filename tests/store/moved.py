"""A world in which every table of the store has rows, and what two stores are compared by."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Boolean,
    Connection,
    Float,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    Table,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.types import TypeDecorator

from alerts.model import DeliveryState
from rules.model import Reason
from tests.journeys.alert_world import World
from watcher import pipeline
from watcher.store import Store
from watcher.store.columns import Key, Labels, Moment, Spans, Why, Whys
from watcher.store.schema import (
    account_forms,
    deliveries,
    digests,
    matches,
    metadata,
    payloads,
    posts,
    workers,
)

TABLES = """
[[rules]]
name = "talk"
find = "Nordelia"
then = ["now", "daily"]

[[rules]]
name = "storm"
find = "Nordelia"
rate = { kind = "frequency", at_least = 3, within = "1h" }
then = ["now"]

[[rules]]
name = "alike"
kind = "lookalike"
then = ["daily"]

[[channels]]
name = "now"
kind = "email"
to = ["ada@acme.example", "bob@acme.example"]
send = "instant"

[[channels]]
name = "daily"
kind = "email"
to = ["ada@acme.example"]
send = "daily"
at = "08:00"
"""


def a_world(folder: Path, tables: str = TABLES) -> World:
    """A watcher that has told something, has more to tell, and remembers what was edited."""
    world = World(folder, tables)
    world.say("Nordelia again", "ann", "nordelia_help", times=3)
    world.say("nothing of note", "ben")
    world.walk()
    pipeline.deliver(world.app)
    world.say("Nordelia, now and \U0001f600 for ever", "zoe")
    world.walk()
    world.silence(rule="talk", hours=1)
    world.say("Nordelia waits", "ben")
    world.walk()
    pipeline.deliver(world.app)
    pipeline.index(world.app)
    return world


def fill(store: Store, now: datetime) -> None:
    """Give each table that has none a row, the deliveries each state, and rows odd references."""
    with store.writing() as connection:
        for table in metadata.sorted_tables:
            if not rows(connection, table):
                connection.execute(insert(table).values(_values(connection, table, now)))
        connection.execute(update(workers).values(stopped=now))
        _every_state(connection)
        _refer_onward(connection)
        # The last numbers given have no rows any more.
        for table in (posts, account_forms):
            key = next(iter(table.primary_key.columns))
            last = connection.execute(select(func.max(key))).scalar_one()
            row = connection.execute(select(table).where(key == last)).mappings().one()
            fresh = {**row, key.name: last + 100}
            if table is posts:
                fresh["id"] = "gone"
            connection.execute(insert(table).values(fresh))
            connection.execute(table.delete().where(key == last + 100))


def _every_state(connection: Connection) -> None:
    one = connection.execute(select(deliveries)).mappings().first()
    assert one is not None
    for number, state in enumerate(DeliveryState):
        fresh = {**one, "id": 1000 + number, "state": str(state)}
        fresh |= {"message_id": f"<{state}@acme.example>", "token": f"token-{state}"}
        connection.execute(insert(deliveries).values(fresh))
        connection.execute(
            insert(payloads).values(delivery=1000 + number, octets=bytes(range(256)) * 9)
        )


def _refer_onward(connection: Connection) -> None:
    """Let rows refer to later ones of their own table."""
    for table, key, to in ((matches, "row", "copy_of"), (digests, "id", "escalation")):
        first, *_, last = connection.execute(select(table.c[key]).order_by(table.c[key])).scalars()
        connection.execute(update(table).where(table.c[key] == first).values({to: last}))


def _values(connection: Connection, table: Table, now: datetime) -> dict[str, Any]:
    """Return a row that holds something odd in each column, and refers to rows that are there."""
    values = {
        column.name: _value(f"{table.name}.{column.name} é\0\ud800\U0001f600", column.type, now)
        for column in table.columns
    }
    for constraint in table.foreign_key_constraints:
        values |= _reference(connection, constraint)
    return values


def _reference(connection: Connection, constraint: ForeignKeyConstraint) -> dict[str, Any]:
    columns = [element.column for element in constraint.elements]
    row = connection.execute(select(*columns)).first() or [None] * len(columns)
    return dict(zip(constraint.column_keys, row, strict=True))


def _value(words: str, kind: Any, now: datetime) -> Any:
    odd = Reason(template=words, values={"who": words}, weight=-0.125)
    special: dict[type, Any] = {
        Moment: now + timedelta(microseconds=1),
        Labels: (words, "", '"'),
        Spans: ((0, 1), (7, 9)),
        Why: odd,
        Whys: (odd, odd),
        Key: words,
    }
    if type(kind) in special:
        return special[type(kind)]
    kind = kind.impl if isinstance(kind, TypeDecorator) else kind
    if isinstance(kind, LargeBinary):
        return bytes(range(256))
    if isinstance(kind, Boolean):
        return True
    if isinstance(kind, Float):
        return 0.1 + 0.2
    return 3 if isinstance(kind, Integer) else words


def rows(connection: Connection, table: Table) -> Sequence[Any]:
    """Return all rows of a table, as the program reads them."""
    return connection.execute(select(table).order_by(*table.primary_key.columns)).all()


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables."""
    with store.reading() as connection:
        return {
            table.name: [tuple(row) for row in rows(connection, table)]
            for table in metadata.sorted_tables
        }
