"""Proposed follows: one per account for ever, and an audit trail that only grows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, func, insert, or_, select, update

from alerts.follow import Refusal
from alerts.model import FollowProposal, Ground, Mention, ProposalState, Waiting
from watcher.store.accounts import account_columns, account_from, key_of
from watcher.store.columns import folded_handle, storable_key
from watcher.store.database import Database
from watcher.store.database import insert as insert_or
from watcher.store.departing import NOTE as LEFT
from watcher.store.errors import NoSuchRecordError
from watcher.store.private import is_hidden_proposal
from watcher.store.records import FollowEvent, PassedOver, ProposalRecord
from watcher.store.schema import (
    accounts,
    channels,
    follow_events,
    follow_pace,
    follow_skips,
    matches,
    posts,
    proposals,
    queue,
)

_CHUNK = 500
_MOST_TOLD = 100

WATCHER = "watcher"
"""Who acts when no person does: the only one who ends what is being tried."""
_FOLLOWS = frozenset({ProposalState.FOLLOWED, ProposalState.REQUESTED})
"""Where a follow that was tried may lead: each spends a channel's budget."""
_NOT_SKIPS = frozenset({"already-proposed", "undone"})
"""Clauses of which the proposal itself tells."""

_S = ProposalState
TRANSITIONS: dict[ProposalState, frozenset[ProposalState]] = {
    _S.PROPOSED: frozenset({_S.APPROVED, _S.REFUSED, _S.EXPIRED}),
    _S.APPROVED: frozenset({_S.REFUSED, _S.TRYING}),
    _S.REFUSED: frozenset({_S.APPROVED}),
    _S.TRYING: frozenset({_S.REQUESTED, _S.FOLLOWED, _S.FAILED, _S.REFUSED, _S.APPROVED}),
    _S.REQUESTED: frozenset({_S.FOLLOWED, _S.FAILED, _S.UNDONE}),
    _S.FOLLOWED: frozenset({_S.UNDONE}),
    _S.FAILED: frozenset({_S.APPROVED, _S.REFUSED}),
    _S.UNDONE: frozenset(),
    _S.EXPIRED: frozenset({_S.APPROVED, _S.REFUSED}),
}
"""Where a proposal may go from where it stands. What was undone is never followed again."""

_STAYED = or_(proposals.c.note != LEFT, proposals.c.by != WATCHER)
"""Holds for proposals but those of accounts that left their network before they were followed."""


class Follows(Database):
    """The part of the store that keeps proposed follows and what became of them."""

    def save_proposals(
        self,
        channel: str,
        considered: Waiting,
        proposed: Sequence[FollowProposal],
        now: datetime,
        refused: Sequence[Refusal] = (),
    ) -> int:
        """Save proposals, and take what they were drawn from out of the channel's queue.

        Exactly the mentions and suspects listed in `considered` are taken; those it counts as
        `more` go on waiting. An account that was proposed before, by any channel and whatever
        became of it, is left as it is. Why accounts were left alone is kept, for each the last
        reason. Return how many proposals are new.
        """
        with self.writing() as connection:
            _take(connection, considered, now)
            for one in refused:
                _pass_over(connection, channel, one, now)
            return sum(_save(connection, channel, one, now) for one in proposed)

    def proposed_accounts(self) -> dict[str, ProposalState]:
        """Return the keys of all accounts that were ever proposed, and how that stands."""
        query = select(accounts.c.network, accounts.c.id, proposals.c.state).join_from(
            proposals, accounts, proposals.c.account == accounts.c.row
        )
        with self.reading() as connection:
            return {
                f"{row.network}:{row.id}": ProposalState(row.state)
                for row in connection.execute(query)
            }

    def open_proposals(self, channel: str) -> int:
        """Count the proposals of a channel that nobody has decided."""
        query = select(func.count()).select_from(proposals)
        mine = (proposals.c.channel == channel, proposals.c.state == _S.PROPOSED.value)
        with self.reading() as connection:
            return connection.execute(query.where(*mine)).scalar_one()

    def expire_proposals(self, channel: str, before: datetime, now: datetime) -> int:
        """Close a channel's proposals that were made before a moment and that nobody decided.

        The audit trail of each says so. Return how many these are.
        """
        query = select(proposals.c.id).where(
            proposals.c.channel == channel,
            proposals.c.state == _S.PROPOSED.value,
            proposals.c.created < before,
        )
        with self.reading() as connection:
            if connection.execute(query.limit(1)).first() is None:
                return 0
        with self.writing() as connection:
            late = connection.execute(query).scalars().all()
            note = "nobody decided in time"
            values = {"state": _S.EXPIRED.value, "decided": now, "by": WATCHER, "note": note}
            for one in late:
                connection.execute(update(proposals).where(proposals.c.id == one).values(values))
                _add_event(connection, one, now, _S.EXPIRED.value, note, WATCHER)
            return len(late)

    def passed_over(self, *, handle: str = "", limit: int = 100) -> tuple[PassedOver, ...]:
        """Return accounts that channels left alone, and why they did so last, the newest first.

        With `handle` only those of this handle, in any case and with or without `@`.
        """
        query = (
            select(*account_columns, follow_skips)
            .join_from(follow_skips, accounts, follow_skips.c.account == accounts.c.row)
            .order_by(follow_skips.c.at.desc(), follow_skips.c.account)
            .limit(limit)
        )
        if handle:
            query = query.where(accounts.c.folded_handle == folded_handle(handle))
        with self.reading() as connection:
            return tuple(
                PassedOver(
                    account=account_from(row),
                    channel=row._mapping[follow_skips.c.channel],  # noqa: SLF001
                    clause=row._mapping[follow_skips.c.clause],  # noqa: SLF001
                    reason=row._mapping[follow_skips.c.reason],  # noqa: SLF001
                    at=row._mapping[follow_skips.c.at],  # noqa: SLF001
                )
                for row in connection.execute(query)
            )

    def proposals(
        self, *, state: ProposalState | None = None, channel: str | None = None, limit: int = 100
    ) -> tuple[ProposalRecord, ...]:
        """Return proposals, those with the most points first, the older before the newer."""
        best_first = (proposals.c.points.desc(), proposals.c.id)
        query = select_proposals().order_by(*best_first).limit(limit)
        if state is not None:
            query = query.where(proposals.c.state == state.value)
        if channel is not None:
            query = query.where(proposals.c.channel == channel)
        with self.reading() as connection:
            return tuple(record_from(row) for row in connection.execute(query))

    def proposal(self, id: int) -> ProposalRecord:
        """Return one proposal. Raises `NoSuchRecordError`."""
        with self.reading() as connection:
            return record_from(_find(connection, id))

    def decide(
        self,
        id: int,
        state: ProposalState,
        note: str,
        by: str,
        now: datetime,
        *,
        until: datetime | None = None,
    ) -> ProposalRecord:
        """Move a proposal to a state it may go to, and add that to its audit trail.

        A follow that was tried and made spends the channel's budget; the next one waits `until`.

        Who moves it to `TRYING` has claimed it: from there the watcher alone leads on, and `by` is
        then `WATCHER`. Raises `NoSuchRecordError` when there is none, when it stands where no way
        leads to `state` (another process may have been quicker), or when it is being tried and `by`
        is a person.
        """
        with self.writing() as connection:
            found = _find(connection, id)._mapping  # noqa: SLF001
            before = ProposalState(found[proposals.c.state])
            if state not in TRANSITIONS[before]:
                raise NoSuchRecordError(
                    f"proposal {id} is {before} and cannot become {state}",
                    help=f"`watcher follows show {id}` tells what happened to it.",
                )
            if before is ProposalState.TRYING and by != WATCHER:
                raise NoSuchRecordError(
                    f"proposal {id} is being carried out at this moment and cannot become {state}",
                    help=f"`watcher follows show {id}` tells how it ends; what was followed can be "
                    f"taken back with `watcher follows undo {id}`.",
                )
            connection.execute(
                update(proposals)
                .where(proposals.c.id == id, proposals.c.state == before.value)
                .values(state=state.value, decided=now, by=by, note=note)
            )
            _add_event(connection, id, now, state.value, note, by)
            if before is ProposalState.TRYING and state in _FOLLOWS:
                mark = {"channel": found[proposals.c.channel], "at": now, "until": until}
                connection.execute(insert(follow_pace).values(**mark, what="followed"))
            return record_from(_find(connection, id))

    def record_follow(
        self, id: int, event: str, detail: str, now: datetime, *, by: str = WATCHER
    ) -> None:
        """Add a line to a proposal's audit trail without moving it. Raises `NoSuchRecordError`."""
        with self.writing() as connection:
            _find(connection, id)
            _add_event(connection, id, now, event, detail, by)

    def follow_events(self, id: int) -> tuple[FollowEvent, ...]:
        """Return a proposal's whole audit trail, oldest first."""
        query = select(follow_events).where(follow_events.c.proposal == id)
        with self.reading() as connection:
            return tuple(
                FollowEvent(at=row.at, event=row.event, detail=row.detail, by=row.by)
                for row in connection.execute(query.order_by(follow_events.c.row))
            )


def proposals_to_tell(
    connection: Connection, channel: str, since: datetime
) -> tuple[FollowProposal, ...]:
    """Return the proposals that no digest of a channel has told of yet, oldest first.

    A channel that never told of any begins with those made after `since`. Accounts that left their
    network meanwhile are left out.
    """
    query = select(channels.c.proposals_told).where(channels.c.name == channel)
    told = connection.execute(query).scalar() or 0
    news = proposals.c.id > told if told else proposals.c.created > since
    rows = connection.execute(
        select_proposals().where(news, _STAYED).order_by(proposals.c.id).limit(_MOST_TOLD)
    )
    return tuple(_proposal(row) for row in rows)


def proposals_between(connection: Connection, after: int, upto: int) -> tuple[FollowProposal, ...]:
    """Return the proposals with these numbers, the first one excluded, oldest first.

    Accounts that left their network meanwhile are left out.
    """
    query = select_proposals().where(proposals.c.id > after, proposals.c.id <= upto, _STAYED)
    rows = connection.execute(query.order_by(proposals.c.id.desc()).limit(_MOST_TOLD)).all()
    return tuple(_proposal(row) for row in rows[::-1])


def newest_told(connection: Connection, told: Sequence[FollowProposal]) -> int:
    """Return the number of the newest of these proposals, 0 when there are none."""
    newest = 0
    for one in told:
        network, native = key_of(one.account)
        query = (
            select(proposals.c.id)
            .join(accounts, proposals.c.account == accounts.c.row)
            .where(accounts.c.network == network, accounts.c.id == native)
        )
        newest = max(newest, connection.execute(query).scalar() or 0)
    return newest


def select_proposals() -> Select[Any]:
    """Return the query for proposals with their accounts, to be narrowed."""
    return select(*account_columns, proposals, is_hidden_proposal().label("private")).join_from(
        proposals, accounts, proposals.c.account == accounts.c.row
    )


def _proposal(row: Row[Any]) -> FollowProposal:
    fields = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    return FollowProposal(
        account=account_from(row),
        channel=fields[proposals.c.channel],
        rule=fields[proposals.c.rule],
        post=fields[proposals.c.post],
        clause=fields[proposals.c.clause],
        reason=fields[proposals.c.reason],
        state=ProposalState(fields[proposals.c.state]),
        private=bool(row.private),
        grounds=tuple(
            Ground(clause=clause, reason=reason)
            for clause, reason in zip(
                fields[proposals.c.clauses], fields[proposals.c.grounds], strict=True
            )
        ),
    )


def record_from(row: Row[Any]) -> ProposalRecord:
    """Build a proposal as it stands from a row of `select_proposals`."""
    fields = row._mapping  # noqa: SLF001
    return ProposalRecord(
        id=fields[proposals.c.id],
        proposal=_proposal(row),
        created=fields[proposals.c.created],
        decided=fields[proposals.c.decided],
        by=fields[proposals.c.by],
        note=fields[proposals.c.note],
    )


def _find(connection: Connection, id: int) -> Row[Any]:
    row = connection.execute(select_proposals().where(proposals.c.id == id)).first()
    if row is None:
        raise NoSuchRecordError(
            f"there is no proposal {id}", help="`watcher follows list` shows their numbers."
        )
    return row


def _add_event(
    connection: Connection, id: int, at: datetime, event: str, detail: str, by: str
) -> None:
    channel = select(proposals.c.channel).where(proposals.c.id == id).scalar_subquery()
    connection.execute(
        insert(follow_events).values(
            proposal=id, channel=channel, at=at, event=event, detail=detail, by=by
        )
    )


def _save(connection: Connection, channel: str, proposal: FollowProposal, now: datetime) -> bool:
    network, native = key_of(proposal.account)
    account = connection.execute(
        select(accounts.c.row).where(accounts.c.network == network, accounts.c.id == native)
    ).scalar()
    if account is None:
        raise NoSuchRecordError(f"the account {proposal.account.key} is not in the store")
    made = connection.execute(
        insert_or(connection, proposals)
        .values(
            account=account,
            channel=channel,
            rule=proposal.rule,
            post=proposal.post,
            clause=proposal.clause,
            reason=proposal.reason,
            state=proposal.state.value,
            created=now,
            clauses=tuple(ground.clause for ground in proposal.grounds),
            grounds=tuple(ground.reason for ground in proposal.grounds),
            points=proposal.points,
        )
        .on_conflict_do_nothing()
        .returning(proposals.c.id)
    ).scalar()
    if made is None:
        return False
    why = " ".join(map(str, (one.reason for one in proposal.grounds))) or str(proposal.reason)
    _add_event(connection, made, now, ProposalState.PROPOSED.value, why, WATCHER)
    forget_skip = delete(follow_skips).where(follow_skips.c.account == account)
    connection.execute(forget_skip)
    if proposal.state is not ProposalState.PROPOSED:
        _add_event(connection, made, now, proposal.state.value, "by the rule's policy", WATCHER)
    return True


def _pass_over(connection: Connection, channel: str, refusal: Refusal, now: datetime) -> None:
    network, native = key_of(refusal.account)
    query = select(accounts.c.row).where(accounts.c.network == network, accounts.c.id == native)
    account = connection.execute(query).scalar()
    if account is None or refusal.clause in _NOT_SKIPS:
        return
    values = {"clause": refusal.clause, "reason": refusal.reason, "at": now}
    connection.execute(
        insert_or(connection, follow_skips)
        .values(account=account, channel=channel, **values)
        .on_conflict_do_update(index_elements=["account", "channel"], set_=values)
    )


def _take(connection: Connection, considered: Waiting, now: datetime) -> None:
    newest, _ = considered.mark
    read = and_(
        queue.c.channel == considered.channel, queue.c.taken.is_(None), queue.c.row <= newest
    )
    for of_posts in _posts_of(considered.mentions):
        drawn_from = select(matches.c.row).join(posts, matches.c.rid == posts.c.rid).where(of_posts)
        connection.execute(
            update(queue).where(read, queue.c.match.in_(drawn_from)).values(taken=now)
        )
    # An account under suspicion is nothing to follow: there is nothing else to do with these.
    connection.execute(update(queue).where(read, queue.c.suspect.is_not(None)).values(taken=now))


def _posts_of(mentions: Sequence[Mention]) -> list[Any]:
    by_network: dict[str, list[str]] = {}
    for mention in mentions:
        ids = by_network.setdefault(storable_key(mention.post.network), [])
        ids.append(storable_key(mention.post.id))
    return [
        and_(posts.c.network == network, posts.c.id.in_(ids[start : start + _CHUNK]))
        for network, ids in by_network.items()
        for start in range(0, len(ids), _CHUNK)
    ]
