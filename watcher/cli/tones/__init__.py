"""`watcher tones`: how posts speak of the brands, and what we think of that.

listing.py      list, export
judging.py      judge
reviewing.py    review
learning.py     quality, learn
"""

import click

from watcher.cli.tones import judging, learning, listing, reviewing


@click.group()
def command() -> None:
    """See how posts speak of the brands, and correct it: the brands' figures learn from that."""


for made in (
    listing.list_,
    judging.judge,
    reviewing.review,
    learning.quality,
    learning.learn,
    listing.export,
):
    command.add_command(made)
