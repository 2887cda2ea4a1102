"""Accounts that left their network: what was begun with them ends, and what is kept says so."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, exists, insert, select, update

from alerts.model import ProposalState
from watcher.store.raising import write_event
from watcher.store.records import SuspectEvent
from watcher.store.schema import follow_events, proposals, suspect_events, suspects

WATCHER = "watcher"
NOTE = "the account left its network"

_OPEN = (ProposalState.PROPOSED.value, ProposalState.APPROVED.value)
"""Where nobody was followed yet. What is being tried ends by what the network answers."""


def close_books(connection: Connection, left: Sequence[int], now: datetime) -> None:
    """Refuse the proposals that wait, and note with suspects that they are gone.

    `left` are rows of accounts. A follow that was made stays as it was; a suspect keeps its
    evidence. Telling it twice changes nothing.
    """
    waiting = select(proposals.c.id, proposals.c.channel).where(
        proposals.c.account.in_(left), proposals.c.state.in_(_OPEN)
    )
    for proposal, channel in connection.execute(waiting).all():
        refused = ProposalState.REFUSED.value
        changed = {"state": refused, "decided": now, "by": WATCHER, "note": NOTE}
        connection.execute(update(proposals).where(proposals.c.id == proposal).values(changed))
        event = {"proposal": proposal, "channel": channel, "at": now, "event": refused}
        connection.execute(insert(follow_events).values(**event, detail=NOTE, by=WATCHER))
    noted = exists().where(
        suspect_events.c.suspect == suspects.c.id,
        suspect_events.c.note == NOTE,
        suspect_events.c.by == WATCHER,
    )
    gone = select(suspects.c.id).where(suspects.c.account.in_(left), ~noted)
    for suspect in connection.execute(gone).scalars().all():
        write_event(connection, suspect, SuspectEvent(at=now, kind="noted", note=NOTE, by=WATCHER))
