"""Ways out: for each kind of sender another side that takes, refuses, defers and falls silent."""

import base64
import json
import logging
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alerts import FeedFile, MailFolder, Notify, Outlet, Webhook
from alerts.channels.digest_channel import DigestChannel
from alerts.digest.composing import Digest, compose
from alerts.model import Delivery, OutgoingMail, Sender, Waiting
from alerts.secret import Secret
from alerts.words.render import Templates, mails
from tests import mail_servers
from tests.alert_samples import BRAND, NOW, SLOT, email
from tests.faults import Asked, Fault, Loopback, Reply
from watcher import files

KEY = base64.b64encode(b"hunter2-hunter2-hunter2-hunter2").decode()
TEMPLATES = Templates(files.templates())
SILENCE = Fault("silence", (), lambda _: iter([]))


class Way(ABC):
    """One way out, and what a test may do to the other side of it."""

    refuses = True
    """Whether the other side can refuse a message for good."""
    defers = True
    forgets = True
    """Whether an answer can go missing."""
    secrets: tuple[str, ...] = ()
    """What must stand in no answer, log or stored message."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.channel: DigestChannel = email()

    def message(self, waiting: Waiting) -> OutgoingMail:
        """Make the channel's message of what waits, for its first recipient."""
        channel = self.channel
        digest = compose(channel, waiting, SLOT, NOW, [BRAND], "Europe/Paris")
        return self.made(digest)

    def made(self, digest: Digest) -> OutgoingMail:
        assert isinstance(self.channel, Outlet)
        (message,) = self.channel.messages(TEMPLATES, digest, self.channel.recipients[:1])
        return message

    def open(self) -> Sender:
        assert isinstance(self.channel, Outlet)
        return self.channel.open(self.channel.recipients[0])

    @abstractmethod
    def refuse(self) -> None:
        """Let the other side refuse what comes, for good."""

    @abstractmethod
    def defer(self) -> None:
        """Let the other side be in trouble that will pass."""

    @abstractmethod
    def forget(self) -> None:
        """Let the other side take a message whole and say nothing."""

    @abstractmethod
    def recover(self) -> None:
        """Let the other side take what comes."""

    @abstractmethod
    def arrived(self) -> list[str]:
        """Return every message that arrived, as text."""

    def close(self) -> None:  # noqa: B027 - not every way has somebody to stop
        """Stop the other side."""


def delivery_of(message: OutgoingMail, channel: str = "daily") -> Delivery:
    return Delivery(
        id=7,
        channel=channel,
        recipient=message.recipient,
        message_id=message.message_id,
        payload=message.payload,
        kind=message.kind,
        created=NOW,
    )


class FolderWay(Way):
    refuses = forgets = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.place = folder / "outbox"

    def made(self, digest: Digest) -> OutgoingMail:
        (mail,) = mails(TEMPLATES, digest, "watch@acme.example", ["ada@acme.example"])
        return mail

    def open(self) -> Sender:
        return MailFolder(folder=self.place).open()

    def defer(self) -> None:
        if self.place.is_dir():
            shutil.rmtree(self.place)
        self.place.write_text("a file where the folder should be")

    def recover(self) -> None:
        if self.place.is_file():
            self.place.unlink()

    def arrived(self) -> list[str]:
        return [path.read_text() for path in sorted(self.place.glob("*.eml"))]

    def refuse(self) -> None: ...

    def forget(self) -> None: ...


class SmtpWay(FolderWay):
    refuses = forgets = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._running = mail_servers.running(mail_servers.Server())
        self.server = self._running.__enter__()

    def open(self) -> Sender:
        from alerts import SmtpServer

        return SmtpServer(
            host="127.0.0.1",
            port=self.server.port,
            security="none",
            from_="watch@acme.example",
            timeout=1,
        ).open()

    def refuse(self) -> None:
        self.server.data_answer = "554 spam"

    def defer(self) -> None:
        self.server.data_answer = "452 disk full"

    def forget(self) -> None:
        self.server.data_answer = "drop"

    def recover(self) -> None:
        self.server.data_answer = "250 taken"

    def arrived(self) -> list[str]:
        return [octets.decode() for _, octets in self.server.mails]

    def close(self) -> None:
        self._running.__exit__(None, None, None)


class WebWay(Way):
    """What speaks HTTP, with a server on loopback."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.status = 200
        self.bodies: list[str] = []
        self.server = Loopback(self._answer)

    def _answer(self, asked: Asked) -> Reply:
        if 200 <= self.status < 300:
            self.bodies.append(asked.body.decode())
        # A server may well tell in its answer what it was asked.
        return Reply(self.status, f"{KEY} you asked {asked.target} {asked.headers}".encode())

    def refuse(self) -> None:
        self.status = 403

    def defer(self) -> None:
        self.status = 503

    def forget(self) -> None:
        self.status = 202
        self.server.fail(SILENCE)

    def recover(self) -> None:
        self.status = 200
        self.server.recover()

    def arrived(self) -> list[str]:
        return self.bodies

    def close(self) -> None:
        self.server.close()


class WebhookWay(WebWay):
    secrets = (KEY, "hunter2-path", "hunter2-query")

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.channel = Webhook(
            name="crm",
            url=Secret(f"{self.server.url}/hunter2-path?key=hunter2-query"),
            secret=Secret(f"whsec_{KEY}"),
            timeout=3,
        )


class NotifyWay(WebWay):
    secrets = ("hunter2-user", "hunter2-password", "hunter2-topic")

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        login = "hunter2-user:hunter2-password"
        self.channel = Notify(
            name="team", url=Secret(f"ntfy://{login}@{self.server.host}/hunter2-topic")
        )

    def arrived(self) -> list[str]:
        told = [json.loads(body) for body in self.bodies]
        return [f"{one['title']}\n{one['message']}" for one in told]


class FeedWay(Way):
    refuses = forgets = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.place = folder / "feeds"
        self.channel = FeedFile(name="press", file=self.place / "acme")

    def refuse(self) -> None: ...

    def forget(self) -> None: ...

    def defer(self) -> None:
        if self.place.is_dir():
            shutil.rmtree(self.place)
        self.place.write_text("a file where the folder should be")

    def recover(self) -> None:
        if self.place.is_file():
            self.place.unlink()

    def arrived(self) -> list[str]:
        path = self.place / "acme.json"
        items = json.loads(path.read_text())["items"] if path.exists() else []
        return [f"{one['title']}\n{one['content_html']}" for one in items]


WAYS: dict[str, type[Way]] = {
    "mail folder": FolderWay,
    "smtp": SmtpWay,
    "notify": NotifyWay,
    "webhook": WebhookWay,
    "feed": FeedWay,
}


@contextmanager
def everything_logged() -> Iterator[list[logging.LogRecord]]:
    """Collect what any logger says, as loudly as it can."""
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    root, keep = logging.getLogger(), Keep()
    before = root.level
    root.addHandler(keep)
    root.setLevel(logging.DEBUG)
    try:
        yield records
    finally:
        root.removeHandler(keep)
        root.setLevel(before)
