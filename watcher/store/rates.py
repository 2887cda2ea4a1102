"""Rates: what they judge by, and the alarms they raised."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select, update

from rules.rates import Alarm, Event, Sight
from rules.rates.model import LEAST_GRACE
from watcher.store.columns import storable_key
from watcher.store.database import Database
from watcher.store.database import insert as insert_or
from watcher.store.errors import StaleBatchError
from watcher.store.left_out import is_told
from watcher.store.log_waiting import waiting_since
from watcher.store.matches import matched_up_to, unseen
from watcher.store.queue import NOWHERE_ELSE, Found, Places, Routes, enqueue
from watcher.store.records import AlarmRecord, FreshMatches, SavedAlarms
from watcher.store.schema import (
    accounts,
    alarms,
    gaps,
    known_terms,
    matches,
    posts,
    progress,
    pulls,
    rates,
    sources,
)

_JUDGED = "rates"
OVER = "over"
"""The kind of the note that an alarm is over: it is told once, and nobody has to see to it."""
_CHUNK = 500


class Rates(Database):
    """The part of the store that rates are judged by, and that keeps their alarms."""

    def watching_since(self, forms: Mapping[str, str], now: datetime) -> dict[str, datetime]:
        """Return since when each rule has been looking for what it looks for now.

        `forms` says in short what that is, by rule. A rule that is new or has another form begins
        at `now`, knows no terms, and has to judge anew what it found within `LEAST_GRACE`; one that
        is not named is forgotten. Where the clock was put back nothing begins later than `now`.
        """
        with self.reading() as connection:
            known = {row.rule: row for row in connection.execute(select(rates))}
        kept = {n: known[n] for n, form in forms.items() if n in known and known[n].form == form}
        since = {name: min(kept[name].since, now) if name in kept else now for name in forms}
        if since == {name: row.since for name, row in known.items()} and len(kept) == len(known):
            return since
        with self.writing() as connection:
            behind = {
                name: kept[name].behind if name in kept else _found_until(connection, name, now)
                for name in forms
            }
            connection.execute(rates.delete())
            if forms:
                connection.execute(
                    insert(rates),
                    [
                        {"rule": n, "form": forms[n], "since": since[n], "behind": behind[n]}
                        for n in sorted(forms)
                    ],
                )
            connection.execute(known_terms.delete().where(known_terms.c.rule.not_in(list(kept))))
        return since

    def fresh_matches(self, rules: Collection[str], limit: int) -> FreshMatches:
        """Return at most `limit` matches of these rules that no rate has judged yet."""
        with self.reading() as connection:
            after = _judged_up_to(connection)
            upto = connection.execute(select(func.max(matches.c.row))).scalar() or 0
            query = (
                _select_events(matches.c.row, matches.c.rule)
                .where(matches.c.row > after, matches.c.rule.in_(list(rules)))
                .order_by(matches.c.row)
                .limit(limit)
            )
            rows = connection.execute(query).all()
        found: dict[str, list[Event]] = {}
        for row in rows:
            found.setdefault(row.rule, []).append(_event(row))
        return FreshMatches(
            after=after,
            upto=max(after, rows[-1].row if len(rows) == limit else upto),
            events={
                rule: tuple(sorted(events, key=lambda event: (event.at, event.rid)))
                for rule, events in found.items()
            },
        )

    def rules_behind(self) -> tuple[str, ...]:
        """Return the rules that have to judge matches which the others have judged."""
        query = select(rates.c.rule).where(rates.c.behind.is_not(None)).order_by(rates.c.rule)
        with self.reading() as connection:
            return tuple(connection.execute(query).scalars())

    def matches_behind(self, rule: str, limit: int) -> FreshMatches:
        """Return at most `limit` matches that a rule which is behind has to judge next."""
        with self.reading() as connection:
            upto = _judged_up_to(connection)
            after = connection.execute(select(rates.c.behind).where(rates.c.rule == rule)).scalar()
            query = (
                _select_events(matches.c.row)
                .where(matches.c.rule == rule, matches.c.row > (after or 0), matches.c.row <= upto)
                .order_by(matches.c.row)
                .limit(limit)
            )
            rows = connection.execute(query).all() if after is not None else ()
        found = sorted(map(_event, rows), key=lambda event: (event.at, event.rid))
        return FreshMatches(
            after=upto,
            upto=upto,
            events={rule: tuple(found)} if found else {},
            behind={rule: rows[-1].row if len(rows) == limit else None},
        )

    def events(
        self, rule: str, since: datetime, until: datetime, *, limit: int = 50_000
    ) -> tuple[Event, ...]:
        """Return the matches of a rule written after `since` up to `until`, in that order.

        At most `limit`, the newest. Values that stand in the posts are not filled in.
        """
        query = (
            _select_events()
            .where(_written(rule, since, until))
            .order_by(matches.c.posted_at.desc(), matches.c.rid.desc())
            .limit(limit)
        )
        with self.reading() as connection:
            return tuple(_event(row) for row in connection.execute(query).all()[::-1])

    def count_matches(
        self, rule: str, since: datetime, until: datetime, *, authors: bool = False
    ) -> int:
        """Count the matches of a rule written after `since` up to `until`, or their authors."""
        query = select(func.count()).select_from(matches)
        if authors:
            query = select(func.count(posts.c.author.distinct())).select_from(
                matches.join(posts, posts.c.rid == matches.c.rid)
            )
        with self.reading() as connection:
            return connection.execute(query.where(_written(rule, since, until))).scalar_one()

    def known_terms(self, rule: str, values: Collection[str]) -> dict[str, datetime]:
        """Return when a rule last met each of these values, those it never met left out."""
        wanted = {storable_key(value): value for value in values}
        keys = list(wanted)
        found: dict[str, datetime] = {}
        with self.reading() as connection:
            for start in range(0, len(keys), _CHUNK):
                query = select(known_terms.c.value, known_terms.c.last).where(
                    known_terms.c.rule == rule,
                    known_terms.c.value.in_(keys[start : start + _CHUNK]),
                )
                found |= {wanted[value]: last for value, last in connection.execute(query)}
        return found

    def told_alarms(self, rule: str, since: datetime) -> dict[str, tuple[datetime, ...]]:
        """Return, by group, the ends of the windows of a rule's alarms after `since`."""
        query = (
            select(alarms.c.group, alarms.c.until)
            .where(alarms.c.rule == rule, alarms.c.until > since, alarms.c.kind != OVER)
            .order_by(alarms.c.until)
        )
        told: dict[str, tuple[datetime, ...]] = {}
        with self.reading() as connection:
            for group, until in connection.execute(query):
                told[group] = (*told.get(group, ()), until)
        return told

    def sight(self, names: Sequence[str], since: datetime) -> Sight | None:
        """Return when all of these sources were really read, and the gaps after `since`.

        It reaches from the first time each of them was read to the moment at which the last reading
        of any began that went on to the newest post, and nothing of which waits in the log: what is
        still to be worked off is not seen yet. None where there is no such moment.
        """
        if not names:
            return None
        begun, read = [], []
        with self.reading() as connection:
            waits = waiting_since(connection)
            for name in names:
                first = select(pulls.c.started).where(pulls.c.source == name)
                begun.append(connection.execute(first.order_by(pulls.c.ended).limit(1)).scalar())
                read.append(_read_until(connection, name, waits.get(name)))
            query = select(gaps.c.since, gaps.c.until).where(
                gaps.c.source.in_(list(names)), gaps.c.until > since
            )
            holes = tuple((row.since, row.until) for row in connection.execute(query))
        first_known = [moment for moment in begun if moment is not None]
        until = [moment for moment in read if moment is not None]
        if len(first_known) < len(names) or len(until) < len(names):
            return None
        return Sight(since=max(first_known), until=min(until), gaps=holes)

    def all_matched(self) -> bool:
        """Whether the rules have seen every stored post; for what waits in the log see `sight`."""
        with self.reading() as connection:
            left = select(posts.c.rid).where(unseen(connection, matched_up_to(connection)))
            return connection.execute(left.limit(1)).first() is None

    def save_alarms(
        self,
        fresh: FreshMatches,
        raised: Sequence[Alarm],
        terms: Mapping[str, Mapping[str, datetime]],
        routes: Routes,
        now: datetime,
        *,
        failed: Collection[str] = (),
        places: Places = NOWHERE_ELSE,
    ) -> SavedAlarms:
        """Save the alarms that a judgement raised, and that these matches are judged.

        `terms` are what each rule met and when; `routes` names the channels of each rule, `places`
        those of an alarm where it has others. An alarm that was raised before is neither saved nor
        queued again. Rules in `failed` stay behind: they have to judge the same matches again.
        Raises `StaleBatchError` when another process has judged these matches meanwhile; then
        nothing was saved.
        """
        moved = {rule: row for rule, row in fresh.behind.items() if rule not in failed}
        if not (raised or any(terms.values()) or fresh.upto > fresh.after or moved):
            return SavedAlarms()
        with self.writing() as connection:
            _move_watermark(connection, fresh)
            new = _insert_new(connection, raised, now)
            queued = enqueue(connection, "alarm", new, routes, now, places)
            _remember(connection, terms)
            for rule, row in moved.items():
                connection.execute(update(rates).where(rates.c.rule == rule).values(behind=row))
            left = set(failed) & fresh.events.keys() - fresh.behind.keys()
            first = or_(rates.c.behind.is_(None), rates.c.behind > fresh.after)
            stay = update(rates).where(rates.c.rule.in_(left), first)
            connection.execute(stay.values(behind=fresh.after))
        return SavedAlarms(alarms=len(new), queued=queued)

    def alarms(self, rule: str | None = None, *, limit: int = 50) -> tuple[AlarmRecord, ...]:
        """Return the alarms raised last, of one rule or of all, newest first."""
        query = select(alarms).order_by(alarms.c.id.desc()).limit(limit)
        if rule is not None:
            query = query.where(alarms.c.rule == rule)
        with self.reading() as connection:
            return tuple(alarm_record(row) for row in connection.execute(query))

    def alarm(self, alarm_id: int) -> AlarmRecord | None:
        """Return one alarm by its number; None where there is none."""
        with self.reading() as connection:
            row = connection.execute(select(alarms).where(alarms.c.id == alarm_id)).first()
        return None if row is None else alarm_record(row)


def _read_until(connection: Connection, name: str, waits: datetime | None) -> datetime | None:
    """Return when the last reading of a source began that left nothing in the log."""
    last = (
        select(pulls.c.started, pulls.c.ended)
        .join(sources, sources.c.name == pulls.c.source)
        .where(pulls.c.source == name, pulls.c.ended == sources.c.last_success)
    )
    found = connection.execute(last.limit(1)).first()
    if found is None:
        return None
    if waits is None or found.ended < waits:
        return found.started  # type: ignore[no-any-return]
    before = (
        select(pulls.c.started)
        .where(pulls.c.source == name, pulls.c.reached_newest, pulls.c.error == "")
        .where(pulls.c.ended < waits)
        .order_by(pulls.c.ended.desc())
    )
    return connection.execute(before.limit(1)).scalar()


def alarm_record(row: Row[Any]) -> AlarmRecord:
    """Build an alarm from a row of `alarms`."""
    alarm = Alarm(
        rule=row.rule,
        kind=row.kind,
        group=row.group,
        since=row.since,
        until=row.until,
        count=row._mapping[alarms.c["count"]],  # noqa: SLF001 - `row.count` is a tuple's method
        reason=row.reason,
        evidence=tuple(int(rid) for rid in row.evidence),
    )
    return AlarmRecord(
        id=row.id,
        alarm=alarm,
        raised=row.raised,
        ended=row.ended,
        acknowledged=row.acknowledged,
        acknowledged_by=row.acknowledged_by,
    )


def _select_events(*more: ColumnElement[Any]) -> Any:
    author = posts.join(accounts, posts.c.author == accounts.c.row)
    return (
        select(
            matches.c.posted_at,
            matches.c.rid,
            accounts.c.network,
            accounts.c.id,
            accounts.c.handle,
            *more,
        )
        .select_from(matches.join(author, posts.c.rid == matches.c.rid))
        .where(is_told())
    )


def _event(row: Row[Any]) -> Event:
    return Event(at=row.posted_at, rid=row.rid, author=f"{row.network}:{row.id}", handle=row.handle)


def _written(rule: str, since: datetime, until: datetime) -> ColumnElement[bool]:
    written = and_(matches.c.posted_at > since, matches.c.posted_at <= until)
    return and_(matches.c.rule == rule, written, is_told())


def _found_until(connection: Connection, rule: str, now: datetime) -> int:
    """The last match of a rule that is too old to be told of."""
    found = matches.c.found <= now - LEAST_GRACE
    query = select(func.max(matches.c.row)).where(matches.c.rule == rule, found)
    return connection.execute(query).scalar() or 0


def _judged_up_to(connection: Connection) -> int:
    query = select(progress.c.rid).where(progress.c.name == _JUDGED)
    return connection.execute(query).scalar() or 0


def _move_watermark(connection: Connection, fresh: FreshMatches) -> None:
    create = insert_or(connection, progress).on_conflict_do_nothing()
    connection.execute(create, {"name": _JUDGED, "rid": 0})
    moved = connection.execute(
        update(progress)
        .where(progress.c.name == _JUDGED, progress.c.rid == fresh.after)
        .values(rid=fresh.upto)
    )
    if moved.rowcount == 0:
        raise StaleBatchError(
            f"the matches after {fresh.after} were judged by another process meanwhile",
            help="Nothing is lost and no alarm is told twice; one watcher per database is enough.",
        )


def _insert_new(connection: Connection, raised: Iterable[Alarm], now: datetime) -> list[Found]:
    rows = [
        {
            "rule": one.rule,
            "kind": one.kind,
            "group": one.group,
            "raised": now,
            "since": one.since,
            "until": one.until,
            "count": one.count,
            "reason": one.reason,
            "evidence": tuple(map(str, one.evidence)),
            "going": now,
        }
        for one in raised
    ]
    if not rows:
        return []
    statement = insert_or(connection, alarms).on_conflict_do_nothing()
    made = statement.returning(alarms.c.id, alarms.c.rule, alarms.c.group)
    return sorted(Found(*row) for row in connection.execute(made, rows))


def insert_notes(
    connection: Connection, notes: Sequence[Alarm], to: Routes, places: Places, now: datetime
) -> None:
    """Save that alarms are over, each once, and queue it for the channels that told of them."""
    new = _insert_new(connection, notes, now)
    done = {"ended": now, "acknowledged": now, "acknowledged_by": ""}
    ids = [one.row for one in new]
    connection.execute(update(alarms).where(alarms.c.id.in_(ids)).values(done))
    enqueue(connection, "alarm", new, to, now, places)


def _remember(connection: Connection, terms: Mapping[str, Mapping[str, datetime]]) -> None:
    rows = [
        {"rule": rule, "value": value, "last": last}
        for rule, values in sorted(terms.items())
        for value, last in sorted(values.items())
    ]
    if not rows:
        return
    upsert = insert_or(connection, known_terms)
    later = upsert.excluded.last > known_terms.c.last
    connection.execute(
        upsert.on_conflict_do_update(
            index_elements=["rule", "value"], set_={"last": upsert.excluded.last}, where=later
        ),
        rows,
    )
