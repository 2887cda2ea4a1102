"""Sends mail over SMTP: the only module that knows aiosmtplib.

aiosmtplib is asynchronous; a private event loop hides that behind plain functions. One delivery
goes to one recipient, command by command, so that every failure can be placed before or after the
moment at which the server may have taken the message.
"""

import asyncio
import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Literal, TypeVar

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPResponseException,
)

from alerts.address import AddressError, parse_address
from alerts.model import Delivery, DeliveryError
from alerts.secret import Secret

T = TypeVar("T")

_Party = Literal["server", "login", "sender", "recipient"]
_FAILURES = (SMTPException, OSError, TimeoutError, ValueError)


class SmtpSender:
    """An SMTP connection that is opened with the first mail and kept for the next ones."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        security: Literal["starttls", "tls", "none"],
        sender: str,
        username: str = "",
        password: Secret | None = None,
        ca_file: Path | None = None,
        timeout: float = 30.0,
    ) -> None:
        self._host = host
        self._port = port
        self._security = security
        self._sender = sender
        self._username = username
        self._password = password
        self._ca_file = ca_file
        self._timeout = timeout
        self._client: SMTP | None = None
        self._socket: asyncio.BaseTransport | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def send(self, delivery: Delivery, handing_over: Callable[[], None]) -> str:
        """Hand one message to the server; see `alerts.model.Sender`.

        What the server says of the recipient or of the message itself with 5xx is permanent. What
        it says of us (login, sender) is temporary, since a person can mend it. A connection lost
        or an answer missing is temporary before DATA and uncertain after it.
        """
        try:
            recipient = parse_address(delivery.recipient)
        except AddressError as error:
            raise DeliveryError(error.message, kind="permanent", help=error.help) from error
        utf8 = recipient.needs_utf8 or not self._sender.isascii()
        return self._run(self._send(recipient.address, utf8, delivery.payload, handing_over))

    def check(self) -> str:
        """Connect, log in and hang up; see `alerts.model.Sender`."""
        return self._run(self._check())

    def close(self) -> None:
        """Say goodbye to the server. Calling it twice is fine."""
        with self._lock:
            if self._loop is None:
                return
            self._loop.run_until_complete(self._hang_up())
            self._loop.close()
            self._loop = None

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
            return self._loop.run_until_complete(work)

    async def _send(
        self, recipient: str, utf8: bool, payload: bytes, handing_over: Callable[[], None]
    ) -> str:
        client = await self._connected()
        if utf8 and not client.supports_extension("smtputf8"):
            raise DeliveryError(
                f"{self._where} cannot carry the address {recipient}: it lacks SMTPUTF8",
                kind="permanent",
                help="use an address in plain ASCII, or another server",
            )
        options = ["SMTPUTF8", "BODY=8BITMIME"] if utf8 else []
        encoding = "utf-8" if utf8 else "ascii"
        await self._step(
            client.mail(self._sender, options=options, encoding=encoding), about="sender"
        )
        await self._step(client.rcpt(recipient, encoding=encoding), about="recipient")
        try:
            handing_over()
        except BaseException:
            await self._drop()
            raise
        return await self._hand_over(client, payload)

    async def _hand_over(self, client: SMTP, payload: bytes) -> str:
        try:
            async with asyncio.timeout(self._timeout * 2):
                response = await client.data(payload)
        except SMTPDataError as error:
            kind = _kind_of(error.code)
            if kind == "uncertain" or error.code == 421:
                await self._drop()
            raise DeliveryError(
                f"{self._where} refused the message: {error.code} {self._line(error.message)}",
                kind=kind,
            ) from error
        except _FAILURES as error:
            await self._drop()
            raise DeliveryError(
                f"{self._where} was taking the message when the answer went missing: "
                f"{self._line(error)}",
                kind="uncertain",
                help="the recipient may have the mail already",
            ) from error
        return f"{response.code} {self._line(response.message)}"

    async def _check(self) -> str:
        await self._drop()
        await self._connected()
        await self._hang_up()
        login = f", logged in as {self._username}" if self._username else ""
        return f"{self._where} answers ({self._security}{login})"

    async def _connected(self) -> SMTP:
        if self._client is not None:
            # A server may have hung up since the last mail: ask before relying on it.
            with contextlib.suppress(*_FAILURES):
                async with asyncio.timeout(self._timeout):
                    await self._client.rset()
                return self._client
            await self._drop()
        return await self._connect()

    async def _connect(self) -> SMTP:
        try:
            context = ssl.create_default_context()
            if self._ca_file is not None:
                context.load_verify_locations(cafile=self._ca_file)
        except (OSError, ValueError) as error:
            raise DeliveryError(
                f"no certificates can be read from {self._ca_file}: {self._line(error)}",
                kind="temporary",
                help="mend ca_file in the [mail] table",
            ) from error
        client = self._client = SMTP(
            hostname=self._host,
            port=self._port,
            local_hostname=_our_name(),
            timeout=self._timeout,
            use_tls=self._security == "tls",
            start_tls=False,
            tls_context=context,
        )
        await self._step(client.connect(), about="server")
        self._socket = client.transport
        await self._step(client.ehlo(), about="server")
        if self._security == "starttls":
            await self._step(client.starttls(tls_context=context), about="server")
            await self._step(client.ehlo(), about="server")
        if self._username and self._password is not None:
            login = client.login(self._username, self._password.reveal())
            await self._step(login, about="login")
        return client

    async def _step(
        self,
        command: Awaitable[object],
        *,
        about: Literal["server", "login", "sender", "recipient"],
    ) -> None:
        """Await one command before DATA; whatever fails here is certain not to have arrived."""
        try:
            async with asyncio.timeout(self._timeout):
                await command
        except _FAILURES as error:
            code = error.code if isinstance(error, SMTPResponseException) else 0
            if not (about == "recipient" and 400 <= code < 600 and code != 421):
                await self._drop()
            if about == "recipient" and 500 <= code < 600:
                kind: Literal["permanent", "temporary"] = "permanent"
            else:
                kind = "temporary"
            raise DeliveryError(
                self._sentence(error, about, code), kind=kind, help=_help_for(error, about)
            ) from (None if about == "login" else error)

    def _sentence(self, error: Exception, about: str, code: int) -> str:
        if not code:
            return f"{self._where} was not reached: {self._line(error)}"
        message = error.message if isinstance(error, SMTPResponseException) else error
        return f"{self._where} refused the {about}: {code} {self._line(message)}"

    @property
    def _where(self) -> str:
        return f"{self._host}:{self._port}"

    def _line(self, message: object) -> str:
        """Strangers' words on one bounded line, without our password should they repeat it."""
        text = str(message)
        if isinstance(message, TimeoutError) and not text:
            text = f"no answer within {self._timeout:g} seconds"
        if self._password is not None and self._password.reveal():
            text = text.replace(self._password.reveal(), str(self._password))
        printable = "".join(c if c.isprintable() else " " for c in text)
        return re.sub(r" +", " ", printable).strip()[:300] or type(message).__name__

    async def _hang_up(self) -> None:
        if self._client is not None:
            with contextlib.suppress(*_FAILURES):
                async with asyncio.timeout(5):
                    await self._client.quit()
        await self._drop()

    async def _drop(self) -> None:
        if self._client is None:
            return
        self._client.close()
        self._client = None
        if isinstance(self._socket, asyncio.WriteTransport):
            self._socket.abort()  # the polite end of TLS, which close() begins, may never come
        self._socket = None
        for _ in range(3):
            await asyncio.sleep(0)  # the loop closes the socket in steps of its own


def _kind_of(code: int) -> Literal["permanent", "temporary", "uncertain"]:
    if 500 <= code < 600:
        return "permanent"
    return "temporary" if 400 <= code < 500 else "uncertain"


def _help_for(error: Exception, about: str) -> str:
    if isinstance(error, SMTPAuthenticationError):
        return "check username and password in the [mail] table"
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return "check host, and ca_file if the server has a private certificate authority"
    if about == "sender":
        return "check `from` in the [mail] table"
    return "check host, port and security in the [mail] table" if about == "server" else ""


def _our_name() -> str:
    """What to say in EHLO; asking DNS, as the library would, can take a minute."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"
