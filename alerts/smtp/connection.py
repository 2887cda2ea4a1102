"""One connection to a mail server: the only module that knows aiosmtplib.

One mail goes to one recipient, command by command, so that every failure can be placed before or
after the moment at which the server may have taken the message.
"""

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import Awaitable
from typing import Literal, Self, TypeVar

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
)

from alerts.model import DeliveryError
from alerts.secret import Secret
from alerts.smtp.pipelining import both_at_once, hand_over
from alerts.smtp.server import Server
from alerts.smtp.trouble import LostError, certificate_problem, one_line
from rules.errors import WatcherError

T = TypeVar("T")

_FAILURES = (SMTPException, OSError, TimeoutError, ValueError)
_LAST_WORDS = 5
"""Seconds for the goodbye."""
_BY_PASSWORD = ("plain", "login", "cram-md5")
"""Ways to log in with a password, the plainest first: TLS hides them all the same."""


class Connection:
    """A connection on which a server takes mails, one after the other."""

    def __init__(self, server: Server, client: SMTP) -> None:
        self._server = server
        self._client = client
        self._secret: Secret | None = None
        self._transport: asyncio.BaseTransport | None = None
        self.uses = 0
        """Mails begun on it so far."""
        self.is_open = True
        """Whether the next mail may be tried on it."""

    @classmethod
    async def open(cls, server: Server) -> Self:
        """Connect, encrypt, log in.

        Raises `DeliveryError`, always temporary; `LostError` where the next try shows a new token.
        """
        context = _context(server)
        client = SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=_our_name(),
            timeout=server.timeout,
            use_tls=server.security == "tls",
            start_tls=False,
            tls_context=context,
        )
        connection = cls(server, client)
        try:
            await connection._greet(context)
            await connection._log_in()
        except BaseException:
            await connection.drop()
            raise
        return connection

    @property
    def carries_utf8(self) -> bool:
        """Whether addresses in other scripts are fine (RFC 6531)."""
        return self._client.supports_extension("smtputf8")

    async def address(self, sender: str, recipient: str, *, utf8: bool) -> None:
        """Say whom the mail is from and for: all that comes before the message.

        Raises `DeliveryError` where the server does not want it, `LostError` where another
        connection may do.
        """
        options = ["SMTPUTF8", "BODY=8BITMIME"] if utf8 else []
        encoding: Literal["utf-8", "ascii"] = "utf-8" if utf8 else "ascii"
        self.uses += 1
        client = self._client
        if client.supports_extension("pipelining"):
            words = " ".join([f"MAIL FROM:<{sender}>", *options])
            to, seconds = f"RCPT TO:<{recipient}>", self._server.timeout
            answer, *answers = await self._first(both_at_once(client, words, to, encoding, seconds))
            await self._sender_answer(answer)
            await self._recipient_answer(answers[0] if answers else None)
            return
        mail = client.mail(sender, options=options, encoding=encoding)
        await self._sender_answer(await self._first(_answer(mail)))
        try:
            async with asyncio.timeout(self._server.timeout):
                answer = await _answer(client.rcpt(recipient, encoding=encoding))
        except _FAILURES:
            await self._recipient_answer(None)
        else:
            await self._recipient_answer(answer)

    async def hand_over(self, payload: bytes) -> str:
        """Send the message; return the server's answer. From here on it may have arrived."""
        where = self._server.where
        try:
            answer = await hand_over(
                self._client, _canonical(payload), self._server.timeout, self._server.verdict
            )
        except _FAILURES as error:
            await self.drop()
            # Which of its answers it was is of no matter here.
            why = "it said nothing" if isinstance(error, TimeoutError) else self._line(error)
            raise DeliveryError(
                f"{where} was taking the message when the answer went missing: {why}",
                kind="uncertain",
                help="the recipient may have the mail already",
            ) from error
        if answer.code == 250:
            return self._said(answer)
        kind = _kind_of(answer.code)
        if kind == "uncertain" or answer.code == 421:
            await self.drop()
        raise DeliveryError(f"{where} refused the message: {self._said(answer)}", kind=kind)

    async def quit(self) -> None:
        """Say goodbye, and let go."""
        if self.is_open:
            with contextlib.suppress(*_FAILURES):
                async with asyncio.timeout(_LAST_WORDS):
                    await self._client.quit()
        await self.drop()

    async def drop(self) -> None:
        """Let go at once. Calling it twice is fine."""
        if not self.is_open:
            return
        self.is_open = False
        self._client.close()
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.abort()  # the polite end of TLS, which close() begins, may never come
        self._transport = None
        for _ in range(3):
            await asyncio.sleep(0)  # the loop closes the socket in steps of its own

    # Before the first mail

    async def _greet(self, context: ssl.SSLContext) -> None:
        client = self._client
        await self._reached(client.connect())
        self._transport = client.transport
        await self._reached(client.ehlo())
        if self._server.security != "starttls":
            return
        if not client.supports_extension("starttls"):
            raise DeliveryError(
                f"{self._server.where} offers no encryption (STARTTLS), so no mail goes there",
                kind="temporary",
                help='check port and security in the [mail] table: "tls" with port 465 may do',
            )
        await self._reached(client.starttls(tls_context=context))
        self._transport = client.transport
        await self._reached(client.ehlo())

    async def _reached(self, command: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._server.timeout):
                return await command
        except _FAILURES as error:
            raise self._unreached(error) from error

    def _unreached(self, error: Exception) -> DeliveryError:
        where = self._server.where
        hint = "check host, port and security in the [mail] table"
        if told := certificate_problem(error):
            return DeliveryError(
                f"{where} is not trusted: {told[0]}", kind="temporary", help=told[1]
            )
        if isinstance(error, SMTPResponseException) and error.code > 0:
            said = f"{error.code} {self._line(error.message)}"
            return DeliveryError(f"{where} does not serve us: {said}", kind="temporary", help=hint)
        return DeliveryError(
            f"{where} was not reached: {self._line(error)}", kind="temporary", help=hint
        )

    async def _log_in(self) -> None:
        server = self._server
        if not server.username or server.secret is None:
            return
        method = self._method()
        try:
            self._secret = server.secret()
        except DeliveryError:
            raise
        except WatcherError as error:
            raise DeliveryError(error.message, kind="temporary", help=error.help) from error
        login = getattr(self._client, f"auth_{method.replace('-', '')}")
        try:
            async with asyncio.timeout(server.timeout):
                await login(server.username, self._secret.reveal())
        except SMTPResponseException as error:
            said = f"{server.where} refused the login: {error.code} {self._line(error.message)}"
            # The cause would show the command, and with it the password.
            if server.rejected():
                raise LostError(said, help=_login_help(server)) from None
            raise DeliveryError(said, kind="temporary", help=_login_help(server)) from None
        except _FAILURES as error:
            raise self._unreached(error) from None

    def _method(self) -> str:
        """Return how to log in; one way only: each failure counts towards a locked account."""
        offered = self._client.server_auth_methods
        wanted = _BY_PASSWORD if self._server.auth == "auto" else (self._server.auth,)
        for method in wanted:
            if method in offered:
                return method
        ways = f"only {', '.join(one.upper() for one in offered)}" if offered else "none at all"
        asked = "a login by password" if self._server.auth == "auto" else self._server.auth.upper()
        raise DeliveryError(
            f"{self._server.where} does not offer {asked}, {self._line(ways)}",
            kind="temporary",
            help="check auth, security and port in the [mail] table",
        )

    # Each mail

    async def _first(self, command: Awaitable[T]) -> T:
        """Return what the server says to the first command of a mail. Raises `LostError`."""
        try:
            async with asyncio.timeout(self._server.timeout * 2):
                return await command
        except _FAILURES as error:
            await self.drop()
            raise LostError(f"{self._server.where} was not reached: {self._line(error)}") from error

    async def _sender_answer(self, answer: SMTPResponse) -> None:
        if 200 <= answer.code < 300:
            return
        await self.drop()
        said = f"{self._server.where} refused the sender: {self._said(answer)}"
        hint = "check `from` in the [mail] table"
        if 400 <= answer.code < 500:  # perhaps only enough mails for one connection
            raise LostError(said, help=hint)
        raise DeliveryError(said, kind="temporary", help=hint)

    async def _recipient_answer(self, answer: SMTPResponse | None) -> None:
        if answer is None:
            await self.drop()
            raise DeliveryError(
                f"{self._server.where} hung up, or said nothing of the recipient {self._patience}",
                kind="temporary",
            )
        if 200 <= answer.code < 300:
            return
        said = f"{self._server.where} refused the recipient: {self._said(answer)}"
        if answer.code == 421 or not 400 <= answer.code < 600:
            await self.drop()
            raise DeliveryError(said, kind="temporary")
        await self._reset()
        raise DeliveryError(said, kind="permanent" if answer.code >= 500 else "temporary")

    async def _reset(self) -> None:
        """Take back a sender whose recipient was refused; the next mail starts anew."""
        try:
            async with asyncio.timeout(self._server.timeout):
                await self._client.rset()
        except _FAILURES:
            await self.drop()

    @property
    def _patience(self) -> str:
        return f"within {self._server.timeout:g} seconds"

    def _said(self, answer: SMTPResponse) -> str:
        return f"{answer.code} {self._line(answer.message)}"

    def _line(self, words: object) -> str:
        if isinstance(words, TimeoutError) and not str(words):
            words = f"no answer {self._patience}"
        return one_line(words, self._secret, self._server.username)


async def _answer(command: Awaitable[SMTPResponse]) -> SMTPResponse:
    """Return what the server says, also where it refuses."""
    try:
        return await command
    except SMTPResponseException as error:
        if error.code < 200:  # no answer of the protocol
            raise
        return SMTPResponse(error.code, error.message)


def _canonical(payload: bytes) -> bytes:
    """Return a message whose lines all end with CR LF: a lone one might end it early elsewhere."""
    ends = payload.count(b"\r\n")
    if payload.count(b"\n") == ends == payload.count(b"\r"):
        return payload
    return re.sub(rb"\r\n|\n|\r", b"\r\n", payload)


def _kind_of(code: int) -> Literal["permanent", "temporary", "uncertain"]:
    if 500 <= code < 600:
        return "permanent"
    return "temporary" if 400 <= code < 500 else "uncertain"


def _context(server: Server) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context()
        if server.ca_file is not None:
            context.load_verify_locations(cafile=server.ca_file)
    except (OSError, ValueError) as error:
        raise DeliveryError(
            f"no certificates can be read from {server.ca_file}: {one_line(error)}",
            kind="temporary",
            help="mend ca_file in the [mail] table",
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _login_help(server: Server) -> str:
    if server.auth == "xoauth2":
        return (
            "check username, and [mail.oauth] or the token: the account must allow this "
            "application to send over SMTP"
        )
    return "check username and password in the [mail] table"


def _our_name() -> str:
    """What to say in EHLO; asking DNS, as the library would, can take a minute."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"
