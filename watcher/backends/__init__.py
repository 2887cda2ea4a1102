"""Where posts come from: `AnySource` is the registry of the kinds of source."""

from watcher.backends.archive import ArchiveSource
from watcher.backends.local import LocalSource
from watcher.backends.mastodon import MastodonSource

AnySource = LocalSource | ArchiveSource | MastodonSource

__all__ = ["AnySource", "ArchiveSource", "LocalSource", "MastodonSource"]
