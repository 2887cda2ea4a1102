"""Where archives lie: files of this machine, or objects behind an address such as `s3://`.

Local files need no library. All else goes through pyarrow (`watcher.scale.arrow`).
"""

import re
from dataclasses import dataclass
from glob import escape, glob, has_magic
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

from watcher.scale.model import ScaleError, ShardError

ENDINGS: Final = (".jsonl", ".ndjson", ".json", ".parquet", ".pq")
"""What is taken out of a folder, each but Parquet also with `.gz`."""
_REMOTE: Final = re.compile(r"[a-z][a-z0-9+.-]+://")
_LOGIN: Final = re.compile(r"[a-z0-9+.-]+://[^/?#]*:[^/?#]*@")
_OPTIONS: Final = (
    *("region", "scheme", "endpoint_override", "project_id", "retry_limit_seconds"),
    *("enable_tls", "blob_storage_authority", "dfs_storage_authority", "credential_kind"),
)
"""What may stand behind the `?` of an address: where something lies, and nothing that opens it."""
_VALUE: Final = re.compile(r"[A-Za-z0-9.:/_-]*")
_CREDENTIALS: Final = (
    "take it out; what opens the archive belongs into the environment of every worker "
    "(AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, GOOGLE_APPLICATION_CREDENTIALS, "
    "AZURE_CLIENT_SECRET), a profile there, or the role of its machine"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A file that was found."""

    file: str
    """An absolute path, or an address."""
    name: str
    """The path below what was named."""
    size: int
    mark: str


def is_remote(archive: str) -> bool:
    """Return whether something named on the command line is an address rather than a path."""
    return _REMOTE.match(archive) is not None


def find(archive: str) -> tuple[list[Place], list[str]]:
    """Return the files that a path, a folder, a pattern or an address names, in their order.

    What is there is taken as it is, though its name has `[`, `*` or `?`.
    With them come the names of files of a folder that are no archives by their endings. Raises
    `ScaleError` where there is nothing.
    """
    if is_remote(archive):
        from watcher.scale import arrow

        _refuse_secrets(archive)
        return arrow.find(archive)
    root, paths = _paths(Path(archive).absolute())
    named = not Path(archive).is_dir()  # a file, or a pattern
    chosen = [path for path in paths if named or is_archive(path.name)]
    taken = {*chosen}
    others = [path.relative_to(root).as_posix() for path in paths if path not in taken]
    if not chosen:
        more = f": {len(others):,} of its files, of other names" if others else ""
        raise ScaleError(
            f"there is no archive at {archive}{more}",
            help="name a file, a folder of .jsonl, .jsonl.gz and .parquet files, or a pattern",
        )
    return [
        Place(str(path), path.relative_to(root).as_posix(), *look(str(path))) for path in chosen
    ], others


def _refuse_secrets(address: str) -> None:
    """Raise `ScaleError` for what may be one: addresses are stored, shown, and sent to workers."""
    options = parse_qsl(address.partition("?")[2], keep_blank_values=True)
    if _LOGIN.match(address):
        raise ScaleError("an address with a password in it is read by others", help=_CREDENTIALS)
    if not all(name in _OPTIONS and _VALUE.fullmatch(value) for name, value in options):
        raise ScaleError(
            f"behind the ? of an address may stand {', '.join(_OPTIONS)}, and nothing else: what "
            "is there is read by others",
            help=_CREDENTIALS,
        )


def _paths(path: Path) -> tuple[Path, list[Path]]:
    if has_magic(str(path)) and not path.exists():
        root = next(parent for parent in path.parents if parent.exists())
        pattern = f"{escape(str(root))}/{path.relative_to(root)}"
        found = glob(pattern, recursive=True)  # noqa: PTH207 - passes hidden files by
        return root, sorted(one for one in map(Path, found) if one.is_file())
    if path.is_dir():
        inside = (one for one in path.rglob("*") if one.is_file())
        shown = (
            one
            for one in inside
            if not any(part.startswith(".") for part in one.relative_to(path).parts)
        )
        return path, sorted(shown)
    return path.parent, [path] if path.exists() else []


def is_archive(name: str) -> bool:
    """Return whether a file of a folder is one of posts, by the ending of its name."""
    return name.lower().removesuffix(".gz").endswith(ENDINGS)


def look(file: str) -> tuple[int, str]:
    """Return the size of a file, and a mark that is another one once it was written anew.

    Raises `ShardError` where it is not there, or may not be read.
    """
    if is_remote(file):
        from watcher.scale import arrow

        return arrow.look(file)
    try:
        status = Path(file).stat()
    except OSError as error:
        raise ShardError(f"{file} cannot be read: {error.strerror}") from error
    return status.st_size, str(status.st_mtime_ns)


def opened(file: str) -> BufferedReader:
    """Open a file for reading. Raises `ShardError`."""
    if is_remote(file):
        from watcher.scale import arrow

        return arrow.opened(file)
    try:
        path = Path(file)
        if not path.is_file() and path.exists():
            raise ShardError(f"{file} is no regular file")  # opening a pipe would wait
        return BufferedReader(FileIO(path), 1 << 18)
    except OSError as error:
        raise ShardError(f"{file} cannot be read: {error.strerror}") from error
