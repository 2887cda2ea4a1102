"""`watcher logout`: what `watcher login` did, undone."""

import click

from watcher.cli.login import Networks


@click.command(cls=Networks, name="logout")
def command() -> None:
    """Take back what a log-in allowed: there, and in the data folder."""
