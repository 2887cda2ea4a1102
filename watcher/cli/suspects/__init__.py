"""`watcher suspects`: accounts and domains that look like a brand, and what we think of them.

choosing.py     which suspects are meant: the options that filter them
listing.py      list
showing.py      show
reviewing.py    review
card.py         one suspect on one screen of the review
sifting.py      the filter that is typed during a review
judging.py      confirm, dismiss, ours, parody, reopen, note
exporting.py    export
../sweep.py     sweep
learning.py     learn
subject.py      what to call a suspect, and who judges it
history.py      what became of a suspect, in words
sidebyside.py   both names, one above the other
data.py         suspects as plain values
"""

import click

from watcher.cli import sweep
from watcher.cli.suspects import exporting, judging, learning, listing, reviewing, showing


@click.group()
def command() -> None:
    """Review the accounts and domains that look like a brand."""


for made in (
    listing.list_,
    showing.show,
    reviewing.review,
    *judging.COMMANDS,
    judging.note,
    exporting.export,
    sweep.command,
    learning.learn,
):
    command.add_command(made)
