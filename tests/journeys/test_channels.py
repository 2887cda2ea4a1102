"""Channels of every kind at once: each fails alone, and each keeps the same promise."""

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts import Webhook
from alerts.model import Delivery, DeliveryState
from tests.faults import Asked, Fault, Loopback, Reply
from tests.smtp import Inbox
from watcher import pipeline
from watcher.app import App
from watcher.backends.interface import Page
from watcher.backends.local.microblog import Microblog, NewPost, Profile
from watcher.config import Config, load
from watcher.store import Store, StoreError

pytestmark = pytest.mark.drill  # each walks the whole way, in a second or more

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SILENCE = Fault("silence", (), lambda _: iter([]))
CONFIG = """
data = "data"

[mail]
kind = "smtp"
host = "127.0.0.1"
port = {mail}
security = "none"
from = "watcher@acme.example"

[[sources]]
name = "town"
kind = "local"
file = "town.db"

[[rules]]
name = "talk"
find = "nordelia"
then = ["hook", "team", "press", "mails"]

[[channels]]
name = "hook"
kind = "webhook"
url = "${{HOOK}}"
secret = "${{KEY}}"
send = "instant"
timeout = 2

[[channels]]
name = "team"
kind = "notify"
urls = ["${{NTFY}}", "${{OTHER}}"]
send = "instant"

[[channels]]
name = "press"
kind = "feed"
file = "feeds/press"
send = "instant"

[[channels]]
name = "mails"
kind = "email"
to = ["ada@acme.example"]
send = "instant"
"""


def without(*channels: str) -> str:
    """The configuration without some of its channels."""
    head, *tables = CONFIG.split("[[channels]]\n")
    kept = [table for table in tables if not any(f'name = "{name}"' in table for name in channels)]
    for name in channels:
        head = head.replace(f'"{name}", ', "")
    return "[[channels]]\n".join([head, *kept])


def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class World:
    """A microblog, a server for everything that speaks HTTP, and a clock that the test moves."""

    def __init__(self, folder: Path, inbox: Inbox) -> None:
        self.now = START
        self.folder = folder
        self.status: dict[str, int] = {}
        self.taken: list[Asked] = []
        self.web = Loopback(self._answer)
        self.mail = inbox.port
        self.hook = f"{self.web.url}/hook"
        self.town = Microblog.found(folder / "town.db", START)
        self.app = App.open(self.config(), clock=lambda: self.now)

    def config(self, text: str = CONFIG) -> Config:
        key = base64.b64encode(b"k" * 32).decode()
        web = self.web.host
        env = {
            "HOOK": self.hook,
            "KEY": f"whsec_{key}",
            "NTFY": f"ntfy://{web}/topic",
            "OTHER": f"json://{web}/json",
            "DEAD": f"http://127.0.0.1:{closed_port()}/hook",
            "AWAY": f"ntfy://127.0.0.1:{closed_port()}/topic",
        }
        path = self.folder / "watcher.toml"
        path.write_text(text.format(mail=self.mail))
        return load(path, env)

    def _answer(self, asked: Asked) -> Reply:
        status = self.status.get(asked.path, 200)
        if status == 200:
            self.taken.append(asked)
        return Reply(status, b"{}")

    def walk(self) -> pipeline.Delivered:
        for source in self.app.config.sources:
            pipeline.pull(self.app, source)
        pipeline.match(self.app)
        pipeline.plan(self.app)
        return pipeline.deliver(self.app)

    def say(self, text: str) -> None:
        with self.town.change() as town:
            town.account("marie", START - timedelta(days=90), Profile())
            town.post(NewPost(author="marie", text=text, posted_at=self.now))
        self.now += timedelta(minutes=1)

    def states(self) -> dict[tuple[str, str], DeliveryState]:
        return {(one.channel, one.recipient): one.state for one in self.app.store.deliveries()}

    def entries(self) -> list[str]:
        path = self.folder / "feeds" / "press.json"
        return [item["title"] for item in json.loads(path.read_text())["items"]]


@pytest.fixture
def world(tmp_path: Path, inbox: Inbox) -> Iterator[World]:
    world = World(tmp_path, inbox)
    yield world
    world.app.close()
    world.web.close()


@pytest.mark.drill
def test_everything_arrives_where_all_is_well(world: World, inbox: Inbox) -> None:
    world.say("nordelia opens a shop")
    delivered = world.walk()
    assert delivered.kinds == {"webhook": 1, "notify": 2, "feed": 1, "email": 1}
    assert set(world.states().values()) == {DeliveryState.SENT}
    assert sorted(asked.path for asked in world.taken) == ["/", "/hook", "/json"]
    assert len(world.entries()) == len(inbox.mails) == 1


def test_a_dead_webhook_and_a_dead_mail_server_stop_no_feed(world: World, inbox: Inbox) -> None:
    world.hook = f"http://127.0.0.1:{closed_port()}/hook"
    world.mail = closed_port()
    world.app = world.app.reconfigured(world.config())
    world.status["/json"] = 403
    world.say("nordelia opens a shop")
    delivered = world.walk()
    assert world.states() == {
        ("hook", f"127.0.0.1:{world.hook.split(':')[2].split('/')[0]}"): DeliveryState.PENDING,
        ("mails", "ada@acme.example"): DeliveryState.PENDING,
        ("team", "ntfy"): DeliveryState.SENT,
        ("team", "json"): DeliveryState.FAILED,
        ("press", "press"): DeliveryState.SENT,
    }
    assert (delivered.sent, delivered.later, delivered.failed) == (2, 2, 1)
    assert len(world.entries()) == 1
    world.mail, world.hook = inbox.port, f"{world.web.url}/hook"
    world.app = world.app.reconfigured(world.config())
    world.now += timedelta(minutes=2)
    assert pipeline.deliver(world.app).sent == 2
    assert [to for to, _ in inbox.mails] == ["ada@acme.example"]


@pytest.mark.drill
def test_a_webhook_that_hangs_holds_up_nobody(world: World, inbox: Inbox) -> None:
    others, released = threading.Event(), threading.Event()

    def answer(asked: Asked) -> Reply:
        if asked.path == "/hook":
            # Everybody else is served while this one waits.
            for _ in range(200):
                if inbox.mails and (world.folder / "feeds" / "press.atom").exists():
                    others.set()
                    break
                released.wait(0.02)
        return Reply(200)

    world.web.answer = answer
    world.say("nordelia opens a shop")
    world.walk()
    assert others.is_set()


def test_two_missing_answers_park_a_webhook_and_a_third_copy_never_leaves(world: World) -> None:
    world.say("nordelia opens a shop")
    world.web.fail(SILENCE)
    world.walk()
    for _ in range(4):
        world.now += timedelta(hours=5)
        pipeline.deliver(world.app)
    copies = [asked for asked in world.web.asked if asked.path == "/hook"]
    assert len(copies) == 2
    assert len({asked.headers["webhook-id"] for asked in copies}) == 1
    assert len({asked.body for asked in copies}) == 1
    assert world.states()["hook", world.web.host] is DeliveryState.PARKED
    assert world.states()["team", "ntfy"] is DeliveryState.PARKED


@pytest.mark.drill
def test_a_receiver_that_asks_for_time_gets_it(world: World) -> None:
    busy = Reply(429, b"{}", {"Retry-After": "1800"})
    world.web.answer = lambda asked: busy if asked.path == "/hook" else Reply(200)
    world.say("nordelia opens a shop")
    world.walk()
    (hook,) = (one for one in world.app.store.deliveries() if one.channel == "hook")
    assert hook.state is DeliveryState.PENDING
    assert hook.next_attempt == world.now + timedelta(minutes=30)


@pytest.mark.drill
def test_what_waits_for_a_channel_that_is_gone_fails_clearly_and_mails_leave(
    world: World, inbox: Inbox
) -> None:
    world.status = {"/hook": 503, "/": 503, "/json": 503}
    world.mail = closed_port()
    world.app = world.app.reconfigured(world.config())
    world.say("nordelia opens a shop")
    world.walk()
    world.mail = inbox.port
    world.app = world.app.reconfigured(world.config(without("hook", "team")))
    world.now += timedelta(minutes=5)
    delivered = pipeline.deliver(world.app)
    assert (delivered.sent, delivered.failed) == (1, 3)
    assert [to for to, _ in inbox.mails] == ["ada@acme.example"]
    assert 'there is no channel "hook" of the kind webhook any more' in " ".join(delivered.answers)


@pytest.mark.drill
def test_private_posts_stay_out_of_what_is_outside(world: World) -> None:
    world.say("nordelia in confidence")
    pipeline.pull(world.app, world.app.config.sources[0])
    with world.app.store.writing() as connection:
        connection.exec_driver_sql("UPDATE posts SET private = true")
    world.walk()
    told = " ".join(asked.body.decode() for asked in world.taken)
    assert "confidence" not in told
    assert "1 private post" in told
    assert "confidence" not in (world.folder / "feeds" / "press.atom").read_text()


class Mistaken:
    """A way out in which nobody foresaw what happens."""

    def __init__(self, *, after: bool) -> None:
        self.after = after

    def send(self, _delivery: Delivery, handing_over: Callable[[], None]) -> str:
        if self.after:
            handing_over()
        raise KeyError("hunter2")

    def close(self) -> None:
        raise KeyError("hunter2")


@pytest.mark.parametrize(("after", "copies"), [(False, 6), (True, 2)])
def test_an_error_that_nobody_foresaw_is_one_delivery_s_own_and_no_hammer(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    after: bool,
    copies: int,
) -> None:
    monkeypatch.setattr(Webhook, "open", lambda *_: Mistaken(after=after))
    world.say("nordelia opens a shop")
    delivered = world.walk()
    assert (delivered.sent, delivered.later) == (4, 1)
    assert "hook (127.0.0.1" in delivered.answers[0]
    for _ in range(40):
        world.now += timedelta(minutes=1)
        pipeline.deliver(world.app)
    (hook,) = (one for one in world.app.store.deliveries() if one.channel == "hook")
    assert hook.attempts == copies
    assert hook.answer == "an error in the watcher (KeyError)"
    assert "hunter2" not in caplog.text.replace('raise KeyError("hunter2")', "")


def test_an_answer_that_a_busy_database_did_not_take_at_once_makes_no_copy(
    world: World, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0
    record = Store.record_and_claim

    def busy_once(*arguments: Any, **more: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise StoreError("the database stayed busy with another process")
        return record(*arguments, **more)

    monkeypatch.setattr(Store, "record_and_claim", busy_once)
    world.app = world.app.reconfigured(world.config(without("hook", "team", "press")))
    world.say("nordelia opens a shop")
    assert world.walk().sent == 1
    assert tries == 2
    assert len(inbox.mails) == 1


@pytest.mark.drill
def test_what_is_deleted_before_it_leaves_is_not_told(world: World) -> None:
    dead = CONFIG.replace("{{HOOK}}", "{{DEAD}}").replace("{{NTFY}}", "{{AWAY}}")
    world.app = world.app.reconfigured(world.config(dead))
    world.say("nordelia spills a secret")
    world.say("nordelia opens a shop")
    world.walk()
    assert world.states()["team", "ntfy"] is DeliveryState.PENDING
    found = [one.post for one in world.app.store.matches()]
    (spilt,) = (post for post in found if "secret" in post.text)
    page = Page(posts=(), cursor=None, more=False, deleted=(spilt.id,))
    world.app.store.save_page("town", page, world.now)
    pipeline.match(world.app)
    world.app = world.app.reconfigured(world.config())
    world.now += timedelta(minutes=2)
    pipeline.deliver(world.app)
    late = [asked.body.decode() for asked in world.taken if asked.path in ("/", "/hook")]
    assert len(late) == 2
    assert all("opens a shop" in body and "spills" not in body for body in late)
