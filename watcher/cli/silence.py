"""`watcher silence`: what is not to be told for a while, who said so and why."""

from datetime import timedelta
from typing import Any

import click

from alerts import DigestChannel
from alerts.routing.silence import Silence
from rules.rates import length
from watcher.cli import Settings
from watcher.cli.console import ago, moment, print_json, safe, shown, stdout
from watcher.cli.names import (
    NUMBER,
    brand_names,
    completing,
    email_names,
    limit,
    meant,
    rule_names,
)
from watcher.cli.suspects.subject import who
from watcher.clock import clock_of
from watcher.config import Config
from watcher.store import SilenceRecord


class Length(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.5 only
    """A length of time: `4h`."""

    name = "length"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return the length of time."""
        try:
            return length(str(value))
        except (ValueError, OverflowError):
            self.fail(f"{str(value)[:40]!r} is no length of time; write it like 4h", param, ctx)


LENGTH = Length()


@click.group()
def command() -> None:
    """Keep findings from being told for a while; they are stored and counted all the same."""


@command.command()
@click.option("--rule", shell_complete=completing(rule_names), help="What this rule finds.")
@click.option("--brand", shell_complete=completing(brand_names), help="What is about this brand.")
@click.option(
    "--channel", shell_complete=completing(email_names), help="What goes to this channel."
)
@click.option("--author", help="What this account writes: @handle.")
@click.option("--find", metavar="EXPR", help="Posts that fit an expression of the rule language.")
@click.option(
    "--for", "span", type=LENGTH, required=True, help="For how long: 4h, 7d; 90 days at most."
)
@click.option("--because", required=True, help="Why: digests say so.")
@click.option("--by", help="Who says so; else your name on this machine.")
@click.pass_obj
def add(
    settings: Settings,
    rule: str | None,
    brand: str | None,
    channel: str | None,
    author: str | None,
    find: str | None,
    span: timedelta,
    because: str,
    by: str | None,
) -> None:
    """Silence what fits all that is given, from now on: also what waits already.

    What is silenced is stored and counted, and is not told later. The next digest of the channel
    says how much there was, and by which silence.
    """
    with settings.opened() as (config, store):
        now = clock_of(store, settings.clock)()
        silence = Silence(
            rule=meant(rule, rule_names(config), "rule") if rule else "",
            brand=meant(brand, brand_names(config), "brand") if brand else "",
            channel=meant(channel, _channel_names(config), "channel") if channel else "",
            author=author or "",
            find=find or "",
            since=now,
            until=now + span,
            because=because,
            by=by or who(),
        )
        number = store.add_silence(silence)
        zone = config.timezone
    stdout().say(f"silence {number}: {safe(silence.matchers(), 300)}")
    stdout().say(f"until {moment(silence.until, zone)}; `watcher silence expire {number}` ends it")


@command.command("list")
@click.option(
    "--state",
    type=click.Choice(["active", "expired", "all"]),
    default="active",
    show_default=True,
)
@limit(20)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(settings: Settings, state: str, limit: int, as_json: bool) -> None:
    """List silences, the newest first, with how much each has kept back."""
    with settings.opened() as (_, store):
        now = clock_of(store, settings.clock)()
        active = None if state == "all" else state == "active"
        found = store.silences(now, active=active, limit=limit + 1)
    records = shown(found, limit)
    if as_json:
        print_json([_as_dict(one, active=one.silence.is_active(now)) for one in records])
        return
    stdout().table(
        ["id", "silenced", "until", "kept back", "because", "by"],
        [
            (
                str(one.id),
                safe(one.silence.matchers(), 160),
                _until(one, settings),
                f"{one.kept:,}",
                safe(one.silence.because, 120),
                safe(one.silence.by, 40),
            )
            for one in records
        ],
        right=("id", "kept back"),
        empty=_EMPTY[state],
    )


_EMPTY = {
    "active": "nothing is silenced; `watcher silence add` does that",
    "expired": "no silence has expired",
    "all": "nothing was ever silenced; `watcher silence add` does that",
}


@command.command()
@click.argument("id", type=NUMBER)
@click.option("--by", help="Who says so; else your name on this machine.")
@click.pass_obj
def expire(settings: Settings, id: int, by: str | None) -> None:
    """End a silence now. What it has kept back stays so."""
    with settings.opened() as (_, store):
        now = clock_of(store, settings.clock)()
        record = store.expire_silence(id, by or who(), now)
    stdout().say(f"silence {id} has ended; it kept back {record.kept:,}")


def _channel_names(config: Config) -> list[str]:
    """Return the names of all channels, those that tell of findings first."""
    ordered = sorted(config.channels, key=lambda one: not isinstance(one, DigestChannel))
    return [one.name for one in ordered]


def _until(record: SilenceRecord, settings: Settings) -> str:
    when = ago(record.silence.until, settings.clock())
    return f"{when}, by {safe(record.ended_by, 40)}" if record.ended_by else when


def _as_dict(record: SilenceRecord, *, active: bool) -> dict[str, Any]:
    one = record.silence
    return {
        "id": record.id,
        "active": active,
        "rule": one.rule,
        "brand": one.brand,
        "channel": one.channel,
        "author": one.author,
        "find": one.find,
        "since": one.since,
        "until": one.until,
        "because": one.because,
        "by": one.by,
        "ended_by": record.ended_by,
        "kept": record.kept,
    }
