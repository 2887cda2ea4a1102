"""Posts out of files: JSON lines and CSV, plain or gzip, in the shapes that networks write."""

from watcher.backends.archive.reader import ArchiveReader
from watcher.backends.archive.source import ArchiveSource

__all__ = ["ArchiveReader", "ArchiveSource"]
