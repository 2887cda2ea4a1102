"""A post that waits for a digest and is deleted or edited meanwhile: the digest tells what is."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from time import monotonic

import pytest

from alerts.model import DeliveryState
from tests.cli_fixtures import acme, terminal
from tests.contracts.live import SECRET
from tests.contracts.world import Said
from tests.contracts.worlds.revisited import OldTown, Town
from tests.faults import FAILURES, NONSENSE, REFUSALS, SLOW, Fault
from tests.terminal import Terminal
from watcher import pipeline, revisiting
from watcher.app import App
from watcher.backends.http.budget import SHARED
from watcher.backends.mastodon import features
from watcher.backends.mastodon import revisiting as mastodon
from watcher.config import load
from watcher.revisiting import Revisited
from watcher.service import Service

pytestmark = pytest.mark.drill  # each walks the whole way, in a second or more

__all__ = ["acme", "terminal"]

SEVEN = datetime(2026, 3, 2, 7, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)

CONFIG = """
data = "data"

[mail]
kind = "smtp"
host = "127.0.0.1"
port = 1
security = "none"
from = "watcher@acme.example"

[[brands]]
name = "Acme"

[[sources]]
name = "town"
kind = "mastodon"
server = "{server}"
token = "${{TOWN_TOKEN}}"

[[rules]]
name = "acme"
find = "acme"
then = ["daily", "now"]

[[channels]]
name = "daily"
kind = "email"
at = "08:00"
timezone = "UTC"
when_empty = "skip"
to = ["ada@acme.example"]

[[channels]]
name = "now"
kind = "email"
send = "instant"
quiet = {{ from = "22:00", until = "21:00" }}
to = ["bob@acme.example"]
"""


class World:
    """An App at a time that the test sets, and a server that it reads."""

    def __init__(self, folder: Path, kind: type[Town]) -> None:
        self.now = SEVEN
        self.town = kind(folder / "town")
        text = CONFIG.format(server=self.town.server.url)
        (folder / "watcher.toml").write_text(text)
        self.app = App.open(load(folder / "watcher.toml"), clock=lambda: self.now)
        self.app.store.skip_slot("daily", SEVEN - 23 * HOUR)

    def say(self, *texts: str) -> None:
        """Have posts written, read, matched and indexed."""
        self.town.say(*(Said(text, at=self.now) for text in texts))
        assert pipeline.pull(self.app, self.app.config.sources[0]).new == len(texts)
        pipeline.match(self.app)
        pipeline.index(self.app)

    def ask(self, seconds: float = 20) -> Revisited:
        """Ask again; return what became of the posts of the town."""
        found = revisiting.revisit(self.app, seconds=seconds)
        pipeline.match(self.app)
        return found[0] if found else Revisited(source="town")

    def mail(self) -> str:
        """Write what is due; return the digest that would leave."""
        pipeline.plan(self.app)
        (waiting,) = [
            one
            for one in self.app.store.deliveries(state=DeliveryState.PENDING)
            if one.recipient.startswith("ada")
        ]
        payload = self.app.store.delivery(waiting.id).payload
        part = message_from_bytes(payload, EmailMessage, policy=default).get_body(("plain",))
        assert part is not None
        return str(part.get_content())


@pytest.fixture
def founding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., World]]:
    monkeypatch.setenv("TOWN_TOKEN", SECRET)
    SHARED.forget()
    features.forget()
    mastodon.forget()
    worlds: list[World] = []

    def found(kind: type[Town] = Town) -> World:
        worlds.append(World(tmp_path, kind))
        return worlds[-1]

    yield found
    for world in worlds:
        world.app.close()
        world.town.close()


@pytest.fixture
def world(founding: Callable[..., World]) -> World:
    return founding()


def test_a_digest_leaves_without_what_was_deleted_while_it_waited(world: World) -> None:
    world.say("acme zebra", "acme horse")
    world.town.delete("acme zebra")
    world.now = SEVEN + HOUR - QUARTER
    assert world.ask() == Revisited(source="town", asked=2, deleted=1)
    world.now = SEVEN + HOUR
    mail = world.mail()
    assert "horse" in mail
    assert "zebra" not in mail


def test_the_only_post_of_a_server_may_be_deleted_and_no_digest_leaves(world: World) -> None:
    world.say("acme zebra")
    world.town.delete("acme zebra")
    world.now = SEVEN + HOUR
    assert world.ask() == Revisited(source="town", asked=1, deleted=1)
    pipeline.plan(world.app)
    assert world.app.store.deliveries() == ()


def test_a_digest_shows_a_post_as_it_reads_now_or_not_at_all(world: World) -> None:
    world.say("acme zebra", "acme horse", "acme cow")
    world.town.edit("acme zebra", "acme giraffe")
    world.town.edit("acme horse", "nothing of note")
    world.now = SEVEN + HOUR
    assert world.ask() == Revisited(source="town", asked=3, changed=2)
    mail = world.mail()
    assert "giraffe" in mail
    assert "cow" in mail
    assert not any(word in mail for word in ("zebra", "horse", "of note"))


def test_a_mail_that_waits_for_its_server_is_made_again_without_what_was_deleted(
    world: World,
) -> None:
    world.say("acme zebra", "acme horse")
    world.now = SEVEN + HOUR
    assert "zebra" in world.mail()
    assert pipeline.deliver(world.app).later == 1  # nobody listens
    world.town.delete("acme zebra")
    assert world.ask().deleted == 1
    world.now += HOUR
    pipeline.deliver(world.app)
    mail = world.mail()
    assert "horse" in mail
    assert "zebra" not in mail


@pytest.mark.parametrize("fault", [*REFUSALS, *FAILURES, NONSENSE[0]], ids=str)
def test_a_server_in_trouble_takes_nothing_out_of_a_digest_and_holds_up_none(
    world: World, fault: Fault
) -> None:
    world.say("acme zebra", "acme horse")
    world.town.server.fail(fault)
    world.now = SEVEN + HOUR
    found = world.ask()
    assert (found.asked, found.deleted, found.left) == (0, 0, 2)
    assert found.error
    mail = world.mail()
    assert "horse" in mail
    assert "zebra" in mail
    assert "could not be asked" in " ".join(mail.split())


def test_a_server_that_is_down_is_asked_again_and_told_once(world: World) -> None:
    world.say("acme zebra")
    world.town.server.fail(FAILURES[0])
    world.now = SEVEN + HOUR - QUARTER
    assert world.ask().error
    world.now += timedelta(minutes=1)
    assert world.ask() == Revisited(source="town")
    world.town.server.recover()
    SHARED.forget()  # its pause is over
    world.town.delete("acme zebra")
    world.now += timedelta(minutes=5)
    assert world.ask().deleted == 1
    (seen,) = world.app.store.coverage(["town"], SEVEN, world.now)
    assert len(seen.gaps) == 1


def test_who_is_slow_is_not_waited_for(world: World) -> None:
    world.say("acme zebra")
    world.town.server.fail(SLOW[0])
    world.now = SEVEN + HOUR
    started = monotonic()
    assert world.ask(seconds=1.1).error
    assert monotonic() - started < 4
    assert "zebra" in world.mail()


def test_nothing_is_asked_before_its_time_and_nothing_twice_within_an_hour(world: World) -> None:
    world.say("acme zebra")
    asked = len(world.town.server.asked)
    world.now = SEVEN + HOUR - QUARTER - timedelta(minutes=1)
    assert world.ask() == Revisited(source="town")
    assert len(world.town.server.asked) == asked
    world.now += timedelta(minutes=1)
    assert world.ask().asked == 1
    world.now += QUARTER
    assert world.ask().asked == 0
    world.now += HOUR
    assert world.ask().asked == 1


def test_what_was_read_just_now_is_not_asked_about(world: World) -> None:
    world.now = SEVEN + HOUR
    world.say("acme zebra")
    assert world.ask().asked == 0


def test_a_turn_is_bounded_and_the_others_come_next(founding: Callable[..., World]) -> None:
    world = founding(OldTown)  # tells of one post at a time
    world.say(*(f"acme {number}" for number in range(40)))
    world.now = SEVEN + HOUR - QUARTER
    first = world.ask()
    assert first == Revisited(source="town", asked=35, left=5)  # before it was known to be old
    world.town.delete("acme 39")
    world.now += timedelta(minutes=1)
    assert world.ask() == Revisited(source="town", asked=5, deleted=1)


def test_a_source_that_is_told_not_to_is_not_asked(world: World) -> None:
    path = world.app.config.path
    path.write_text(path.read_text().replace("[[rules]]", "revisit = false\n\n[[rules]]", 1))
    world.app = world.app.reconfigured(load(path))
    world.say("acme zebra")
    world.town.delete("acme zebra")
    world.now = SEVEN + HOUR
    assert revisiting.revisit(world.app, seconds=5) == ()
    assert "zebra" in world.mail()


def test_the_service_asks_again_and_says_what_it_found(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "watcher")
    world.say("acme zebra", "acme horse")
    world.town.delete("acme zebra")
    world.town.edit("acme horse", "acme cow")
    world.now = SEVEN + HOUR
    service = Service(world.app)
    steps = {name: step for name, _, step in service._steps()}
    steps["revisit"]()
    said = "town: of 2 posts that wait, 1 deleted and 1 changed since they were read"
    assert said in caplog.messages
    world.town.server.fail(FAILURES[0])
    world.now += HOUR
    steps["revisit"]()
    assert any("asking again at town: 127.0.0.1" in line for line in caplog.messages)


def test_once_asks_again_before_it_writes_mails(acme: Terminal) -> None:
    assert acme.pipe("once").code == 0  # the first digest has nothing to tell
    for text in ("acme zebra", "acme horse"):
        assert acme.pipe("local", "post", "@zoe", text).code == 0
    assert "asked town again" not in acme.pipe("once").out
    assert acme.pipe("local", "delete", "2").code == 0
    acme.now += timedelta(days=1)
    seen = acme.pipe("once")
    assert "asked town again about 2 posts: 1 deleted, 0 changed\n" in seen.out
    assert "wrote a digest for daily: 2 mails\n" in seen.out
    mails = "".join(path.read_text() for path in (acme.folder / "outbox").iterdir())
    assert "horse" in mails
    assert "zebra" not in mails
