"""How matches of a rule spread and sound, counted in SQL: what rates ask beside their number."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, func, select, type_coerce

from rules.rates.measures import Measure
from watcher.store.database import Database
from watcher.store.left_out import counts_for, is_told
from watcher.store.schema import accounts, matches, posts, spoken

_CHUNK = 500
_MICROSECOND = timedelta(microseconds=1)
NEGATIVE = "negative"


class Measures(Database):
    """The part of the store that counts authors, reposts, followers and tones of matches."""

    def count_measure(self, rule: str, since: datetime, until: datetime, of: Measure) -> int:
        """Return how much the matches written after `since` up to `until` have of a measure."""
        written = _written(rule, since, until)
        match of:
            case "posts":
                query = select(func.count()).select_from(matches).where(written)
            case "authors":
                query = select(func.count(posts.c.author.distinct())).select_from(_posts())
                query = query.where(written)
            case "reposts":
                query = select(func.count()).select_from(_posts()).where(written, _is_repost())
            case "negative":
                query = select(func.count()).select_from(matches).where(written, _is_negative())
            case "reach":
                each = _each_author(written).subquery()
                total = func.sum(each.c.followers) - func.max(each.c.followers)
                query = select(func.coalesce(total, 0))
        with self.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def pieces(
        self, rule: str, since: datetime, until: datetime, of: Measure, step: timedelta
    ) -> list[tuple[str, int, int]]:
        """Return what the matches add to a measure in each step: who, which step, how much.

        As `rules.rates.sliding.pieces` does, summed up in each step; linear in the matches.
        """
        at = type_coerce(matches.c.posted_at, BigInteger)
        long = step // _MICROSECOND
        number = ((at + (long - 1)) // long).label("step")
        written = _written(rule, since, until)
        query: Any
        if of in ("authors", "reach"):
            author = posts.join(accounts, posts.c.author == accounts.c.row)
            followers = func.coalesce(func.max(accounts.c.followers), 0)
            query = (
                select(posts.c.author, number, followers.label("much"))
                .select_from(matches.join(author, posts.c.rid == matches.c.rid))
                .where(written)
                .group_by(posts.c.author, number)
            )
        else:
            much = func.count().label("much")
            query = select(number, much).select_from(_posts()).where(written).group_by(number)
            if of != "posts":
                query = query.where(_is_repost() if of == "reposts" else _is_negative())
        with self.reading() as connection:
            rows = connection.execute(query).all()
        if of == "reach":
            return [(str(row.author), int(row.step), max(0, int(row.much))) for row in rows]
        if of == "authors":
            return [(str(row.author), int(row.step), 1) for row in rows]
        return [("", int(row.step), int(row.much)) for row in rows]

    def tones_of(self, rule: str, since: datetime, until: datetime) -> tuple[int, int]:
        """Return how many matches are negative, and of how many the tone is known."""
        written = _written(rule, since, until)
        counts = []
        with self.reading() as connection:
            for condition in (_is_negative(), _is_toned()):
                query = select(func.count()).select_from(matches).where(written, condition)
                counts.append(int(connection.execute(query).scalar_one()))
        return counts[0], counts[1]

    def marks(
        self, rids: Collection[int]
    ) -> dict[int, tuple[bool, int, tuple[str, ...], tuple[str, ...]]]:
        """Return of posts whether each is a repost, its author's followers, and its tones.

        The brands of which its tone is known, and those of which it speaks badly.
        """
        found: dict[int, tuple[bool, int, tuple[str, ...], tuple[str, ...]]] = {}
        numbers = list(rids)
        with self.reading() as connection:
            for start in range(0, len(numbers), _CHUNK):
                some = numbers[start : start + _CHUNK]
                tones: dict[int, list[tuple[str, str]]] = {}
                of_tone = select(spoken.c.rid, spoken.c.brand, spoken.c.tone)
                of_tone = of_tone.where(spoken.c.rid.in_(some), spoken.c.tone != "", counts_for())
                for rid, brand, tone in connection.execute(of_tone.order_by(spoken.c.brand)):
                    tones.setdefault(rid, []).append((brand, tone))
                query = (
                    select(posts.c.rid, posts.c.repost_of, accounts.c.followers)
                    .join(accounts, posts.c.author == accounts.c.row)
                    .where(posts.c.rid.in_(some))
                )
                for rid, repost_of, followers in connection.execute(query):
                    said = tones.get(rid, [])
                    found[rid] = (
                        repost_of is not None,
                        max(0, followers or 0),
                        tuple(brand for brand, _ in said),
                        tuple(brand for brand, tone in said if tone == NEGATIVE),
                    )
        return found


def _posts() -> Any:
    return matches.join(posts, posts.c.rid == matches.c.rid)


def _each_author(written: ColumnElement[bool]) -> Select[Any]:
    author = posts.join(accounts, posts.c.author == accounts.c.row)
    followers = func.coalesce(func.max(accounts.c.followers), 0).label("followers")
    return (
        select(posts.c.author, followers)
        .select_from(matches.join(author, posts.c.rid == matches.c.rid))
        .where(written)
        .group_by(posts.c.author)
    )


def _written(rule: str, since: datetime, until: datetime) -> ColumnElement[bool]:
    written = and_(matches.c.posted_at > since, matches.c.posted_at <= until)
    return and_(matches.c.rule == rule, written, is_told())


def _is_repost() -> ColumnElement[bool]:
    return posts.c.repost_of.is_not(None)


def _is_negative() -> ColumnElement[bool]:
    return (
        select(spoken.c.rid)
        .where(spoken.c.rid == matches.c.rid, spoken.c.tone == NEGATIVE, counts_for())
        .exists()
    )


def _is_toned() -> ColumnElement[bool]:
    return (
        select(spoken.c.rid)
        .where(spoken.c.rid == matches.c.rid, spoken.c.tone != "", counts_for())
        .exists()
    )
