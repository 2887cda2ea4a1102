"""A mail server whose manners a test can spoil, and a sender that sends to it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from alerts.model import Delivery, DeliveryError
from alerts.secret import Secret
from alerts.smtp.sender import SmtpSender
from alerts.smtp.server import Server as MailServer
from tests.smtp import Inbox


class Server(Inbox):
    """An inbox whose manners a test can spoil."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals: dict[str, str] = {}
        self.data_answer = "250 taken"
        self.data_pause = 0.0
        self.data_calls = 0
        self.connections = 0
        self.pipelining = False
        self.most_mails = 0
        self.mail_answer = "250 welcome"
        self.senders: list[str] = []

    def hang_up(self) -> None:
        """Close the newest connection, as a server does that has waited too long."""
        loop = self._open.loop
        asyncio.run_coroutine_threadsafe(_abort(self._open), loop).result(5)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        self.connections += 1
        self._open = server
        session.host_name = hostname
        if self.pipelining:
            responses.insert(0, "250-PIPELINING")
        return responses

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        self.senders.append(address)
        if self.most_mails and len(self.mails) >= self.most_mails * self.connections:
            return "452 enough for one connection"
        if self.mail_answer == "drop":
            server.transport.abort()
        if not self.mail_answer.startswith("250"):
            return self.mail_answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.mail_answer

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if address in self.refusals:
            if self.refusals[address] == "hang":
                await asyncio.sleep(30)
            if self.refusals[address] == "drop":
                server.transport.abort()
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.data_calls += 1
        await asyncio.sleep(self.data_pause)
        if self.data_answer == "hang":
            await asyncio.sleep(30)
        if self.data_answer == "drop":
            server.transport.abort()
            return "250 too late"
        if self.data_answer.startswith("250"):
            await super().handle_DATA(server, session, envelope)
        return self.data_answer


async def _abort(connection: SMTP) -> None:
    connection.transport.abort()


@contextmanager
def rude(answers: bytes) -> Iterator[Server]:
    """A server that greets, offers pipelining, and then answers anything with these octets."""
    server = Server()
    with socket.create_server((server.host, 0)) as listening:
        server.port = listening.getsockname()[1]
        thread = threading.Thread(target=_answer, args=(listening, answers), daemon=True)
        thread.start()
        yield server
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _answer(listening: socket.socket, answers: bytes) -> None:
    with suppress(OSError):
        connection, _ = listening.accept()
        with connection:
            connection.sendall(b"220 hello\r\n")
            connection.recv(1024)
            connection.sendall(b"250-hello\r\n250 PIPELINING\r\n")
            connection.recv(1024)
            connection.sendall(answers)
            while connection.recv(1024):
                pass


@contextmanager
def running(server: Server, **more: object) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind((server.host, 0))
        server.port = probe.getsockname()[1]
    controller = Controller(server, hostname=server.host, port=server.port, **more)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


@contextmanager
def opened(
    server: Server,
    *,
    sender: str = "watch@acme.example",
    password: str = "",
    more: dict[str, Any] | None = None,
    **table: Any,
) -> Iterator[SmtpSender]:
    """A sender to the server; `more` is for the sender itself, all else for where it sends."""
    table = {"host": server.host, "security": "none", "timeout": 1.0, **table}
    if password:
        table["secret"] = lambda: Secret(password)
    opened = SmtpSender(MailServer(port=server.port, **table), sender=sender, **(more or {}))
    try:
        yield opened
    finally:
        opened.close()


def delivery(recipient: str = "ada@acme.example", number: int = 1) -> Delivery:
    return Delivery(
        id=number,
        channel="daily",
        recipient=recipient,
        message_id=f"<{number}@acme.example>",
        payload=f"Message-ID: <{number}@acme.example>\r\n\r\n.a dot\r\n".encode(),
        created=datetime(2026, 3, 10, tzinfo=UTC),
    )


def failure(sender: SmtpSender, mail: Delivery) -> tuple[DeliveryError, bool]:
    """The error of a delivery, and whether the message had begun to be handed over."""
    begun = []
    with pytest.raises(DeliveryError) as error:
        sender.send(mail, lambda: begun.append(True))
    return error.value, bool(begun)
