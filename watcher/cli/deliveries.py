"""`watcher deliveries`: the mails, one by one: sent, waiting, refused, parked, come back."""

from collections.abc import Mapping
from dataclasses import asdict
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import PurePath
from typing import Any

import click

from alerts.model import DeliveryState
from watcher.cli import Settings
from watcher.cli.console import Screen, ago, moment, print_json, safe, safe_lines, shown, stdout
from watcher.cli.messages import content
from watcher.cli.names import NUMBER, completing, email_names, limit
from watcher.cli.suppressed import as_dict, gets_nothing, lift
from watcher.cli.suppressed import list_ as suppressed
from watcher.clock import clock_of
from watcher.store import AttemptRecord, DeliveryRecord, ReturnKind, SuppressionRecord

MARGIN = len("2026-03-10 08:30  sent  ")
"""What stands before an answer on its line."""
STATES = [str(state) for state in DeliveryState]
RETURNS: Mapping[ReturnKind, str] = {
    "hard": "came back for good",
    "soft": "came back for now",
    "delayed": "is late on its way",
    "arrived": "a report says that it arrived",
    "automatic": "a machine answered",
    "unsubscribed": "unsubscribed",
    "answer": "answered",
    "letter": "a letter to be read in the mailbox",
}


@click.group()
def command() -> None:
    """What goes out: sent, waiting, refused, parked; send again or drop."""


command.add_command(suppressed)
command.add_command(lift)


@command.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only those that stand so.")
@click.option(
    "--channel", shell_complete=completing(email_names), help="Only those of this channel."
)
@click.option("--to", "recipient", help="Only those to addresses with this in them.")
@limit()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(
    settings: Settings,
    state: str | None,
    channel: str | None,
    recipient: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List deliveries, the newest first."""
    with settings.opened() as (_, store):
        found = store.deliveries(
            state=DeliveryState(state) if state else None,
            channel=channel,  # also one that is not configured any more
            recipient=recipient,
            limit=limit + 1,
        )
    records = shown(found, limit)
    if as_json:
        print_json([_as_dict(record) for record in records])
        return
    now = settings.clock()
    screen, upcoming = stdout(), [one.next_attempt for one in records]
    # What the server said of a mail that it took interests programs only; `show` has it.
    answers = [
        "" if screen.is_terminal and one.state == DeliveryState.SENT else safe(one.answer, 120)
        for one in records
    ]
    screen.table(
        ["id", "channel", "kind", "to", "state", "tries", "written", "next", "last answer"],
        [
            (
                str(record.id),
                record.channel,
                record.kind,
                safe(record.recipient, 80),
                str(record.state),
                str(record.attempts),
                ago(record.created, now),
                ago(record.next_attempt, now) if record.next_attempt else "",
                answer,
            )
            for record, answer in zip(records, answers, strict=True)
        ],
        right=("id", "tries"),
        whole=("to",),
        less=("tries", "written", "kind", "channel"),
        hidden=["next"] * (not any(upcoming))
        + ["last answer"] * (not any(answers))
        + ["kind"] * all(one.kind == "email" for one in records),
        empty=_empty(state, channel, recipient),
    )
    if any(record.state == DeliveryState.PARKED for record in records):
        stdout().hint(
            "",
            "A parked mail may have arrived: ask the recipient, then",
            "`watcher deliveries retry ID` sends it again and `drop ID` gives it up",
        )


@command.command()
@click.argument("delivery_id", metavar="ID", type=NUMBER)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def show(settings: Settings, delivery_id: int, as_json: bool) -> None:
    """Show one mail: how it stands, every attempt, its headers and its text."""
    with settings.opened() as (config, store):
        record = store.delivery_record(delivery_id)
        attempts = store.delivery_attempts(delivery_id)
        payload = store.delivery(delivery_id).payload
        back = store.returned(delivery_id)[::-1]
        out = store.suppressed(record.channel, [record.recipient]).get(record.recipient)
    headers, text = _content(record, payload)
    if as_json:
        told = {
            "log": [_attempt_dict(one) for one in attempts],
            "returned": [asdict(one) for one in back],
            "suppressed": as_dict(out) if out else None,
            "headers": [list(one) for one in headers],
            "text": text,
        }
        print_json({**_as_dict(record), **told})
        return
    screen = stdout()
    kind = "" if record.kind == "email" else f" ({record.kind})"
    screen.say(f"delivery {record.id} of {record.channel}{kind}: {record.state}")
    for attempt in attempts:
        screen.say(
            f"{moment(attempt.started, config.timezone)}  {attempt.outcome or 'under way'}"
            f"  {_shortly(safe(attempt.answer, 300), screen)}".rstrip()
        )
    for one in back:
        by = f" (from {safe(one.by, 80)})" if one.by else ""
        screen.say(
            f"{moment(one.at, config.timezone)}  {RETURNS[one.kind]}: {safe(one.said, 300)}{by}"
        )
    screen.say(*_advice(record, out, config.timezone))
    screen.say("", *(f"{name}: {safe(value, 300)}" for name, value in headers))
    screen.say("", *safe_lines(text))


@command.command()
@click.argument("delivery_id", metavar="ID", type=NUMBER)
@click.pass_obj
def retry(settings: Settings, delivery_id: int) -> None:
    """Send a parked or refused mail again.

    A parked one may have arrived already: then its reader gets it twice.
    """
    with settings.opened() as (_, store):
        store.retry_delivery(delivery_id, clock_of(store, settings.clock)())
    stdout().say(f"delivery {delivery_id} goes out with the next `watcher once` or a running one")


@command.command()
@click.argument("delivery_id", metavar="ID", type=NUMBER)
@click.pass_obj
def drop(settings: Settings, delivery_id: int) -> None:
    """Give up on a mail that was not sent."""
    with settings.opened() as (_, store):
        store.drop_delivery(delivery_id, clock_of(store, settings.clock)())
    stdout().say(f"delivery {delivery_id} is given up")


def _empty(state: str | None, channel: str | None, recipient: str | None) -> str:
    """Say that no mail is as it was asked for."""
    if not (channel or recipient):
        return f"no mails are {state}" if state else "no mail was written yet"
    asked = [
        f"of {safe(channel, 60)}" if channel else "",
        f"to {safe(recipient, 60)}" if recipient else "",
        f"that are {state}" if state else "",
    ]
    return " ".join(["there are no mails", *filter(None, asked)])


def _advice(record: DeliveryRecord, out: SuppressionRecord | None, zone: str) -> list[str]:
    """Say what becomes of a mail that was not sent, and what a person can do."""
    lines = []
    if record.state is DeliveryState.PENDING and record.next_attempt:
        lines.append(f"The next attempt is due {moment(record.next_attempt, zone)}.")
    if record.state is DeliveryState.PARKED:
        lines += [
            "It may have arrived: twice no answer came after it had begun to leave. Ask the",
            f"recipient. `watcher deliveries retry {record.id}` sends the very same mail again,",
            f"`watcher deliveries drop {record.id}` gives it up. Later mails are not held up.",
        ]
    if out is not None:
        lines += [
            f"{gets_nothing(record.recipient, out)}.",
            "`watcher deliveries lift` changes that.",
        ]
    elif record.state is DeliveryState.FAILED:
        lines.append(f"It did not arrive. `watcher deliveries retry {record.id}` sends it again.")
    return lines


def _shortly(answer: str, screen: Screen) -> str:
    """Return an answer; of a long path on a terminal only the file's name."""
    start, _, path = answer.partition("written to ")
    if start or not screen.is_terminal or len(answer) + MARGIN <= screen.console.width:
        return answer
    return f"written to …/{PurePath(path).name}"


def _content(record: DeliveryRecord, payload: bytes) -> tuple[list[tuple[str, str]], str]:
    """Return what stands above a message, and what it says."""
    if record.kind != "email":
        headers = [("To", record.recipient), ("Message-ID", record.message_id)]
        return headers, content(record.kind, payload)
    mail = message_from_bytes(payload, policy=default)
    return _headers(mail), _text(mail)


def _headers(mail: EmailMessage) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in mail.items()]


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return str(part.get_content()) if part else ""


def _as_dict(record: DeliveryRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "channel": record.channel,
        "kind": record.kind,
        "recipient": record.recipient,
        "state": str(record.state),
        "attempts": record.attempts,
        "created": record.created,
        "next_attempt": record.next_attempt,
        "settled": record.settled,
        "message_id": record.message_id,
        "answer": record.answer,
    }


def _attempt_dict(attempt: AttemptRecord) -> dict[str, Any]:
    return {
        "started": attempt.started,
        "handed_over": attempt.handed_over,
        "ended": attempt.ended,
        "outcome": attempt.outcome,
        "answer": attempt.answer,
    }
