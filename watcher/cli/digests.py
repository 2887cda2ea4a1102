"""`watcher digests`: what was written, a look at the next one, and sending it out of turn."""

from collections.abc import Sequence
from pathlib import Path

import click

from alerts import DigestChannel, Outlet
from alerts.mail.message import page_of, text_of
from alerts.model import DeliveryKind, OutgoingMail
from watcher import mailing, pipeline
from watcher.cli import Settings
from watcher.cli.answered import answered
from watcher.cli.console import (
    ago,
    count,
    moment,
    print_json,
    safe,
    safe_lines,
    shown,
    stdout,
    write_file,
)
from watcher.cli.messages import content, noun, on_screen
from watcher.cli.names import NUMBER, completing, email_names, limit, meant
from watcher.cli.suppressed import gets_nothing
from watcher.presence import BusyError, alone
from watcher.store import DeliveryRecord, NoSuchRecordError

MOST_DELIVERIES = 1000


@click.group()
def command() -> None:
    """List and show the digests, look at the next one, send it before its time."""


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
                ", ".join(f"{number} {state}" for state, number in record.deliveries.items()),
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
    name = meant(channel_name, email_names(config), "channel of messages")
    channel = channels[name]
    with settings.app(config) as app:
        if isinstance(channel, Outlet):
            _preview_message(mailing.next_message(app, channel), output)
            return
        mail = mailing.preview(app, channel)
    if output:
        write_file(output, mail.page)
        stdout().say(f"wrote {output}: open it in a browser")
    else:
        stdout().say(*safe_lines(on_screen(mail.text)))


@command.command()
@click.argument("digest_id", metavar="ID", type=NUMBER)
@click.option("--to", "recipient", metavar="ADDRESS", help="The mail of this recipient.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the page that its readers saw here; else the text part is printed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def show(
    settings: Settings, digest_id: int, recipient: str | None, html: Path | None, as_json: bool
) -> None:
    """Show a digest as it was written, from the very bytes that were sent or are to be."""
    with settings.opened() as (config, store):
        records = store.deliveries(digest=digest_id, limit=MOST_DELIVERIES)
        if not records:
            raise NoSuchRecordError(
                f"there is no digest {digest_id}, or it was made for nobody",
                help="`watcher digests list` shows their numbers.",
            )
        one = _meant(records, recipient)
        payload = store.delivery(one.id).payload
        out = store.suppressed(one.channel, {each.recipient for each in records})
    text = _words(one.kind, payload)
    if as_json:
        told = [{"id": each.id, "to": each.recipient, "state": each.state} for each in records]
        print_json({"id": digest_id, "channel": one.channel, "deliveries": told, "text": text})
    elif html:
        write_file(html, page_of(payload) if one.kind == "email" else text)
        stdout().say(f"wrote {html}: open it in a browser")
    else:
        written = moment(one.created, config.timezone)
        stdout().say(f"digest {digest_id} of {one.channel}, written {written}")
        stdout().say(*(f"{safe(each.recipient, 80)}: {each.state}" for each in records[::-1]))
        stdout().say(*(gets_nothing(name, why) for name, why in out.items()))
        stdout().say("", *safe_lines(text or "its content was erased"))


def _meant(records: Sequence[DeliveryRecord], recipient: str | None) -> DeliveryRecord:
    """The delivery that is to be shown: the first one, or that to a recipient."""
    if recipient is None:
        return records[-1]
    name = meant(recipient, [one.recipient for one in records], "recipient of it")
    return next(one for one in records if one.recipient == name)


def _words(kind: DeliveryKind, payload: bytes) -> str:
    return on_screen(text_of(payload)) if kind == "email" else content(kind, payload)


@command.command()
@click.argument("channel_name", metavar="CHANNEL", shell_complete=completing(email_names))
@click.pass_obj
def send(settings: Settings, channel_name: str) -> int:
    """Write the channel's digest now, before its time, and send it.

    It goes the way of every digest: what it tells is marked as told, and the next one begins where
    this one ends. A watcher that is running sends it.
    """
    config = settings.load()
    channels = {one.name: one for one in config.channels if isinstance(one, DigestChannel)}
    channel = channels[meant(channel_name, email_names(config), "channel of messages")]
    with settings.app(config) as app:
        planned = pipeline.plan_now(app, channel)
        if planned is None:
            stdout().say(f"nothing waits for {channel.name}: nothing was sent")
            return 0
        wrote = f"wrote {count(planned.mails, noun(channel.kind))}"
        try:
            with alone(config.data, config.store_url):
                delivered = pipeline.deliver(app)
        except BusyError:
            stdout().say(f"{wrote}, to be sent by the watcher that is running")
            return 0
    stdout().say(f"{wrote}, sent {delivered.sent}")
    stdout().say(*(safe(answer, 300) for answer in delivered.answers))
    return 1 if delivered.failed or delivered.parked else 0


def _preview_message(message: OutgoingMail | None, output: Path | None) -> None:
    """Show what a channel that is no mail would hand over, or write it as it is stored."""
    if message is None:
        stdout().say("it would hand over nothing now")
    elif output:
        write_file(output, message.payload.decode())
        stdout().say(f"wrote {output}: what the channel would hand over")
    else:
        stdout().say(*safe_lines(content(message.kind, message.payload)))
