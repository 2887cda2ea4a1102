"""`watcher sources`: where posts come from, how that goes, and what is missing.

listing.py     list
checking.py    check
suggesting.py  suggest
"""

import click

from watcher.cli.sources.checking import check
from watcher.cli.sources.listing import list_
from watcher.cli.sources.suggesting import suggest


@click.group()
def command() -> None:
    """Show how the sources are read, try them, and find those that the rules need."""


for made in (list_, check, suggest):
    command.add_command(made)
