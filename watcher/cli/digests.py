"""`watcher digests`: what was written, and a look at the next one before it is sent."""

from pathlib import Path

import click

from alerts import DigestChannel
from alerts.hostile import ZERO_WIDTH_SPACE
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
    with settings.opened() as (_, store):
        records = shown(store.digests(limit + 1), limit)
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
        ["id", "channel", "written", "posts", "suspects", "mails", "answered", "summary"],
        [
            (
                str(record.id),
                record.channel,
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
        hidden=["answered"] * (not any(record.urgent for record in records)),
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
    with App.open(config, clock=settings.clock) as app:
        mail = mailing.preview(app, channels[name])
    if output:
        write_file(output, mail.html)
        stdout().say(f"wrote {output}: open it in a browser")
    else:
        stdout().say(*safe_lines(_on_screen(mail.text)))


def _on_screen(text: str) -> str:
    """Return a mail's text with signs instead of what nobody sees and no mail client links."""
    return text.replace(f"{ZERO_WIDTH_SPACE}.", "[.]").replace(ZERO_WIDTH_SPACE, "")
