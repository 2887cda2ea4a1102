"""The tone in which posts speak of brands, and what people said of it.

What the model told stays beside what a person said, so that taking it back restores it. A judgement
holds for its brand and for every post with the same words: reposts, and copies with another link.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    select,
    update,
)

from rules.copies import words
from rules.model import Post
from watcher.store.columns import storable_key
from watcher.store.database import Database
from watcher.store.errors import NoSuchRecordError
from watcher.store.leaving import chunks
from watcher.store.posts import posts_from, select_posts
from watcher.store.schema import posts, spoken, tone_corrections, tone_judgements

TONES = ("negative", "neutral", "positive")
SaidTone = Literal["negative", "neutral", "positive"]
"""What a person may say of a tone."""
_FEWEST_BYTES = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class ToneRecord:
    """How a post speaks of a brand."""

    brand: str
    post: Post
    tone: str
    """`negative`, `neutral` or `positive`, as a person said, else as told; empty: not known."""
    confidence: float | None
    """How likely the tone is as the model takes it; 1 where a person said it."""
    complaint: bool
    told: str
    """What the model told."""
    judged: bool
    """Whether the tone is what a person said of this post, or of one with the same words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToneJudgement:
    """One thing a person said of a tone; a tone of None took back what was said before."""

    brand: str
    post: str
    """The post's key."""
    tone: str | None
    note: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedTone:
    """A post of whose tone something holds that a person said."""

    brand: str
    post: Post
    tone: SaidTone
    at: datetime


_columns = [
    spoken.c[name] for name in ("brand", "tone", "confidence", "complaint", "told", "said")
]  # fmt: skip
_later = tone_judgements.alias("later")
counts = and_(
    tone_judgements.c.tone.is_not(None),
    ~exists().where(
        _later.c.brand == tone_judgements.c.brand,
        _later.c.said == tone_judgements.c.said,
        _later.c.row > tone_judgements.c.row,
    ),
)
_judged = exists().where(
    tone_judgements.c.brand == spoken.c.brand, tone_judgements.c.said == spoken.c.said, counts
)


class Tones(Database):
    """The part of the store that knows how posts speak of brands, and keeps what people said."""

    def judge_tone(
        self, key: str, brand: str, tone: SaidTone | None, note: str, by: str, now: datetime
    ) -> ToneRecord:
        """Record in which tone a person takes a post to speak of a brand; None takes that back.

        Every judgement is kept, the last one counts: for this post and for all that say the same
        of the brand, now and later. Its post is kept from being forgotten as long as it counts.
        Raises `NoSuchRecordError` where no such post is counted for the brand.
        """
        with self.writing() as connection:
            row = _find(connection, key, brand)
            said = {
                "rid": row.rid, "brand": row.brand, "said": row.said, "tone": tone,
                "note": note, "by": by, "at": now,
            }  # fmt: skip
            connection.execute(insert(tone_judgements), said)
            _set(connection, row.brand, row.said, tone)
            return _records([_find(connection, key, brand)])[0]

    def tones(
        self,
        brand: str | None = None,
        *,
        tone: str | None = None,
        judged: bool | None = None,
        since: datetime | None = None,
        limit: int = 50,
    ) -> tuple[ToneRecord, ...]:
        """Return the posts that speak of a brand, or of any, those written last first.

        `tone` keeps those of this tone (empty: not known), `judged` those that a person judged or
        did not, `since` those written after it.
        """
        query = _select().order_by(spoken.c.posted_at.desc(), spoken.c.rid.desc(), spoken.c.brand)
        query = _narrowed(query, brand, since).limit(limit)
        if tone is not None:
            query = query.where(spoken.c.tone == tone)
        if judged is not None:
            query = query.where(_judged if judged else ~_judged)
        with self.reading() as connection:
            return _records(connection.execute(query).all())

    def tones_to_judge(
        self, brand: str | None, *, since: datetime, limit: int
    ) -> tuple[ToneRecord, ...]:
        """Return posts of which a judgement teaches most, each saying once.

        By turns the one whose tone was told least surely, and one drawn by lot: who judges but the
        doubtful ones learns nothing of how common each tone is.
        """
        query = _narrowed(_select(), brand, since).where(~_judged, spoken.c.told != "")
        with self.reading() as connection:
            doubtful = connection.execute(
                query.order_by(spoken.c.told_confidence, spoken.c.rid.desc()).limit(3 * limit)
            ).all()
            # The words in short are as good as a lot, and the same one at every time.
            drawn = connection.execute(query.order_by(spoken.c.said).limit(3 * limit)).all()
        first: dict[tuple[str, str], Row[Any]] = {}
        for pair in zip(doubtful, drawn, strict=True):
            for row in pair:
                first.setdefault((row.brand, row.said), row)
        return _records(list(first.values())[:limit])

    def brands_of(self, key: str) -> tuple[str, ...]:
        """Return the brands that a post is known to speak of."""
        network, _, own = key.partition(":")
        query = (
            select(spoken.c.brand)
            .join(posts, posts.c.rid == spoken.c.rid)
            .where(posts.c.network == storable_key(network), posts.c.id == storable_key(own))
        )
        with self.reading() as connection:
            return tuple(connection.execute(query.order_by(spoken.c.brand)).scalars())

    def tone_judgements(self, key: str, brand: str) -> tuple[ToneJudgement, ...]:
        """Return all that was ever said of how a post, or its like, speaks of a brand."""
        with self.reading() as connection:
            row = _find(connection, key, brand)
            query = _select_judgements().where(
                tone_judgements.c.brand == row.brand, tone_judgements.c.said == row.said
            )
            return _judgements(connection.execute(query.order_by(tone_judgements.c.row)).all())

    def all_tone_judgements(self) -> tuple[ToneJudgement, ...]:
        """Return all that was ever said of tones, oldest first."""
        with self.reading() as connection:
            query = _select_judgements().order_by(tone_judgements.c.row)
            return _judgements(connection.execute(query).all())

    def judged_tones(self, brand: str, limit: int) -> tuple[JudgedTone, ...]:
        """Return what counts of what people said of a brand's posts, the last ones, oldest first.

        Each saying once.
        """
        query = (
            select_posts()
            .add_columns(
                tone_judgements.c.brand, tone_judgements.c.tone, tone_judgements.c.at.label("when")
            )
            .join(tone_judgements, tone_judgements.c.rid == posts.c.rid)
            .where(tone_judgements.c.brand == storable_key(brand), counts)
            .order_by(tone_judgements.c.row.desc())
            .limit(limit)
        )
        with self.reading() as connection:
            rows = connection.execute(query).all()[::-1]
        return tuple(
            JudgedTone(brand=row.brand, post=one.post, tone=row.tone, at=row.when)
            for row, one in zip(rows, posts_from(rows), strict=True)
        )

    def tone_corrections(self) -> Mapping[str, str]:
        """Return what was learnt of each brand's judgements and is in use, as JSON."""
        with self.reading() as connection:
            query = select(tone_corrections.c.brand, tone_corrections.c.learnt)
            return {row.brand: row.learnt for row in connection.execute(query)}

    def correct_tones(self, brand: str, learnt: str | None, now: datetime) -> None:
        """Keep what was learnt of a brand's judgements, to be used from now on; None: nothing."""
        brand = storable_key(brand)
        with self.writing() as connection:
            connection.execute(delete(tone_corrections).where(tone_corrections.c.brand == brand))
            if learnt is not None:
                values = {"brand": brand, "learnt": learnt, "at": now}
                connection.execute(insert(tone_corrections), values)

    def spoken_posts(
        self, brand: str, *, since: datetime, below: int | None, limit: int
    ) -> tuple[tuple[int, Post], ...]:
        """Return posts that speak of a brand, written after `since`, by their rows, newest first.

        Those with a row below `below`, or all.
        """
        query = _narrowed(_select(), brand, since).order_by(spoken.c.rid.desc()).limit(limit)
        if below is not None:
            query = query.where(spoken.c.rid < below)
        with self.reading() as connection:
            rows = connection.execute(query).all()
        return tuple((row.rid, one.post) for row, one in zip(rows, posts_from(rows), strict=True))

    def tell_again(self, brand: str, told: Mapping[int, tuple[str, float | None]]) -> None:
        """Keep what the model tells now of posts that speak of a brand, by their rows.

        What people said goes on counting.
        """
        brand = storable_key(brand)
        with self.writing() as connection:
            new = update(spoken).where(spoken.c.brand == brand, spoken.c.rid == bindparam("row"))
            values: dict[str, Any] = {name: bindparam("new_tone") for name in ("tone", "told")}
            values |= {name: bindparam("sure") for name in ("confidence", "told_confidence")}
            rows = [
                {"row": rid, "new_tone": tone, "sure": sure} for rid, (tone, sure) in told.items()
            ]
            if rows:
                connection.execute(new.values(values), rows)
            apply_judgements(connection, list(told))


def said_in_short(post: Post) -> str:
    """The words of a post in short: the same for posts that say the same."""
    text = words(post).encode("utf-8", "replace")
    return hashlib.blake2b(text, digest_size=_FEWEST_BYTES).hexdigest()


def apply_judgements(connection: Connection, rids: Iterable[int]) -> None:
    """Put what people said in the place of what was told of these posts, or of their like."""
    same = and_(
        tone_judgements.c.brand == spoken.c.brand, tone_judgements.c.said == spoken.c.said, counts
    )
    if connection.execute(select(tone_judgements.c.row).limit(1)).first() is None:
        return
    for some in chunks(sorted(set(rids))):
        query = (
            select(spoken.c.brand, spoken.c.said, tone_judgements.c.tone)
            .join_from(spoken, tone_judgements, same)
            .where(spoken.c.rid.in_(some))
            .distinct()
        )
        for row in connection.execute(query).all():
            _set(connection, row.brand, row.said, row.tone)


def _set(connection: Connection, brand: str, said: str, tone: str | None) -> None:
    alike = update(spoken).where(spoken.c.brand == brand, spoken.c.said == said)
    if tone is None:
        alike = alike.values(tone=spoken.c.told, confidence=spoken.c.told_confidence)
    else:
        alike = alike.values(tone=tone, confidence=1.0)
    connection.execute(alike)


def _select() -> Select[Any]:
    return (
        select_posts()
        .add_columns(*_columns, _judged.label("judged"))
        .join(spoken, spoken.c.rid == posts.c.rid)
    )


def _narrowed(query: Select[Any], brand: str | None, since: datetime | None) -> Select[Any]:
    if brand is not None:
        query = query.where(spoken.c.brand == storable_key(brand))
    if since is not None:
        query = query.where(spoken.c.posted_at > since)
    return query


def _select_judgements() -> Select[Any]:
    return select(tone_judgements, (posts.c.network + ":" + posts.c.id).label("key")).join(
        posts, posts.c.rid == tone_judgements.c.rid
    )


def _judgements(rows: Sequence[Row[Any]]) -> tuple[ToneJudgement, ...]:
    return tuple(
        ToneJudgement(
            brand=row.brand, post=row.key, tone=row.tone, note=row.note, by=row.by, at=row.at
        )
        for row in rows
    )


def _find(connection: Connection, key: str, brand: str) -> Row[Any]:
    network, _, own = key.partition(":")
    query = _select().where(
        posts.c.network == storable_key(network),
        posts.c.id == storable_key(own),
        spoken.c.brand == storable_key(brand),
    )
    row = connection.execute(query).first()
    if row is None:
        raise NoSuchRecordError(
            f"no post {key!r} is known to speak of {brand}",
            help="`watcher tones list` shows those that do, with their keys.",
        )
    return row


def _records(rows: Sequence[Row[Any]]) -> tuple[ToneRecord, ...]:
    return tuple(
        ToneRecord(
            brand=row.brand,
            post=one.post,
            tone=row.tone,
            confidence=row.confidence,
            complaint=row.complaint,
            told=row.told,
            judged=row.judged,
        )
        for row, one in zip(rows, posts_from(rows), strict=True)
    )
