"""Rows for other programs: any number of them, in bounded memory, beside a running watcher.

Each page is a transaction of its own, so that neither an old state of the database is held for as
long as a slow reader takes, nor the log of SQLite grows meanwhile. Rows come by their numbers; what
arrives after the first page was asked for is left to the next time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    exists,
    func,
    select,
    tuple_,
)

from rules.lookalike.bands import band
from watcher.store.columns import storable_key
from watcher.store.database import Database
from watcher.store.private import is_hidden_account, is_hidden_proposal, is_hidden_suspect
from watcher.store.schema import (
    accounts,
    alarms,
    deliveries,
    digests,
    judgements,
    matches,
    posts,
    proposals,
    spoken,
    suspect_events,
    suspects,
)

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


def _key(table: Any = posts) -> ColumnElement[Any]:
    return table.c.network + ":" + table.c.id  # type: ignore[no-any-return]


def _speaks_of(brand: str) -> ColumnElement[bool]:
    return exists().where(spoken.c.rid == posts.c.rid, spoken.c.brand == brand)


_author = {
    "author_key": _key(accounts),
    "author": accounts.c.handle,
    "author_name": accounts.c.display_name,
}
_post = {
    "post": _key(),
    "posted_at": posts.c.posted_at,
    "author_key": _key(accounts),
    "author": accounts.c.handle,
    "text": posts.c.text,
    "language": posts.c.language,
    "url": posts.c.url,
    "private": posts.c.private,
}
_by = posts.join(accounts, accounts.c.row == posts.c.author)
_is_public = posts.c.private.is_(False)
_original = matches.alias("original")

KINDS: Mapping[str, Kind] = {
    "posts": Kind(
        columns={
            "key": _key(),
            "network": posts.c.network,
            "id": posts.c.id,
            "posted_at": posts.c.posted_at,
            "seen": posts.c.seen,
            **_author,
            "author_followers": accounts.c.followers,
            "author_bot": accounts.c.bot,
            "text": posts.c.text,
            "language": posts.c.language,
            "url": posts.c.url,
            "source": posts.c.source,
            "reply_to": posts.c.network + ":" + posts.c.reply_to,
            "reply_to_handle": posts.c.reply_to_handle,
            "repost_of": posts.c.network + ":" + posts.c.repost_of,
            "quote_of": posts.c.network + ":" + posts.c.quote_of,
            "links": posts.c.links,
            "titles": posts.c.titles,
            "hashtags": posts.c.hashtags,
            "mentions": posts.c.mentions,
            "media": posts.c.media,
            "likes": posts.c.likes,
            "reposts": posts.c.reposts,
            "replies": posts.c.replies,
            "edited_at": posts.c.edited_at,
            "private": posts.c.private,
        },
        source=_by,
        order=(posts.c.rid,),
        time=posts.c.posted_at,
        public=_is_public,
        brand=_speaks_of,
        rule=lambda rule: exists().where(matches.c.rid == posts.c.rid, matches.c.rule == rule),
        post=posts.c.rid,
    ),
    "matches": Kind(
        columns={
            "id": matches.c.row,
            "rule": matches.c.rule,
            "found": matches.c.found,
            **_post,
            "matched": matches.c.spans,
            "reason": matches.c.reason,
            "verdict": matches.c.verdict,
            "copy_of": matches.c.copy_of,
            "source": posts.c.source,
        },
        source=matches.join(posts, posts.c.rid == matches.c.rid).join(
            accounts, accounts.c.row == posts.c.author
        ),
        order=(matches.c.row,),
        time=posts.c.posted_at,
        public=_is_public,
        brand=_speaks_of,
        rule=lambda rule: matches.c.rule == rule,
        post=posts.c.rid,
        made={
            "matched": lambda row: tuple(row.text[start:end] for start, end in row.matched),
            "reason": lambda row: str(row.reason),
        },
    ),
    "spoken": Kind(
        columns={
            "brand": spoken.c.brand,
            **_post,
            "tone": spoken.c.tone,
            "confidence": spoken.c.confidence,
            "complaint": spoken.c.complaint,
            "relevance": spoken.c.relevance,
            "left_out": spoken.c.left_out,
            "repost_of": posts.c.network + ":" + posts.c.repost_of,
            "likes": posts.c.likes,
            "reposts": posts.c.reposts,
            "replies": posts.c.replies,
        },
        source=spoken.join(posts, posts.c.rid == spoken.c.rid).join(
            accounts, accounts.c.row == posts.c.author
        ),
        order=(spoken.c.rid, spoken.c.brand),
        time=posts.c.posted_at,
        public=_is_public,
        brand=lambda brand: spoken.c.brand == brand,
        post=posts.c.rid,
        made={"tone": lambda row: row.tone or None},
    ),
    "suspects": Kind(
        columns={
            "id": suspects.c.id,
            "subject": suspects.c.subject,
            "name": suspects.c.name,
            "display_name": suspects.c.display_name,
            "brand": suspects.c.brand,
            "rule": suspects.c.rule,
            "score": suspects.c.score,
            "band": suspects.c.score.label("band"),
            "techniques": suspects.c.techniques,
            "reason": suspects.c.reason,
            "evidence": suspects.c.evidence,
            "verdict": suspects.c.verdict,
            "first_seen": suspects.c.first_seen,
            "last_seen": suspects.c.last_seen,
            "account_key": _key(accounts),
            "url": accounts.c.url,
            "created": accounts.c.created,
            "followers": accounts.c.followers,
            "bio": accounts.c.bio,
        },
        source=suspects.outerjoin(accounts, accounts.c.row == suspects.c.account),
        order=(suspects.c.id,),
        time=suspects.c.last_seen,
        public=~is_hidden_suspect(),
        brand=lambda brand: suspects.c.brand == brand,
        rule=lambda rule: suspects.c.rule == rule,
        made={
            "band": lambda row: str(band(row.band)),
            "reason": lambda row: str(row.reason),
            "evidence": lambda row: tuple(map(str, row.evidence)),
        },
    ),
    "suspect_events": Kind(
        columns={
            "suspect": suspect_events.c.suspect,
            "subject": suspects.c.subject,
            "at": suspect_events.c.at,
            "kind": suspect_events.c.kind,
            "what": suspect_events.c.what,
            "score": suspect_events.c.score,
            "before": suspect_events.c.before,
            "verdict": suspect_events.c.verdict,
            "by": suspect_events.c.by,
            "note": suspect_events.c.note,
        },
        source=suspect_events.join(suspects, suspects.c.id == suspect_events.c.suspect),
        order=(suspect_events.c.row,),
        time=suspect_events.c.at,
        public=~is_hidden_suspect(),
        brand=lambda brand: suspects.c.brand == brand,
        rule=lambda rule: suspects.c.rule == rule,
        made={"what": lambda row: None if row.what is None else str(row.what)},
    ),
    "accounts": Kind(
        columns={
            "key": _key(accounts),
            **{
                name: accounts.c[name]
                for name in (
                    "network", "id", "handle", "display_name", "bio", "url", "avatar", "created",
                    "followers", "following", "bot", "locked", "discoverable", "verified",
                    "last_post", "seen",
                )
            },
        },
        source=accounts,
        order=(accounts.c.row,),
        time=accounts.c.seen,
        public=~is_hidden_account(),
    ),
    "alarms": Kind(
        columns={
            name: alarms.c[name]
            for name in (
                "id", "rule", "kind", "group", "raised", "since", "until", "count", "reason",
                "going", "ended", "acknowledged", "acknowledged_by",
            )
        },
        source=alarms,
        order=(alarms.c.id,),
        time=alarms.c.raised,
        evidence=alarms.c.evidence,
        rule=lambda rule: alarms.c.rule == rule,
        made={"reason": lambda row: str(row.reason)},
    ),
    "digests": Kind(
        columns={
            name: digests.c[name]
            for name in (
                "id", "channel", "kind", "slot", "created", "mentions", "suspects", "more", "late",
                "urgent", "acknowledged", "acknowledged_by",
            )
        },
        source=digests,
        order=(digests.c.id,),
        time=digests.c.created,
    ),
    "deliveries": Kind(
        columns={
            name: deliveries.c[name]
            for name in (
                "id", "digest", "channel", "kind", "recipient", "state", "attempts", "uncertain",
                "created", "next_attempt", "settled", "answer", "message_id",
            )
        },
        source=deliveries,
        order=(deliveries.c.id,),
        time=deliveries.c.created,
    ),
    "judgements": Kind(
        columns={
            "match": judgements.c.match,
            "rule": matches.c.rule,
            "post": _key(),
            "verdict": judgements.c.verdict,
            "note": judgements.c.note,
            "by": judgements.c.by,
            "at": judgements.c.at,
        },
        source=judgements.join(matches, matches.c.row == judgements.c.match).join(
            posts, posts.c.rid == matches.c.rid
        ),
        order=(judgements.c.row,),
        time=judgements.c.at,
        public=_is_public,
        brand=_speaks_of,
        rule=lambda rule: matches.c.rule == rule,
        post=posts.c.rid,
    ),
    "follows": Kind(
        columns={
            "id": proposals.c.id,
            "account_key": _key(accounts),
            "handle": accounts.c.handle,
            **{
                name: proposals.c[name]
                for name in (
                    "channel", "rule", "clause", "reason", "points", "state", "created", "decided",
                    "by", "note",
                )
            },
        },
        source=proposals.join(accounts, accounts.c.row == proposals.c.account),
        order=(proposals.c.id,),
        time=proposals.c.created,
        public=~is_hidden_proposal(),
        rule=lambda rule: proposals.c.rule == rule,
        made={"reason": lambda row: str(row.reason)},
    ),
}  # fmt: skip
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
    if connection.execute(select(posts.c.rid).where(~_is_public).limit(1)).first() is None:
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
