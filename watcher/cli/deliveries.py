"""`watcher deliveries`: the mails, one by one: sent, waiting, refused, parked."""

import click

from alerts.model import DeliveryState
from watcher.app import utc_now
from watcher.cli import Settings
from watcher.cli.console import ago, print_json, safe, stdout

STATES = [str(state) for state in DeliveryState]


@click.group()
def command() -> None:
    """Show the mails: sent, waiting, refused, parked; decide on the parked ones."""


@command.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only those that stand so.")
@click.option("--limit", default=50, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(settings: Settings, state: str | None, limit: int, as_json: bool) -> None:
    """List deliveries, the newest first."""
    with settings.opened() as (_, store):
        records = store.deliveries(state=DeliveryState(state) if state else None, limit=limit)
    if as_json:
        print_json(
            [
                {
                    "id": record.id,
                    "channel": record.channel,
                    "recipient": record.recipient,
                    "state": str(record.state),
                    "attempts": record.attempts,
                    "created": record.created,
                    "next_attempt": record.next_attempt,
                    "message_id": record.message_id,
                    "answer": record.answer,
                }
                for record in records
            ]
        )
        return
    if not records:
        stdout().say("no deliveries")
        return
    now = utc_now()
    stdout().table(
        ["id", "channel", "to", "state", "attempts", "written", "next", "last answer"],
        [
            (
                str(record.id),
                record.channel,
                record.recipient,
                str(record.state),
                str(record.attempts),
                ago(record.created, now),
                ago(record.next_attempt, now) if record.state == DeliveryState.PENDING else "",
                safe(record.answer, 60),
            )
            for record in records
        ],
        right=("id", "attempts"),
    )


@command.command()
@click.argument("delivery_id", metavar="ID", type=int)
@click.pass_obj
def retry(settings: Settings, delivery_id: int) -> None:
    """Send a parked or refused mail again, at the risk that it arrives twice."""
    with settings.opened() as (_, store):
        store.retry_delivery(delivery_id, utc_now())
    stdout().say(f"delivery {delivery_id} is sent again at the next run")


@command.command()
@click.argument("delivery_id", metavar="ID", type=int)
@click.pass_obj
def drop(settings: Settings, delivery_id: int) -> None:
    """Give up on a mail that was not sent."""
    with settings.opened() as (_, store):
        store.drop_delivery(delivery_id, utc_now())
    stdout().say(f"delivery {delivery_id} is dropped")
