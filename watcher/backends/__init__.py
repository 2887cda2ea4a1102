"""Where posts come from: `AnySource` is the registry of the kinds of source."""

from watcher.backends.archive import ArchiveSource
from watcher.backends.bluesky import BlueskySource
from watcher.backends.feed import FeedSource
from watcher.backends.local import LocalSource
from watcher.backends.mastodon import MastodonSource
from watcher.backends.x import XSource

AnySource = LocalSource | ArchiveSource | BlueskySource | FeedSource | MastodonSource | XSource

__all__ = [
    "AnySource",
    "ArchiveSource",
    "BlueskySource",
    "FeedSource",
    "LocalSource",
    "MastodonSource",
    "XSource",
]
