"""What comes back: bounces, wishes to unsubscribe and answers, taken from the mailbox they reach.

Only mails to an address of a delivery are touched, and each does its work once: that, and the mark
of the mail, are written in one transaction, and only then is it put aside. A crash between the two
leaves a mail that is known already.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from alerts.returns.feedback import Feedback
from alerts.returns.imap import ADDRESSED
from alerts.returns.mailbox import Arrived, Mailbox
from alerts.returns.meaning import Meaning, meaning
from alerts.returns.reading import head_of, read
from alerts.returns.report import Status, about
from alerts.routing.silence import Silence, SilenceError
from alerts.words.hostile import one_line
from rules.errors import WatcherError
from watcher.app import App
from watcher.store import Addressee, Judgement, Return, ReturnedRecord, ReturnKind
from watcher.walk.stopping import never

MOST_HANDLED = 500
"""Mails handled in one turn; the next one goes on from there."""
MOST_LINES = 10
LONGEST_SAID = 400


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What came back in one turn."""

    kinds: Mapping[ReturnKind, int] = field(default_factory=dict)
    """How many mails, by what they were."""
    lines: tuple[str, ...] = ()
    """What a person should know: who is written to no more, and which letters are to be read."""
    error: str = ""
    """Why the mailbox could not be read."""
    help: str = ""


def take_back(app: App, *, stop: Callable[[], bool] = never) -> Taken:
    """Handle what waits in the mailbox of `[mail.returns]`, if there is one.

    A mailbox that cannot be read is told in `error`: nothing is lost by that. Raises `StoreError`.
    """
    kinds: Counter[ReturnKind] = Counter()
    lines: list[str] = []
    error: WatcherError | None = None
    try:
        mailbox = app.config.mail.open_returns()
        if mailbox is not None:
            with closing(mailbox):
                _empty(app, mailbox, kinds, lines, stop)
    except WatcherError as trouble:
        error = trouble
    return Taken(
        kinds=dict(kinds),
        lines=tuple(lines[:MOST_LINES]),
        error=str(error) if error else "",
        help=error.help if error else "",
    )


def _empty(
    app: App,
    mailbox: Mailbox,
    kinds: Counter[ReturnKind],
    lines: list[str],
    stop: Callable[[], bool],
) -> None:
    cursor = began = app.store.returns_cursor()
    try:
        for arrived in mailbox.waiting(began):
            if stop() or sum(kinds.values()) >= MOST_HANDLED:
                return
            done = _take(app, mailbox, arrived)
            cursor = arrived.cursor
            if done is not None:
                kinds[done.kind] += 1
                lines += _lines(done)
    finally:
        # Each mail is known by its mark: one that is looked at again is not handled again.
        if cursor != began:
            app.store.note_returns_cursor(cursor)


def _take(app: App, mailbox: Mailbox, arrived: Arrived) -> "_Done | None":
    """Handle one mail; None for one that is none of ours, or was handled before."""
    returns = app.config.mail.returns
    head = head_of(arrived.head)
    tokens = returns.to.tokens(head.all(*ADDRESSED)) if returns else ()
    addressee = app.store.addressee(tokens) if tokens else None
    octets = mailbox.octets(arrived) if addressee else b""
    if addressee is None or not octets:
        mailbox.skip(arrived)
        return None
    mark = hashlib.sha256(octets).hexdigest()
    kind, done = app.store.has_returned(mark), None
    if kind is None:
        back = _back(app, meaning(read(octets)), addressee)
        kind = back.kind
        record = app.store.take_back(mark, addressee.delivery, back, app.clock())
        done = _Done(kind, addressee, record) if record else None
    if kind == "letter":  # for a person: it stays where it is, unread
        mailbox.skip(arrived)
    else:
        mailbox.done(arrived)
    return done


@dataclass(frozen=True)
class _Done:
    kind: ReturnKind
    addressee: Addressee
    record: ReturnedRecord


def _lines(done: _Done) -> list[str]:
    who, said = done.addressee.recipient, done.record.said
    if done.record.suppressed:
        return [f"{who} is written to no more: {said}"]
    if done.kind == "letter":
        number = done.record.delivery
        return [f"a letter in the mailbox answers delivery {number} to {who}: {said}"]
    if done.kind == "answer":
        return [f"{who} answered: {said}"]
    return []


def _back(app: App, found: Meaning, addressee: Addressee) -> Return:
    """Return what a mail is to us, and what it asks for."""
    if found.kind == "bounce":
        status = about(addressee.recipient, found.statuses)
        if status is not None:
            return Return(kind=_kind(status), said=_said(status), by=found.by)
    if found.kind == "command" and found.command is not None:
        return _asked(app, found.command, found.by, addressee)
    kind: ReturnKind = "automatic" if found.kind == "automatic" else "letter"
    return Return(kind=kind, said=found.subject, by=found.by)


def _kind(status: Status) -> ReturnKind:
    if status.action == "failed":
        return "hard" if status.verdict == "hard" else "soft"
    return "delayed" if status.action == "delayed" else "arrived"


def _said(status: Status) -> str:
    parts = [status.action, status.status, status.words]
    return one_line(" ".join(part for part in parts if part), LONGEST_SAID)


def _asked(app: App, asked: Feedback, by: str, addressee: Addressee) -> Return:
    said = one_line(asked.subject, LONGEST_SAID)
    match asked.what:
        case "unsubscribe":
            return Return(kind="unsubscribed", said=said, by=by)
        case "ack":
            return Return(kind="answer", said=said, by=by, acknowledge=True)
        case "mute":
            return _muted(app, asked, by, addressee)
        case "relevant" | "not relevant" if asked.match is not None:
            verdict: Judgement = "relevant" if asked.what == "relevant" else "irrelevant"
            return Return(kind="answer", said=said, by=by, judge=(asked.match, verdict))
    return Return(kind="letter", said=said, by=by)


def _muted(app: App, asked: Feedback, by: str, addressee: Addressee) -> Return:
    """A silence of one rule in the channel of the mail; why not, where that cannot be."""
    said = one_line(asked.subject, LONGEST_SAID)
    names = {rule.name.casefold(): rule.name for rule in app.config.rules}
    rule = names.get(asked.rule.casefold())
    if rule is None:
        return Return(kind="answer", said=f"{said}: there is no rule of this name", by=by)
    now = app.clock()
    silence = Silence(
        rule=rule,
        channel=addressee.channel,
        since=now,
        until=now + asked.span,
        because="asked for by mail",
        by=addressee.recipient,
    )
    try:
        silence.refuse()
    except SilenceError as error:
        return Return(kind="answer", said=f"{said}: {error.message}", by=by)
    return Return(kind="answer", said=said, by=by, silence=silence)
