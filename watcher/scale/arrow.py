"""Archives through pyarrow, an extra (`brand-watcher[parquet]`): those that are not local.

The only module of batch work that imports pyarrow, when a function needs it: whoever reads JSON
lines of this machine needs none of it. `watcher.scale.parquet` reads the rows with it.
"""

import fnmatch
import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from glob import has_magic
from typing import Any

from watcher.scale.model import ScaleError, ShardError
from watcher.scale.places import Place, is_archive

_BUFFER = 1 << 20


def library() -> Any:
    """Return pyarrow. Raises `ScaleError` where it is not installed."""
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.fs
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise ScaleError(
            "Parquet and archives elsewhere need the library pyarrow, which is not installed",
            help="install the watcher with its extra, brand-watcher[parquet], on every worker; "
            "JSON lines of this machine need nothing",
        ) from error
    return pyarrow


@contextmanager
def reading(file: str) -> Iterator[None]:
    """Turn pyarrow's errors about a file into `ShardError` for the length of a block."""
    pa = library()
    try:
        yield
    except FileNotFoundError as error:
        raise ShardError(f"there is no {file}") from error
    except (OSError, pa.ArrowException) as error:
        raise ShardError(f"{file} cannot be read: {_short(error)}") from error


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


@lru_cache(maxsize=8)
def _system(root: str) -> Any:
    """Return what opens the files of a bucket or host; `root` is an address with its options."""
    return library().fs.FileSystem.from_uri(root)[0]


def _parted(address: str) -> tuple[Any, str, str]:
    """Return the file system, the path within it, and the options after `?`."""
    bare, mark, options = address.partition("?")
    kind, _, rest = bare.partition("://")
    with reading(address):
        return _system(f"{kind}://{rest.partition('/')[0]}/{mark}{options}"), rest, mark + options


def find(address: str) -> tuple[list[Place], list[str]]:
    """Return the objects behind an address: one, all below a prefix, or those of a pattern."""
    system, path, options = _parted(address)
    kind = address.partition("://")[0]
    fs = library().fs
    root = path
    while has_magic(root):
        root = root.rpartition("/")[0]
    with reading(address):
        info = system.get_file_info(root.rstrip("/"))
        if info.is_file:
            found = [info]
        else:
            chosen = fs.FileSelector(root.rstrip("/"), recursive=True, allow_not_found=True)
            found = [one for one in system.get_file_info(chosen) if one.is_file]
    found.sort(key=lambda one: one.path)
    if has_magic(path):
        wanted = [one for one in found if fnmatch.fnmatchcase(one.path, path)]
    else:
        wanted = [one for one in found if info.is_file or is_archive(one.path)]
    taken = {one.path for one in wanted}
    others = [] if has_magic(path) else [one.path for one in found if one.path not in taken]
    if not wanted:
        raise ScaleError(
            f"there is no archive at {address}",
            help="check the bucket and the prefix, and what this machine may read",
        )
    base = root.rpartition("/")[0] if info.is_file else root.rstrip("/")
    files = [(f"{kind}://{one.path}{options}", one.path) for one in wanted]
    return [
        Place(file, where.removeprefix(base).lstrip("/"), *look(file)) for file, where in files
    ], others


def look(file: str) -> tuple[int, str]:
    """Return size and ETag of an object; where there is no ETag, when it was written."""
    system, path, _ = _parted(file)
    with reading(file):
        info = system.get_file_info(path)
        if not info.is_file:
            raise ShardError(f"there is no {file}")
        with system.open_input_file(path) as opened:
            told = opened.metadata() or {}
    etag = told.get(b"ETag", b"").decode(errors="replace")
    return info.size, etag or str(info.mtime_ns)


def opened(file: str) -> io.BufferedReader:
    """Open an object for reading."""
    system, path, _ = _parted(file)
    with reading(file):
        return io.BufferedReader(system.open_input_file(path), _BUFFER)


def opened_native(file: str) -> Any:
    """Open a file as pyarrow's own; a local one is read through the system's."""
    if "://" in file:
        system, path, _ = _parted(file)
        return system.open_input_file(path)
    return library().OSFile(file, "rb")
