"""Proposed follows: one per account for ever, and an audit trail that only grows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, insert, or_, select, update

from alerts.model import FollowProposal, Mention, ProposalState, Waiting
from watcher.store.accounts import account_columns, account_from, key_of
from watcher.store.columns import storable_key
from watcher.store.database import Database
from watcher.store.database import insert as insert_or
from watcher.store.departing import NOTE as LEFT
from watcher.store.errors import NoSuchRecordError
from watcher.store.private import is_hidden_proposal
from watcher.store.records import FollowEvent, ProposalRecord
from watcher.store.schema import (
    accounts,
    channels,
    follow_events,
    matches,
    posts,
    proposals,
    queue,
)

_CHUNK = 500
_MOST_TOLD = 100

WATCHER = "watcher"
"""Who acts when no person does: the only one who ends what is being tried."""
_PAUSED = "paused"
"""The event of a channel whose network asked for a pause."""
_FOLLOWS = (ProposalState.FOLLOWED.value, ProposalState.REQUESTED.value)
"""The events that spend a channel's budget."""

_S = ProposalState
TRANSITIONS: dict[ProposalState, frozenset[ProposalState]] = {
    _S.PROPOSED: frozenset({_S.APPROVED, _S.REFUSED}),
    _S.APPROVED: frozenset({_S.REFUSED, _S.TRYING}),
    _S.REFUSED: frozenset({_S.APPROVED}),
    _S.TRYING: frozenset({_S.REQUESTED, _S.FOLLOWED, _S.FAILED, _S.REFUSED, _S.APPROVED}),
    _S.REQUESTED: frozenset({_S.FOLLOWED, _S.FAILED, _S.UNDONE}),
    _S.FOLLOWED: frozenset({_S.UNDONE}),
    _S.FAILED: frozenset({_S.APPROVED, _S.REFUSED}),
    _S.UNDONE: frozenset(),
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
    ) -> int:
        """Save proposals, and take what they were drawn from out of the channel's queue.

        Exactly the mentions and suspects listed in `considered` are taken; those it counts as
        `more` go on waiting. An account that was proposed before, by any channel and whatever
        became of it, is left as it is. Return how many proposals are new.
        """
        with self.writing() as connection:
            _take(connection, considered, now)
            return sum(_save(connection, channel, one, now) for one in proposed)

    def proposed_accounts(self) -> frozenset[str]:
        """Return the keys of all accounts that were ever proposed."""
        ever = select(proposals.c.account)
        query = select(accounts.c.network, accounts.c.id).where(accounts.c.row.in_(ever))
        with self.reading() as connection:
            return frozenset(f"{row.network}:{row.id}" for row in connection.execute(query))

    def proposals(
        self, *, state: ProposalState | None = None, channel: str | None = None, limit: int = 100
    ) -> tuple[ProposalRecord, ...]:
        """Return proposals, oldest first: in the order in which they are to be decided."""
        query = _select_proposals().order_by(proposals.c.id).limit(limit)
        if state is not None:
            query = query.where(proposals.c.state == state.value)
        if channel is not None:
            query = query.where(proposals.c.channel == channel)
        with self.reading() as connection:
            return tuple(_record(row) for row in connection.execute(query))

    def proposal(self, id: int) -> ProposalRecord:
        """Return one proposal. Raises `NoSuchRecordError`."""
        with self.reading() as connection:
            return _record(_find(connection, id))

    def decide(
        self, id: int, state: ProposalState, note: str, by: str, now: datetime
    ) -> ProposalRecord:
        """Move a proposal to a state it may go to, and add that to its audit trail.

        Who moves it to `TRYING` has claimed it: from there the watcher alone leads on, and `by` is
        then `WATCHER`. Raises `NoSuchRecordError` when there is none, when it stands where no way
        leads to `state` (another process may have been quicker), or when it is being tried and `by`
        is a person.
        """
        with self.writing() as connection:
            before = ProposalState(_find(connection, id)._mapping[proposals.c.state])  # noqa: SLF001
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
            return _record(_find(connection, id))

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

    def follows_since(self, channel: str, since: datetime) -> int:
        """Count the accounts that a channel followed, or asked to follow, after a moment.

        What is being tried, or was tried in vain, does not count.
        """
        query = select(func.count(follow_events.c.proposal.distinct())).where(
            _events_of(channel, _FOLLOWS), follow_events.c.at > since
        )
        with self.reading() as connection:
            return connection.execute(query).scalar_one()

    def last_follow(self, channel: str) -> datetime | None:
        """Return when a channel last followed an account, or asked to; None if it never did."""
        return self._newest_event(channel, _FOLLOWS)

    def paused_since(self, channel: str) -> datetime | None:
        """Return when a channel's network last asked for a pause; None if it never did.

        That is the newest event `paused` of the channel's proposals.
        """
        return self._newest_event(channel, (_PAUSED,))

    def _newest_event(self, channel: str, events: Sequence[str]) -> datetime | None:
        query = select(func.max(follow_events.c.at)).where(_events_of(channel, events))
        with self.reading() as connection:
            return connection.execute(query).scalar()


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
        _select_proposals().where(news, _STAYED).order_by(proposals.c.id).limit(_MOST_TOLD)
    )
    return tuple(_proposal(row) for row in rows)


def proposals_between(connection: Connection, after: int, upto: int) -> tuple[FollowProposal, ...]:
    """Return the proposals with these numbers, the first one excluded, oldest first.

    Accounts that left their network meanwhile are left out.
    """
    query = _select_proposals().where(proposals.c.id > after, proposals.c.id <= upto, _STAYED)
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


def _select_proposals() -> Select[Any]:
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
    )


def _record(row: Row[Any]) -> ProposalRecord:
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
    row = connection.execute(_select_proposals().where(proposals.c.id == id)).first()
    if row is None:
        raise NoSuchRecordError(
            f"there is no proposal {id}", help="`watcher follows list` shows their numbers."
        )
    return row


def _events_of(channel: str, events: Sequence[str]) -> Any:
    return and_(follow_events.c.channel == channel, follow_events.c.event.in_(events))


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
        )
        .on_conflict_do_nothing()
        .returning(proposals.c.id)
    ).scalar()
    if made is None:
        return False
    _add_event(connection, made, now, ProposalState.PROPOSED.value, str(proposal.reason), WATCHER)
    if proposal.state is not ProposalState.PROPOSED:
        _add_event(connection, made, now, proposal.state.value, "by the rule's policy", WATCHER)
    return True


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
