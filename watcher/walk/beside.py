"""What channels say beside what waits for them: unanswered news, signs of life, blind sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from alerts import DigestChannel, EmailDigest
from alerts.model import Occasion, RaisedAlarm, Waiting
from alerts.schedule import Slot
from alerts.words.notices import named, notice
from rules.model import Reason
from watcher.app import App
from watcher.mailing import coverage_until, mails_of, reachable, urgent_news
from watcher.store import SourceState, Unanswered

_APART = {
    kind: timedelta(microseconds=n)
    for n, kind in enumerate(("digest", "escalation", "blind", "heartbeat"))
}
"""Keeps what is written at the same moment apart: messages are named by channel and slot."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """A message that was written beside the digests."""

    channel: str
    """Whose it is: an escalation may go through another one than the digest that it is about."""
    mails: int


def escalate(app: App, channel: DigestChannel) -> Told | None:
    """Tell others of urgent news that nobody acknowledged in time: once, and all in one message.

    Quiet hours of the channel hold it up, except for alarms where the channel says so.
    """
    if channel.escalate is None:
        return None
    now = app.clock()
    late = app.store.to_escalate(channel.name, now - channel.escalate.patience)
    if late and not _is_open(app, channel, now):
        late = tuple(one for one in late if one.alarms and channel.urgent_despite_quiet)
    target = _told_instead(app, channel)
    if not late or target is None:
        return None
    alarms: list[RaisedAlarm] = []
    news: list[Reason] = []
    for one in late:
        news.append(_nobody(one))
        raised, others = urgent_news(app, channel, one)
        alarms += raised
        news += [why for why in others if why not in news]
    since = min(one.created for one in late)
    waiting = Waiting(
        channel=target.name,
        since=since,
        until=now,
        alarms=tuple({one.id: one for one in alarms}.values()),
        coverage=coverage_until(app, since, now),
        pressing=tuple(news),
        occasion="escalation",
    )
    numbers = ", ".join(str(one.id) for one in late)
    return _freeze(
        app,
        target,
        "escalation",
        waiting,
        f"nobody acknowledged {numbers}",
        urgent=True,
        despite_quiet=target.urgent_despite_quiet and any(one.alarms for one in late),
        escalates=[one.id for one in late],
    )


def sign_of_life(app: App, channel: DigestChannel) -> Told | None:
    """Say that the watcher lives where a channel said nothing for as long as its `heartbeat`."""
    span = channel.span("heartbeat")
    if span is None:
        return None
    now = app.clock()
    since = app.store.silent_since(channel.name, now)
    if now - since < span or not _is_open(app, channel, now):
        return None
    waits = app.store.has_found(channel.name)
    waiting = Waiting(
        channel=channel.name,
        since=since,
        until=now,
        coverage=coverage_until(app, since, now),
        notices=(notice("heartbeat-waiting" if waits else "heartbeat", moment=since),),
        occasion="heartbeat",
    )
    return _freeze(app, channel, "heartbeat", waiting, "a sign of life", silent_since=since)


def tell_blind(app: App, channel: DigestChannel) -> Told | None:
    """Say once which sources were not read for as long as `blind_after`, and once when they are."""
    span = channel.span("blind_after")
    if span is None:
        return None
    now = app.clock()
    sight = _look(app, channel, span, now)
    if sight.gone:
        app.store.forget_outages(channel.name, sight.gone, now)
    is_open = _is_open(app, channel, now)
    blind = sight.blind if is_open or channel.urgent_despite_quiet else {}
    back = sight.back if is_open else {}
    if not (blind or back):
        return None
    since = min((*blind.values(), *back.values()))
    waiting = Waiting(
        channel=channel.name,
        since=since,
        until=now,
        coverage=coverage_until(app, since, now),
        pressing=tuple(_blind(name, moment, sight.states) for name, moment in blind.items()),
        notices=tuple(notice("back", source=n, moment=moment) for n, moment in back.items()),
        occasion="blind",
    )
    said = ((blind, "not read"), (back, "read again"))
    words = [f"{', '.join(names)} {what}" for names, what in said if names]
    return _freeze(
        app,
        channel,
        "blind",
        waiting,
        "; ".join(words),
        urgent=bool(blind),
        despite_quiet=channel.urgent_despite_quiet and bool(blind),
        blind=blind,
        back=list(back),
    )


@dataclass(frozen=True, kw_only=True)
class _Sight:
    """What a channel has to be told of sources, each with the moment since when it was not read."""

    states: dict[str, SourceState]
    blind: dict[str, datetime]
    back: dict[str, datetime]
    gone: list[str]
    """Sources it was told of that are not read any more."""


def _look(app: App, channel: DigestChannel, span: timedelta, now: datetime) -> _Sight:
    states = {state.name: state for state in app.store.source_states()}
    first = app.store.first_reads()
    told = {one.source: one for one in app.store.outages(channel.name)}
    sources = {one.name: one for one in app.config.sources if one.enabled}
    blind: dict[str, datetime] = {}
    back: dict[str, datetime] = {}
    for name, source in sources.items():
        read = states[name].last_success if name in states else None
        since = read or first.get(name)
        is_blind = since is not None and now - since >= max(span, 2 * source.interval)
        if name in told:
            # One that failed again before its return was told is as it was told.
            if read is not None and read > told[name].told and not is_blind:
                back[name] = told[name].since
        elif is_blind and since is not None:
            blind[name] = since
    gone = [name for name in told if name not in sources]
    return _Sight(states=states, blind=blind, back=back, gone=gone)


def _blind(name: str, since: datetime, states: dict[str, SourceState]) -> Reason:
    error = states[name].last_error.rstrip(".") if name in states else ""
    if error:
        return notice("blind-error", source=name, moment=since, error=error)
    return notice("blind", source=name, moment=since)


def _nobody(one: Unanswered) -> Reason:
    return notice(
        "escalation",
        digest=str(one.id),
        channel=one.channel,
        moment=one.created,
        recipients=named(one.recipients),
    )


def _told_instead(app: App, channel: DigestChannel) -> DigestChannel | None:
    """Return the channel through which others are told; addresses are mailed in its words."""
    asked = channel.escalate
    if asked is None:
        return None
    if asked.to:
        return EmailDigest(
            name=channel.name,
            to=asked.to,
            timezone=channel.timezone,
            language=channel.language,
            title=channel.title,
            urgent_despite_quiet=channel.urgent_despite_quiet,
        )
    found = (one for one in app.config.channels if one.name == asked.channel)
    return next((one for one in found if isinstance(one, DigestChannel)), None)


def _is_open(app: App, channel: DigestChannel, now: datetime) -> bool:
    return channel.timetable(app.config.timezone).is_open(now)


def _freeze(
    app: App,
    channel: DigestChannel,
    kind: Occasion,
    waiting: Waiting,
    summary: str,
    *,
    urgent: bool = False,
    despite_quiet: bool = False,
    silent_since: datetime | None = None,
    escalates: Sequence[int] = (),
    blind: Mapping[str, datetime] = MappingProxyType({}),
    back: Sequence[str] = (),
) -> Told | None:
    slot = Slot(at=waiting.until + _APART[kind], since=waiting.since, late=False)
    mails = mails_of(app, channel, waiting, slot, waiting.until, reachable(app, channel))
    frozen = app.store.freeze_beside(
        channel.name,
        kind,
        mails,
        waiting.until,
        summary,
        since=waiting.since,
        urgent=urgent,
        despite_quiet=despite_quiet,
        silent_since=silent_since,
        escalates=escalates,
        blind=blind,
        back=back,
    )
    return None if frozen is None else Told(channel=channel.name, mails=len(mails))
