"""`watcher follows`: decide on proposed follows, and carry out the approved ones."""

import click

from alerts.model import ProposalState
from rules.errors import WatcherError
from watcher import pipeline
from watcher.app import App, utc_now
from watcher.cli import Settings
from watcher.cli.console import ago, print_json, safe, stderr, stdout
from watcher.cli.suspects import who
from watcher.presence import alone

STATES = [str(state) for state in ProposalState]


@click.group()
def command() -> None:
    """Decide on proposed follows, and carry out the approved ones."""


@command.command("list")
@click.option("--state", type=click.Choice([*STATES, "all"]), default="proposed", show_default=True)
@click.option("--limit", default=50, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(settings: Settings, state: str, limit: int, as_json: bool) -> None:
    """List proposed follows, each with its reason."""
    with settings.opened() as (_, store):
        records = store.proposals(
            state=None if state == "all" else ProposalState(state), limit=limit
        )
    if as_json:
        print_json(
            [
                {
                    "id": record.id,
                    "account": record.proposal.account.key,
                    "handle": record.proposal.account.handle,
                    "channel": record.proposal.channel,
                    "clause": record.proposal.clause,
                    "reason": str(record.proposal.reason),
                    "post": record.proposal.post,
                    "state": str(record.state),
                    "created": record.created,
                }
                for record in records
            ]
        )
        return
    if not records:
        stdout().say(f"no follows are {state}" if state != "all" else "no follows were proposed")
        return
    now = utc_now()
    stdout().table(
        ["id", "account", "followers", "reason", "proposed", "state"],
        [
            (
                str(record.id),
                f"@{safe(record.proposal.account.handle, 40)}",
                _count(record.proposal.account.followers),
                safe(str(record.proposal.reason), 90),
                ago(record.created, now),
                str(record.state),
            )
            for record in records
        ],
        right=("id", "followers"),
    )


def _decision(name: str, state: ProposalState, words: str) -> None:
    @command.command(name, help=words)
    @click.argument("proposal_ids", metavar="ID...", type=int, nargs=-1, required=True)
    @click.option("--note", default="", help="Why, for the audit trail.")
    @click.pass_obj
    def decide(settings: Settings, proposal_ids: tuple[int, ...], note: str) -> int:
        failed = 0
        with settings.opened() as (_, store):
            for proposal_id in proposal_ids:
                try:
                    record = store.decide(proposal_id, state, note, who(), utc_now())
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
    with alone(config.data), App.open(config) as app:
        followed = pipeline.follow(app, dry_run=False if really else None)
    stdout().say(*(safe(line) for line in followed.lines or ("no approved follow is due",)))
    if followed.error:
        stderr().say(safe(followed.error))
    return 1 if followed.error else 0


@command.command()
@click.argument("proposal_id", metavar="ID", type=int)
@click.pass_obj
def undo(settings: Settings, proposal_id: int) -> None:
    """Unfollow an account that was followed because of a proposal."""
    config = settings.load()
    with alone(config.data), App.open(config) as app:
        stdout().say(safe(pipeline.undo_follow(app, proposal_id, who())))


@command.command()
@click.argument("proposal_id", metavar="ID", type=int)
@click.pass_obj
def show(settings: Settings, proposal_id: int) -> None:
    """Show one proposal and its whole audit trail."""
    with settings.opened() as (_, store):
        record, events = store.proposal(proposal_id), store.follow_events(proposal_id)
    account = record.proposal.account
    stdout().say(
        f"@{safe(account.handle, 80)} on {safe(account.network, 40)}: {record.state}",
        safe(str(record.proposal.reason)),
        safe(account.bio, 300),
        "",
    )
    for event in events:
        stdout().say(
            f"{event.at:%Y-%m-%d %H:%M}  {event.event}  {safe(event.detail, 200)}  "
            f"{safe(event.by, 40)}"
        )


def _count(number: int | None) -> str:
    return "?" if number is None else str(number)
