"""Accounts and domains whose names look like a brand's: raised once, judged by people."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    Connection,
    Row,
    Select,
    Text,
    case,
    func,
    select,
    type_coerce,
    update,
)

from rules.model import Post, Verdict
from watcher.store.accounts import account_columns, account_from
from watcher.store.columns import storable
from watcher.store.database import Database
from watcher.store.errors import NoSuchRecordError
from watcher.store.posts import posts_from, select_posts
from watcher.store.raising import suspect_from, write_event
from watcher.store.records import (
    AccountForm,
    SuspectDetail,
    SuspectEvent,
    SuspectRecord,
    VerdictRecord,
)
from watcher.store.schema import account_forms, accounts, posts, sightings, suspect_events, suspects

_IS_DOMAIN = suspects.c.subject.startswith("domain:")


_posts_by = (
    select(func.count()).where(posts.c.author == suspects.c.account).correlate(suspects)
).scalar_subquery()
_posts_with = (
    select(func.count()).where(sightings.c.suspect == suspects.c.id).correlate(suspects)
).scalar_subquery()


def select_suspects() -> Select[Any]:
    """Return a query for what `record_of` reads; the caller narrows and orders it."""
    count = case((suspects.c.account.is_(None), _posts_with), else_=_posts_by)
    return select(*account_columns, suspects, count.label("posts")).select_from(
        suspects.outerjoin(accounts, suspects.c.account == accounts.c.row)
    )


def record_of(row: Row[Any]) -> SuspectRecord:
    """Build a suspect from a row of `select_suspects`."""
    fields = row._mapping  # noqa: SLF001
    return SuspectRecord(
        id=fields[suspects.c.id],
        suspect=suspect_from(row),
        verdict=Verdict(fields[suspects.c.verdict]),
        first_seen=fields[suspects.c.first_seen],
        last_seen=fields[suspects.c.last_seen],
        posts=row.posts,
        account=None if fields[suspects.c.account] is None else account_from(row),
    )


class Suspects(Database):
    """The part of the store that keeps suspects and what people decided about them."""

    def suspects(
        self,
        *,
        verdict: Verdict | None = None,
        brand: str | None = None,
        rule: str | None = None,
        technique: str | None = None,
        network: str | None = None,
        kind: Literal["account", "domain"] | None = None,
        min_score: float = 0.0,
        max_score: float = 1.0,
        since: datetime | None = None,
        newest_first: bool = False,
        limit: int = 100,
        offset: int = 0,
    ) -> tuple[SuspectRecord, ...]:
        """Return suspects, highest score first; each condition left out allows all.

        With `newest_first` those first seen last come first instead. `technique` is one of a
        suspect's labels, `network` that of an account (a domain has none), and `since` the time
        from which on it was first seen.
        """
        # Chosen first, so that posts are counted for these only.
        query = select(suspects.c.id).where(suspects.c.score.between(min_score, max_score))
        for column, wanted in (
            (suspects.c.verdict, verdict),
            (suspects.c.brand, brand),
            (suspects.c.rule, rule),
        ):
            if wanted is not None:
                query = query.where(column == str(wanted))
        if technique is not None:
            # Labels are JSON, and each stands there in its quotes.
            label = json.dumps(storable(technique), ensure_ascii=False)
            query = query.where(
                type_coerce(suspects.c.techniques, Text).contains(label, autoescape=True)
            )
        if network is not None:
            query = query.where(
                suspects.c.subject.startswith(f"{network}:", autoescape=True), ~_IS_DOMAIN
            )
        if kind is not None:
            query = query.where(_IS_DOMAIN if kind == "domain" else ~_IS_DOMAIN)
        if since is not None:
            query = query.where(suspects.c.first_seen >= since)
        newest = (suspects.c.first_seen.desc(),) if newest_first else ()
        order = (*newest, suspects.c.score.desc(), suspects.c.id)
        chosen = query.order_by(*order).limit(limit).offset(offset)
        with self.reading() as connection:
            rows = connection.execute(
                select_suspects().where(suspects.c.id.in_(chosen)).order_by(*order)
            )
            return tuple(record_of(row) for row in rows)

    def suspect(self, id: int) -> SuspectDetail:
        """Return all that helps to judge a suspect. Raises `NoSuchRecordError`."""
        with self.reading() as connection:
            row = _find(connection, id)
            record = record_of(row)
            history = _history(connection, id)
            return SuspectDetail(
                record=record,
                forms=_forms(connection, row, record),
                verdicts=_verdicts(history),
                posts=_posts(connection, row),
                history=history,
            )

    def suspect_accounts(self) -> frozenset[str]:
        """Return the keys of all accounts that are suspects, or were confirmed to be impostors."""
        query = select(suspects.c.subject).where(
            suspects.c.account.is_not(None),
            suspects.c.verdict.in_([Verdict.OPEN.value, Verdict.CONFIRMED.value]),
        )
        with self.reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def judge(self, id: int, verdict: Verdict, note: str, by: str, now: datetime) -> SuspectRecord:
        """Record a person's verdict (`OPEN` opens it again), and return the suspect as it is now.

        Earlier verdicts stay in its history. Raises `NoSuchRecordError`.
        """
        with self.writing() as connection:
            return _judge(connection, record_of(_find(connection, id)), verdict, note, by, now)

    def judge_as_shown(
        self, shown: Sequence[SuspectRecord], verdict: Verdict, note: str, by: str, now: datetime
    ) -> tuple[SuspectRecord, ...]:
        """Record one verdict on all these, in one transaction; return those judged as they are now.

        Left alone, and left out of what is returned, is whatever a person did not see as it stands:
        a suspect that has since been judged otherwise, has changed its names or its score, or is
        gone.
        """
        judged = []
        with self.writing() as connection:
            for record in shown:
                query = select_suspects().where(suspects.c.id == record.id)
                row = connection.execute(query).first()
                if row is None:
                    continue
                now_is = record_of(row)
                if (now_is.suspect, now_is.verdict) == (record.suspect, record.verdict):
                    judged.append(_judge(connection, now_is, verdict, note, by, now))
        return tuple(judged)

    def note_suspect(self, id: int, note: str, by: str, now: datetime) -> SuspectRecord:
        """Keep what a person has to say of a suspect, whatever its verdict; return it as it is.

        Raises `NoSuchRecordError`.
        """
        with self.writing() as connection:
            record = record_of(_find(connection, id))
            write_event(connection, id, SuspectEvent(at=now, kind="noted", note=note, by=by))
            return record


def _judge(
    connection: Connection,
    record: SuspectRecord,
    verdict: Verdict,
    note: str,
    by: str,
    now: datetime,
) -> SuspectRecord:
    if verdict == record.verdict and not note and by == _judge_of(connection, record.id):
        return record  # said twice, it tells no more
    event = SuspectEvent(
        at=now, kind="judged", verdict=verdict, note=note, by=by, score=record.suspect.score
    )
    write_event(connection, record.id, event)
    connection.execute(
        update(suspects).where(suspects.c.id == record.id).values(verdict=verdict.value)
    )
    return record_of(_find(connection, record.id))


def _judge_of(connection: Connection, id: int) -> str | None:
    """Return who judged a suspect last."""
    query = select(suspect_events.c.by).where(
        suspect_events.c.suspect == id, suspect_events.c.kind == "judged"
    )
    return connection.execute(query.order_by(suspect_events.c.row.desc()).limit(1)).scalar()


def _find(connection: Connection, id: int) -> Row[Any]:
    row = connection.execute(select_suspects().where(suspects.c.id == id)).first()
    if row is None:
        raise NoSuchRecordError(
            f"there is no suspect {id}", help="`watcher suspects list` shows their numbers."
        )
    return row


def _forms(connection: Connection, row: Row[Any], record: SuspectRecord) -> tuple[AccountForm, ...]:
    account = record.account
    if account is None:
        return ()
    present = AccountForm(
        handle=account.handle,
        display_name=account.display_name,
        bio=account.bio,
        avatar=account.avatar,
        until=None,
    )
    query = (
        select(account_forms)
        .where(account_forms.c.account == row._mapping[suspects.c.account])  # noqa: SLF001
        .order_by(account_forms.c.row.desc())
        .limit(50)
    )
    former = (
        AccountForm(
            handle=one.handle,
            display_name=one.display_name,
            bio=one.bio,
            avatar=one.avatar,
            until=one.until,
        )
        for one in connection.execute(query)
    )
    return (present, *former)


def _history(connection: Connection, id: int) -> tuple[SuspectEvent, ...]:
    query = select(suspect_events).where(suspect_events.c.suspect == id)
    return tuple(
        SuspectEvent(
            at=row.at,
            kind=row.kind,
            what=row.what,
            score=row.score,
            before=row.before,
            by=row.by,
            note=row.note,
            verdict=None if row.verdict is None else Verdict(row.verdict),
        )
        for row in connection.execute(query.order_by(suspect_events.c.row))
    )


def _verdicts(history: Sequence[SuspectEvent]) -> tuple[VerdictRecord, ...]:
    return tuple(
        VerdictRecord(verdict=one.verdict, note=one.note, by=one.by, at=one.at)
        for one in history
        if one.kind == "judged" and one.verdict is not None
    )


def _posts(connection: Connection, row: Row[Any]) -> tuple[Post, ...]:
    fields = row._mapping  # noqa: SLF001
    query = select_posts()
    if fields[suspects.c.account] is None:
        query = query.join(sightings, sightings.c.rid == posts.c.rid)
        query = query.where(sightings.c.suspect == fields[suspects.c.id])
    else:
        query = query.where(posts.c.author == fields[suspects.c.account])
    rows = connection.execute(query.order_by(posts.c.rid.desc()).limit(20))
    return tuple(one.post for one in posts_from(rows))
