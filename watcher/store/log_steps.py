"""Going through the log some rows at a time, in its order: no more of them than fit into memory.

A row may be a page of millions of characters, or a single post.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, tuple_

from watcher.store.schema import log

START = (-1, 0)
"""Before all that is in the log."""
_ROWS = 200
_OCTETS = 16_000_000
"""Of some rows together, as they are kept: zipped. A row that has more comes alone."""


def next_rows(
    connection: Connection,
    after: tuple[int, int],
    *where: ColumnElement[bool],
    hold: bool = False,
) -> Sequence[Any]:
    """Return the next rows after a partition and the last number in it; none: there are no more.

    Where there are more it is at least one, however large. `hold` keeps all others from changing
    them until the transaction ends.
    """
    place = (log.c.partition, log.c.last)
    octets = func.length(log.c.posts)
    ahead = (
        select(*place, log.c.at, octets.label("octets"))
        .where(tuple_(*place) > after, *where)
        .order_by(*place)
        .limit(_ROWS)
        .subquery()
    )
    so_far = func.sum(ahead.c.octets).over(order_by=(ahead.c.partition, ahead.c.last))
    sums = select(ahead, so_far.label("upto")).subquery()
    same = and_(*(log.c[name] == sums.c[name] for name in ("partition", "last", "at")))
    query = (
        select(*place, log.c.first, log.c.source, log.c.at, log.c.posts)
        .join(sums, same)
        .where(or_(sums.c.upto <= _OCTETS, sums.c.upto == sums.c.octets))
        .order_by(*place)
    )
    return connection.execute(query.with_for_update(of=log) if hold else query).all()
