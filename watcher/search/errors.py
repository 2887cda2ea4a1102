"""What goes wrong in the search room."""

from pathlib import Path

from rules.errors import WatcherError


class SearchError(WatcherError):
    """The index cannot answer or cannot be written; `help` says what to do now."""


class DamagedError(Exception):
    """Files of the partition in `folder` are not what they should be; it is to be built again.

    Never leaves the room: `FolderIndex` builds the partition again, or tells of it in a
    `SearchError`.
    """

    def __init__(self, folder: Path, why: object) -> None:
        super().__init__(f"{folder.name}: {why}")
        self.folder = folder
