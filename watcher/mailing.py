"""From what waits for a channel to mails, and once more where something left before they did."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts import Channel, DigestChannel, EmailDigest, Outlet, ReportMail
from alerts.digest.composing import Digest, compose
from alerts.model import Coverage, OutgoingMail, RaisedAlarm, Waiting
from alerts.privacy import for_outsiders, holds_private, is_inside
from alerts.returns.address import Tokens
from alerts.schedule import Slot
from alerts.words.notices import notice
from alerts.words.render import Rendered, mails, render
from rules import KeywordRule
from rules.errors import WatcherError
from rules.model import Reason
from watcher.app import App
from watcher.store import OutdatedDigest, Unanswered

log = logging.getLogger("watcher")

MOST_NAMED = 5
MOST_MENTIONS = 20_000
"""Mentions read into memory for one digest; what waits beyond is counted in it as "N more"."""


class NobodyLeftError(WatcherError):
    """Every recipient of a channel is suppressed; what waits for it goes on waiting."""


def digest_of(
    app: App,
    channel: DigestChannel,
    slot: Slot,
    now: datetime,
    *,
    alarms_only: bool = False,
) -> tuple[Waiting, Digest]:
    """Return what waits for a channel, and the digest it makes for those who may see all of it.

    With `alarms_only` all but the alarms is left waiting.
    """
    told = app.store.told_until(channel.name)
    since = max(slot.since, told) if told and told < now else slot.since
    waiting = app.store.waiting(
        channel.name,
        since,
        now,
        limit=MOST_MENTIONS,
        sources=_watched(app),
        brands=compared(app, channel),
        alarms_only=alarms_only,
    )
    if slot.early:
        posts = len({one.post.key for one in waiting.mentions}) + waiting.more
        waiting = replace(waiting, notices=(notice("early", count=str(posts)), *waiting.notices))
    return _composed(app, channel, waiting, slot, now)


def coverage_until(app: App, since: datetime, now: datetime) -> tuple[Coverage, ...]:
    """Return how well each source was watched after `since` up to `now`."""
    return _paced(app, app.store.coverage(_watched(app), since, now))


def urgent_news(
    app: App, channel: DigestChannel, unanswered: Unanswered
) -> tuple[tuple[RaisedAlarm, ...], tuple[Reason, ...]]:
    """Return the alarms and the other urgent news of a digest that nobody has acknowledged.

    For whoever hears of it instead: without posts, and without anything that is private.
    """
    digest = OutdatedDigest(
        id=unanswered.id, channel=channel.name, slot=unanswered.created, since=unanswered.since,
        created=unanswered.created, late=False, first=False, recipients=(), seen=0,
    )  # fmt: skip
    told = app.store.told_in(
        digest,
        limit=MOST_MENTIONS,
        sources=_watched(app),
        brands=compared(app, channel),
    )
    slot = Slot(at=unanswered.created, since=unanswered.since, late=False)
    public = for_outsiders(told)
    _, composed = _composed(app, channel, public, slot, unanswered.created)
    return tuple(replace(one, posts=()) for one in public.alarms), composed.urgent


def _paced(app: App, coverage: Sequence[Coverage]) -> tuple[Coverage, ...]:
    every = {source.name: source.interval for source in app.config.sources}
    return tuple(replace(one, every=every[one.source]) for one in coverage)


def _watched(app: App) -> list[str]:
    return [source.name for source in app.config.sources if source.enabled]


def compared(app: App, channel: DigestChannel | Channel) -> dict[str, tuple[str, ...]]:
    """The brands whose volume a channel tells, each with those it is compared with.

    These are the brands that the channel's rules name; where they name none, all of them. One that
    is compared with another is told beside that one alone.
    """
    brands = {brand.name: brand.competitors for brand in app.config.brands}
    rules = [
        rule
        for rule in app.config.rules
        if channel.name in app.router.reachable(rule.name, rule.then)
    ]
    named = frozenset[str]()
    for rule in rules:
        if isinstance(rule, KeywordRule):
            named |= app.hearing.named_in(" \n ".join((rule.find, *rule.any, *rule.all)))
    named = named or frozenset(brands)
    beside = {other for name in named for other in brands[name] if other != name}
    told = (name for name in brands if name in named and (name not in beside or brands[name]))
    return {name: brands[name] for name in told}


def _composed(
    app: App, channel: DigestChannel, waiting: Waiting, slot: Slot, now: datetime
) -> tuple[Waiting, Digest]:
    # Look-alike rules find names, not posts: what they found is told as suspects.
    finding = {rule.name for rule in app.config.rules if isinstance(rule, KeywordRule)}
    volumes = tuple(one for one in waiting.volumes if one.rule in finding)
    waiting = replace(waiting, volumes=volumes, coverage=_paced(app, waiting.coverage))
    return waiting, compose(channel, waiting, slot, now, app.config.brands, app.config.timezone)


def mails_of(
    app: App,
    channel: DigestChannel,
    waiting: Waiting,
    slot: Slot,
    now: datetime,
    recipients: Sequence[str],
    *,
    digest: Digest | None = None,
) -> tuple[OutgoingMail, ...]:
    """Make a channel's mails; private posts are only for those in the domains configured.

    A channel that is no mail makes messages of its own, and says itself whether it is inside.
    `digest` is what the whole of `waiting` makes, where it was composed already: that takes long.
    """

    def composed(what: Waiting) -> Digest:
        if digest is not None and what is waiting:
            return digest
        return compose(channel, what, slot, now, app.config.brands, app.config.timezone)

    if isinstance(channel, Outlet):
        what = waiting if channel.inside else for_outsiders(waiting)
        return channel.messages(app.templates, composed(what), recipients)
    private_to = app.config.mail.private_to if holds_private(waiting) else ()
    inside = tuple(one for one in recipients if is_inside(one, private_to))
    outside = tuple(one for one in recipients if one not in inside)
    made: list[OutgoingMail] = []
    for to, what in ((inside, waiting), (outside, for_outsiders(waiting))):
        if to:
            for some, read in _readings(composed(what), to, app.config.timezone):
                sender = app.config.mail.sender_address
                made += mails(
                    app.templates,
                    read,
                    sender,
                    some,
                    contact=app.config.contact,
                    tokens=tokens_of(app),
                )
    # Signed here, so that the bytes that are stored are the bytes of every attempt.
    return tuple(app.config.mail.signed(mail, now) for mail in made)


def reachable(app: App, channel: DigestChannel) -> tuple[str, ...]:
    """Return the recipients of a channel who may be written to. Raises `NobodyLeftError`."""
    recipients = tuple(channel.recipients)
    if not isinstance(channel, EmailDigest):
        return recipients
    out = app.store.suppressed(channel.name, recipients)
    if recipients and len(out) == len(recipients):
        who = ", ".join(f"{one} ({why.why})" for one, why in list(out.items())[:MOST_NAMED])
        raise NobodyLeftError(
            f"nobody is left to write to: {who}",
            help="name another address, or `watcher deliveries lift ADDRESS`",
        )
    return tuple(one for one in recipients if one not in out)


def tokens_of(app: App) -> Tokens | None:
    """Return what gives each mail an address for answers; None where nobody reads there."""
    returns = app.config.mail.returns
    return Tokens(returns=returns.to, secret=app.store.returns_secret()) if returns else None


def _readings(
    digest: Digest, recipients: Sequence[str], default_zone: str
) -> list[tuple[list[str], Digest]]:
    """The recipients with the digest in their language and zone; those who share both together."""
    readers: dict[tuple[str, ZoneInfo], list[str]] = {}
    for one in recipients:
        readers.setdefault(digest.channel.reader(one, default_zone), []).append(one)
    return [
        (some, replace(digest, channel=replace(digest.channel, language=language), zone=zone))
        for (language, zone), some in readers.items()
    ]


def next_message(app: App, channel: Outlet) -> OutgoingMail | None:
    """Return what a channel that is no mail would hand over now; None where that is nothing."""
    now = app.clock()
    slot = _next_slot(app, channel, now)
    waiting = digest_of(app, channel, slot, now)[0]
    made = mails_of(app, channel, waiting, slot, now, channel.recipients[:1])
    return made[0] if made else None


def preview(app: App, channel: DigestChannel) -> Rendered:
    """Return what the channel would mail now; nothing is frozen, sent or marked as told."""
    now = app.clock()
    return render(app.templates, digest_of(app, channel, _next_slot(app, channel, now), now)[1])


def _next_slot(app: App, channel: DigestChannel, now: datetime) -> Slot:
    last = app.store.last_slot(channel.name)
    return channel.due(last, now, app.config.timezone) or Slot(
        at=now, since=last or now - timedelta(days=1), late=False, first=last is None
    )


def renew(app: App) -> int:
    """Make digests again that hold what was deleted or changed before they left; return how many.

    A mail is frozen so that every attempt sends the same bytes. Until the first one has begun to
    hand it over nobody can have it, and what its post's author took back need not be told: it is
    made again from what is left, or withdrawn where nothing is. A mail that may have arrived stays
    as it was, to the byte. What cannot be made again waits, and is told in the log.
    """
    renewed = 0
    for old in app.store.outdated_digests():
        channel = next((one for one in app.config.channels if one.name == old.channel), None)
        makes = ReportMail if old.kind == "report" else DigestChannel
        if not isinstance(channel, makes) or not old.recipients:
            app.store.freeze_again(old, _left_of(app, channel, old), (), None)
            continue
        try:
            waiting, outgoing, summary = _again(app, channel, old)
        except WatcherError as error:
            log.error("channel %s: a digest cannot be made again: %s", channel.name, error)  # noqa: TRY400
            continue
        except Exception:  # one digest must not hold up the mails of all the others
            log.exception("channel %s: a digest cannot be made again", channel.name)
            continue
        app.store.freeze_again(old, waiting, outgoing, summary)
        renewed += 1
    return renewed


def _again(
    app: App, channel: DigestChannel | ReportMail, old: OutdatedDigest
) -> tuple[Waiting, tuple[OutgoingMail, ...], str]:
    """Make the mails of a digest or a report once more; none where nothing is left to tell."""
    slot = Slot(at=old.slot, since=old.since, late=old.late, first=old.first)
    if isinstance(channel, ReportMail):
        from watcher.walk.reporting import report_again  # most watchers send none

        return report_again(app, channel, slot, old)
    left = _left_of(app, channel, old)
    waiting, digest = _composed(app, channel, left, slot, old.created)
    if digest.is_silent:
        return waiting, (), digest.summary
    made = mails_of(app, channel, waiting, slot, old.created, old.recipients, digest=digest)
    return waiting, made, digest.summary


def _left_of(app: App, channel: DigestChannel | Channel | None, old: OutdatedDigest) -> Waiting:
    return app.store.told_in(
        old,
        limit=MOST_MENTIONS,
        sources=_watched(app),
        brands=compared(app, channel) if channel else {},
    )
