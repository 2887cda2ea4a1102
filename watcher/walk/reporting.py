"""The fourth step for channels that mail reports: one that is due is written and frozen."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from alerts import ReportMail
from alerts.digest.composing import compose
from alerts.mail.message import build
from alerts.model import OutgoingMail, Waiting
from alerts.schedule import Slot
from watcher.app import App
from watcher.insights.model import Period
from watcher.mailing import reachable, tokens_of
from watcher.reports.facts import Facts
from watcher.reports.gathering import gather, reported
from watcher.reports.letter import letter
from watcher.store import OutdatedDigest


def plan_report(app: App, channel: ReportMail) -> int | None:
    """Write the report of a channel that is due, and freeze a mail for each recipient.

    1. The newest slot is due; several that were missed make one report, which says that it is late.
    2. The report is about the last whole week or month before the slot, however late it leaves.
    3. It is counted once, and written once for each language that a recipient reads.
    4. The mails are frozen, byte for byte, in one transaction with the slot: a crash before it
       makes the report again, one after it sends what was frozen;
    5. until a mail has begun to leave, a post that is deleted has it written again: see
       `watcher.mailing.renew`.

    It quotes no private post, whoever receives it: it is made to be passed on. Return the number of
    mails; None where nothing was due. Raises `WatcherError`.
    """
    now, store = app.clock(), app.store
    slot = channel.due(store.last_slot(channel.name), now, app.config.timezone)
    if slot is None:
        return None
    recipients = reachable(app, channel.letter)
    facts = _facts(app, channel, slot, now)
    mails = _all_mails(app, channel, slot, facts, recipients)
    frozen = store.freeze(
        channel.name,
        slot.at,
        Waiting(channel=channel.name, since=facts.period.since, until=now),
        mails,
        now,
        _summary(facts),
        late=slot.late,
        first=slot.first,
        kind="report",
    )
    return None if frozen is None else len(mails)


def report_again(
    app: App, channel: ReportMail, slot: Slot, old: OutdatedDigest
) -> tuple[Waiting, tuple[OutgoingMail, ...], str]:
    """Write a frozen report once more, from what is left, for those who cannot have it yet.

    Return what `Store.freeze_again` takes. Raises `WatcherError`.
    """
    facts = _facts(app, channel, slot, old.created)
    mails = _all_mails(app, channel, slot, facts, old.recipients)
    waiting = Waiting(channel=channel.name, since=old.since, until=old.created)
    return waiting, mails, _summary(facts)


def _all_mails(
    app: App, channel: ReportMail, slot: Slot, facts: Facts, recipients: Sequence[str]
) -> tuple[OutgoingMail, ...]:
    """Write the report once for each language, signed as it will be sent."""
    readers: dict[str, list[str]] = {}
    for one in recipients:
        language, _ = channel.letter.reader(one, app.config.timezone)
        readers.setdefault(language, []).append(one)
    return tuple(
        app.config.mail.signed(mail, facts.made)
        for language, some in readers.items()
        for mail in _mails(app, channel, slot, facts, language, some)
    )


def _facts(app: App, channel: ReportMail, slot: Slot, now: datetime) -> Facts:
    zone = channel.zone(app.config.timezone)
    whole = Period.last_month if channel.send == "monthly" else Period.last_week
    period = whole(slot.at, zone)
    by_name = {brand.name: brand for brand in app.config.brands}
    named = tuple(by_name[name] for name in channel.brands if name in by_name)
    return gather(
        app.config, app.store, app.hearing, named or reported(app.config), period, now, _program()
    )


def _mails(
    app: App,
    channel: ReportMail,
    slot: Slot,
    facts: Facts,
    language: str,
    recipients: list[str],
) -> list[OutgoingMail]:
    """Make the mails in one language; a series by the channel's name, as those of digests."""
    made = letter(
        app.templates,
        facts,
        language,
        title=channel.title or channel.name,
        pdf=channel.pdf,
        late=slot.late,
    )
    waiting = Waiting(channel=channel.name, since=facts.period.since, until=facts.made)
    head = compose(
        replace(channel.letter, language=language), waiting, slot, facts.made, (),
        app.config.timezone,
    )  # fmt: skip
    return [
        build(
            head,
            recipient=recipient,
            subject=made.subject,
            text=made.text,
            html=made.html,
            sender_address=app.config.mail.sender_address,
            contact=app.config.contact,
            tokens=tokens_of(app),
            attachments=made.attachments,
        )
        for recipient in recipients
    ]


def _summary(facts: Facts) -> str:
    days = list(facts.period.days())
    names = ", ".join(one.brand.name for one in facts.brands)
    return f"report on {names}, {days[0]} to {days[-1]}"


def _program() -> str:
    from importlib.metadata import version

    return f"brand-watcher {version('brand-watcher')}"
