"""Mails that come back over the whole walk: into a Maildir, understood, done once, put aside."""

import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from alerts.model import DeliveryState
from alerts.returns.maildir import Maildir
from tests.journeys import alert_world
from tests.journeys.alert_world import HOUR, MINUTE, World
from tests.test_returns import postfix
from watcher import pipeline
from watcher.walk.returning import Taken

pytestmark = pytest.mark.drill  # each walks the whole way, in a second or more

TABLES = """
[mail.returns]
address = "watch@acme.example"
maildir = "box"

[[rules]]
name = "talk"
find = "nordelia"
then = ["now"]

[[channels]]
name = "now"
kind = "email"
send = "instant"
interval = "0s"
to = ["ada@acme.example", "bob@acme.example"]
"""
ADA, BOB = "ada@acme.example", "bob@acme.example"


class Crash(BaseException):
    """Ends the process where it is raised."""


class Mailing(World):
    """A world whose mails come back into a Maildir."""

    def mail(self, to: str) -> str:
        """Return the newest mail to somebody as it is sent."""
        number = self.app.store.deliveries(recipient=to, limit=1)[0].id
        return self.app.store.delivery(number).payload.decode()

    def address(self, to: str) -> str:
        return str(message_from_bytes(self.mail(to).encode(), policy=default)["Reply-To"])

    def arrives(self, octets: bytes, name: str = "1") -> None:
        (self.folder / "box" / "new" / name).write_bytes(octets)

    def answers(self, who: str, subject: str, body: str = "", name: str = "1") -> None:
        head = f"Delivered-To: {self.address(who)}\nFrom: {who}\nSubject: {subject}\n\n{body}"
        self.arrives(head.encode(), name)

    def bounces(self, to: str, name: str = "1", **more: str) -> None:
        report = postfix(**more).replace(b"gone@later.example", to.encode())
        self.arrives(report.replace(b"watch+q@acme.example", self.address(to).encode()), name)

    def take_back(self) -> Taken:
        taken = pipeline.take_back(self.app)
        assert taken.error == ""
        return taken

    def left(self) -> list[str]:
        """Return the mails that nobody has handled."""
        return [one.name for one in Maildir(self.folder / "box", set()).waiting("")]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mailing:
    head = alert_world.HEAD.replace('kind = "outbox"\nfolder = "outbox"', 'host = "127.0.0.1"')
    monkeypatch.setattr(alert_world, "HEAD", head.replace("[mail]", '[mail]\nkind = "smtp"'))
    for part in ("new", "cur", "tmp"):
        (tmp_path / "box" / part).mkdir(parents=True)
    world = Mailing(tmp_path, TABLES)
    world.say("Nordelia est en panne")
    world.walk()
    return world


def states(world: Mailing) -> dict[str, DeliveryState]:
    return {one.recipient: one.state for one in world.app.store.deliveries()[::-1]}


def test_each_mail_has_an_address_of_its_own_and_speaks_of_it(world: Mailing) -> None:
    mails = {who: world.mail(who) for who in (ADA, BOB)}
    assert world.address(ADA) != world.address(BOB)
    for who, mail in mails.items():
        message = message_from_bytes(mail.encode(), policy=default)
        back = world.address(who)
        assert re.fullmatch(r"watch\+[a-z2-7]{26}@acme\.example", back)
        assert message["List-Unsubscribe"].strip() == f"<mailto:{back}?subject=unsubscribe>"
        text = message.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
        html = message.get_body(("html",)).get_content()  # type: ignore[attr-defined]
        assert back in text
        assert f"mailto:{back}?subject=relevant" in html
        assert set(re.findall(r"watch\+(\w{26})@", text + html)) == {back[6:32]}


def test_a_bounce_suppresses_its_recipient_and_nobody_else(world: Mailing) -> None:
    world.bounces(ADA)
    taken = world.take_back()
    assert taken.kinds == {"hard": 1}
    assert taken.lines[0].startswith(f"{ADA} is written to no more: failed 5.1.1")
    assert world.left() == []
    world.messages()
    world.say("Nordelia encore")
    assert [one.to for one in world.walk()] == [BOB]


def test_without_a_token_a_bounce_does_nothing_and_stays_where_it_is(world: Mailing) -> None:
    forged = world.address(ADA).replace("+", "+a")[:-1]
    for number, to in enumerate(("watch@acme.example", forged, f"watch+{'a' * 26}@acme.example")):
        octets = postfix().replace(b"gone@later.example", ADA.encode())
        world.arrives(octets.replace(b"watch+q@acme.example", to.encode()), str(number))
    assert world.take_back() == Taken()
    assert len(world.left()) == 3
    assert world.app.store.suppressions() == ()
    assert states(world)[ADA] is DeliveryState.PENDING


def test_a_channel_with_nobody_left_says_so_and_keeps_what_waits(world: Mailing) -> None:
    world.bounces(ADA, "1")
    world.bounces(BOB, "2")
    world.take_back()
    world.say("Nordelia encore")
    world.now += MINUTE
    pipeline.pull(world.app, world.app.config.sources[0])
    pipeline.match(world.app)
    (planned,) = pipeline.plan(world.app)
    assert planned.error == f"nobody is left to write to: {ADA} (bounced), {BOB} (bounced)"
    assert world.app.store.has_waiting("now")
    world.app.store.lift_suppression(ADA, "kim", world.now)
    world.messages()
    assert [one.to for one in world.walk()] == [ADA]


def test_unsubscribing_holds_and_says_so_to_nobody(world: Mailing) -> None:
    world.answers(ADA, "unsubscribe")
    before = len(world.app.store.deliveries())
    assert world.take_back().kinds == {"unsubscribed": 1}
    assert len(world.app.store.deliveries()) == before
    assert states(world) == {ADA: DeliveryState.FAILED, BOB: DeliveryState.PENDING}


def test_answers_judge_mute_and_acknowledge(world: Mailing) -> None:
    (match,) = world.app.store.matches()
    world.answers(ADA, f"not relevant {match.id}", name="1")
    world.answers(BOB, "Re: Nordelia", "mute talk for 4h\n", name="2")
    world.answers(ADA, "ack", name="3")
    assert world.take_back().kinds == {"answer": 3}
    assert world.app.store.match(match.id).verdict == "irrelevant"
    (silence,) = world.app.store.silences(world.now)
    assert (silence.silence.matchers(), silence.silence.by) == ("--rule talk --channel now", BOB)
    assert silence.silence.until == world.now + 4 * HOUR
    assert world.app.store.digests()[0].acknowledged_by == ADA
    world.messages()
    world.say("Nordelia encore")
    assert world.walk() == []


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("mute nothing", "mute nothing: there is no rule of this name"),
        ("mute talk for 9999d", "mute talk for 9999d: a silence lasts up to 90 days"),
        ("relevant 99", "relevant 99: now was told of no match 99"),
    ],
)
def test_what_cannot_be_done_is_said_in_the_trail(world: Mailing, subject: str, said: str) -> None:
    world.answers(ADA, subject)
    world.take_back()
    (back,) = world.app.store.returned()
    assert back.said == said
    assert world.app.store.silences(world.now) == ()


def test_letters_are_left_for_a_person_and_machines_are_counted(world: Mailing) -> None:
    world.answers(ADA, "Re: Nordelia", "Who writes these?", name="1")
    world.arrives(
        f"To: {world.address(BOB)}\nAuto-Submitted: auto-replied\nSubject: relevant 1\n\n".encode(),
        "2",
    )
    taken = world.take_back()
    assert taken.kinds == {"letter": 1, "automatic": 1}
    assert "a letter in the mailbox answers delivery 1" in taken.lines[0]
    assert world.left() == ["new/1"]
    again = replace(world.app, config=replace(world.app.config))
    assert pipeline.take_back(again).kinds == {}


@pytest.mark.parametrize("at", ["take_back", "done"])
def test_a_crash_while_a_mail_is_handled_handles_it_once(
    world: Mailing, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """Killed after the work was recorded and before the mail was put aside, or just before."""
    world.answers(ADA, "mute talk")

    def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        where = Maildir if at == "done" else type(world.app.store)
        patch.setattr(where, at, crash)
        with pytest.raises(Crash):
            pipeline.take_back(world.app)
    assert world.left() == ["new/1"]
    assert world.take_back().kinds == ({} if at == "done" else {"answer": 1})
    assert world.left() == []
    assert len(world.app.store.silences(world.now)) == 1


def test_a_mailbox_that_is_away_is_told_and_stops_nothing(world: Mailing) -> None:
    (world.folder / "box" / "new").rmdir()
    taken = pipeline.take_back(world.app)
    assert "cannot be used" in taken.error
    assert "new, cur and tmp" in taken.help


def test_three_soft_bounces_within_a_week_suppress(world: Mailing) -> None:
    for number in range(3):
        if number:
            world.now += timedelta(days=1)
            world.say(f"Nordelia, encore {number}")
            world.walk()
        world.bounces(ADA, str(number), action="failed", status="4.4.1")
        world.take_back()
        suppressed = number == 2
        assert bool(world.app.store.suppressions()) == suppressed
