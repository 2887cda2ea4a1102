"""`watcher sources`: where posts come from, how that goes, and what is missing.

listing.py     list
checking.py    check
suggesting.py  suggest
"""

import click

from watcher.cli.sources import checking, listing, suggesting


@click.group()
def command() -> None:
    """Show how the sources are read, try them, and find those that the rules need."""


for made in (listing.list_, checking.check, suggesting.suggest):
    command.add_command(made)
