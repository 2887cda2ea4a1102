"""Files that hold personal data: whole or not there at all, and for nobody else to read."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rules.errors import WatcherError


class NotWrittenError(WatcherError):
    """A file or folder that the user asked for cannot be written."""


def write_private(path: Path, content: bytes, *, force: bool) -> None:
    """Write a file that only its owner may read, at once or not at all.

    What is there already is replaced with `force` only, and never what is no ordinary file. Raises
    `NotWrittenError`.
    """
    if os.path.lexists(path):
        _refuse(path, force=force and path.is_file())
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".watcher-")  # mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise _failed(path, error) from error


def write_folder(path: Path, files: Mapping[str, bytes], *, force: bool) -> None:
    """Write files into a folder that only its owner may enter.

    A new folder appears with all of them at once. With `force` those in an existing one are
    replaced, the last of them being taken away first and written last; whatever else lies there is
    left alone. Raises `NotWrittenError`.
    """
    if os.path.lexists(path) and not (path.is_dir() and not any(path.iterdir())):
        _refuse(path, force=force and path.is_dir())
        try:
            (path / list(files)[-1]).unlink(missing_ok=True)
        except OSError as error:
            raise _failed(path, error) from error
        for name, content in files.items():
            write_private(path / name, content, force=True)
        return
    temporary = None
    try:
        temporary = tempfile.mkdtemp(dir=path.parent, prefix=".watcher-")  # mode 0700
        for name, content in files.items():
            write_private(Path(temporary) / name, content, force=False)
        Path(temporary).rename(path)
    except OSError as error:
        raise _failed(path, error) from error
    finally:
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)


def _refuse(path: Path, *, force: bool) -> None:
    if not force:
        ordinary = path.is_file() or path.is_dir()
        raise NotWrittenError(
            f"{path} is there already" if ordinary else f"{path} is no ordinary file",
            help="--force replaces it, or choose another name" if ordinary else "choose another",
        )


def _failed(path: Path, error: OSError) -> NotWrittenError:
    return NotWrittenError(
        f"{path} cannot be written: {error.strerror}", help="choose another place with --output"
    )
