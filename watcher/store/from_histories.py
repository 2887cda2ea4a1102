"""Posts that a history brought, and that a source brings now: from then on they are news.

`HISTORY` stands in the place of the source of what was fetched as the history of an account. No
rule looks at such a post. Where a source brings it too, it gets a number of its own, as if it had
arrived now, and is matched like any other: fetching a history takes nothing from anybody.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from watcher.store.accounts import Key
from watcher.store.edits import renew
from watcher.store.schema import histories, posts

HISTORY = "@history"
_CHUNK = 500


def take_from_histories(
    connection: Connection, rows: Mapping[Key, dict[str, Any]], now: datetime
) -> int:
    """Make posts of a page that only a history brought before the source's; return how many.

    `rows` are the posts as they would be stored, by network and id.
    """
    if connection.execute(select(histories.c.account).limit(1)).first() is None:
        return 0
    by_network: dict[str, list[str]] = {}
    for network, native in rows:
        by_network.setdefault(network, []).append(native)
    taken = 0
    for network, ids in by_network.items():
        for start in range(0, len(ids), _CHUNK):
            some = posts.c.id.in_(ids[start : start + _CHUNK])
            query = select(posts.c.rid, posts.c.id, posts.c.private).where(
                posts.c.network == network, some, posts.c.source == HISTORY
            )
            for rid, native, private in connection.execute(query).all():
                row = rows[network, native]
                renew(connection, rid, row | {"private": row["private"] or private}, now)
                taken += 1
    return taken
