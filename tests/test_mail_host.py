"""Mails through Postfix into Dovecot: they arrive as they left, whole, signed, in threads."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.mail.dkim import record
from alerts.model import DeliveryState
from alerts.secret import Secret
from tests.dkim_peer import verified_by_perl
from tests.mail_servers import Server, delivery, failure, opened
from tests.mailhost import DOMAIN, PASSWORD, MailHost
from watcher.app import App
from watcher.backends.local.microblog import Microblog, NewPost, Profile
from watcher.config import load

pytestmark = [pytest.mark.server, pytest.mark.drill]

CONFIG = """
data = "data"

[mail]
kind = "smtp"
host = "{host.host}"
port = {port}
security = "{security}"
ca_file = "{host.ca_file}"
username = "watch"
password = "${{file:password}}"
auth = "{auth}"
from = "Plivélo <watch@plivelo.example>"
timeout = 10
{dkim}

[[brands]]
name = "Plivélo"

[[sources]]
name = "town"
kind = "local"
file = "town.db"

[[rules]]
name = "talk"
find = "plivelo"
then = ["now", "other"]

[[channels]]
name = "now"
kind = "email"
send = "instant"
interval = "0s"
to = {to}

[[channels]]
name = "other"
kind = "email"
send = "instant"
interval = "0s"
language = "fr"
title = "Une autre série, avec un titre assez long pour plier toutes les lignes de l'en-tête"
to = ["bob@plivelo.example"]
"""

DKIM = """
[mail.dkim]
selector = "watch"
key = "${file:dkim.pem}"
"""


class Place:
    """A microblog in which somebody speaks of the brand, and the watcher's configuration."""

    def __init__(self, folder: Path, host: MailHost) -> None:
        self.folder = folder
        self.host = host
        self.path = folder / "watcher.toml"
        self.town = Microblog.found(folder / "town.db", datetime.now(UTC))
        (folder / "password").write_text(PASSWORD)
        key = subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, text=True).stdout
        (folder / "dkim.pem").write_text(key)
        self.records = {f"watch._domainkey.{DOMAIN}": record(Secret(key))}
        self.configure()

    def configure(self, **more: Any) -> None:
        table = {"port": self.host.smtp_port, "security": "starttls", "auth": "auto", "dkim": DKIM,
                 "to": [f"ada@{DOMAIN}"], **more}  # fmt: skip
        self.path.write_text(CONFIG.format(host=self.host, **table), encoding="utf-8")

    def say(self, text: str) -> None:
        now = datetime.now(UTC)
        with self.town.change() as town:
            town.account("lou", now - timedelta(days=90), Profile(display_name="Lou 🚲"))
            town.post(NewPost(author="lou", text=text, posted_at=now - timedelta(seconds=5)))

    def run(self, command: str, *, code: int = 0) -> str:
        """Run the program as a person does; return what it says."""
        done = subprocess.run(
            [sys.executable, "-m", "watcher", "--config", self.path, command],
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def payloads(self) -> dict[str, bytes]:
        """What the store keeps of each recipient's newest mail."""
        with App.open(load(self.path, {})) as app:
            records = app.store.deliveries()
            return {one.recipient: app.store.delivery(one.id).payload for one in records[::-1]}

    def states(self) -> dict[str, tuple[DeliveryState, str]]:
        with App.open(load(self.path, {})) as app:
            records = app.store.deliveries()
            return {one.recipient: (one.state, one.answer) for one in records[::-1]}


@pytest.fixture
def place(tmp_path: Path, mail_host: MailHost) -> Place:
    return Place(tmp_path, mail_host)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mails_arrive_byte_for_byte_signed_and_whole(place: Place, security: str) -> None:
    port = place.host.smtp_port if security == "starttls" else place.host.tls_port
    place.configure(security=security, port=port)
    place.say(
        "Ma Plivelo a 🚲 une charnière cassée\n.\n.. et From: personne ne répond" + " è" * 400
    )
    place.run("once")
    [arrived] = place.host.mails("ada")
    assert arrived.endswith(place.payloads()[f"ada@{DOMAIN}"])
    assert verified_by_perl(arrived, place.records) == [f"pass @{DOMAIN}"]
    [other] = place.host.mails("bob")
    assert verified_by_perl(other, place.records) == [f"pass @{DOMAIN}"]


def test_check_encrypts_and_logs_in(place: Place) -> None:
    place.configure(dkim="")  # its key would be looked for in DNS
    assert "(starttls, logged in as watch)" in " ".join(place.run("check").split())


def test_dovecot_reads_both_parts_and_all_headers(place: Place) -> None:
    place.say("Ma Plivelo a une charnière cassée 🚲")
    place.run("once")
    place.host.mails("bob")
    with place.host.imap("bob") as imap:
        kinds = list(texts(parsed(imap.fetch("1", "(BODYSTRUCTURE)")[1])))
        _number, [_name, envelope] = parsed(imap.fetch("1", "(ENVELOPE)")[1])
    assert [kind for kind, _ in kinds][:2] == ["plain", "html"]
    assert all(charset == "utf-8" for _, charset in kinds)
    _date, subject, [sender], _sender, _reply_to, [to], *_rest = envelope
    assert "Une_autre" in subject or "Une autre" in subject
    assert (sender[2:], to[2:]) == (["watch", DOMAIN], ["bob", DOMAIN])


def test_the_mails_of_a_channel_are_one_thread_and_those_of_another_are_another(
    place: Place,
) -> None:
    place.configure(to=[f"bob@{DOMAIN}"])
    for number in range(3):
        place.say(f"Plivelo, nouvelle {number}")
        place.run("once")
        place.host.mails("bob", 2 * (number + 1))
    with place.host.imap("bob") as imap:
        [threads] = imap.thread("REFERENCES", "UTF-8", "ALL")[1]
        channels: dict[str, set[str]] = {}
        for number, [(_, head)] in (
            (number, imap.fetch(str(number), "(BODY.PEEK[HEADER.FIELDS (List-Id)])")[1][:1])
            for number in range(1, 7)
        ):
            channels.setdefault(bytes(head).decode(), set()).add(str(number))
    found = [set(re.findall(r"\d+", thread)) for thread in top_level(bytes(threads).decode())]
    assert sorted(found, key=min) == sorted(channels.values(), key=min)
    assert len(found) == 2


def test_each_recipient_has_an_outcome_of_its_own(place: Place) -> None:
    people = ("ada", "busy", "ghost", "zoé")
    place.configure(to=[f"{who}@{DOMAIN}" for who in people])
    place.say("Plivelo, une nouvelle")
    place.run("once", code=1)
    states = place.states()
    assert {who: states[f"{who}@{DOMAIN}"][0].value for who in people} == {
        "ada": "sent",
        "busy": "pending",
        "ghost": "failed",
        "zoé": "sent",
    }
    assert "greylisted" in states[f"busy@{DOMAIN}"][1]
    assert "550" in states[f"ghost@{DOMAIN}"][1]
    for who in ("ada", "zoe"):
        [mail] = place.host.mails(who)
        assert verified_by_perl(mail, place.records) == [f"pass @{DOMAIN}"]
    assert place.payloads()[f"zoé@{DOMAIN}"] in place.host.mails("zoe")[0]


@pytest.mark.parametrize("auth", ["plain", "login"])
def test_a_login_is_checked_by_dovecot(place: Place, auth: str) -> None:
    place.configure(auth=auth)
    place.say("Plivelo, une nouvelle")
    place.run("once")
    assert len(place.host.mails("ada")) == 1
    (place.folder / "password").write_text("wr0ng-secret")
    place.say("Plivelo, une autre")
    said = place.run("once")
    state, answer = place.states()[f"ada@{DOMAIN}"]
    assert state is DeliveryState.PENDING
    assert "refused the login: 535" in answer
    assert "wr0ng-secret" not in said + answer


@pytest.fixture
def postfix(mail_host: MailHost) -> Server:
    """Postfix as the senders of other tests know their servers."""
    server = Server()
    server.port = mail_host.smtp_port
    return server


def test_a_bounce_comes_back_to_the_envelope_sender_of_its_delivery(
    postfix: Server, mail_host: MailHost
) -> None:
    sent = replace(delivery("gone@later.example"), envelope_sender=f"watch+q7x9@{DOMAIN}")
    with opened(postfix, timeout=10, sender=f"watch@{DOMAIN}") as sender:
        sender.send(sent, lambda: None)
    [bounce] = mail_host.mails("watch")
    assert b"\r\nDelivered-To: watch+q7x9@" in bounce
    assert b"\r\nReturn-Path: <>" in b"\r\n" + bounce
    assert b"message/delivery-status" in bounce


def test_many_mails_go_over_one_connection_with_a_refusal_among_them(
    postfix: Server, mail_host: MailHost
) -> None:
    before = mail_host.log().count(": connect from ")
    with opened(postfix, timeout=10, sender=f"watch@{DOMAIN}") as sender:
        for number in range(20):
            if number % 5 == 4:
                assert failure(sender, delivery(f"ghost@{DOMAIN}"))[0].kind == "permanent"
            sender.send(delivery(f"ada@{DOMAIN}", number), lambda: None)
    assert len(mail_host.mails("ada", 20)) == 20
    assert mail_host.log().count(": connect from ") == before + 1


def parsed(answer: list[Any]) -> list[Any]:
    """Read the lists, words and numbers of an IMAP answer."""
    text = ""
    for part in answer:
        if isinstance(part, tuple):  # a literal behind its length
            head, literal = part
            quoted = literal.decode().replace("\\", r"\\").replace('"', r"\"")
            text += f'{head.decode().rpartition("{")[0]} "{quoted}"'
        else:
            text += part.decode()
    stack: list[list[Any]] = [[]]
    for token in re.findall(r'"(?:[^"\\]|\\.)*"|[()]|[^\s()]+', text):
        if token == "(":
            stack.append([])
        elif token == ")":
            last = stack.pop()
            stack[-1].append(last)
        else:
            stack[-1].append(token.strip('"'))
    assert len(stack) == 1
    return stack[0]


def texts(structure: list[Any]) -> Iterator[tuple[str, str]]:
    """Yield (subtype, charset) of every text in a BODYSTRUCTURE, in order."""
    if len(structure) > 2 and str(structure[0]).casefold() == "text":
        parameters = [str(word).casefold() for word in structure[2]]
        yield str(structure[1]).casefold(), parameters[parameters.index("charset") + 1]
        return
    for part in structure:
        if isinstance(part, list):
            yield from texts(part)


def top_level(text: str) -> Iterator[str]:
    """Yield the outermost groups of `(1 2)(3)((4)(5))`."""
    depth, start = 0, 0
    for place, letter in enumerate(text):
        if letter == "(":
            if depth == 0:
                start = place
            depth += 1
        elif letter == ")":
            depth -= 1
            if depth == 0:
                yield text[start : place + 1]
