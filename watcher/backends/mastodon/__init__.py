"""Mastodon and every server that speaks its API.

source.py    the table of the configuration        query.py    what can be read
client.py    the library, on our bounded session   features.py what a server is and has
network.py   the reader and its accounts           pull.py     pages, forward and back
cursor.py    how far was read                      stream.py   posts as they are written
sse.py, socket.py  the two ways servers send them  tokens.py   log-ins that were stored
"""

from watcher.backends.mastodon.source import MastodonSource

__all__ = ["MastodonSource"]
