"""A Maildir on this machine: `new` holds what nobody has seen, `cur` what somebody may have.

What was handled lies in `cur` with the flag S (seen), as a mail program leaves what was read. A
move is one rename, so that a crash leaves a mail in one place or the other, whole.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from alerts.returns.mailbox import Arrived, MailboxError
from alerts.returns.reading import LARGEST, LARGEST_HEAD

_FLAGS = ":2,"


class Maildir:
    """An open Maildir; `passed` are the names of mails that are none of ours, which it adds to."""

    def __init__(self, folder: Path, passed: set[str]) -> None:
        self._folder = folder
        self._passed = passed

    def waiting(self, after: str) -> Iterator[Arrived]:  # noqa: ARG002 - names have no order
        """Yield the mails that nobody has seen; see `alerts.returns.mailbox.Mailbox`."""
        names = [
            name
            for name in (*self._names("new"), *self._names("cur"))
            if _unique(name) not in self._passed
        ]
        for name in names:
            head = self._read(name, LARGEST_HEAD)
            if head:
                yield Arrived(name=name, head=head)

    def octets(self, arrived: Arrived) -> bytes:
        """Return a mail; see `alerts.returns.mailbox.Mailbox`."""
        return self._read(arrived.name, LARGEST)

    def done(self, arrived: Arrived) -> None:
        """Put a mail aside as seen; see `alerts.returns.mailbox.Mailbox`."""
        stem, _, flags = arrived.name.partition("/")[2].partition(_FLAGS)
        seen = "".join(sorted({*flags, "S"}))
        try:
            (self._folder / arrived.name).rename(self._folder / "cur" / f"{stem}{_FLAGS}{seen}")
        except FileNotFoundError:
            return  # somebody moved it
        except OSError as error:
            raise self._trouble(error) from error

    def skip(self, arrived: Arrived) -> None:
        """Remember that a mail is none of ours, so that it is not opened each time."""
        self._passed.add(_unique(arrived.name))

    def check(self) -> str:
        """Say how many mails wait; see `alerts.returns.mailbox.Mailbox`."""
        names = (*self._names("new"), *self._names("cur"))
        if not os.access(self._folder / "cur", os.W_OK):
            raise self._trouble(PermissionError(13, "Permission denied"))
        return f"{self._folder} is a Maildir with {len(names)} mails that nobody has read"

    def close(self) -> None:
        """Nothing is held open."""

    def _names(self, part: str) -> list[str]:
        try:
            found = sorted(entry.name for entry in os.scandir(self._folder / part))
        except OSError as error:
            raise self._trouble(error) from error
        return [
            f"{part}/{name}"
            for name in found
            if not name.startswith(".") and (part == "new" or "S" not in name.partition(_FLAGS)[2])
        ]

    def _read(self, name: str, most: int) -> bytes:
        """Return the beginning of a file; empty for what is gone, or is no file."""
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            number = os.open(self._folder / name, flags)
        except OSError:
            return b""
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            return b""
        with os.fdopen(number, "rb") as file:
            try:
                return file.read(most)
            except OSError as error:
                raise self._trouble(error) from error

    def _trouble(self, error: OSError) -> MailboxError:
        return MailboxError(
            f"the Maildir {self._folder} cannot be used: {error.strerror or error}",
            help="it holds the folders new, cur and tmp; let the watcher write there",
        )


def _unique(name: str) -> str:
    return name.partition("/")[2].partition(_FLAGS)[0]
