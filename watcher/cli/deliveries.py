"""`watcher deliveries`: the mails, one by one: sent, waiting, refused, parked."""

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
from watcher.cli.names import NUMBER, limit
from watcher.store import AttemptRecord, DeliveryRecord

MARGIN = len("2026-03-10 08:30  sent  ")
"""What stands before an answer on its line."""
STATES = [str(state) for state in DeliveryState]


@click.group()
def command() -> None:
    """The mails: sent, waiting, refused, parked; send again or drop."""


@command.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only those that stand so.")
@limit()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(settings: Settings, state: str | None, limit: int, as_json: bool) -> None:
    """List deliveries, the newest first."""
    with settings.opened() as (_, store):
        found = store.deliveries(state=DeliveryState(state) if state else None, limit=limit + 1)
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
        empty=f"no mails are {state}" if state else "no mail was written yet",
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
    headers, text = _content(record, payload)
    if as_json:
        told = {"headers": [list(one) for one in headers], "text": text}
        print_json({**_as_dict(record), "log": [_attempt_dict(one) for one in attempts], **told})
        return
    screen = stdout()
    kind = "" if record.kind == "email" else f" ({record.kind})"
    screen.say(f"delivery {record.id} of {record.channel}{kind}: {record.state}")
    for attempt in attempts:
        screen.say(
            f"{moment(attempt.started, config.timezone)}  {attempt.outcome or 'under way'}"
            f"  {_shortly(safe(attempt.answer, 300), screen)}".rstrip()
        )
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
        store.retry_delivery(delivery_id, settings.clock())
    stdout().say(f"delivery {delivery_id} goes out with the next `watcher once` or a running one")


@command.command()
@click.argument("delivery_id", metavar="ID", type=NUMBER)
@click.pass_obj
def drop(settings: Settings, delivery_id: int) -> None:
    """Give up on a mail that was not sent."""
    with settings.opened() as (_, store):
        store.drop_delivery(delivery_id, settings.clock())
    stdout().say(f"delivery {delivery_id} is given up")


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
