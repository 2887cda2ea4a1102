"""Sends mail after mail over one connection, and makes it anew when it is spent.

aiosmtplib is asynchronous; a private event loop hides that behind plain functions.
"""

import asyncio
import functools
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from alerts.mail.address import Address, AddressError, parse_address
from alerts.model import Delivery, DeliveryError
from alerts.smtp.connection import Connection
from alerts.smtp.pace import Pace
from alerts.smtp.server import Server
from alerts.smtp.trouble import LostError

T = TypeVar("T")

LONGEST_REST = 30.0
"""Seconds after which a connection that nothing was sent on is made anew, not relied on."""

LONGEST_SULK = 30.0
"""Seconds for which a server that let nobody in is left in peace: each mail of a round would wait
for it anew, and each refused login counts towards a locked account."""


class SmtpSender:
    """An SMTP connection that is opened with the first mail and kept for the next ones.

    `sender` is the envelope's sender where a delivery has none of its own; `mails_per_connection`
    says when to begin a new connection (0: never for that reason); `now` counts seconds.
    """

    def __init__(
        self,
        server: Server,
        *,
        sender: str,
        pace: Pace | None = None,
        mails_per_connection: int = 0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = server
        self._sender = sender
        self._pace = pace or Pace(0)
        self._most = mails_per_connection
        self._now = now
        self._used = 0.0
        self._closed_until = 0.0
        self._closed_by: DeliveryError | None = None
        self._connection: Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def send(self, delivery: Delivery, handing_over: Callable[[], None]) -> str:
        """Hand one message to the server; see `alerts.model.Sender`.

        What the server says of the recipient or of the message itself with 5xx is permanent. What
        it says of us (login, sender) is temporary, since a person can mend it. A connection lost
        or an answer missing is temporary before DATA and uncertain after it.
        """
        try:
            recipient = _parsed(delivery.recipient)
            sender = _parsed(delivery.envelope_sender or self._sender)
        except AddressError as error:
            raise DeliveryError(error.message, kind="permanent", help=error.help) from error
        if self._closed_by is not None and self._now() < self._closed_until:
            raise DeliveryError(
                self._closed_by.message, kind="temporary", help=self._closed_by.help
            )
        self._pace.wait()
        return self._run(
            self._send(sender.address, recipient.address, delivery.payload, handing_over)
        )

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
        self, sender: str, recipient: str, payload: bytes, handing_over: Callable[[], None]
    ) -> str:
        connection = await self._addressed(sender, recipient)
        try:
            handing_over()
        except BaseException:
            await connection.drop()
            raise
        try:
            return await connection.hand_over(payload)
        finally:
            self._used = self._now()

    async def _addressed(self, sender: str, recipient: str) -> Connection:
        """Return a connection on which the server has agreed to take a mail for the recipient.

        A server may have hung up since the last mail, or take only so many over one connection:
        then, and before anything was handed over, another connection is tried once.
        """
        connection = await self._connected()
        try:
            await self._address(connection, sender, recipient)
        except LostError:
            if connection.uses < 2:
                raise
            connection = await self._connected()
            await self._address(connection, sender, recipient)
        return connection

    async def _address(self, connection: Connection, sender: str, recipient: str) -> None:
        utf8 = not (sender.isascii() and recipient.isascii())
        if utf8 and not connection.carries_utf8:
            foreign = sender if recipient.isascii() else recipient
            raise DeliveryError(
                f"{self._server.where} cannot carry the address {foreign}: it lacks SMTPUTF8",
                kind="permanent",
                help="use an address in plain ASCII, or another server",
            )
        try:
            await connection.address(sender, recipient, utf8=utf8)
        finally:
            self._used = self._now()

    async def _connected(self) -> Connection:
        connection = self._connection
        if connection is not None and connection.is_open and not self._is_spent(connection):
            return connection
        await self._hang_up()
        try:
            self._connection = await self._opened()
        except DeliveryError as error:
            self._closed_until, self._closed_by = self._now() + LONGEST_SULK, error
            raise
        return self._connection

    async def _opened(self) -> Connection:
        try:
            return await Connection.open(self._server)
        except LostError:  # a token that was good once; there is a newer one now
            return await Connection.open(self._server)

    def _is_spent(self, connection: Connection) -> bool:
        if self._most and connection.uses >= self._most:
            return True
        return self._now() - self._used > LONGEST_REST

    async def _check(self) -> str:
        await self._hang_up()
        await self._connected()
        await self._hang_up()
        username = self._server.username
        login = f", logged in as {username}" if username else ""
        return f"{self._server.where} answers ({self._server.security}{login})"

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.quit()


@functools.lru_cache(maxsize=1000)
def _parsed(address: str) -> Address:
    return parse_address(address)
