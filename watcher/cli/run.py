"""`watcher run`: the service in the foreground."""

import logging
import sys

import click

from watcher.app import App
from watcher.cli import Settings
from watcher.presence import alone, alone_in
from watcher.service import Service
from watcher.store import is_shared


@click.command()
@click.option("--quiet", "-q", is_flag=True, help="Say only what went wrong.")
@click.pass_obj
def command(settings: Settings, quiet: bool) -> None:
    """Watch until stopped: pull each source at its pace, match, index, mail, follow.

    Ctrl-C or SIGTERM finishes what is under way; a second one ends at once, and the next start
    takes up what was left. A changed configuration is taken up when it is valid.
    """
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING if quiet else logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    config = settings.load()
    if not is_shared(config.store_url):
        with alone(config.data, config.store_url), App.open(config, clock=settings.clock) as app:
            Service(app).run()
        return
    from watcher.leading import Standby  # only where several may run

    with alone_in(config.data), App.open(config, clock=settings.clock) as app:
        Standby(app).run()
