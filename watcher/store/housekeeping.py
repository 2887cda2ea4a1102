"""The figures of the whole, and forgetting what has been kept long enough."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
)

from alerts.model import DeliveryState, ProposalState
from rules.model import Verdict
from watcher.store.database import Database
from watcher.store.matches import matched_up_to, pass_over_matched, unseen
from watcher.store.records import Status
from watcher.store.schema import (
    account_forms,
    accounts,
    alarms,
    deliveries,
    digests,
    forgotten,
    gaps,
    known_terms,
    matches,
    outages,
    pages,
    posts,
    proposals,
    pulls,
    queue,
    sightings,
    silences,
    skipped,
    suppressions,
    suspects,
    sweeps,
    tone_judgements,
)
from watcher.store.tones import counts

_State = TypeVar("_State", bound=StrEnum)

LONGEST_MEMORY = timedelta(days=366)
"""What no rule has met for so long is new to every `new_term`."""

_AT_A_TIME = 5000
"""Posts forgotten in one transaction, so that nobody waits long for his turn to write."""


class Housekeeping(Database):
    """The part of the store that counts and clears away."""

    def status(self) -> Status:
        """Return the figures of the whole, seen at one moment."""
        with self.reading() as connection:
            newest = select(posts.c.seen).order_by(posts.c.rid.desc()).limit(1)
            return Status(
                posts=_count(connection, posts),
                newest_post=connection.execute(newest).scalar(),
                unmatched=_count(connection, posts, unseen(connection, matched_up_to(connection))),
                accounts=_count(connection, accounts),
                unexamined=_count(connection, accounts, accounts.c.examined.is_(False)),
                matches=_count(connection, matches),
                waiting=_groups(connection, queue.c.channel, queue.c.taken.is_(None)),
                suspects=_states(connection, suspects.c.verdict, Verdict),
                deliveries=_states(connection, deliveries.c.state, DeliveryState),
                proposals=_states(connection, proposals.c.state, ProposalState),
                forgotten=_count(connection, forgotten),
            )

    def forget_before(
        self,
        when: datetime,
        *,
        channels: Collection[str] | None = None,
        sources: Mapping[str, datetime] = MappingProxyType({}),
    ) -> int:
        """Forget what was stored before `when`; return how many posts that were.

        `sources` names those whose posts are kept for longer or shorter, and the moment before
        which they go: a post counts as that of the source which brought it first.

        It goes by the time of arrival: an old post that came in today is kept as long as any other.
        Kept in any case are posts no rule has seen yet, those that wait for a channel, those that
        speak for a suspect, and those of which a person has judged a match. With the posts go their
        matches, accounts that nothing refers to any more, alarms that were told, mails that reached
        their end, and the records of pulls.

        `channels` names those that are configured: what waits for any other waits in vain, and
        keeps no post. None takes every channel for configured.

        Many posts go in several transactions. After a crash between two, some of what was to be
        forgotten is still there, whole; the next call goes on from there.
        """
        forgotten = 0
        last = 0
        while True:
            with self.writing() as connection:
                pass_over_matched(connection)
                query = select(posts.c.rid).where(
                    posts.c.rid > last, _forgettable(connection, when, channels, sources)
                )
                rids = (
                    connection.execute(query.order_by(posts.c.rid).limit(_AT_A_TIME))
                    .scalars()
                    .all()
                )
                if not rids:
                    _forget_the_rest(connection, when, channels)
                    return forgotten
                connection.execute(
                    delete(posts).where(posts.c.rid == bindparam("gone")),
                    [{"gone": rid} for rid in rids],
                )
            forgotten += len(rids)
            last = rids[-1]


def _forgettable(
    connection: Connection,
    when: datetime,
    channels: Collection[str] | None,
    sources: Mapping[str, datetime],
) -> ColumnElement[bool]:
    waits = exists().where(
        matches.c.rid == posts.c.rid, queue.c.match == matches.c.row, queue.c.taken.is_(None)
    )
    if channels is not None:
        waits = waits.where(queue.c.channel.in_(list(channels)))
    by_suspect = exists().where(suspects.c.account == posts.c.author)
    with_suspect = exists().where(sightings.c.rid == posts.c.rid)
    judged = exists().where(matches.c.rid == posts.c.rid, matches.c.verdict.is_not(None))
    toned = exists().where(tone_judgements.c.rid == posts.c.rid, counts)
    return and_(
        or_(
            and_(posts.c.seen < when, posts.c.source.not_in(list(sources))),
            *(
                and_(posts.c.seen < moment, posts.c.source == source)
                for source, moment in sources.items()
            ),
        ),
        posts.c.rid <= matched_up_to(connection),
        ~waits,
        ~by_suspect,
        ~with_suspect,
        ~judged,
        ~toned,
    )


def _forget_the_rest(
    connection: Connection, when: datetime, channels: Collection[str] | None
) -> None:
    used = or_(
        exists().where(posts.c.author == accounts.c.row),
        exists().where(suspects.c.account == accounts.c.row),
        exists().where(proposals.c.account == accounts.c.row),
    )
    connection.execute(
        delete(account_forms).where(
            account_forms.c.until < when,
            ~exists().where(suspects.c.account == account_forms.c.account),
        )
    )
    connection.execute(delete(accounts).where(accounts.c.seen < when, ~used))
    ended = [DeliveryState.SENT.value, DeliveryState.FAILED.value]
    connection.execute(
        delete(deliveries).where(deliveries.c.settled < when, deliveries.c.state.in_(ended))
    )
    connection.execute(
        delete(digests).where(
            digests.c.created < when, ~exists().where(deliveries.c.digest == digests.c.id)
        )
    )
    waits = exists().where(queue.c.alarm == alarms.c.id, queue.c.taken.is_(None))
    if channels is not None:
        waits = waits.where(queue.c.channel.in_(list(channels)))
    connection.execute(delete(alarms).where(alarms.c.raised < when, ~waits))
    connection.execute(delete(known_terms).where(known_terms.c.last < when - LONGEST_MEMORY))
    for table, at in (
        (pages, pages.c.at),
        (skipped, skipped.c.at),
        (gaps, gaps.c.until),
        (pulls, pulls.c.ended),
        (sweeps, sweeps.c.checked),
        (silences, silences.c.until),
        (outages, outages.c.back),
        (suppressions, suppressions.c.lifted),
    ):
        connection.execute(delete(table).where(at < when))


def _count(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(table).where(*conditions)
    return connection.execute(query).scalar_one()


def _groups(
    connection: Connection, column: ColumnElement[Any], *conditions: ColumnElement[bool]
) -> dict[str, int]:
    query = select(column, func.count()).where(*conditions).group_by(column).order_by(column)
    return {name: count for name, count in connection.execute(query)}  # noqa: C416 - rows are not pairs to mypy


def _states(
    connection: Connection, column: ColumnElement[Any], kind: type[_State]
) -> dict[_State, int]:
    return {kind(name): count for name, count in _groups(connection, column).items()}
