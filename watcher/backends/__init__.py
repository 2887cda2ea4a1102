"""Where posts come from: `AnySource` is the registry of the kinds of source."""

from watcher.backends.archive import ArchiveSource
from watcher.backends.feed import FeedSource
from watcher.backends.local import LocalSource
from watcher.backends.mastodon import MastodonSource

AnySource = LocalSource | ArchiveSource | FeedSource | MastodonSource

__all__ = ["AnySource", "ArchiveSource", "FeedSource", "LocalSource", "MastodonSource"]
