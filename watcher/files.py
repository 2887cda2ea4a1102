"""Where the files that come with the program lie.

In a checkout they are beside the packages, in an installed wheel inside this one.
"""

from pathlib import Path

from rules.errors import WatcherError

_PACKAGE = Path(__file__).resolve().parent


class MissingFileError(WatcherError):
    """A file that belongs to the program is not where it was installed."""


def templates() -> Path:
    """The folder of mail templates and translations. Raises `MissingFileError`."""
    return _find("templates")


def example_config() -> Path:
    """The complete, commented configuration. Raises `MissingFileError`."""
    return _find("config.example.toml")


def _find(name: str) -> Path:
    for folder in (_PACKAGE / "_files", _PACKAGE.parent):
        if (folder / name).exists():
            return folder / name
    raise MissingFileError(
        f"{name} is missing from the installation in {_PACKAGE}",
        help="install the program again",
    )
