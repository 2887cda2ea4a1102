"""The fourth step: what waits for a channel that is due becomes a digest, or follows to propose."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from alerts import AutoFollow, Channel, DigestChannel
from alerts.follow import propose
from rules.errors import WatcherError
from watcher.app import App
from watcher.mailing import MOST_MENTIONS, digest_of, mails_of

log = logging.getLogger("watcher")


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What planning wrote down: one digest of a channel, or the follows it proposes."""

    channel: str
    mails: int = 0
    proposals: int = 0
    refused: int = 0
    """Accounts considered for a follow that a clause of the policy kept out."""
    error: str = ""


def plan(app: App, *, only_instant: bool = False) -> tuple[Planned, ...]:
    """Ask each channel whether it is due and freeze what waits for it; return those that acted.

    `only_instant` leaves the digests with a time of their own for later.
    A failing channel is told in its `Planned.error` and stops no other.
    """
    # Follows first, so that a digest written now can tell of them.
    channels = sorted(app.config.channels, key=lambda channel: isinstance(channel, DigestChannel))
    planned = []
    for channel in channels:
        if only_instant and isinstance(channel, DigestChannel) and channel.send != "instant":
            continue
        try:
            result = _plan_channel(app, channel)
        except WatcherError as error:
            result = Planned(channel=channel.name, error=str(error))
        except Exception as error:  # one channel's error must not silence all the others
            log.exception("channel %s failed as nobody foresaw", channel.name)
            result = Planned(
                channel=channel.name, error=f"an error in the watcher ({type(error).__name__})"
            )
        if result:
            planned.append(result)
    return tuple(planned)


def _plan_channel(app: App, channel: Channel) -> Planned | None:
    match channel:
        case DigestChannel():
            return _plan_digest(app, channel)
        case AutoFollow():
            return _plan_follows(app, channel)


def _plan_digest(app: App, channel: DigestChannel) -> Planned | None:
    now = app.clock()
    slot = channel.due(app.store.last_slot(channel.name), now, app.config.timezone)
    if slot is None or (channel.send == "instant" and not app.store.has_waiting(channel.name)):
        return None
    waiting, digest = digest_of(app, channel, slot, now)
    if digest.is_silent:
        # An instant mail tells of all since the one before: its time begins with that, not here.
        if channel.send != "instant":
            app.store.skip_slot(channel.name, slot.at)
        return None
    outgoing = mails_of(app, channel, waiting, slot, now, channel.recipients)
    frozen = app.store.freeze(
        channel.name,
        slot.at,
        waiting,
        outgoing,
        now,
        digest.summary,
        late=slot.late,
        first=slot.first,
    )
    if frozen is None:
        return None
    return Planned(channel=channel.name, mails=len(outgoing))


def _plan_follows(app: App, channel: AutoFollow) -> Planned | None:
    now = app.clock()
    waiting = app.store.waiting(channel.name, now - timedelta(days=1), now, limit=MOST_MENTIONS)
    # Names are examined after posts are matched: nobody is judged before it was seen who they are.
    if not waiting.mentions or app.store.unexamined(1):
        return None
    judged = propose(
        channel,
        waiting,
        app.config.brands,
        app.store.proposed_accounts(),
        now,
        suspects=app.store.suspect_accounts(),
    )
    saved = app.store.save_proposals(channel.name, waiting, judged.proposals, now)
    return Planned(channel=channel.name, proposals=saved, refused=len(judged.refusals))
