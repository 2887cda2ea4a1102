"""`watcher digests`: what was written, and a look at the next one before it is sent."""

from pathlib import Path

import click

from alerts import EmailDigest
from watcher import pipeline
from watcher.app import App, utc_now
from watcher.cli import Settings
from watcher.cli.console import ago, print_json, safe, stdout


@click.group()
def command() -> None:
    """List the digests, and look at the next one before it is sent."""


@command.command("list")
@click.option("--limit", default=20, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(settings: Settings, limit: int, as_json: bool) -> None:
    """List the digests that were written, the newest first."""
    with settings.opened() as (_, store):
        records = store.digests(limit)
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
                }
                for record in records
            ]
        )
        return
    if not records:
        stdout().say("no digest was written yet")
        return
    now = utc_now()
    stdout().table(
        ["id", "channel", "written", "posts", "suspects", "mails", "subject"],
        [
            (
                str(record.id),
                record.channel,
                ago(record.created, now),
                str(record.mentions),
                str(record.suspects),
                ", ".join(f"{count} {state}" for state, count in record.deliveries.items()),
                safe(record.summary, 70),
            )
            for record in records
        ],
        right=("id", "posts", "suspects"),
    )


@command.command()
@click.argument("channel_name", metavar="CHANNEL")
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
    channels = {one.name: one for one in config.channels if isinstance(one, EmailDigest)}
    if channel_name not in channels:
        known = ", ".join(channels) or "none"
        raise click.BadParameter(f"there is no such email channel (there are: {known})")
    with App.open(config) as app:
        mail = pipeline.preview(app, channels[channel_name])
    if output:
        output.write_text(mail.html, encoding="utf-8")
        stdout().say(f"wrote {output}")
    else:
        stdout().say(mail.text)
