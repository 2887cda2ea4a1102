"""A mailbox that speaks IMAP over TLS: the only module that knows imaplib.

Mails are found by their numbers (UIDs), which only grow: what was looked at once is not fetched
again. Of a mail that is none of ours only the fields are fetched that say whom it is for, and
nothing of it is changed.
"""

import imaplib
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from alerts.returns.mailbox import Arrived, MailboxError
from alerts.returns.reading import LARGEST
from alerts.secret import Secret
from alerts.smtp.trouble import certificate_problem, one_line

ADDRESSED = (
    "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "x-rcpt-to",
    "to", "cc", "resent-to",
)  # fmt: skip
"""The header fields that say whom a mail is for, those first that only servers write."""
MOST_MAILS = 1_000
"""Mails looked at in one turn."""
AT_ONCE = 100
"""Mails whose fields are fetched with one command."""
SECONDS = 120.0
"""How long one turn may take in all."""
_LARGEST_HEAD = 16 * 1024
_LARGEST_ANSWER = LARGEST + 64 * 1024

_UID = re.compile(rb"UID (\d{1,10})")


class _Bounded(imaplib.IMAP4_SSL):
    """A connection on which no answer may be larger, and no turn longer, than agreed."""

    until = float("inf")

    def read(self, size: int) -> bytes:
        """Read a literal; one that nobody asked for ends the connection."""
        if size > _LARGEST_ANSWER or time.monotonic() > self.until:
            raise self.abort("the server sends more than it was asked for")
        return super().read(size)

    def readline(self) -> bytes:
        """Read a line, while there is time."""
        if time.monotonic() > self.until:
            raise self.abort(f"it took longer than {SECONDS:g} seconds")
        return super().readline()


class Imap:
    """An open mailbox. `secret` gives the password, or with `oauth` an access token."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        username: str,
        secret: Callable[[], Secret],
        oauth: bool = False,
        folder: str = "INBOX",
        move_to: str = "",
        ca_file: Path | None = None,
        timeout: float = 30.0,
    ) -> None:
        self._where = f"{host}:{port}"
        self._folder = folder
        self._move_to = move_to
        self._connection = self._connected(host, port, ca_file, timeout)
        try:
            self._log_in(username, secret, oauth=oauth)
            told = self._ask("CAPABILITY", self._connection.capability)
            self._able = b" ".join(told).decode("ascii", "replace").upper().split()
            self._ask("SELECT", self._connection.select, _quoted(folder))
            self._validity = self._number("UIDVALIDITY")
        except BaseException:
            self.close()
            raise

    def waiting(self, after: str) -> Iterator[Arrived]:
        """Yield the mails after a cursor; see `alerts.returns.mailbox.Mailbox`."""
        validity, _, last = after.partition(":")
        # A folder that was made anew numbers its mails anew.
        seen = int(last) if validity == self._validity and last.isdecimal() else 0
        found = self._uid("SEARCH", "UID", f"{seen + 1}:*")
        words = b" ".join(one for one in found if isinstance(one, bytes)).split()
        numbers = sorted({int(one) for one in words if one.isdigit() and len(one) <= 10})
        numbers = [one for one in numbers if one > seen][:MOST_MAILS]
        for start in range(0, len(numbers), AT_ONCE):
            some = numbers[start : start + AT_ONCE]
            heads = self._heads(some)
            for number in some:
                cursor = f"{self._validity}:{number}"
                yield Arrived(name=str(number), head=heads.get(number, b""), cursor=cursor)

    def octets(self, arrived: Arrived) -> bytes:
        """Return a mail; see `alerts.returns.mailbox.Mailbox`."""
        found = self._uid("FETCH", arrived.name, f"(BODY.PEEK[]<0.{LARGEST}>)")
        return next((bytes(one[1]) for one in found if isinstance(one, tuple)), b"")[:LARGEST]

    def done(self, arrived: Arrived) -> None:
        """Mark a mail as read, or move it; see `alerts.returns.mailbox.Mailbox`."""
        self._uid("STORE", arrived.name, "+FLAGS.SILENT", r"(\Seen)")
        if not self._move_to:
            return
        target = _quoted(self._move_to)
        moves = "MOVE" in self._able
        command = "MOVE" if moves else "COPY"
        try:
            self._uid(command, arrived.name, target)
        except MailboxError:  # the first time there is no such folder
            self._ask("CREATE", self._connection.create, target)
            self._uid(command, arrived.name, target)
        if moves:
            return
        self._uid("STORE", arrived.name, "+FLAGS.SILENT", r"(\Deleted)")
        if "UIDPLUS" in self._able:  # EXPUNGE alone takes those of others too
            self._uid("EXPUNGE", arrived.name)

    def skip(self, arrived: Arrived) -> None:
        """Nothing is to be remembered: the cursor passes it."""

    def check(self) -> str:
        """Say that it answers; see `alerts.returns.mailbox.Mailbox`."""
        return f"{self._where} answers, and {self._folder} holds {self._number('EXISTS')} mails"

    def close(self) -> None:
        """Say goodbye; see `alerts.returns.mailbox.Mailbox`."""
        try:
            self._connection.until = time.monotonic() + 5
            self._connection.logout()
        except (imaplib.IMAP4.error, OSError, ValueError):
            self._connection.shutdown()

    def _heads(self, numbers: list[int]) -> dict[int, bytes]:
        fields = " ".join(ADDRESSED).upper()
        wanted = f"(UID BODY.PEEK[HEADER.FIELDS ({fields})]<0.{_LARGEST_HEAD}>)"
        heads: dict[int, bytes] = {}
        waiting = b""
        for one in self._uid("FETCH", ",".join(map(str, numbers)), wanted):
            # The number stands before the fields, or after them.
            line = one[0] if isinstance(one, tuple) else one
            if isinstance(one, tuple):
                waiting = bytes(one[1])
            found = _UID.search(line) if isinstance(line, bytes) else None
            if found:
                heads[int(found[1])] = waiting
        return heads

    # What imaplib is asked

    def _connected(self, host: str, port: int, ca_file: Path | None, timeout: float) -> _Bounded:
        try:
            context = ssl.create_default_context()
            if ca_file is not None:
                context.load_verify_locations(cafile=ca_file)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            connection = _Bounded(host, port, ssl_context=context, timeout=timeout)
        except (imaplib.IMAP4.error, OSError, ValueError, socket.gaierror) as error:
            told = certificate_problem(error)
            said = f"is not trusted: {told[0]}" if told else f"was not reached: {one_line(error)}"
            raise MailboxError(
                f"{self._where} {said}",
                help=told[1] if told else "check imap and port in [mail.returns]",
            ) from error
        connection.until = time.monotonic() + SECONDS
        return connection

    def _log_in(self, username: str, secret: Callable[[], Secret], *, oauth: bool) -> None:
        key = secret()
        try:
            if oauth:
                words = f"user={username}\1auth=Bearer {key.reveal()}\1\1".encode()
                self._connection.authenticate("XOAUTH2", lambda _: words)
            else:
                self._connection.login(username, key.reveal())
        except (imaplib.IMAP4.error, OSError, ValueError) as error:
            # The cause would show the command, and with it the password.
            raise MailboxError(
                f"{self._where} refused the login: {one_line(_words(error), key, username)}",
                help="check username and password in [mail.returns]",
            ) from None

    def _uid(self, command: str, *arguments: str) -> list[Any]:
        return self._ask(command, self._connection.uid, command, *arguments)

    def _ask(self, name: str, method: Callable[..., Any], *arguments: str) -> list[Any]:
        try:
            answer, data = method(*arguments)
        except (imaplib.IMAP4.error, OSError, ValueError) as error:
            raise MailboxError(
                f"{self._where}: {name} failed: {one_line(_words(error))}"
            ) from error
        if answer != "OK":
            said = one_line(_words(data[0] if data else answer))
            raise MailboxError(f"{self._where}: {name} is refused: {said}")
        return [one for one in data if one is not None]

    def _number(self, name: str) -> str:
        _, found = self._connection.response(name)
        value = found[0] if found else None
        return value.decode("ascii", "replace") if isinstance(value, bytes) else "0"


def _quoted(name: str) -> str:
    """Return a folder's name as IMAP takes it; the table lets nothing through that needs more."""
    return f'"{name}"'


def _words(said: object) -> str:
    if isinstance(said, Exception):
        said = said.args[0] if said.args else type(said).__name__
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
