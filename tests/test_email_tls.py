"""Encrypted mail: STARTTLS and TLS from the start, and the certificates that are not trusted."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from tests.mail_servers import Server, delivery, failure, opened, running


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def context_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@contextmanager
def encrypted(certificate: trustme.LeafCert, security: str) -> Iterator[Server]:
    context = context_of(certificate)
    more = {"ssl_context": context}
    if security == "starttls":
        more = {"tls_context": context, "require_starttls": True}
    with running(Server(), **more) as server:
        yield server


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_arrives_encrypted_where_the_authority_is_named(authority, ca_file, security):
    with (
        encrypted(authority.issue_cert("127.0.0.1"), security) as server,
        opened(server, security=security, ca_file=ca_file) as sender,
    ):
        for number in range(3):
            assert sender.send(delivery(number=number), lambda: None) == "250 taken"
        assert f"answers ({security})" in sender.check()
        assert server.mails[0][1] == delivery(number=0).payload


@pytest.mark.parametrize("pipelining", [False, True])
def test_an_encrypted_connection_that_is_lost_is_made_anew(authority, ca_file, pipelining):
    with (
        encrypted(authority.issue_cert("127.0.0.1"), "tls") as server,
        opened(server, security="tls", ca_file=ca_file) as sender,
    ):
        server.pipelining = pipelining
        sender.send(delivery(number=1), lambda: None)
        server.hang_up()
        assert sender.send(delivery(number=2), lambda: None) == "250 taken"


def wrong_certificates(authority: trustme.CA) -> dict[str, trustme.LeafCert]:
    long_ago, yesterday = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 6, 1, tzinfo=UTC)
    return {
        "an unknown authority": trustme.CA().issue_cert("127.0.0.1"),
        "another name": authority.issue_cert("mail.other.example"),
        "another address": authority.issue_cert("127.0.0.2"),
        "expired": authority.issue_cert("127.0.0.1", not_before=long_ago, not_after=yesterday),
        "not valid yet": authority.issue_cert(
            "127.0.0.1",
            not_before=datetime(2150, 1, 1, tzinfo=UTC),
            not_after=datetime(2151, 1, 1, tzinfo=UTC),
        ),
        "itself": itself(),
    }


def itself() -> trustme.LeafCert:
    """A certificate that signs itself, as one makes it in a minute."""
    own = trustme.CA()
    return trustme.LeafCert(own.private_key_pem.bytes(), own.cert_pem.bytes(), [])


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("what", "sentence", "help_"),
    [
        ("an unknown authority", "by nobody whom this machine knows", "ca_file"),
        ("another name", "made out to another name", "host"),
        ("another address", "made out to another name", "host"),
        ("expired", "has expired", "renew"),
        ("not valid yet", "is not valid yet", "clock"),
        ("itself", "is signed by itself", "ca_file"),
    ],
)
def test_a_certificate_that_proves_nothing_is_refused(
    authority, ca_file, security, what, sentence, help_
):
    with (
        encrypted(wrong_certificates(authority)[what], security) as server,
        opened(server, security=security, ca_file=ca_file) as sender,
    ):
        error, begun = failure(sender, delivery())
    assert (error.kind, begun) == ("temporary", False)
    assert sentence in error.message
    assert help_ in error.help
    assert not server.mails


def test_the_authorities_of_the_system_stay_trusted_beside_our_own(
    authority, ca_file, tmp_path, monkeypatch
):
    system = tmp_path / "system.pem"
    authority.cert_pem.write_to_path(str(system))
    monkeypatch.setenv("SSL_CERT_FILE", str(system))
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    with (
        encrypted(authority.issue_cert("127.0.0.1"), "tls") as server,
        opened(server, security="tls", ca_file=other) as sender,
    ):
        assert sender.send(delivery(), lambda: None) == "250 taken"


def test_a_server_that_offers_no_encryption_gets_no_mail():
    with running(Server()) as server, opened(server, security="starttls") as sender:
        error, begun = failure(sender, delivery())
    assert (error.kind, begun) == ("temporary", False)
    assert "offers no encryption" in error.message
    assert not server.mails


def test_tls_on_a_port_that_speaks_plainly_is_told():
    with running(Server()) as server, opened(server, security="tls") as sender:
        error, begun = failure(sender, delivery())
    assert (error.kind, begun) == ("temporary", False)
    assert "does not speak TLS on this port" in error.message
    assert "starttls" in error.help


def test_an_authority_that_cannot_be_read_is_told(tmp_path):
    broken = tmp_path / "ca.pem"
    broken.write_text("no certificate")
    with running(Server()) as server, opened(server, security="tls", ca_file=broken) as sender:
        error, _ = failure(sender, delivery())
    assert str(broken) in error.message
    assert "ca_file" in error.help
