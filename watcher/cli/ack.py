"""`watcher ack`: somebody has seen to urgent news, and nobody else need be told."""

import click

from watcher.cli import Settings
from watcher.cli.console import ago, count, safe, stdout
from watcher.cli.names import NUMBER, MistakeError
from watcher.cli.suspects.subject import who
from watcher.store import Unanswered

MOST = 1000


@click.command()
@click.argument("digest", type=NUMBER, required=False)
@click.option("--all", "every", is_flag=True, help="All that nobody has acknowledged.")
@click.option("--by", help="Who has seen to it; else your name on this machine.")
@click.pass_obj
def command(settings: Settings, digest: int | None, every: bool, by: str | None) -> None:
    """Say that somebody has seen to an urgent digest: it is not escalated.

    The alarms in it are not told again. Without a number, show what waits for that.
    """
    if digest and every:
        raise MistakeError("either a number or --all", help="`watcher ack` shows the numbers")
    now, name = settings.clock(), by or who()
    with settings.opened() as (_, store):
        if digest:
            new = store.acknowledge(digest, name, now)
            what = "is acknowledged" if new else "had been acknowledged before"
            stdout().say(f"digest {digest} {what}")
            return
        waiting = store.unacknowledged(limit=MOST)
        if every:
            for one in waiting:
                store.acknowledge(one.id, name, now)
            stdout().say(f"{count(len(waiting), 'digest')} acknowledged")
            return
    stdout().table(
        ["id", "channel", "written", "went to"],
        [_row(one, settings) for one in waiting],
        right=("id",),
        empty="nothing urgent waits to be acknowledged",
    )


def _row(one: Unanswered, settings: Settings) -> tuple[str, str, str, str]:
    to = ", ".join(one.recipients)
    return str(one.id), one.channel, ago(one.created, settings.clock()), safe(to, 120)
