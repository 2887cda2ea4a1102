"""`watcher deliveries suppressed` and `lift`: the addresses that get no mail any more."""

from collections.abc import Mapping
from typing import Any

import click

from watcher.cli import Settings
from watcher.cli.console import ago, count, print_json, safe, shown, stdout
from watcher.cli.names import limit
from watcher.cli.suspects.subject import who
from watcher.store import SuppressionRecord

CAUSES = {
    "bounced": "its mails came back",
    "refused": "the server knows nobody there",
    "unsubscribed": "asked for no more",
}


@click.command("suppressed")
@click.option(
    "--state",
    type=click.Choice(["active", "lifted", "all"]),
    default="active",
    show_default=True,
)
@limit()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(settings: Settings, state: str, limit: int, as_json: bool) -> None:
    """List the addresses that get no mail any more, and why."""
    with settings.opened() as (_, store):
        active = None if state == "all" else state == "active"
        found = store.suppressions(active=active, limit=limit + 1)
    records = shown(found, limit)
    if as_json:
        print_json([as_dict(one) for one in records])
        return
    now = settings.clock()
    stdout().table(
        ["address", "channel", "since", "why", "delivery", "lifted", "what was said"],
        [
            (
                safe(one.recipient, 80),
                one.channel or "all",
                ago(one.since, now),
                one.why,
                str(one.delivery or ""),
                f"{ago(one.lifted, now)}, by {safe(one.lifted_by, 40)}" if one.lifted else "",
                safe(one.detail, 160),
            )
            for one in records
        ],
        right=("delivery",),
        whole=("address",),
        less=("delivery", "channel"),
        hidden=["lifted"] * (not any(one.lifted for one in records)),
        empty=_EMPTY[state],
    )
    if any(one.lifted is None for one in records):
        stdout().hint("", "`watcher deliveries lift ADDRESS` lets mails go there again")


_EMPTY = {
    "active": "every address gets its mails",
    "lifted": "no suppression was lifted",
    "all": "no address was ever suppressed",
}


@click.command()
@click.argument("address")
@click.option("--by", help="Who says so; else your name on this machine.")
@click.pass_obj
def lift(settings: Settings, address: str, by: str | None) -> None:
    """Let mails go to an address again: it was mended, or its reader wants them back.

    What was not sent meanwhile stays so; the next digest goes there again.
    """
    with settings.opened() as (_, store):
        lifted = store.lift_suppression(address, by or who(), settings.clock())
    for one in lifted:
        what = f"the channel {one.channel}" if one.channel else "every channel"
        stdout().say(f"{safe(one.recipient, 80)} gets the mails of {what} again")


def gets_nothing(recipient: str, why: SuppressionRecord) -> str:
    """Say of a recipient that nothing is sent there."""
    detail = f" ({safe(why.detail, 160)})" if why.detail and why.why != "unsubscribed" else ""
    return f"{safe(recipient, 80)} gets no mail: {CAUSES[why.why]}{detail}"


def of_channel(name: str, recipients: int, out: Mapping[str, SuppressionRecord]) -> list[str]:
    """Say who of a channel's recipients gets nothing, and whether anybody is left."""
    if not out:
        return []
    lines = [f"{name}: {gets_nothing(one, why)}" for one, why in out.items()]
    if len(out) >= recipients:
        left = count(recipients, "recipient")
        lines.append(f"{name} tells nobody: none of its {left} can be written to")
    return lines


def as_dict(one: SuppressionRecord) -> dict[str, Any]:
    """Return a suppression as JSON has it."""
    return {
        "recipient": one.recipient,
        "channel": one.channel or None,
        "since": one.since,
        "why": one.why,
        "detail": one.detail,
        "delivery": one.delivery,
        "lifted": one.lifted,
        "lifted_by": one.lifted_by,
    }
