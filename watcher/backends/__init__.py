"""Where posts come from: `AnySource` is the registry of the kinds of source."""

from watcher.backends.archive import ArchiveSource
from watcher.backends.local import LocalSource

AnySource = LocalSource | ArchiveSource

__all__ = ["AnySource", "ArchiveSource", "LocalSource"]
