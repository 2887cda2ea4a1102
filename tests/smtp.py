"""A real SMTP server on loopback whose inbox a test can read."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Inbox:
    """What arrived, in order, as (recipient, the bytes of the message)."""

    host: str = "127.0.0.1"
    port: int = 0
    mails: list[tuple[str, bytes]] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)
    """Set with every mail, before the client is told that it was taken."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take the mail."""
        for recipient in envelope.rcpt_tos:
            self.mails.append((recipient, bytes(envelope.original_content or b"")))
        self.arrived.set()
        return "250 taken"

    def messages(self) -> list[Message]:
        """Parse what arrived."""
        return [message_from_bytes(octets, policy=default) for _, octets in self.mails]

    def copies(self) -> Counter[tuple[str, str]]:
        """How often each (recipient, Message-ID) arrived."""
        return Counter(
            (recipient, str(message_from_bytes(octets, policy=default)["Message-ID"]))
            for recipient, octets in self.mails
        )

    def differing(self) -> list[tuple[str, str]]:
        """Those (recipient, Message-ID) whose copies are not identical to the byte."""
        seen: dict[tuple[str, str], bytes] = {}
        result = []
        for recipient, octets in self.mails:
            key = (recipient, str(message_from_bytes(octets, policy=default)["Message-ID"]))
            if seen.setdefault(key, octets) != octets:
                result.append(key)
        return result


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """A running SMTP server that takes everything."""
    inbox = Inbox()
    with socket.socket() as probe:
        probe.bind((inbox.host, 0))
        inbox.port = probe.getsockname()[1]
    controller = Controller(inbox, hostname=inbox.host, port=inbox.port)
    controller.start()
    yield inbox
    controller.stop()
