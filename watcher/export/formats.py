"""The formats a table can be written in, into files that appear whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Literal, get_args

from watcher.export import as_csv, as_jsonl, as_parquet
from watcher.export.errors import ExportError
from watcher.export.table import Table

Format = Literal["csv", "jsonl", "parquet"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)


def format_of(path: Path) -> Format | None:
    """Return the format that the ending of a name says, None where it says none."""
    ending = path.suffix.lower().removeprefix(".")
    return next((one for one in FORMATS if one == ending), None)


def write_file(
    table: Table, path: Path, format: Format, *, force: bool = False, formulas: bool = False
) -> int:
    """Write a table into a file that only its owner may read; return how many rows it had.

    The file appears when it is whole. What is there already is replaced with `force` only. CSV is
    for spreadsheets: it begins with a byte order mark, and what would be a formula is defused; with
    `formulas` it is for programs, exact and without a mark. Raises `ExportError`, and whatever the
    rows raise while they are read; then nothing is left behind.
    """
    with _appearing(path, force=force) as file:
        if format == "csv":
            return as_csv.write(table, file, formulas=formulas, marked=not formulas)
        return write_stream(table, file, format)


def write_stream(table: Table, file: BinaryIO, format: Format, *, formulas: bool = False) -> int:
    """Write a table to an open file, CSV without a mark; return how many rows it had.

    Raises `ExportError`, `OSError`, and whatever the rows raise while they are read.
    """
    if format == "csv":
        return as_csv.write(table, file, formulas=formulas)
    if format == "jsonl":
        return as_jsonl.write(table, file)
    return as_parquet.write(table, file)


@contextmanager
def _appearing(path: Path, *, force: bool) -> Iterator[BinaryIO]:
    """Open a file that takes its place when the body has ended well. Raises `ExportError`."""
    if os.path.lexists(path) and not path.is_file():
        raise ExportError(f"{path} is no ordinary file", help="choose another name")
    if os.path.lexists(path) and not force:
        raise ExportError(
            f"{path} is there already", help="--force replaces it, or choose another name"
        )
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".watcher-")  # mode 0600
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _put(temporary, path, force=force)
    except FileExistsError as error:
        raise ExportError(f"{path} is there already", help="choose another name") from error
    except OSError as error:
        raise ExportError(
            f"{path} cannot be written: {error.strerror}", help="choose another place"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _put(temporary: Path, path: Path, *, force: bool) -> None:
    if not force:
        try:
            os.link(temporary, path)
        except FileExistsError:  # it came to be there meanwhile
            raise
        except OSError:  # a file system that knows no second name of a file
            if os.path.lexists(path):
                raise
        else:
            return
    temporary.replace(path)
