"""Where mails come back to: the `[mail.returns]` table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from alerts.mail.address import AddressError, parse_address
from alerts.returns.address import TOKEN_LENGTH, ReturnAddress
from alerts.returns.imap import Imap
from alerts.returns.mailbox import Mailbox
from alerts.returns.maildir import Maildir
from alerts.secret import Secret
from rules.errors import Problem

_LONGEST_LOCAL = 64 - 1 - TOKEN_LENGTH
"""RFC 5321 gives the part before the @ 64 characters; a token needs its share."""


@dataclass(frozen=True, kw_only=True)
class Returns:
    """Bounces, answers and wishes to unsubscribe, and the mailbox that they come to."""

    address: str
    """A mailbox that takes details: what is sent to `watch+anything@acme.example` must arrive in
    that of `watch@acme.example`. Best one of the watcher's own."""
    delimiter: str = "+"
    """What divides an address from its detail on your server: `+`, or often `-` or `=`."""
    maildir: Path | None = None
    """The mailbox as a folder of this machine, with `new`, `cur` and `tmp` in it."""
    imap: str = ""
    """Or the name of a server that speaks IMAP over TLS."""
    port: int = 993
    """Its port."""
    username: str = ""
    """The login there."""
    password: Secret | None = None
    """Written `"${NAME}"` or `"${file:...}"`. Without it [mail.oauth] gives access tokens."""
    folder: str = "INBOX"
    """The folder to read."""
    move_to: str = ""
    """A folder for mails that were handled. Empty: they stay where they are, marked as read."""
    ca_file: Path | None = None
    """Certificates (PEM) to trust besides the system's."""
    timeout: int = 30
    """Seconds to wait for each answer."""

    @property
    def to(self) -> ReturnAddress:
        """What makes the address of each delivery."""
        return ReturnAddress(address=self._bare, delimiter=self.delimiter)

    def open(self, token: Callable[[], Secret] | None = None) -> Mailbox:
        """Open the mailbox; `token` gives access tokens. Raises `MailboxError`, `DeliveryError`."""
        if self.maildir is not None:
            return Maildir(self.maildir, self._passed)
        password = self.password
        return Imap(
            self.imap,
            self.port,
            username=self.username,
            secret=token if password is None and token is not None else lambda: _given(password),
            oauth=password is None,
            folder=self.folder,
            move_to=self.move_to,
            ca_file=self.ca_file,
            timeout=float(self.timeout),
        )

    def problems(self) -> Iterator[Problem]:
        """Yield what the types cannot say."""
        yield from self._address_problems()
        if (self.maildir is None) == (not self.imap):
            yield Problem(
                code="no-mailbox",
                message="mails come back to a maildir or to a server (imap): name one of them",
                path=("address",),
                help='maildir = "/var/mail/watch", or imap = "imap.acme.example"',
            )
        if self.imap and not self.username:
            yield Problem(
                code="half-login",
                message="reading a mailbox needs a login",
                path=("imap",),
                help="add username, and password or [mail.oauth]",
            )
        for name, least, most in (("port", 1, 65535), ("timeout", 1, 600)):
            if not least <= getattr(self, name) <= most:
                yield Problem(
                    code="out-of-range",
                    message=f"{name} lies between {least} and {most}",
                    path=(name,),
                )
        for name in ("folder", "move_to"):
            text: str = getattr(self, name)
            plain = text.isascii() and text.isprintable() and not set('"\\*%&') & set(text)
            if not plain or (name == "folder" and not text):
                yield Problem(
                    code="bad-folder",
                    message="this is no name of a folder that every server knows",
                    path=(name,),
                    help='plain letters: "INBOX", "INBOX/handled"',
                )

    def _address_problems(self) -> Iterator[Problem]:
        try:
            local = self._bare.rpartition("@")[0]
        except AddressError as error:
            yield Problem(
                code="bad-address", message=error.message, path=("address",), help=error.help
            )
            return
        if not self._bare.isascii() or len(local) > _LONGEST_LOCAL:
            yield Problem(
                code="bad-address",
                message=f"bounces need an address in plain ASCII with up to {_LONGEST_LOCAL} "
                "characters before the @",
                path=("address",),
            )
        if len(self.delimiter) != 1 or self.delimiter not in "+-=_.#":
            yield Problem(
                code="bad-delimiter",
                message="a delimiter is one character",
                path=("delimiter",),
                help='delimiter = "+"',
            )

    @property
    def _bare(self) -> str:
        return parse_address(self.address).address

    @cached_property
    def _passed(self) -> set[str]:
        """Names of mails that are none of ours; kept for as long as this table is."""
        return set()


def _given(password: Secret | None) -> Secret:
    return password if password is not None else Secret("")
