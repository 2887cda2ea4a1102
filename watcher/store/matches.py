"""Matching: which posts no rule has seen, and what the rules found in them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update

from rules.model import Account, Match, Suspect
from rules.signals.spoken import Spoken
from watcher.store.accounts import mark_examined, unexamine_authors
from watcher.store.copies import Copies, NewMatch, note_copies, quiet_rules, without_repeats
from watcher.store.copying_in import copy_in
from watcher.store.database import Database
from watcher.store.database import insert as insert_or
from watcher.store.edits import bring_up_to_date
from watcher.store.errors import StaleBatchError
from watcher.store.from_histories import HISTORY
from watcher.store.left_out import LeftOut, take_in_changed
from watcher.store.links import look_at_links_again
from watcher.store.posts import newest, posts_from, select_posts
from watcher.store.queue import (
    NOWHERE_ELSE,
    Found,
    Places,
    Routes,
    enqueue,
    enqueue_news,
    keep_routes,
    remember_routes,
    unknown_routes,
)
from watcher.store.raising import News, note_sightings, raise_suspects
from watcher.store.records import Batch, SavedMatches
from watcher.store.schema import accounts, log_matched, matches, meta, posts, progress
from watcher.store.voices import Forms, keep_spoken, remember_brands

_MATCHED = "match"
_FINGERPRINT = "examined with"
_OWN = "examined beside"


def matched_up_to(connection: Connection) -> int:
    """Return the `rid` up to which the rules have seen every post."""
    query = select(progress.c.rid).where(progress.c.name == _MATCHED)
    return connection.execute(query).scalar() or 0


class Matches(Database):
    """The part of the store that keeps what the rules found."""

    def unmatched(self, limit: int) -> Batch:
        """Return the next posts, at most `limit`, that no rule has seen yet.

        What only the history of an account brought is passed over: it is nobody's news.
        """
        with self.reading() as connection:
            after = matched_up_to(connection)
            query = select_posts().where(unseen(connection, after))
            found = posts_from(connection.execute(query.order_by(posts.c.rid).limit(limit)))
        return Batch(
            after=after,
            upto=found[-1].rid if found else after,
            posts=tuple(one.post for one in found),
            rids=tuple(one.rid for one in found),
        )

    def backlog(self) -> int:
        """Return about how many posts no rule has seen yet, and never too few: quick."""
        with self.reading() as connection:
            return max(0, newest(connection) - matched_up_to(connection))

    def save_matches(
        self,
        batch: Batch,
        found: Sequence[Match],
        suspects: Sequence[Suspect],
        routes: Routes,
        now: datetime,
        *,
        faint: Sequence[Suspect] = (),
        copies: Copies = MappingProxyType({}),
        untold: Collection[str] = (),
        realert: Mapping[str, timedelta] = MappingProxyType({}),
        spoken: Sequence[Spoken] = (),
        brands: Forms | None = None,
        places: Places = NOWHERE_ELSE,
        left_out: LeftOut = MappingProxyType({}),
    ) -> SavedMatches:
        """Save what the rules found in a batch and that it is done, in one transaction.

        `faint` are findings too faint to be raised, for suspects known already.
        `routes` names the channels of each rule, `places` those of a finding where it has others.
        Only what is really new is queued: a match or suspect saved before is not. Neither are
        matches in `copies`, those of the rules in `untold`, and those of a rule in `realert` within
        that time after one that was.
        Posts of the batch that left meanwhile are passed over. Of those that their authors changed,
        what the rules found before is brought up to date, and what holds no more goes, unless it
        was judged. `spoken` tells which posts speak of which of the `brands` that are counted; None
        leaves the counting alone. What is in `left_out` is saved and not told, but counted by the
        next digest of each channel; what an author's change brings back is told then.
        Raises `StaleBatchError` when another process has saved this batch meanwhile, `StoreError`
        otherwise; then nothing was saved.
        """
        findings = Findings(
            found=found,
            suspects=suspects,
            faint=faint,
            untold=untold,
            realert=realert,
            spoken=spoken,
            left_out=left_out,
        )
        with self.writing() as connection:
            _move_watermark(connection, batch)
            remember_routes(connection, routes, now)
            if brands is not None:
                remember_brands(connection, brands, now, batch.after)
            batch = still_there(connection, batch)
            return write_found(
                connection,
                batch,
                findings,
                copies,
                routes,
                now,
                places=places,
                counts=brands is not None,
            )

    def save_suspects(
        self,
        accounts: Sequence[Account],
        suspects: Sequence[Suspect],
        routes: Routes,
        now: datetime,
        *,
        faint: Sequence[Suspect] = (),
        upto: int | None = None,
        places: Places = NOWHERE_ELSE,
    ) -> SavedMatches:
        """Save what the look-alike rules found in accounts, and that these are examined.

        `faint` are accounts that resemble a brand too little to be raised: those that are suspects
        already are brought up to date, and all of them are looked at again when they post. An
        account that changed since it was read stays unexamined, and so does one alike that wrote a
        post after the one numbered `upto`.
        """
        with self.writing() as connection:
            remember_routes(connection, routes, now)
            return write_examined(
                connection, accounts, suspects, routes, now, faint=faint, upto=upto, places=places
            )

    def add_routes(self, routes: Routes, now: datetime) -> None:
        """Keep which rules feed which channels, where it is not known; give up none."""
        with self.reading() as connection:
            new = unknown_routes(connection, routes)
        if new:
            with self.writing() as connection:
                keep_routes(connection, new, now)

    def take_up(self, routes: Routes, brands: Forms, now: datetime) -> None:
        """Keep which rules feed which channels, and how the brands that are counted are called.

        One process does that for all who work: what is configured no more is given up.
        """
        with self.writing() as connection:
            remember_routes(connection, routes, now)
            remember_brands(connection, brands, now, last_matched(connection))

    def reexamine_all(self, fingerprint: str) -> bool:
        """Have every account and link examined again when the fingerprint of the rules changed.

        That is one of brands and rules. Return whether it did.
        """
        with self.writing() as connection:
            if not _renewed(connection, _FINGERPRINT, fingerprint):
                return False
            connection.execute(
                update(accounts).where(accounts.c.examined.is_(True)).values(examined=False)
            )
            look_at_links_again(connection, matched_up_to(connection))
            return True

    def reexamine_alike(self, fingerprint: str) -> bool:
        """Have every account that resembles a brand examined again when the brands' own changed.

        `fingerprint` is that of these own accounts. Return whether it did.
        """
        with self.writing() as connection:
            if not _renewed(connection, _OWN, fingerprint):
                return False
            connection.execute(
                update(accounts).where(accounts.c.alike.is_(True)).values(examined=False)
            )
            return True


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was found in a batch of posts, as `Matches.save_matches` explains it."""

    found: Sequence[Match] = ()
    suspects: Sequence[Suspect] = ()
    faint: Sequence[Suspect] = ()
    untold: Collection[str] = ()
    realert: Mapping[str, timedelta] = field(default_factory=dict)
    spoken: Sequence[Spoken] = ()
    left_out: LeftOut = field(default_factory=dict)


def write_found(
    connection: Connection,
    batch: Batch,
    findings: Findings,
    copies: Copies,
    routes: Routes,
    now: datetime,
    *,
    places: Places = NOWHERE_ELSE,
    counts: bool = True,
) -> SavedMatches:
    """Write what was found in posts that are stored; `counts` keeps who is spoken of too."""
    found, left_out, realert = findings.found, findings.left_out, findings.realert
    stored = {post.key: (rid, post) for post, rid in zip(batch.posts, batch.rids, strict=True)}
    rows = [
        {
            "rid": stored[match.post][0],
            # A post dated in the future counts when it was found.
            "posted_at": min(stored[match.post][1].posted_at, now),
            "rule": match.rule,
            "found": now,
            "spans": match.spans,
            "reason": match.reason,
            "left_out": left_out.get((match.rule, match.post)),
        }
        for match in found
        if match.post in stored
    ]
    bring_up_to_date(connection, batch, rows)
    copies = {key: of for key, of in copies.items() if key[1] in stored}
    finding = {match.rule for match in found}
    waiting = {rule: length for rule, length in realert.items() if rule in finding}
    quiet = quiet_rules(connection, waiting, now)
    new = _insert_new(connection, rows)
    copied = note_copies(connection, copies, new, stored)
    keys = {rid: key for key, (rid, _) in stored.items()}
    found_new = {one.row: Found(one.row, one.rule, keys[one.rid]) for one in new}
    aside = {one.row for one in found_new.values() if (one.rule, one.key) in left_out}
    waits = [one for one in new if one.row not in copied and one.rule not in findings.untold]
    told = [one for one in waits if one.row not in aside]
    unrepeated = {one.row for one in without_repeats(told, realert, quiet)} | aside
    fresh = [found_new[one.row] for one in waits if one.row in unrepeated]
    queued = enqueue(connection, "match", fresh, routes, now, places, left_out)
    queued += take_in_changed(connection, batch, keys, left_out, now)
    if counts:
        keep_spoken(connection, batch, findings.spoken, now)
    raised = findings.suspects, findings.faint
    news = raise_suspects(connection, raised[0], now, faint=raised[1])
    note_sightings(connection, [*raised[0], *raised[1]], batch)
    queued += enqueue_news(connection, news, routes, now, places)
    return _saved(news, matches=len(new), queued=queued)


def write_examined(
    connection: Connection,
    accounts: Sequence[Account],
    suspects: Sequence[Suspect],
    routes: Routes,
    now: datetime,
    *,
    faint: Sequence[Suspect] = (),
    upto: int | None = None,
    places: Places = NOWHERE_ELSE,
) -> SavedMatches:
    """Write what the look-alike rules found in accounts, as `Matches.save_suspects` explains it."""
    alike = {one.subject for one in (*suspects, *faint)}
    mark_examined(connection, accounts, alike)
    if upto is not None:
        unexamine_authors(connection, upto)
    news = raise_suspects(connection, suspects, now, faint=faint)
    queued = enqueue_news(connection, news, routes, now, places)
    return _saved(news, queued=queued)


def _renewed(connection: Connection, name: str, fingerprint: str) -> bool:
    """Keep a fingerprint; return whether it is another than the one kept before."""
    query = select(meta.c.value).where(meta.c.name == name)
    if connection.execute(query).scalar() == fingerprint:
        return False
    upsert = insert_or(connection, meta)
    connection.execute(
        upsert.on_conflict_do_update(
            index_elements=["name"], set_={"value": upsert.excluded.value}
        ),
        {"name": name, "value": fingerprint},
    )
    return True


def _saved(news: Sequence[News], *, queued: int, matches: int = 0) -> SavedMatches:
    new = sum(one.event is None for one in news)
    return SavedMatches(matches=matches, suspects=new, changed=len(news) - new, queued=queued)


def still_there(connection: Connection, batch: Batch) -> Batch:
    """Return a batch without the posts that left, or were changed, since it was read."""
    span = posts.c.rid.between(batch.after + 1, batch.upto)
    there = set(connection.execute(select(posts.c.rid).where(span)).scalars())
    if len(there) >= len(batch.rids) and there.issuperset(batch.rids):
        return batch
    kept = [one for one in zip(batch.posts, batch.rids, strict=True) if one[1] in there]
    return replace(batch, posts=tuple(post for post, _ in kept), rids=tuple(rid for _, rid in kept))


def _move_watermark(connection: Connection, batch: Batch) -> None:
    create = insert_or(connection, progress).on_conflict_do_nothing()
    connection.execute(create, {"name": _MATCHED, "rid": 0})
    moved = connection.execute(
        update(progress)
        .where(progress.c.name == _MATCHED, progress.c.rid == batch.after)
        .values(rid=batch.upto)
    )
    if moved.rowcount == 0:
        raise StaleBatchError(
            f"the posts after {batch.after} were matched by another process meanwhile",
            help="Nothing is lost and nothing was saved twice: the next turn goes on behind them.",
        )
    _pass_over_matched(connection, batch.upto)


def _spans(connection: Connection, after: int) -> list[tuple[int, int]]:
    """Return which posts after this `rid` workers have stored, and matched, as (first, last)."""
    query = select(log_matched.c.first, log_matched.c.last).where(log_matched.c.last > after)
    return [(row[0], row[1]) for row in connection.execute(query.order_by(log_matched.c.first))]


def unseen(connection: Connection, after: int) -> ColumnElement[bool]:
    """Return the condition on `posts` for those after this `rid` that no rule has seen."""
    matched = [~posts.c.rid.between(*span) for span in _spans(connection, after)]
    return and_(posts.c.rid > after, posts.c.source != HISTORY, *matched)


def last_matched(connection: Connection) -> int:
    """Return the `rid` of the last post that rules have seen, whoever saw it."""
    after = matched_up_to(connection)
    spans = _spans(connection, after)
    return spans[-1][1] if spans else after


def _is_any(connection: Connection, condition: ColumnElement[bool]) -> bool:
    return connection.execute(select(posts.c.rid).where(condition).limit(1)).first() is not None


def pass_over_matched(connection: Connection) -> int:
    """Move the watermark on over posts that workers stored; return where it is.

    Nothing else may come to it: what lay before them can have been deleted, and is matched by none.
    """
    return _pass_over_matched(connection, matched_up_to(connection))


def _pass_over_matched(connection: Connection, after: int) -> int:
    """Move the watermark on over posts that workers stored, as far as nothing else lies before."""
    upto = after
    for first, last in _spans(connection, after):
        between = and_(posts.c.rid > upto, posts.c.rid < first, posts.c.source != HISTORY)
        if _is_any(connection, between):
            break
        upto = last
    if upto > after:
        moved = update(progress).where(progress.c.name == _MATCHED, progress.c.rid == after)
        connection.execute(moved.values(rid=upto))
    connection.execute(delete(log_matched).where(log_matched.c.last <= upto))
    return upto


def note_matched(connection: Connection, first: int, last: int) -> None:
    """Note, in the transaction that stores them, that posts with these numbers are matched.

    Posts before them that came another way are not; the watermark stays below these.
    """
    create = insert_or(connection, progress).on_conflict_do_nothing()
    connection.execute(create, {"name": _MATCHED, "rid": 0})
    after = matched_up_to(connection)
    if spans := _spans(connection, after):
        after = _pass_over_matched(connection, after)
        spans = [span for span in spans if span[1] > after]
    known = spans[-1][1] if spans else after
    between = and_(posts.c.rid > known, posts.c.rid < first, posts.c.source != HISTORY)
    if _is_any(connection, between):
        connection.execute(insert_or(connection, log_matched), {"first": first, "last": last})
    elif spans:
        longer = update(log_matched).where(log_matched.c.first == spans[-1][0])
        connection.execute(longer.values(last=last))
    else:
        connection.execute(update(progress).where(progress.c.name == _MATCHED).values(rid=last))


def is_current(connection: Connection, fingerprint: str) -> bool:
    """Whether accounts are examined by the brands and rules that have this fingerprint."""
    query = select(meta.c.value).where(meta.c.name == _FINGERPRINT)
    return connection.execute(query).scalar() == fingerprint


def _insert_new(connection: Connection, rows: list[dict[str, Any]]) -> list[NewMatch]:
    if not rows:
        return []
    if connection.dialect.name == "postgresql":  # as a statement it is another for each number
        copied = copy_in(connection, matches, rows, ("row", "rule", "rid"))
        return sorted(NewMatch(*row) for row in copied)
    statement = insert_or(connection, matches).on_conflict_do_nothing()
    made = statement.returning(matches.c.row, matches.c.rule, matches.c.rid)
    return sorted(NewMatch(*row) for row in connection.execute(made, rows))
