"""Mail over a real SMTP server that refuses, defers, hangs, drops, encrypts, asks for a login."""

import asyncio
import socket
import ssl
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from alerts import SmtpServer
from alerts.model import Delivery, DeliveryError
from alerts.secret import Secret
from alerts.smtp.sender import SmtpSender
from alerts.smtp.server import Server as MailServer
from tests.smtp import Inbox

PASSWORD = "correct horse"


class Server(Inbox):
    """An inbox whose manners a test can spoil."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals: dict[str, str] = {}
        self.data_answer = "250 taken"
        self.data_calls = 0
        self.connections = 0

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

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
        if self.data_answer == "hang":
            await asyncio.sleep(30)
        if self.data_answer == "drop":
            server.transport.abort()
            return "250 too late"
        if self.data_answer.startswith("250"):
            await super().handle_DATA(server, session, envelope)
        return self.data_answer


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


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as server:
        yield server


@pytest.fixture
def sender(server: Server) -> Iterator[SmtpSender]:
    with opened(server) as sender:
        yield sender


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


def test_a_mail_arrives_as_it_was_stored_and_its_handing_over_is_announced(server, sender):
    begun = []
    answer = sender.send(delivery(), lambda: begun.append(server.data_calls))
    assert answer == "250 taken"
    assert begun == [0]
    assert server.mails == [("ada@acme.example", delivery().payload)]


def test_one_refused_recipient_of_three_does_not_stop_the_others(server, sender):
    server.refusals["bob@acme.example"] = "550 no such user here"
    sender.send(delivery("ada@acme.example"), lambda: None)
    error, begun = failure(sender, delivery("bob@acme.example"))
    assert (error.kind, begun) == ("permanent", False)
    assert "550 no such user here" in error.message
    sender.send(delivery("eve@acme.example"), lambda: None)
    assert [recipient for recipient, _ in server.mails] == ["ada@acme.example", "eve@acme.example"]


def test_a_deferred_recipient_is_tried_again(server, sender):
    server.refusals["ada@acme.example"] = "451 greylisted, come back"
    error, begun = failure(sender, delivery())
    assert (error.kind, begun) == ("temporary", False)


@pytest.mark.parametrize("manner", ["hang", "drop"])
def test_silence_before_the_message_is_certain_not_to_have_arrived(server, manner):
    server.refusals["ada@acme.example"] = manner
    with opened(server, timeout=0.3) as sender:
        error, begun = failure(sender, delivery())
        assert (error.kind, begun) == ("temporary", False)
        server.refusals.clear()
        assert sender.send(delivery(), lambda: None) == "250 taken"


@pytest.mark.parametrize("manner", ["hang", "drop"])
def test_silence_after_the_message_is_uncertain(server, manner):
    server.data_answer = manner
    with opened(server, timeout=0.3) as sender:
        error, begun = failure(sender, delivery())
        assert (error.kind, begun) == ("uncertain", True)
        server.data_answer = "250 taken"
        assert sender.send(delivery(), lambda: None) == "250 taken"


@pytest.mark.parametrize(
    ("answer", "kind"), [("554 spam", "permanent"), ("452 disk full", "temporary")]
)
def test_an_answer_to_the_message_is_certain(server, sender, answer, kind):
    server.data_answer = answer
    error, begun = failure(sender, delivery())
    assert (error.kind, begun) == (kind, True)
    assert answer in error.message


def test_a_server_that_is_not_there_is_temporary():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = Server()
        server.port = probe.getsockname()[1]
    with opened(server) as sender:
        error, begun = failure(sender, delivery())
    assert (error.kind, begun) == ("temporary", False)
    assert error.help


@pytest.mark.parametrize(
    "recipient", ["nobody", "a b@acme.example", "ada@acme.example\r\nDATA", "", "ada@\0.example"]
)
def test_a_malformed_recipient_is_permanent_and_never_reaches_the_server(server, sender, recipient):
    error, begun = failure(sender, delivery(recipient))
    assert (error.kind, begun) == ("permanent", False)
    assert server.connections == 0


def test_a_recipient_in_another_script_needs_smtputf8():
    with running(Server(), enable_SMTPUTF8=True) as server, opened(server) as sender:
        assert sender.send(delivery("zoé@acme.example"), lambda: None) == "250 taken"
        assert server.mails[0][0] == "zoé@acme.example"
    with running(Server(), enable_SMTPUTF8=False) as server, opened(server) as sender:
        error, _ = failure(sender, delivery("zoé@acme.example"))
        assert error.kind == "permanent"


def test_one_connection_serves_many_mails_and_is_made_anew_when_the_server_left(server, sender):
    for number in range(3):
        sender.send(delivery(number=number), lambda: None)
    assert server.connections == 1
    server.refusals["drop@acme.example"] = "drop"
    failure(sender, delivery("drop@acme.example"))
    sender.send(delivery(number=4), lambda: None)
    assert server.connections == 2


def test_a_failure_to_record_the_handing_over_sends_nothing(server, sender):
    def full_disk() -> None:
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        sender.send(delivery(), full_disk)
    assert not server.mails
    sender.send(delivery(), lambda: None)
    assert len(server.mails) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, cert


def login(
    _server: object, _session: object, _envelope: object, _mechanism: str, data: object
) -> AuthResult:
    good = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=good, handled=False)


@contextmanager
def strict(certificate: tuple[Path, Path]) -> Iterator[Server]:
    """A server that demands STARTTLS and a login."""
    key, cert = certificate
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    with running(
        Server(),
        tls_context=context,
        require_starttls=True,
        authenticator=login,
        auth_required=True,
    ) as server:
        yield server


def test_starttls_with_a_private_authority_and_a_login(certificate):
    with (
        strict(certificate) as server,
        opened(server, security="starttls", ca_file=certificate[1], username="watch",
               password=PASSWORD) as sender,
    ):  # fmt: skip
        assert sender.send(delivery(), lambda: None) == "250 taken"
        assert "logged in as watch" in sender.check()


def test_an_unknown_authority_is_refused(certificate):
    with strict(certificate) as server, opened(server, security="starttls") as sender:
        error, begun = failure(sender, delivery())
    assert (error.kind, begun) == ("temporary", False)
    assert "certificate" in error.message.lower()
    assert "ca_file" in error.help


def test_a_wrong_password_is_temporary_and_never_shown(certificate):
    wrong = "wr0ng-secret"
    with (
        strict(certificate) as server,
        opened(server, security="starttls", ca_file=certificate[1], username="watch",
               password=wrong) as sender,
    ):  # fmt: skip
        error, _ = failure(sender, delivery())
    assert error.kind == "temporary"
    shown = f"{error} {error.help} {error!r} {error.__cause__!r} {error.__context__!r}"
    assert wrong not in shown
    assert b64encode(f"\0watch\0{wrong}".encode()).decode() not in shown
    assert "username and password" in error.help


def test_a_server_that_offers_no_encryption_gets_no_mail(server):
    with opened(server, security="starttls") as sender:
        error, begun = failure(sender, delivery())
    assert (error.kind, begun) == ("temporary", False)
    assert not server.mails


def test_the_table_tells_its_mistakes():
    table = SmtpServer(
        host="", port=99999, from_="nobody", username="watch", timeout=0, ca_file=Path("/none.pem")
    )
    assert {(p.code, p.path) for p in table.problems()} == {
        ("bad-address", ("from",)),
        ("bad-host", ("host",)),
        ("out-of-range", ("port",)),
        ("out-of-range", ("timeout",)),
        ("half-login", ("username",)),
        ("bad-ca-file", ("ca_file",)),
    }
    clear = SmtpServer(host="mail.acme.example", from_="w@acme.example", security="none",
                       username="watch", password=Secret("x"))  # fmt: skip
    assert [p.code for p in clear.problems()] == ["password-in-the-clear"]
