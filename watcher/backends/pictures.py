"""Pictures as strangers give them: known by their first octets, bounded, never opened as a path."""

import base64
import binascii
import os
import re
import stat
from pathlib import Path

from watcher.backends.interface import LARGEST_AVATAR

_BEGINNINGS = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP", re.DOTALL)
_DATA_URL = re.compile(r"data:image/[a-z.+-]{1,20};base64,", re.IGNORECASE)
_LONGEST_PATH = 1000


def picture(octets: bytes) -> bytes | None:
    """Return the octets where they begin as a PNG, JPEG, GIF or WebP does and are not too many."""
    fits = len(octets) <= LARGEST_AVATAR and _BEGINNINGS.match(octets)
    return octets if fits else None


def of_data_url(address: str) -> bytes | None:
    """Return the picture in an address of the form `data:image/png;base64,...` (RFC 2397)."""
    beginning = _DATA_URL.match(address)
    # Four signs of base64 carry three octets: what is too long is not even read.
    if beginning is None or len(address) - beginning.end() > LARGEST_AVATAR * 4 // 3 + 4:
        return None
    try:
        return picture(base64.b64decode(address[beginning.end() :], validate=True))
    except (binascii.Error, ValueError):
        return None


def of_file(folder: Path, name: str) -> bytes | None:
    """Return the picture in a file in or under `folder`; None for any other file, or none.

    Opened without waiting, since a pipe has no end, and read only to the bound.
    """
    if not name or len(name) > _LONGEST_PATH or "\0" in name or "://" in name:
        return None
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            return None
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            return picture(file.read(LARGEST_AVATAR + 1))
    except (OSError, RuntimeError, UnicodeError):  # no such file, a circle of links, no name at all
        return None
