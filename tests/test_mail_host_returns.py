"""What comes back through Postfix and Dovecot: bounces, answers and wishes to unsubscribe."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from alerts.model import DeliveryState
from tests.mailhost import DOMAIN, PASSWORD, MailHost
from watcher import pipeline
from watcher.app import App
from watcher.backends.local.microblog import Microblog, NewPost
from watcher.config import load

pytestmark = [pytest.mark.server, pytest.mark.drill]

CONFIG = """
data = "data"

[mail]
kind = "smtp"
host = "{host.host}"
port = {host.smtp_port}
security = "starttls"
ca_file = "{host.ca_file}"
from = "Plivélo <watch@plivelo.example>"
timeout = 10

[mail.returns]
address = "watch@plivelo.example"
{mailbox}

[[brands]]
name = "Plivélo"

[[sources]]
name = "town"
kind = "local"
file = "town.db"

[[rules]]
name = "talk"
find = "plivelo"
then = ["now"]

[[channels]]
name = "now"
kind = "email"
send = "instant"
interval = "0s"
to = ["ada@plivelo.example", "gone@later.example"]
"""

IMAP = """
imap = "{host.host}"
port = {host.imaps_port}
username = "watch"
password = "${{file:password}}"
ca_file = "{host.ca_file}"
move_to = "handled"
timeout = 10
"""
MAILDIR = 'maildir = "{folder}"'
ADA, GONE = f"ada@{DOMAIN}", "gone@later.example"


class Place:
    """A microblog in which somebody spoke of the brand, and a watcher that mailed it."""

    def __init__(self, folder: Path, host: MailHost, mailbox: str) -> None:
        self.folder = folder
        self.host = host
        (folder / "password").write_text(PASSWORD)
        mailbox = mailbox.format(host=host, folder=host.maildir("watch"))
        (folder / "watcher.toml").write_text(CONFIG.format(host=host, mailbox=mailbox))
        self.town = Microblog.found(folder / "town.db", datetime.now(UTC))
        self.app = App.open(load(folder / "watcher.toml", {}))
        self.say("Ma Plivelo a une charnière cassée")

    def say(self, text: str) -> None:
        """Have somebody say something, and mail it."""
        now = datetime.now(UTC)
        with self.town.change() as town:
            town.account("lou", now - timedelta(days=90))
            town.post(NewPost(author="lou", text=text, posted_at=now - timedelta(seconds=5)))
        pipeline.pull(self.app, self.app.config.sources[0])
        pipeline.match(self.app)
        pipeline.plan(self.app)
        pipeline.deliver(self.app)

    def answer(self, subject: str, body: str = "") -> None:
        """Answer Ada's newest mail as her mail program does."""
        mail = message_from_bytes(self.host.mails("ada")[-1], policy=default)
        octets = f"From: {ADA}\nTo: {mail['Reply-To']}\nSubject: {subject}\n\n{body}".encode()
        self.host.deliver(ADA, str(mail["Reply-To"]), octets)


@pytest.fixture(params=[IMAP, MAILDIR], ids=["imap", "maildir"])
def place(request: pytest.FixtureRequest, tmp_path: Path, mail_host: MailHost) -> Iterator[Place]:
    place = Place(tmp_path, mail_host, request.param)
    yield place
    place.app.close()


def test_a_real_bounce_of_an_unknown_user_is_understood(place: Place) -> None:
    [bounce] = place.host.mails("watch")
    assert b"message/delivery-status" in bounce
    taken = pipeline.take_back(place.app)
    assert (taken.error, taken.kinds) == ("", {"hard": 1})
    (out,) = place.app.store.suppressions()
    assert (out.recipient, out.why) == (GONE, "bounced")
    assert "5.1.1" in out.detail
    assert pipeline.take_back(place.app).kinds == {}
    place.say("Plivelo encore")
    states = [(one.recipient, one.state) for one in place.app.store.deliveries()]
    assert states[0] == (ADA, DeliveryState.SENT)
    assert len(states) == 3


def test_answers_come_back_and_act(place: Place) -> None:
    (match,) = place.app.store.matches()
    place.answer(f"relevant {match.id}")
    place.answer("Re: Plivelo", "mute talk for 2d\n\n> quoted")
    place.answer("unsubscribe")
    place.host.mails("watch", 4)
    taken = pipeline.take_back(place.app)
    assert (taken.error, taken.kinds) == ("", {"hard": 1, "answer": 2, "unsubscribed": 1})
    assert place.app.store.match(match.id).verdict == "relevant"
    assert len(place.app.store.silences(datetime.now(UTC), active=True)) == 1
    assert {one.recipient for one in place.app.store.suppressions()} == {ADA, GONE}
    assert len(place.host.mails("ada")) == 1


def test_what_has_no_token_of_ours_is_neither_believed_nor_touched(place: Place) -> None:
    [bounce] = place.host.mails("watch")
    pipeline.take_back(place.app)
    place.app.store.lift_suppression(GONE, "kim", datetime.now(UTC))
    true = next(word for word in bounce.split() if word.startswith(b"watch+"))
    for to in (b"watch@plivelo.example", b"watch+" + b"a" * 26 + b"@plivelo.example"):
        forged = b"\r\n".join(
            line for line in bounce.replace(true, to).splitlines() if b"Delivered-To" not in line
        )
        place.host.deliver("mailer-daemon@evil.example", to.decode(), forged)
    place.host.mails("watch", 2)
    assert pipeline.take_back(place.app).kinds == {}
    assert place.app.store.suppressions() == ()
    with place.host.imap("watch") as imap:
        unseen = imap.search(None, "UNSEEN")[1][0].split()
    assert len(unseen) == 2


def test_what_was_handled_is_put_aside(place: Place) -> None:
    place.host.mails("watch")
    pipeline.take_back(place.app)
    moved = "move_to" in (place.folder / "watcher.toml").read_text()
    with place.host.imap("watch") as imap:
        assert imap.search(None, "UNSEEN")[1] == [b""]
        assert imap.search(None, "ALL")[1] == [b"" if moved else b"1"]
        assert int(imap.select("handled" if moved else "INBOX")[1][0] or 0) >= 1


@pytest.mark.parametrize("place", [IMAP], indirect=True)
def test_a_mailbox_that_lets_nobody_in_says_why(place: Place) -> None:
    path = place.folder / "watcher.toml"
    (place.folder / "password").write_text("wr0ng-secret")
    with App.open(load(path, {})) as app:
        taken = pipeline.take_back(app)
    assert "refused the login" in taken.error
    assert "wr0ng-secret" not in taken.error
    (place.folder / "password").write_text(PASSWORD)
    path.write_text(
        path.read_text().replace(f'ca_file = "{place.host.ca_file}"\nmove_to', "move_to")
    )
    with App.open(load(path, {})) as app:
        assert "is not trusted" in pipeline.take_back(app).error
