"""`watcher digests`: what was written, and a look at the next one before it is sent."""

from pathlib import Path

import click

from alerts import DigestChannel, Outlet
from alerts.model import OutgoingMail
from watcher import mailing
from watcher.app import App
from watcher.cli import Settings
from watcher.cli.answered import answered
from watcher.cli.console import (
    ago,
    print_json,
    safe,
    safe_lines,
    shown,
    stdout,
    write_file,
)
from watcher.cli.messages import content, on_screen
from watcher.cli.names import completing, email_names, limit, meant


@click.group()
def command() -> None:
    """List the digests, and look at the next one before it is sent."""


@command.command("list")
@limit(20)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(settings: Settings, limit: int, as_json: bool) -> None:
    """List the digests that were written, the newest first."""
    with settings.opened() as (config, store):
        records = shown(store.digests(limit + 1), limit)
    kinds = {channel.name: channel.kind for channel in config.channels}
    if as_json:
        print_json(
            [
                {
                    "id": record.id,
                    "channel": record.channel,
                    "slot": record.slot,
                    "created": record.created,
                    "summary": record.summary,
                    "mentions": record.mentions,
                    "suspects": record.suspects,
                    "more": record.more,
                    "deliveries": {str(k): v for k, v in record.deliveries.items()},
                    "kind": record.kind,
                    "channel_kind": kinds.get(record.channel),
                    "urgent": record.urgent,
                    "acknowledged": record.acknowledged,
                    "acknowledged_by": record.acknowledged_by,
                    "escalation": record.escalation,
                }
                for record in records
            ]
        )
        return
    now = settings.clock()
    stdout().table(
        ["id", "channel", "kind", "written", "posts", "suspects", "mails", "answered", "summary"],
        [
            (
                str(record.id),
                record.channel,
                kinds.get(record.channel, ""),
                ago(record.created, now),
                str(record.mentions),
                str(record.suspects),
                ", ".join(f"{count} {state}" for state, count in record.deliveries.items()),
                answered(record),
                safe(record.summary, 70),
            )
            for record in records
        ],
        right=("id", "posts", "suspects"),
        hidden=["answered"] * (not any(record.urgent for record in records))
        + ["kind"] * all(kinds.get(record.channel) in {"email", None} for record in records),
        empty="no digest was written yet; `watcher digests preview CHANNEL` shows the next one",
    )


@command.command()
@click.argument("channel_name", metavar="CHANNEL", shell_complete=completing(email_names))
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the HTML here; else the text part is printed.",
)
@click.pass_obj
def preview(settings: Settings, channel_name: str, output: Path | None) -> None:
    """Show what the channel would mail now. Nothing is sent, and nothing is marked as told."""
    config = settings.load()
    channels = {one.name: one for one in config.channels if isinstance(one, DigestChannel)}
    name = meant(channel_name, email_names(config), "email channel")
    channel = channels[name]
    with App.open(config, clock=settings.clock) as app:
        if isinstance(channel, Outlet):
            _preview_message(mailing.next_message(app, channel), output)
            return
        mail = mailing.preview(app, channel)
    if output:
        write_file(output, mail.html)
        stdout().say(f"wrote {output}: open it in a browser")
    else:
        stdout().say(*safe_lines(on_screen(mail.text)))


def _preview_message(message: OutgoingMail | None, output: Path | None) -> None:
    """Show what a channel that is no mail would hand over, or write it as it is stored."""
    if message is None:
        stdout().say("it would hand over nothing now")
    elif output:
        write_file(output, message.payload.decode())
        stdout().say(f"wrote {output}: what the channel would hand over")
    else:
        stdout().say(*safe_lines(content(message.kind, message.payload)))
