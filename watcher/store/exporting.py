"""Rows for other programs: any number of them, in bounded memory, beside a running watcher.

Each page is a transaction of its own, so that neither an old state of the database is held for as
long as a slow reader takes, nor the log of SQLite grows meanwhile. Rows come by their numbers; what
arrives after the first page was asked for is left to the next time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Row,
    Select,
    and_,
    func,
    select,
    tuple_,
)

from watcher.store.columns import storable_key
from watcher.store.database import Database
from watcher.store.export_kind import Kind, is_public
from watcher.store.exportable_others import OF_OTHERS
from watcher.store.exportable_posts import OF_POSTS
from watcher.store.schema import posts

PAGE = 2_000
"""Rows read in one transaction."""

Keep = Callable[[Sequence[int]], frozenset[int]]
"""Tells of the numbers (`rid`) of posts which of them are wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which rows are asked for; None is all of them."""

    since: datetime | None = None
    until: datetime | None = None
    """The first moment that does not belong to them."""
    brand: str | None = None
    rule: str | None = None
    private: bool = False
    """Whether private posts belong to them, and what comes from private posts alone."""


KINDS: Mapping[str, Kind] = {**OF_POSTS, **OF_OTHERS}
"""What can be exported, by its name."""


class Exports(Database):
    """The part of the store that hands out rows for other programs."""

    def export_rows(
        self, kind: str, names: Sequence[str], wanted: Wanted, keep: Keep | None = None
    ) -> Iterator[tuple[Any, ...]]:
        """Yield rows with the columns of these names, in the order in which they came.

        `keep` looks at the posts that rows are about. Raises KeyError for a kind or a name that
        does not exist, ValueError where a kind cannot be narrowed in a way that is asked for, and
        `StoreError`.
        """
        of = KINDS[kind]
        query = _narrowed(of, select(*(of.columns[n].label(n) for n in names)), wanted)
        made = [(at, of.made[name]) for at, name in enumerate(names) if name in of.made]
        for page in self._pages(of, query, shown=not wanted.private):
            kept = keep([row.of_post for row in page]) if keep else None
            for row in page:
                if kept is None or row.of_post in kept:
                    yield _as_asked(row, len(names), made)

    def hidden_rows(self, kind: str, wanted: Wanted) -> int:
        """Count the rows that `wanted` leaves out because they come from private posts."""
        of = KINDS[kind]
        if wanted.private:
            return 0
        everything = replace(wanted, private=True)
        if of.evidence is not None:
            pages = self._pages(of, _narrowed(of, select(of.order[0]), everything), shown=False)
            number = sum(len(page) for page in pages)
            pages = self._pages(of, _narrowed(of, select(of.order[0]), everything), shown=True)
            return number - sum(len(page) for page in pages)
        if of.public is None:
            return 0
        query = _narrowed(of, select(func.count()), everything).where(~of.public)
        with self.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def _pages(self, of: Kind, query: Select[Any], *, shown: bool) -> Iterator[Sequence[Row[Any]]]:
        """Yield pages of rows; with `shown` without those whose evidence is to be shown to nobody.

        Behind the columns asked for stand those by which the next page is found, and the post.
        """
        number = of.order[0]
        with self.reading() as connection:
            last = connection.execute(select(func.max(number))).scalar()
        if last is None:
            return
        hidden = [one.label(f"place_{at}") for at, one in enumerate(of.order)]
        hidden += [one.label(name) for name, one in _told_apart(of) if one is not None]
        query = query.add_columns(*hidden).where(number <= last).order_by(*of.order).limit(PAGE)
        after: tuple[Any, ...] | None = None
        while True:
            with self.reading() as connection:
                page = connection.execute(_behind(of, query, after)).all()
                hides = shown and of.evidence is not None
                yielded = _with_public_evidence(connection, page) if hides else page
            yield yielded
            if len(page) < PAGE:
                return
            after = tuple(getattr(page[-1], f"place_{at}") for at in range(len(of.order)))


def _told_apart(of: Kind) -> tuple[tuple[str, Column[Any] | None], ...]:
    return (("of_post", of.post), ("of_evidence", of.evidence))


def _with_public_evidence(connection: Connection, page: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """Leave out rows of which any post is private, or all are gone where there are private ones."""
    if connection.execute(select(posts.c.rid).where(~is_public).limit(1)).first() is None:
        return page
    rids = sorted({int(rid) for row in page for rid in row.of_evidence})
    private: dict[int, bool] = {}
    for start in range(0, len(rids), PAGE):
        some = posts.c.rid.in_(rids[start : start + PAGE])
        found = connection.execute(select(posts.c.rid, posts.c.private).where(some))
        private |= {row.rid: row.private for row in found}
    said = [[private[int(rid)] for rid in row.of_evidence if int(rid) in private] for row in page]
    return [
        row
        for row, of_row in zip(page, said, strict=True)
        if not row.of_evidence or (of_row and not any(of_row))
    ]


def _narrowed(of: Kind, query: Select[Any], wanted: Wanted) -> Select[Any]:
    conditions = []
    if not wanted.private and of.public is not None:
        conditions.append(of.public)
    if wanted.since is not None or wanted.until is not None:
        if of.time is None:
            raise ValueError("time")
        if wanted.since is not None:
            conditions.append(of.time >= wanted.since)
        if wanted.until is not None:
            conditions.append(of.time < wanted.until)
    for name, condition, value in (
        ("brand", of.brand, wanted.brand),
        ("rule", of.rule, wanted.rule),
    ):
        if value is not None:
            if condition is None:
                raise ValueError(name)
            conditions.append(condition(storable_key(value)))
    return query.select_from(of.source).where(and_(True, *conditions))


def _behind(of: Kind, query: Select[Any], after: Sequence[Any] | None) -> Select[Any]:
    if after is None:
        return query
    if len(of.order) == 1:
        return query.where(of.order[0] > after[0])
    return query.where(tuple_(*of.order) > tuple_(*after))


def _as_asked(
    row: Row[Any], width: int, made: Sequence[tuple[int, Callable[[Row[Any]], Any]]]
) -> tuple[Any, ...]:
    if not made:
        return tuple(row[:width])
    values = list(row[:width])
    for at, make in made:
        values[at] = make(row)
    return tuple(values)
