"""Bluesky: timelines that go back, streams that go on, accounts.

source.py    the table of the configuration       query.py      what can be asked for
client.py    the library, on bounded requests     login.py      the file of an account's log-in
network.py   a timeline, and the accounts         stream.py     a stream, and the accounts
timeline.py  pages of what goes back              place.py      how far it was read
live.py      a stream, kept open                  position.py   where it goes on
streams.py   the two kinds of stream              repository.py frames of the second
keep.py      what is kept of a stream             flow.py       what flows by between two pages
"""

from watcher.backends.bluesky.source import BlueskySource

__all__ = ["BlueskySource"]
