"""Signatures of mails: made alike each time, covering what matters, true for another program."""

import socketserver
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from alerts import SmtpServer
from alerts.digest.composing import compose
from alerts.mail import message
from alerts.mail.dkim import Dkim, DkimError, Signer, UnseenError, record
from alerts.model import OutgoingMail
from alerts.secret import Secret
from tests.alert_samples import BRAND, NOW, SLOT, email, full
from tests.dkim_peer import verified_by_perl
from watcher import checks
from watcher.config import Config


@pytest.fixture(scope="module")
def key() -> Secret:
    """A private key as `openssl genrsa` makes it."""
    return Secret(made_by("openssl", "genrsa", "2048"))


def made_by(*command: str, stdin: str = "") -> str:
    return subprocess.run(
        command, check=True, capture_output=True, text=True, input=stdin
    ).stdout.strip()


@pytest.fixture
def signer(key: Secret) -> Signer:
    return Signer(selector="watch", domain="plivelo.example", key=key)


def mail(recipient: str = "ada@plivelo.example", text: str = "Voilà  ce qui\n.s'est dit.\n\n\n"
) -> OutgoingMail:  # fmt: skip
    digest = compose(email(), full(), SLOT, NOW, [BRAND], "Europe/Paris")
    return message.build(
        digest,
        recipient=recipient,
        subject="Plivélo : 12 nouvelles, dont une de très longue, pour que la ligne soit pliée 🚲",
        text=text,
        html="<p>Voilà ce qui s'est dit.</p>",
        sender_address="Plivélo <watch@plivelo.example>",
        contact="",
    )


def test_equal_mails_are_signed_with_equal_bytes_and_kept_as_they_are(signer):
    once, again = (signer.sign(mail().payload, NOW) for _ in range(2))
    assert once == again
    assert once.endswith(mail().payload)
    assert once.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;")
    assert f"t={int(NOW.timestamp())};".encode() in once
    assert signer.sign(mail().payload, NOW + timedelta(seconds=1)) != once


def test_headers_that_matter_are_signed_once_more_than_they_are_there(signer):
    signed = signer.sign(mail().payload, NOW)
    head = signed[: -len(mail().payload)].replace(b"\r\n", b"").replace(b" ", b"")
    names = head.partition(b";h=")[2].partition(b";")[0].decode().split(":")
    for name in ("from", "subject", "to", "date", "list-unsubscribe", "list-id", "message-id"):
        assert names.count(name) == 2, name
    for name in ("reply-to", "list-unsubscribe-post"):
        assert names.count(name) == 1, name


@pytest.mark.server
@pytest.mark.parametrize("recipient", ["ada@plivelo.example", "zoé@plivelo.example"])
def test_another_program_finds_the_signature_true(signer, key, recipient):
    signed = signer.sign(mail(recipient).payload, NOW)
    assert verified_by_perl(signed, {signer.name: record(key)}) == ["pass @plivelo.example"]


@pytest.mark.server
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\r\nTo: ", b"\r\nSubject: You have won\r\nTo: "),
        (b"\r\nTo: ", b"\r\nReply-To: thief@bad.example\r\nTo: "),
        (b"\r\nTo: ", b"\r\nFrom: boss@plivelo.example\r\nTo: "),
        (b"\r\nTo: ", b"\r\nList-Unsubscribe: <https://bad.example>\r\nTo: "),
        (b"ce qui", b"ce que"),
    ],
)
def test_what_is_put_in_on_the_way_breaks_the_signature(signer, key, old, new):
    signed = signer.sign(mail().payload, NOW).replace(old, new)
    [result] = verified_by_perl(signed, {signer.name: record(key)})
    assert result.startswith("fail")


@pytest.mark.server
@pytest.mark.parametrize(
    ("old", "new"), [(b"\r\nTo: ", b"\r\nX-Seen: by us\r\nTo: "), (b"  ce qui", b" ce qui")]
)
def test_what_harmless_relays_do_leaves_it_true(signer, key, old, new):
    signed = signer.sign(mail().payload, NOW).replace(old, new)
    assert verified_by_perl(signed, {signer.name: record(key)}) == ["pass @plivelo.example"]


def test_the_record_shows_the_public_half_as_openssl_writes_it(key):
    pem = made_by("openssl", "rsa", "-pubout", stdin=key.reveal())
    public = "".join(line for line in pem.splitlines() if not line.startswith("-"))
    assert record(key) == f"v=DKIM1; k=rsa; p={public}"


def test_keys_in_the_older_form_are_read_too(key):
    old = made_by("openssl", "rsa", "-traditional", stdin=key.reveal())
    assert "BEGIN RSA PRIVATE KEY" in old
    assert record(Secret(old)) == record(key)


BAD_KEYS = {
    "nothing": "hello",
    "a certificate's frame": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
    "damaged": "-----BEGIN PRIVATE KEY-----\nMIIEs3cret\n-----END PRIVATE KEY-----",
}


@pytest.mark.parametrize("text", BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_key_that_is_none_is_told_when_the_configuration_is_read(text):
    [problem] = Dkim(selector="watch", key=Secret(text)).problems()
    assert (problem.code, problem.path) == ("bad-dkim", ("key",))
    assert "openssl genrsa" in problem.help
    assert "s3cret" not in f"{problem}"


@pytest.mark.parametrize(
    "command",
    [
        ("openssl", "genpkey", "-algorithm", "ed25519"),
        ("openssl", "genrsa", "-aes128", "-passout", "pass:x", "2048"),
    ],
)
def test_a_key_of_another_kind_is_told(command):
    assert [
        problem.code for problem in Dkim(selector="w", key=Secret(made_by(*command))).problems()
    ]


def test_a_key_too_short_is_told():
    [problem] = Dkim(selector="w", key=Secret(made_by("openssl", "genrsa", "768"))).problems()
    assert "768 bits" in problem.message


@pytest.mark.parametrize("selector", ["", "a b", "-a", "ünder", "a.", "a" * 64, "x; p="])
def test_a_selector_is_a_name_in_dns(selector, key):
    problems = Dkim(selector=selector, key=key).problems()
    assert [(problem.code, problem.path) for problem in problems] == [("bad-dkim", ("selector",))]


def server_of(key: Secret, **more: object) -> SmtpServer:
    table = {"host": "mail.plivelo.example", "from_": "Plivélo <watch@news.plivelo.example>"}
    return SmtpServer(**{**table, "dkim": Dkim(selector="watch", key=key), **more})


def test_the_table_signs_in_the_name_of_the_sender_or_of_a_domain_above(key):
    signed = server_of(key).signed(mail(), NOW)
    assert b"d=news.plivelo.example;" in signed.payload.partition(b"\r\n\tb=")[0]
    assert replace(signed, payload=b"") == replace(mail(), payload=b"")
    above = server_of(key, dkim=Dkim(selector="watch", key=key, domain="Plivelo.example"))
    assert not list(above.problems())
    assert b"d=plivelo.example;" in above.signed(mail(), NOW).payload
    assert SmtpServer(host="h", from_="w@acme.example").signed(mail(), NOW) == mail()


def test_a_domain_that_has_nothing_to_do_with_the_sender_is_told(key):
    table = server_of(key, dkim=Dkim(selector="watch", key=key, domain="livelo.example"))
    assert [(p.code, p.path) for p in table.problems()] == [("bad-dkim", ("dkim", "domain"))]


def test_no_key_is_ever_printed(key, signer):
    table = server_of(key)
    shown = f"{table!r} {table.signer!r} {signer} {vars(table)}"
    assert key.reveal()[40:80] not in shown


class Names(socketserver.UDPServer):
    """A name server on loopback that knows the texts given, or fails."""

    def __init__(self, texts: dict[str, list[str]], *, fails: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Question)
        self.texts = texts
        self.fails = fails


class _Question(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        octets, channel = self.request
        asked = dns.message.from_wire(octets)
        answer = dns.message.make_response(asked)
        answer.flags |= dns.flags.RA
        name = asked.question[0].name
        texts = self.server.texts.get(name.to_text(omit_final_dot=True))
        if self.server.fails:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif texts is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif texts:
            rows = [" ".join(f'"{text[i : i + 250]}"' for i in range(0, len(text), 250))
                    for text in texts]  # fmt: skip
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *rows))
        channel.sendto(answer.to_wire(), self.client_address)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    """The name server that everybody asks during the test."""
    with Names({}) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = server.server_address[1]
        monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
        yield server
        server.shutdown()
        thread.join()


def test_check_finds_the_key_that_signs_in_dns(names, signer, key):
    names.texts[signer.name] = ["something else", record(key).replace("p=", " p= ")]
    assert signer.check() == "watch._domainkey.plivelo.example shows the key that signs"


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (None, "shows no key"),
        ([], "shows no key"),
        (["v=spf1 -all"], "shows no key"),
        (["v=DKIM1; p="], "shows no key"),
        (["v=DKIM1; k=rsa; p=MIIBother"], "shows another key"),
    ],
)
def test_check_says_what_to_publish_where_it_is_not_there(names, signer, key, texts, said):
    if texts is not None:
        names.texts[signer.name] = texts
    with pytest.raises(DkimError) as error:
        signer.check()
    assert not isinstance(error.value, UnseenError)
    assert said in error.value.message
    assert f'{signer.name}. IN TXT "{record(key)}"' in error.value.help


def test_check_says_what_to_publish_where_dns_does_not_answer(names, signer, key):
    names.fails = True
    with pytest.raises(UnseenError) as error:
        signer.check()
    assert record(key) in error.value.help


def test_the_command_warns_where_dns_does_not_answer(names, key, tmp_path):
    names.fails = True
    config = Config(path=tmp_path / "watcher.toml", data=tmp_path,
                    mail=server_of(key, host="127.0.0.1", port=1, timeout=1))  # fmt: skip
    outcomes = {outcome.what: outcome for outcome in checks.run(config, 10)}
    assert outcomes["dkim"].state == "warning"
    assert "publish in DNS" in outcomes["dkim"].help
    names.fails = False
    outcomes = {outcome.what: outcome for outcome in checks.run(config, 10)}
    assert outcomes["dkim"].state == "failed"
