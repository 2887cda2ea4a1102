"""How many posts speak of each brand and fit each rule: counted by the time they were written in.

So what an outage held back counts where it belongs, and makes no storm when it arrives.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    delete,
    func,
    insert,
    select,
    type_coerce,
)

from alerts.digest.volume import LONGEST, LOOKED_BACK, STEP, Series, Share, Tones, Voice, steps_in
from alerts.model import Volume
from rules.signals.spoken import Spoken
from watcher.store.columns import storable_key
from watcher.store.database import insert as insert_or
from watcher.store.left_out import counts_for, is_told
from watcher.store.records import Batch
from watcher.store.schema import heard, matches, posts, routes, spoken
from watcher.store.tones import apply_judgements, said_in_short

Forms = Mapping[str, str]
"""What each brand is called, in short, by its name."""
Compared = Mapping[str, Sequence[str]]
"""The competitors of each brand that a digest tells of, by its name."""

FEWEST_TONES = 20
"""Of fewer posts whose tone is known nothing is said."""
TONES_BEFORE = timedelta(days=28)
EARLIER = timedelta(days=28)
"""How far back the words of a digest are compared with those of earlier posts."""
_MOST_EARLIER = 1500
_TOLD = (
    "tone", "confidence", "told", "told_confidence", "said", "complaint", "relevance", "left_out",
)  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def keep_spoken(
    connection: Connection, batch: Batch, said: Iterable[Spoken], now: datetime
) -> None:
    """Keep which posts of a batch speak of which brand, of those counted before too.

    A post that was counted before, and changed by its author since, is told anew. What people said
    of a tone goes before what is told.
    """
    stored = {post.key: (rid, post) for post, rid in zip(batch.posts, batch.rids, strict=True)}
    rows: dict[tuple[str, str], dict[str, Any]] = {
        (one.brand, one.post): {
            "brand": one.brand,
            "rid": stored[one.post][0],
            "posted_at": min(stored[one.post][1].posted_at, now),
            "tone": one.tone,
            "confidence": one.confidence,
            "told": one.tone,
            "told_confidence": one.confidence,
            "said": said_in_short(stored[one.post][1]),
            "complaint": one.complaint,
            "relevance": one.relevance,
            "left_out": one.left_out,
        }
        for one in said
        if one.post in stored
    }
    if rows:
        new = insert_or(connection, spoken)
        told = {name: new.excluded[name] for name in _TOLD}
        connection.execute(
            new.on_conflict_do_update(index_elements=["brand", "rid"], set_=told),
            list(rows.values()),
        )
        apply_judgements(connection, [row["rid"] for row in rows.values()])


def remember_brands(connection: Connection, forms: Forms, now: datetime, below: int) -> None:
    """Keep what brands are called; one that is called otherwise from now on is counted anew.

    Of a new one, the posts up to the one numbered `below` remain to be counted.
    """
    known = {row.brand: row.form for row in connection.execute(select(heard))}
    wanted = {storable_key(brand): form for brand, form in forms.items()}
    for brand in known.keys() | wanted.keys():
        if known.get(brand) == wanted.get(brand):
            continue
        connection.execute(delete(heard).where(heard.c.brand == brand))
        connection.execute(delete(spoken).where(spoken.c.brand == brand))
        if brand in wanted:
            values = {"brand": brand, "form": wanted[brand], "since": now, "below": below}
            connection.execute(insert(heard), values)


def hear_of(connection: Connection, forms: Forms, now: datetime, below: int) -> frozenset[str]:
    """Return which of these brands are counted by these forms; those not known are from now on.

    Unlike `remember_brands` it gives up no brand: another process may know better.
    """
    known = {row.brand: row.form for row in connection.execute(select(heard))}
    wanted = {storable_key(brand): form for brand, form in forms.items()}
    new = [
        {"brand": brand, "form": form, "since": now, "below": below}
        for brand, form in wanted.items()
        if brand not in known
    ]
    if new:
        connection.execute(insert_or(connection, heard).on_conflict_do_nothing(), new)
    return frozenset(
        brand for brand, form in forms.items()
        if known.get(storable_key(brand), form) == form
    )  # fmt: skip


def volumes(
    connection: Connection, channel: str, since: datetime, until: datetime
) -> tuple[Volume, ...]:
    """Count the posts of each of the channel's rules that were written after `since`.

    `before` is None unless somebody counted during the whole of the period before.
    """
    # A rule may have been watching for another channel before it came to this one.
    first = (
        select(routes.c.rule, func.min(routes.c.since).label("since"))
        .where(routes.c.rule.in_(select(routes.c.rule).where(routes.c.channel == channel)))
        .group_by(routes.c.rule)
        .order_by(routes.c.rule)
    )
    watched = {row.rule: row.since for row in connection.execute(first)}
    of = _series(connection, matches.c.rule, is_told(), matches.c.posted_at, watched, since, until)
    length = until - since
    return tuple(
        Volume(
            rule=rule,
            posts=one.of(length),
            before=one.before(length),
            usual=one.usual(length),
        )
        for rule, one in of.items()
    )


def voices(
    connection: Connection, compared: Compared, since: datetime, until: datetime
) -> tuple[Voice, ...]:
    """Count the posts that speak of each brand, and of those that it is compared with."""
    names = {name for brand, others in compared.items() for name in (brand, *others)}
    query = select(heard).where(heard.c.brand.in_(map(storable_key, names)))
    known = {row.brand: row.since for row in connection.execute(query)}
    watched = {
        name: known[storable_key(name)] for name in sorted(names) if storable_key(name) in known
    }
    of = _series(
        connection, spoken.c.brand, counts_for(), spoken.c.posted_at, watched, since, until
    )
    length = until - since
    return tuple(
        Voice(
            brand=brand,
            series=of[brand],
            competitors=tuple(
                Share(brand=name, posts=of[name].of(length), before=of[name].before(length))
                for name in others
                if name in of
            ),
            tones=_tones(connection, brand, since, until),
            tones_before=_tones(connection, brand, since - TONES_BEFORE, since),
        )
        for brand, others in compared.items()
        if brand in of
    )


def _series(
    connection: Connection,
    name: Column[Any],
    counted: ColumnElement[bool],
    posted_at: Column[Any],
    watched: Mapping[str, datetime],
    since: datetime,
    until: datetime,
) -> dict[str, Series]:
    """Count by steps back from `until`, for each name that is watched, in one query."""
    steps = steps_in(min(until - since, LONGEST) + LOOKED_BACK)
    end = (until - _EPOCH) // _MICROSECOND
    back = (end - type_coerce(posted_at, BigInteger)) // (STEP // _MICROSECOND)
    query = (
        select(name, back.label("step"), func.count().label("posts"))
        .where(
            name.in_([storable_key(one) for one in watched]),
            counted,
            posted_at > until - steps * STEP,
            posted_at <= until,
        )
        .group_by(name, back)
    )
    counts: dict[str, dict[int, int]] = {}
    for key, step, found in connection.execute(query):
        counts.setdefault(key, {})[step] = found
    return {
        one: Series(
            until=until, steps=steps, counts=counts.get(storable_key(one), {}), watched=began
        )
        for one, began in watched.items()
    }


def _tones(connection: Connection, brand: str, since: datetime, until: datetime) -> Tones | None:
    query = (
        select(spoken.c.tone, func.count().label("posts"))
        .where(
            spoken.c.brand == brand,
            counts_for(),
            spoken.c.posted_at > since,
            spoken.c.posted_at <= until,
            spoken.c.tone != "",
        )
        .group_by(spoken.c.tone)
    )
    counts: dict[str, int] = {row.tone: row.posts for row in connection.execute(query)}
    known = sum(counts.values())
    if known < FEWEST_TONES:
        return None
    return Tones(negative=counts.get("negative", 0), known=known)


def earlier_texts(connection: Connection, channel: str, since: datetime) -> tuple[str, ...]:
    """Return what was written before `since` and found by the channel's rules, the newest first."""
    rules = select(routes.c.rule).where(routes.c.channel == channel)
    found = (
        select(matches.c.rid)
        .where(
            matches.c.rule.in_(rules),
            matches.c.posted_at > since - EARLIER,
            matches.c.posted_at <= since,
        )
        .order_by(matches.c.posted_at.desc())
        .limit(_MOST_EARLIER)
        .subquery()
    )
    query = select(posts.c.text).where(
        posts.c.rid.in_(select(found.c.rid)), posts.c.private.is_(False)
    )
    return tuple(connection.execute(query.order_by(posts.c.rid.desc())).scalars())
