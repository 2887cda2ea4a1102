"""What every mailbox can do that mails come back to: a Maildir, or one that speaks IMAP."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from rules.errors import WatcherError


class MailboxError(WatcherError):
    """The mailbox cannot be opened, read or changed; what is in it stays for the next time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrived:
    """A mail in the mailbox, not opened yet."""

    name: str
    """The mailbox's own name for it."""
    head: bytes
    """Its header, or the fields of it that say whom it is for."""
    cursor: str = ""
    """Where to go on after it, for mailboxes that number their mails."""


class Mailbox(Protocol):
    """An open mailbox. Each method raises `MailboxError`. Nothing is changed but by `done`."""

    def waiting(self, after: str) -> Iterator[Arrived]:
        """Yield the mails that nobody has handled; `after` is the cursor of the last one seen."""
        ...

    def octets(self, arrived: Arrived) -> bytes:
        """Return a mail, cut at `reading.LARGEST`; empty where it is gone."""
        ...

    def done(self, arrived: Arrived) -> None:
        """Put a mail aside that was handled. Once more, or where it is gone, does nothing."""
        ...

    def skip(self, arrived: Arrived) -> None:
        """Remember of a mail that it is to be left alone."""
        ...

    def check(self) -> str:
        """Say in one line what is there."""
        ...

    def close(self) -> None:
        """Let go of it. Calling it twice is fine."""
        ...
