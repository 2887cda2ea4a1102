"""How far a microblog has been read, and which one, by which query."""

import json
import sqlite3
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What is read: a cursor of another reading says nothing about this one."""

    first: int
    """Id of the first post ever, which tells when the microblog was founded."""
    first_at: int
    """Time of that post: two microblogs may have been founded in the same second."""
    query: str
    us: str
    """Whose timeline it is; empty where the query is the same for everybody."""

    @classmethod
    def of(cls, connection: sqlite3.Connection, query: str, us: str) -> Self:
        """Return what a query of this microblog reads. Posts are never taken out of the table."""
        row = connection.execute("SELECT id, posted_at FROM posts ORDER BY id LIMIT 1").fetchone()
        first, first_at = row or (0, 0)
        return cls(first=first, first_at=first_at, query=query, us=us if query == "home" else "")

    def cursor(self, after: int) -> str:
        """Return the cursor behind the post with this id."""
        return json.dumps({"local": asdict(self), "after": after}, separators=(",", ":"))

    def after(self, cursor: str | None, newest: int) -> int:
        """Return the id to read on behind; 0 where the cursor is not one of this reading.

        Nor is it one where the microblog holds less than had been read: an old copy was put back.
        """
        try:
            stored = json.loads(cursor or "{}")
            after = stored["after"]
            if stored["local"] != asdict(self) or not isinstance(after, int) or after > newest:
                return 0
        except (ValueError, TypeError, KeyError, RecursionError):
            return 0
        return after
