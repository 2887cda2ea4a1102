"""Matches looked back at: listed, and judged by people as relevant or not."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from rules.model import Match
from watcher.store.database import Database
from watcher.store.errors import NoSuchRecordError
from watcher.store.left_out import is_told, take_in
from watcher.store.posts import posts_from, select_posts
from watcher.store.records import Judgement, JudgementRecord, MatchRecord
from watcher.store.schema import judgements, matches, posts

_columns = [
    matches.c[name]
    for name in ("row", "rule", "spans", "reason", "found", "verdict", "copy_of", "left_out")
]  # fmt: skip


class Judgements(Database):
    """The part of the store that gives matches back, and keeps what people said of them."""

    def matches(
        self,
        rule: str | None = None,
        *,
        verdict: Judgement | Literal["none", "any"] = "any",
        since: datetime | None = None,
        until: datetime | None = None,
        left_out: bool | None = None,
        limit: int = 50,
    ) -> tuple[MatchRecord, ...]:
        """Return the matches found last, of one rule or of all, newest first.

        `verdict` keeps those judged so, or those nobody has judged (`none`); `since` and `until`
        those found after the one and up to the other; `left_out` those that are not told since
        their posts are not about the brand, or the others. Copies are listed like all others.
        """
        query = _select_matches().order_by(matches.c.row.desc()).limit(limit)
        if rule is not None:
            query = query.where(matches.c.rule == rule)
        if verdict != "any":
            said = None if verdict == "none" else verdict
            query = query.where(matches.c.verdict.is_not_distinct_from(said))
        if since is not None:
            query = query.where(matches.c.found > since)
        if until is not None:
            query = query.where(matches.c.found <= until)
        if left_out is not None:
            query = query.where(matches.c.left_out.is_not(None) if left_out else is_told())
        with self.reading() as connection:
            return _records(connection.execute(query))

    def match(self, id: int) -> MatchRecord:
        """Return one match. Raises `NoSuchRecordError`."""
        with self.reading() as connection:
            return _find(connection, id)

    def judged(self, rule: str) -> tuple[tuple[MatchRecord, Judgement], ...]:
        """Return every match of a rule that was judged, and how, in the order of their finding."""
        query = _select_matches().where(matches.c.rule == rule, matches.c.verdict.is_not(None))
        with self.reading() as connection:
            records = _records(connection.execute(query.order_by(matches.c.row)))
        return tuple((one, one.verdict) for one in records if one.verdict is not None)

    def judged_so_far(self) -> tuple[int, int]:
        """Return two numbers that are others whenever what people judged is another."""
        query = select(func.coalesce(func.max(judgements.c.row), 0), func.count())
        with self.reading() as connection:
            newest, count = connection.execute(query.select_from(judgements)).one()
        return newest, count

    def judge_match(
        self, id: int, verdict: Judgement | None, note: str, by: str, now: datetime
    ) -> MatchRecord:
        """Record what a person says of a match; None takes back what was said before.

        Every judgement is kept, the last one counts. Its post is kept from being forgotten as long
        as it counts. Raises `NoSuchRecordError`.
        """
        with self.writing() as connection:
            _find(connection, id)
            judge(connection, id, verdict, note, by, now)
            return _find(connection, id)

    def judgements(self, id: int) -> tuple[JudgementRecord, ...]:
        """Return all that was ever said of a match, oldest first."""
        query = select(judgements).where(judgements.c.match == id).order_by(judgements.c.row)
        with self.reading() as connection:
            return tuple(
                JudgementRecord(verdict=row.verdict, note=row.note, by=row.by, at=row.at)
                for row in connection.execute(query)
            )


def judge(
    connection: Connection, id: int, verdict: Judgement | None, note: str, by: str, now: datetime
) -> None:
    """Record what a person says of a match that is there; what is relevant is told after all."""
    connection.execute(update(matches).where(matches.c.row == id).values(verdict=verdict))
    said = {"match": id, "verdict": verdict, "note": note, "by": by, "at": now}
    connection.execute(insert(judgements), said)
    if verdict == "relevant":
        take_in(connection, id, now)


def match_from(row: Row[Any], post: str) -> Match:
    """Build a match from a row with `rule`, `spans` and `reason`."""
    return Match(rule=row.rule, post=post, spans=row.spans, reason=row.reason)


def _select_matches() -> Select[Any]:
    return select_posts().add_columns(*_columns).join(matches, matches.c.rid == posts.c.rid)


def _records(found: Iterable[Row[Any]]) -> tuple[MatchRecord, ...]:
    rows = list(found)
    return tuple(
        MatchRecord(
            id=row.row,
            match=match_from(row, one.post.key),
            post=one.post,
            found=row.found,
            verdict=row.verdict,
            copy_of=row.copy_of,
            left_out=row.left_out or "",
        )
        for row, one in zip(rows, posts_from(rows), strict=True)
    )


def _find(connection: Connection, id: int) -> MatchRecord:
    records = _records(connection.execute(_select_matches().where(matches.c.row == id)))
    if not records:
        raise NoSuchRecordError(
            f"there is no match {id}", help="`watcher matches list` shows those that are."
        )
    return records[0]
