"""What a message says beside what was found: why it came here, what was kept back, who is asked.

The sentences are made once, where it is decided; mails, commands and logs agree. Pure.
"""

from collections.abc import Sequence
from datetime import datetime

from rules.model import Reason

REASONS = {
    "route": "The route {route} brought it here.",
    "route-find": "The route {route} brought it here, for {find}.",
    "early": "This mail leaves before its time: {count} posts wait.",
    "silenced": "Silence {silence} kept {count} from being told: {because}.",
    "left-out": "Taken for not about {brand} and left out: {count}. `watcher matches list"
    " --left-out` shows what.",
    "held": "The alarm of {alarm} goes on: {count} found by {rule} wait until it is over.",
    "held-more": "{count} more wait until other alarms are over.",
    "again": "The alarm of {alarm} goes on, was told before, and nobody has acknowledged it.",
    "heartbeat": "The watcher is alive. It has found nothing for this channel since {moment}.",
    "heartbeat-waiting": "The watcher is alive. It has sent nothing here since {moment}; what was"
    " found since waits for the next message.",
    "escalation": "Nobody has acknowledged digest {digest} of the channel {channel}, written on"
    " {moment}. It went to {recipients}.",
    "blind": "{source} has not been read since {moment}.",
    "blind-error": "{source} has not been read since {moment}: {error}.",
    "own-templates": "Your own templates could not be used, so this message is in the usual form:"
    " {error}.",
    "back": "{source} is read again. It had not been since {moment}.",
}
"""What is told beside findings, as message ids of the catalogues."""

MOST_NAMED = 5
"""Recipients named in an escalation; the others are counted."""


def notice(clause: str, *, moment: datetime | None = None, **values: str) -> Reason:
    """Make a sentence of `REASONS`; `moment` (aware) is written as the reader's clock has it."""
    if moment is not None:
        values["moment"] = moment.isoformat()
    return Reason(template=REASONS[clause], values=values)


def routed(route: str, find: str) -> Reason:
    """Say that a route brought a finding; `find` is its expression, empty where it has none."""
    if find:
        return notice("route-find", route=route, find=find)
    return notice("route", route=route)


def named(recipients: Sequence[str]) -> str:
    """Return some recipients in a row: `ada@acme.example, bob@acme.example (+3)`."""
    more = len(recipients) - MOST_NAMED
    return ", ".join(recipients[:MOST_NAMED]) + (f" (+{more})" if more > 0 else "")
