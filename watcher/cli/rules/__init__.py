"""`watcher rules`: what the rules say, what they would find, and how to better them.

listing.py      list, show
testing.py      test
explaining.py   explain, why-not
forecasting.py  forecast
comparing.py    diff
importing.py    import
suggesting.py   suggest
subject.py      which rule is meant, and on which posts it is tried
figures.py      counts, bars and shares as they are printed
"""

import click

from watcher.cli.rules import (
    comparing,
    explaining,
    forecasting,
    importing,
    listing,
    suggesting,
    testing,
)


@click.group()
def command() -> None:
    """List, show and try the rules; find out why they match, and better them."""


for made in (
    listing.list_,
    listing.show,
    testing.test,
    explaining.explain,
    explaining.why_not,
    forecasting.forecast,
    comparing.diff,
    suggesting.suggest,
    importing.import_,
):
    command.add_command(made)
