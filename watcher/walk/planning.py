"""The fourth step: what waits for a channel that is due becomes a digest, or follows to propose."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts import AutoFollow, Channel, DigestChannel, ReportMail
from alerts.follow import propose, without
from alerts.schedule import Slot, due
from rules.errors import WatcherError
from watcher.app import App
from watcher.mailing import MOST_MENTIONS, digest_of, mails_of, reachable
from watcher.walk.beside import Told, escalate, sign_of_life, tell_blind
from watcher.walk.keeping_back import keep_back

log = logging.getLogger("watcher")


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What planning wrote down: one message of a channel, or the follows it proposes."""

    channel: str
    mails: int = 0
    proposals: int = 0
    refused: int = 0
    """Accounts considered for a follow that a clause of the policy kept out."""
    error: str = ""


def plan(app: App, *, only_instant: bool = False) -> tuple[Planned, ...]:
    """Ask each channel whether it is due and freeze what waits for it; return those that acted.

    Then each says what there is to say beside: that nobody has acknowledged urgent news, that a
    source is not read, that the watcher lives. Each message is written in one transaction with the
    reason for it, so that a crash before or after makes no difference.

    `only_instant` leaves what needs a look at the sources first for later: the digests with a time
    of their own, blind sources, signs of life.
    A failing channel is told in its `Planned.error` and stops no other.
    """
    # Follows first, so that a digest written now can tell of them.
    channels = sorted(app.config.channels, key=lambda channel: isinstance(channel, DigestChannel))
    planned = []
    for channel in channels:
        for step in _steps(app, channel, only_instant=only_instant):
            try:
                result = step()
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


def _steps(
    app: App, channel: Channel, *, only_instant: bool
) -> Iterator[Callable[[], Planned | None]]:
    """Yield what a channel is asked, one after the other."""
    if isinstance(channel, AutoFollow):
        yield lambda: _plan_follows(app, channel)
        return
    if isinstance(channel, ReportMail):
        if not only_instant:
            yield lambda: _plan_report(app, channel)
        return
    if channel.send == "instant" or not only_instant:
        yield lambda: _plan_digest(app, channel)
    yield lambda: _beside(escalate(app, channel))
    if not only_instant:
        yield lambda: _beside(tell_blind(app, channel))
        yield lambda: _beside(sign_of_life(app, channel))


def _beside(told: Told | None) -> Planned | None:
    return Planned(channel=told.channel, mails=told.mails) if told else None


def _plan_report(app: App, channel: ReportMail) -> Planned | None:
    from watcher.walk.reporting import plan_report  # most watchers send none, or none today

    mails = plan_report(app, channel)
    return None if mails is None else Planned(channel=channel.name, mails=mails)


def _due(app: App, channel: DigestChannel, now: datetime) -> tuple[Slot | None, bool]:
    """Return the slot that is due, and whether only alarms may leave in it."""
    store, timetable = app.store, channel.timetable(app.config.timezone)
    last = store.last_slot(channel.name)
    if not timetable.is_open(now):
        if not channel.urgent_despite_quiet or not store.has_waiting(
            channel.name, alarms_only=True
        ):
            return None, False
        return due(replace(timetable, quiet=None), last, now), True
    since = store.waiting_since(channel.name) if timetable.wait else None
    slot = due(timetable, last, now, waiting_since=since)
    if slot is None and _is_enough(app, channel, last, now):
        keep_back(app, channel, now)
        if _is_enough(app, channel, last, now):
            since = last or now - timedelta(days=1)
            slot = Slot(at=now, since=since, late=False, first=last is None, early=True)
    return slot, False


def _is_enough(app: App, channel: DigestChannel, last: datetime | None, now: datetime) -> bool:
    """Whether so many posts wait that a digest leaves before its time."""
    if channel.at_count is None or channel.send == "instant" or (last and now <= last):
        return False
    return app.store.posts_waiting(channel.name) >= channel.at_count


def _plan_digest(app: App, channel: DigestChannel) -> Planned | None:
    now, store = app.clock(), app.store
    is_open = channel.timetable(app.config.timezone).is_open(now)
    again = channel.span("repeat")
    if again is not None and (is_open or channel.urgent_despite_quiet):
        store.repeat_alarms(channel.name, now - again, now)
    slot, alarms_only = _due(app, channel, now)
    if slot is None:
        return None
    if store.has_found(channel.name):
        keep_back(app, channel, now)
    if channel.send == "instant" and not store.has_waiting(channel.name, alarms_only=alarms_only):
        return None
    recipients = reachable(app, channel)
    waiting, digest = digest_of(app, channel, slot, now, alarms_only=alarms_only)
    if digest.is_silent:
        # An instant mail tells of all since the one before: its time begins with that, not here.
        if channel.send != "instant":
            app.store.skip_slot(channel.name, slot.at)
        return None
    outgoing = mails_of(app, channel, waiting, slot, now, recipients, digest=digest)
    frozen = app.store.freeze(
        channel.name,
        slot.at,
        waiting,
        outgoing,
        now,
        digest.summary,
        late=slot.late,
        first=slot.first,
        urgent=digest.is_urgent,
        despite_quiet=alarms_only,
    )
    if frozen is None:
        return None
    return Planned(channel=channel.name, mails=len(outgoing))


def plan_now(app: App, channel: DigestChannel) -> Planned | None:
    """Freeze what waits for a channel now, out of turn, because somebody asked for it.

    The next digest begins where this one ends. None where nothing waits. Raises `WatcherError`.
    """
    now, store = app.clock(), app.store
    last = store.last_slot(channel.name)
    if store.has_found(channel.name):
        keep_back(app, channel, now)
    since = last or now - timedelta(days=1)
    slot = Slot(at=now, since=since, late=False, first=last is None, early=True)
    waiting, digest = digest_of(app, channel, slot, now)
    if digest.is_empty:
        return None
    outgoing = mails_of(app, channel, waiting, slot, now, reachable(app, channel))
    frozen = store.freeze(
        channel.name,
        slot.at,
        waiting,
        outgoing,
        now,
        digest.summary,
        first=slot.first,
        urgent=digest.is_urgent,
        despite_quiet=True,
    )
    return None if frozen is None else Planned(channel=channel.name, mails=len(outgoing))


def _plan_follows(app: App, channel: AutoFollow) -> Planned | None:
    now, store = app.clock(), app.store
    store.expire_proposals(channel.name, now - timedelta(days=channel.expire_days), now)
    keep_back(app, channel, now)
    room = channel.open - store.open_proposals(channel.name)
    if room <= 0:
        return None  # the best of what waits then are proposed as soon as somebody decides
    waiting = store.waiting(channel.name, now - timedelta(days=1), now, limit=MOST_MENTIONS)
    # Names are examined after posts are matched: nobody is judged before it was seen who they are.
    if not waiting.mentions or store.unexamined(1):
        return None
    authors = {one.post.author.key: one.post.author for one in waiting.mentions}
    judged = propose(
        channel,
        waiting,
        app.config.brands,
        store.proposed_accounts(),
        now,
        suspects=store.suspect_accounts(),
        acquaintances=store.acquaintances(channel.name, tuple(authors.values()), channel.seeds),
        room=room,
    )
    considered = without(waiting, judged.left)
    if not considered.mentions:
        return None
    saved = store.save_proposals(channel.name, considered, judged.proposals, now, judged.refusals)
    return Planned(channel=channel.name, proposals=saved, refused=len(judged.refusals))
