"""What a table of the export is: its columns, where they come from, and by what it is narrowed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause, Row, exists

from watcher.store.schema import posts, spoken


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What can be read of one kind, and by what it can be narrowed."""

    columns: Mapping[str, ColumnElement[Any]]
    source: FromClause
    order: tuple[Column[Any], ...]
    """What numbers the rows, ever larger: the first is a number."""
    time: Column[Any] | None = None
    public: ColumnElement[bool] | None = None
    """What holds of rows that come not from private posts alone."""
    brand: Callable[[str], ColumnElement[bool]] | None = None
    rule: Callable[[str], ColumnElement[bool]] | None = None
    post: Column[Any] | None = None
    """The number of the post that a row is about."""
    evidence: Column[Any] | None = None
    """The numbers of posts from which a row comes: it is hidden where any of them is private."""
    made: Mapping[str, Callable[[Row[Any]], Any]] = field(default_factory=dict)
    """What a column becomes, where the database cannot say it itself."""


def key_of(table: Any = posts) -> ColumnElement[Any]:
    """Return the key (`network:id`) of a post, or of an account."""
    return table.c.network + ":" + table.c.id  # type: ignore[no-any-return]


def speaks_of(brand: str) -> ColumnElement[bool]:
    """Return the condition for posts that speak of a brand."""
    return exists().where(spoken.c.rid == posts.c.rid, spoken.c.brand == brand)


is_public: ColumnElement[bool] = posts.c.private.is_(False)
"""The condition for posts that anybody may read."""
