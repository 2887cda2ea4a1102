"""What goes wrong when a table is written."""

from rules.errors import WatcherError


class ExportError(WatcherError):
    """A table cannot be written, and nothing was left behind."""
