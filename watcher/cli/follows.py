"""`watcher follows`: decide on proposed follows, and carry out the approved ones."""

from datetime import timedelta
from typing import Any

import click

from alerts import AutoFollow
from alerts.model import ProposalState
from rules.errors import WatcherError
from watcher import following
from watcher.cli import Settings
from watcher.cli.console import (
    ago,
    count,
    moment,
    print_json,
    safe,
    shown,
    stderr,
    stdout,
)
from watcher.cli.names import NUMBER, limit, meant
from watcher.cli.suspects.subject import who
from watcher.presence import alone
from watcher.store import ProposalRecord

STATES = [str(state) for state in ProposalState]


@click.group()
def command() -> None:
    """Decide on proposed follows, and carry out the approved ones."""


@command.command("list")
@click.option("--state", type=click.Choice([*STATES, "all"]), default="proposed", show_default=True)
@limit()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(settings: Settings, state: str, limit: int, as_json: bool) -> None:
    """List proposed follows, the best first, each with its points and its strongest reason."""
    with settings.opened() as (_, store):
        found = store.proposals(
            state=None if state == "all" else ProposalState(state), limit=limit + 1
        )
    records = shown(found, limit)
    if as_json:
        print_json([_as_dict(record) for record in records])
        return
    now, screen = settings.clock(), stdout()
    screen.table(
        ["id", "account", "points", "followers", "reason", "proposed", "state"],
        [
            (
                str(record.id),
                f"@{safe(record.proposal.account.handle, 40)}",
                str(record.proposal.points),
                _count(record.proposal.account.followers),
                _reason(record) if screen.is_terminal else safe(str(record.proposal.reason), 90),
                ago(record.created, now),
                str(record.state),
            )
            for record in records
        ],
        right=("id", "points", "followers"),
        less=("followers", "proposed"),
        hidden=() if state == "all" else ("state",),
        empty=f"no follow is {state}" if state != "all" else "no follow was proposed yet",
    )
    if records and state == ProposalState.PROPOSED:
        stdout().hint("", "`watcher follows approve ID...` or `refuse ID...` decides")
    elif records and state == ProposalState.APPROVED:
        stdout().hint("", "`watcher follows run` follows them, within each channel's budget")


def _decision(name: str, state: ProposalState, words: str) -> None:
    @command.command(name, help=words)
    @click.argument("proposal_ids", metavar="ID...", type=NUMBER, nargs=-1, required=True)
    @click.option("--note", default="", help="Why, for the audit trail.")
    @click.pass_obj
    def decide(settings: Settings, proposal_ids: tuple[int, ...], note: str) -> int:
        failed = 0
        with settings.opened() as (_, store):
            for proposal_id in proposal_ids:
                try:
                    record = store.decide(proposal_id, state, note, who(), settings.clock())
                except WatcherError as error:
                    stderr().error(error)
                    failed = 1
                    continue
                stdout().say(f"@{safe(record.proposal.account.handle, 40)}: {record.state}")
        return failed


_decision("approve", ProposalState.APPROVED, "Let these accounts be followed.")
_decision("refuse", ProposalState.REFUSED, "Never follow these accounts.")


@command.command()
@click.option("--really", is_flag=True, help="Follow, whatever `dry_run` says in the channel.")
@click.pass_obj
def run(settings: Settings, really: bool) -> int:
    """Follow the approved accounts, within each channel's budget of the day.

    A dry run unless the channel says `dry_run = false` or --really is given.
    """
    config = settings.load()
    with alone(config.data, config.store_url), settings.app(config) as app:
        followed = following.follow(app, asked=True, really=really)
    said = (*followed.lines, *(f"{held}; nobody is followed now" for held in followed.held))
    stdout().say(*(safe(line) for line in said or ("no approved follow is due",)))
    if followed.lines and not really:
        stdout().hint("in a dry run nobody is followed; --really follows")
    if followed.error:
        stderr().say(safe(followed.error))
    return 1 if followed.error else 0


@command.command()
@click.argument("proposal_id", metavar="ID", type=NUMBER)
@click.pass_obj
def undo(settings: Settings, proposal_id: int) -> None:
    """Unfollow an account that was followed because of a proposal."""
    config = settings.load()
    with alone(config.data, config.store_url), settings.app(config) as app:
        stdout().say(safe(following.undo_follow(app, proposal_id, who())))


@command.command()
@click.argument("proposal_id", metavar="ID", type=NUMBER)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def show(settings: Settings, proposal_id: int, as_json: bool) -> None:
    """Show one proposal and its whole audit trail."""
    with settings.opened() as (config, store):
        record, events = store.proposal(proposal_id), store.follow_events(proposal_id)
    if as_json:
        trail = [
            {"at": one.at, "event": one.event, "detail": one.detail, "by": one.by} for one in events
        ]
        print_json({**_as_dict(record), "events": trail})
        return
    account, screen = record.proposal.account, stdout()
    screen.say(f"@{safe(account.handle, 80)} on {safe(account.network, 40)}: {record.state}")
    grounds = record.proposal.grounds
    for ground in grounds:
        points = count(ground.points, "point") if ground.points else "to know"
        screen.say(f"{points}: {safe(str(ground.reason))} [{ground.clause}]")
    if not grounds:
        screen.say(safe(str(record.proposal.reason)))
    if account.bio:
        screen.say("", safe(account.bio, 300))
    screen.say("")
    for event in events:
        detail = f": {safe(event.detail, 200)}" if event.detail else ""
        screen.say(
            f"{moment(event.at, config.timezone)}  {event.event} by {safe(event.by, 40)}{detail}"
        )


@command.command()
@click.argument("handle", default="")
@limit()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def skipped(settings: Settings, handle: str, limit: int, as_json: bool) -> None:
    """List accounts that were left alone, or say why the one of a HANDLE was."""
    with settings.opened() as (_, store):
        found = store.passed_over(handle=handle, limit=limit + 1)
    records = shown(found, limit)
    if as_json:
        print_json(
            [
                {
                    "account": one.account.key,
                    "handle": one.account.handle,
                    "channel": one.channel,
                    "clause": one.clause,
                    "reason": str(one.reason),
                    "at": one.at,
                }
                for one in records
            ]
        )
        return
    now = settings.clock()
    stdout().table(
        ["account", "channel", "clause", "why", "considered"],
        [
            (
                f"@{safe(one.account.handle, 40)}",
                one.channel,
                one.clause,
                safe(_without_name(str(one.reason), one.account.handle), 90),
                ago(one.at, now),
            )
            for one in records
        ],
        less=("channel", "considered", "clause"),
        empty=f"nobody called {handle} was left alone" if handle else "nobody was left alone yet",
    )


@command.command()
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True)
@limit()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def stale(settings: Settings, days: int, limit: int, as_json: bool) -> None:
    """List accounts followed so many days ago that no rule has found since.

    A list to look at: nobody is ever unfollowed but by `watcher follows undo ID`. "Seen last" is
    what your sources brought; somebody may write where they do not look.
    """
    now = settings.clock()
    with settings.opened() as (_, store):
        found = store.unspoken(now - timedelta(days=days), limit + 1)
    records = shown(found, limit)
    if as_json:
        print_json(
            [
                {**_as_dict(one.record), "followed": one.followed, "newest_post": one.newest}
                for one in records
            ]
        )
        return
    stdout().table(
        ["id", "account", "followed", "seen last", "looks"],
        [
            (
                str(one.record.id),
                f"@{safe(one.record.proposal.account.handle, 40)}",
                ago(one.followed, now),
                ago(one.newest, now) if one.newest else "never",
                "active" if one.newest and now - one.newest < timedelta(days=days) else "dormant",
            )
            for one in records
        ],
        right=("id",),
        empty=f"nobody followed over {count(days, 'day')} ago has been silent about you since",
    )
    if records:
        stdout().hint("", "nobody is unfollowed by itself; `watcher follows undo ID` does it")


@command.command()
@click.argument("channel")
@click.option("--note", default="", help="What was done about it, for the audit trail.")
@click.pass_obj
def resume(settings: Settings, channel: str, note: str) -> None:
    """Let a CHANNEL follow again that was blocked, refused or warned by moderators."""
    with settings.opened() as (config, store):
        names = [one.name for one in config.channels if isinstance(one, AutoFollow)]
        name = meant(channel, names, "channel that follows")
        was_stopped = store.resume_follows(name, who(), note, settings.clock())
    stdout().say(f"{name} follows again" if was_stopped else f"{name} was not stopped")


def _as_dict(record: ProposalRecord) -> dict[str, Any]:
    proposal = record.proposal
    return {
        "id": record.id,
        "account": proposal.account.key,
        "handle": proposal.account.handle,
        "channel": proposal.channel,
        "clause": proposal.clause,
        "reason": str(proposal.reason),
        "points": proposal.points,
        "grounds": [
            {"clause": one.clause, "points": one.points, "reason": str(one.reason)}
            for one in proposal.grounds
        ],
        "post": proposal.post,
        "state": str(record.state),
        "created": record.created,
        "decided": record.decided,
        "by": record.by,
        "note": record.note,
    }


def _reason(record: ProposalRecord) -> str:
    """Return the reason without the account, which stands beside it."""
    proposal = record.proposal
    return safe(_without_name(str(proposal.reason), proposal.account.handle), 90)


def _without_name(sentence: str, handle: str) -> str:
    return sentence.removeprefix(f"@{handle} ")


def _count(number: int | None) -> str:
    return "?" if number is None else str(number)
