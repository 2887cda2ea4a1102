"""An SMTP server with bad manners, whose inbox can be counted."""

import random
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.smtp import Inbox

GONE = "gone@acme.example"
"""A recipient whom the server does not know: refused for good."""


class PostOffice(Inbox):
    """Takes most mails, puts some off, and hangs up on some that it took.

    `hung_up` counts the messages that it took without saying so: each is a crash of the
    connection, after which nobody can know that it arrived.
    """

    def __init__(self, chance: random.Random, port: int, *, rude: bool = True) -> None:
        super().__init__()
        self.port = port
        self.hung_up = self.put_off = self.refused = 0
        self.rude = rude
        self._chance = chance
        self._controller = Controller(self, hostname=self.host, port=port)

    def open(self) -> None:
        """Listen."""
        self._controller.start()

    def close(self) -> None:
        """Listen no more."""
        self._controller.stop()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Refuse whom nobody knows, put some off, hang up on some."""
        if address == GONE:
            self.refused += 1
            return "550 5.1.1 no such person here"
        luck = self._chance.random() if self.rude else 1.0
        if luck < 0.03:
            server.transport.abort()
            return "250 too late"
        if luck < 0.08:
            self.put_off += 1
            return "451 4.7.1 greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take the message; put some off, and hang up after some that were taken."""
        luck = self._chance.random() if self.rude else 1.0
        if luck < 0.04:
            self.put_off += 1
            return "452 4.2.2 mailbox full"
        if luck < 0.08:
            self.hung_up += 1
            await super().handle_DATA(server, session, envelope)
            server.transport.abort()
            return "250 too late"
        return await super().handle_DATA(server, session, envelope)

    def wait_for_mail(self, seconds: float) -> bool:
        """Wait until a mail arrives; whether one did."""
        until = time.monotonic() + seconds
        before = len(self.mails)
        while len(self.mails) == before and time.monotonic() < until:
            time.sleep(0.002)
        return len(self.mails) > before
