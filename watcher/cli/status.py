"""`watcher status`: what is watched, what waits, what went wrong."""

from datetime import datetime
from typing import Any

import click

from alerts import EmailDigest
from rules.model import Verdict
from watcher.app import utc_now
from watcher.cli import Settings
from watcher.cli.console import ago, print_json, safe, stdout
from watcher.config import Config
from watcher.presence import Heartbeat, is_alive, last_heartbeat
from watcher.store import SourceState, Status


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def command(settings: Settings, as_json: bool) -> None:
    """Show what is watched, what waits, and what went wrong."""
    now = utc_now()
    with settings.opened() as (config, store):
        status, sources = store.status(), store.source_states()
        slots = {channel.name: store.last_slot(channel.name) for channel in config.channels}
    beat = last_heartbeat(config.data)
    if as_json:
        print_json(_as_dict(status, sources, beat, now))
        return
    stdout().say(_service_line(beat, now), "")
    _print_sources(config, sources, now)
    _print_channels(config, status, slots, now)
    _print_totals(status, now)


def _service_line(beat: Heartbeat | None, now: datetime) -> str:
    if beat is None:
        return "not running: `watcher run` starts it"
    if is_alive(beat, now):
        return f"running since {beat.started:%Y-%m-%d %H:%M} UTC (process {beat.pid})"
    return (
        f"no sign of life since {ago(beat.beat, now)} (process {beat.pid}): "
        "it was killed or hangs; `watcher run` takes up what was left"
    )


def _print_sources(config: Config, states: tuple[SourceState, ...], now: datetime) -> None:
    known = {state.name: state for state in states}
    rows = []
    for source in config.sources:
        state = known.get(source.name)
        if not source.enabled:
            told = "off"
        elif state is None:
            told = "not read yet"
        elif state.failures:
            told = f"failed {state.failures} times: {safe(state.last_error, 100)}"
        else:
            told = "fine"
        rows.append(
            (
                source.name,
                source.kind,
                str(state.posts if state else 0),
                ago(state.last_success if state else None, now),
                told,
            )
        )
    stdout().table(["source", "kind", "posts", "up to date", "state"], rows, right=("posts",))
    stdout().say("")


def _print_channels(
    config: Config, status: Status, slots: dict[str, datetime | None], now: datetime
) -> None:
    rows = []
    for channel in config.channels:
        upcoming = ""
        if isinstance(channel, EmailDigest):
            slot = channel.next_slot(now, config.timezone)
            upcoming = ago(slot, now) if slot else "never"
        rows.append(
            (
                channel.name,
                channel.kind,
                str(status.waiting.get(channel.name, 0)),
                ago(slots[channel.name], now),
                upcoming,
            )
        )
    stdout().table(["channel", "kind", "waiting", "last", "next"], rows, right=("waiting",))
    stdout().say("")


def _print_totals(status: Status, now: datetime) -> None:
    screen = stdout()
    line = (
        f"{status.posts} posts of {status.accounts} accounts, newest {ago(status.newest_post, now)}"
    )
    if status.unmatched:
        line += f"; {status.unmatched} not matched yet"
    screen.say(line)
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in status.suspects.items())
    screen.say(f"{status.matches} matches; suspects: {verdicts or 'none'}")
    mails = ", ".join(f"{count} {state}" for state, count in status.deliveries.items())
    screen.say(f"mails: {mails or 'none'}")
    follows = ", ".join(f"{count} {state}" for state, count in status.proposals.items())
    screen.say(f"follows: {follows or 'none'}")
    if status.suspects.get(Verdict.OPEN):
        screen.say("", "`watcher suspects review` judges the open suspects")


def _as_dict(
    status: Status, sources: tuple[SourceState, ...], beat: Heartbeat | None, now: datetime
) -> dict[str, Any]:
    return {
        "running": is_alive(beat, now),
        "pid": beat.pid if beat else None,
        "last_heartbeat": beat.beat if beat else None,
        "posts": status.posts,
        "newest_post": status.newest_post,
        "unmatched": status.unmatched,
        "accounts": status.accounts,
        "matches": status.matches,
        "waiting": status.waiting,
        "suspects": {str(k): v for k, v in status.suspects.items()},
        "deliveries": {str(k): v for k, v in status.deliveries.items()},
        "proposals": {str(k): v for k, v in status.proposals.items()},
        "sources": [
            {
                "name": source.name,
                "posts": source.posts,
                "last_pull": source.last_pull,
                "last_success": source.last_success,
                "last_error": source.last_error,
                "failures": source.failures,
            }
            for source in sources
        ],
    }
