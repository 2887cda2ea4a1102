"""Mail into a folder, for those without an SMTP server: the `[mail]` table, `kind = "outbox"`."""

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from alerts.mail.address import AddressError, parse_address
from alerts.mail.message import page_of
from alerts.model import Delivery, DeliveryError, OutgoingMail, Sender
from alerts.privacy import domain_problems
from rules.errors import Problem


@dataclass(frozen=True, kw_only=True)
class MailFolder:
    """A folder that takes the mails as `.eml` files, with an HTML preview beside each."""

    kind: Literal["outbox"] = "outbox"
    folder: Path
    """Where to write; relative to the configuration's folder."""
    from_: str = "Brand watcher <watcher@localhost>"
    """Who sends."""
    private_to: tuple[str, ...] = ()
    """Domains of mail addresses, `acme.example`, that private posts are shown to; all others are
    told how many there were. Empty means nobody."""

    @property
    def sender_address(self) -> str:
        """What to write into `From`."""
        return self.from_

    def problems(self) -> Iterator[Problem]:
        """Yield what the types cannot say."""
        if self.folder.exists() and not self.folder.is_dir():
            yield Problem(
                code="no-folder",
                message=f"{self.folder} is a file, not a folder",
                path=("folder",),
                help="name a folder; it is made if need be",
            )
        yield from domain_problems(self.private_to)
        try:
            parse_address(self.from_)
        except AddressError as error:
            yield Problem(
                code="bad-address", message=error.message, path=("from",), help=error.help
            )

    @property
    def signer(self) -> None:
        """Nobody signs what goes nowhere."""
        return

    @property
    def returns(self) -> None:
        """Nothing comes back from a folder."""
        return

    def open_returns(self) -> None:
        """There is no mailbox to open."""
        return

    def signed(self, mail: OutgoingMail, at: datetime) -> OutgoingMail:  # noqa: ARG002
        """Return the mail as it is: it goes nowhere."""
        return mail

    def open(self) -> Sender:
        """Make the sender. The folder is made with the first mail."""
        return FolderSender(self.folder)


class FolderSender:
    """Writes each delivery under a name made of its id: once more gives the same file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, delivery: Delivery, handing_over: Callable[[], None]) -> str:
        """Write the mail and its preview; see `alerts.model.Sender`."""
        stem = f"{delivery.id:06d}-{_name_for_file(delivery.channel)}"
        handing_over()
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            html = page_of(delivery.payload)
            if html:
                _write(self.folder / f"{stem}.html", html.encode())
            _write(self.folder / f"{stem}.eml", delivery.payload)
        except OSError as error:
            # A file that was not renamed into place does not count as handed over.
            raise DeliveryError(
                f"the mail could not be written to {self.folder}: {error.strerror or error}",
                kind="temporary",
                help="make room, or let the watcher write there",
            ) from error
        return f"written to {self.folder / stem}.eml"

    def check(self) -> str:
        """Write and remove a file, where the folder is or will be; see `alerts.model.Sender`."""
        try:
            there = next(one for one in (self.folder, *self.folder.parents) if one.exists())
            with tempfile.TemporaryFile(dir=there):
                pass
        except OSError as error:
            raise DeliveryError(
                f"{self.folder} cannot be written: {error.strerror or error}", kind="temporary"
            ) from error
        return f"mails are written to {self.folder}"

    def close(self) -> None:
        """Nothing is held open."""


def _name_for_file(channel: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", channel).strip("-")[:60] or "digest"


def _write(path: Path, content: bytes) -> None:
    """Replace the file at `path` in one step, on disk before the name shows it."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(0o600)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
