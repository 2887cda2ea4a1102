"""X: recent search, timelines and accounts by its API v2; what is read there is paid for."""

from watcher.backends.x.source import XSource

__all__ = ["XSource"]
