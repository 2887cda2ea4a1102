"""`watcher run` as an operator meets it: stopped, killed, started twice, reconfigured, stuck."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from click.testing import CliRunner

from tests.smtp import Inbox
from watcher import schedule, service
from watcher.app import App
from watcher.backends import ArchiveSource
from watcher.backends.local.microblog import Microblog, NewPost, Profile
from watcher.backends.local.network import LocalNetwork
from watcher.cli import watcher
from watcher.config import load
from watcher.presence import alone
from watcher.service import OWN_STEPS, Service
from watcher.store import Store

ROOT = Path(__file__).resolve().parents[2]

CONFIG = """
data = "data"

[mail]
kind = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
from = "watcher@acme.example"

[[brands]]
name = "Nordelia"

[[sources]]
name = "town"
kind = "local"
file = "town.db"
every = "1s"

[[rules]]
name = "talk"
find = "nordelia"
then = ["now"]

[[channels]]
name = "now"
kind = "email"
send = "instant"
interval = "0s"
to = ["ada@acme.example"]
"""


def until(condition: Callable[[], object], told: Callable[[], object] = str) -> None:
    """Wait for a condition, at most half a minute."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {told()}"
        time.sleep(0.02)


class SlowInbox(Inbox):
    """Holds each mail until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.taking = threading.Event()
        self.let_go = threading.Event()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taking.set()
        while not self.let_go.is_set():
            await asyncio.sleep(0.01)
        return await super().handle_DATA(server, session, envelope)


class World:
    """A microblog, a configuration and what runs over them, in one folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.path = folder / "watcher.toml"
        self.path.write_text(CONFIG.format(port=port))
        self.town = Microblog.found(folder / "town.db", datetime.now(UTC) - timedelta(days=9))
        with self.town.change() as change:
            change.account("marie", datetime.now(UTC) - timedelta(days=8))
        self.started: list[subprocess.Popen[bytes]] = []

    def say(self, text: str) -> None:
        with self.town.change() as change:
            change.post(NewPost(author="marie", text=text, posted_at=datetime.now(UTC)))

    def add(self, toml: str) -> None:
        self.path.write_text(self.path.read_text() + toml)

    def rewrite(self, toml: str) -> None:
        """Replace the configuration as a whole: half of it is never seen."""
        fresh = self.path.with_suffix(".new")
        fresh.write_text(toml)
        fresh.replace(self.path)

    def start(self, *command: str, code: str = "") -> subprocess.Popen[bytes]:
        """Start `watcher run`, or other code with the configuration as its argument."""
        program = ["-c", code, str(self.path)] if code else ["-m", "watcher", "-c", str(self.path)]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *program, *command], cwd=ROOT, stdout=log, stderr=log
            )
        self.started.append(process)
        return process

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def until_logged(self, words: str) -> None:
        until(lambda: words in self.log(), self.log)

    def call(self, *command: str) -> tuple[int, str]:
        """Run a command to its end; return its exit code and what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "watcher", "-c", str(self.path), *command],
            cwd=ROOT, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def status(self) -> tuple[str, dict[str, Any]]:
        """What `watcher status` says in words and as JSON."""
        words, data = (
            CliRunner().invoke(watcher, ["-c", str(self.path), "status", *more]).output
            for more in ((), ("--json",))
        )
        return words, json.loads(data)

    def store(self) -> Store:
        return Store.open(f"sqlite:///{self.folder / 'data' / 'watcher.sqlite'}")

    @property
    def beat(self) -> Path:
        return self.folder / "data" / "service.json"


@pytest.fixture
def world(tmp_path: Path, inbox: Inbox) -> Iterator[World]:
    world = World(tmp_path, inbox.port)
    yield world
    for process in world.started:
        process.kill()
        process.wait()


@pytest.fixture
def slow(world: World) -> Iterator[SlowInbox]:
    slow = SlowInbox()
    with socket.socket() as probe:
        probe.bind((slow.host, 0))
        slow.port = probe.getsockname()[1]
    controller = Controller(slow, hostname=slow.host, port=slow.port)
    controller.start()
    world.path.write_text(CONFIG.format(port=slow.port))
    yield slow
    slow.let_go.set()
    controller.stop()


@pytest.mark.drill
def test_a_signal_lets_the_mail_under_way_arrive_and_be_recorded(
    world: World, slow: SlowInbox
) -> None:
    world.say("nordelia again")
    process = world.start("run")
    assert slow.taking.wait(30), world.log()
    process.send_signal(signal.SIGTERM)
    world.until_logged("stopping")
    slow.let_go.set()
    assert process.wait(30) == 0
    assert len(slow.mails) == 1
    assert not world.beat.exists()
    store = world.store()
    assert [str(one.state) for one in store.deliveries()] == ["sent"]
    store.close()


@pytest.mark.drill
def test_a_second_signal_ends_at_once_and_the_next_start_takes_up_what_was_left(
    world: World, slow: SlowInbox
) -> None:
    world.say("nordelia again")
    process = world.start("run")
    assert slow.taking.wait(30), world.log()
    process.send_signal(signal.SIGINT)
    world.until_logged("stopping")
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 128 + signal.SIGINT
    slow.let_go.set()
    again = world.start("run")
    world.until_logged("deliveries under way when the last run ended: 1")
    again.send_signal(signal.SIGINT)
    assert again.wait(30) == 0
    assert not world.beat.exists()


@pytest.mark.drill
def test_one_instance_for_each_data_folder_and_no_lock_outlives_it(
    world: World, inbox: Inbox
) -> None:
    assert "not running" in world.call("status")[1]
    process = world.start("run")
    until(world.beat.exists, world.log)
    for command in ("run", "once"):
        code, said = world.call(command)
        assert code == 1
        assert f"process {process.pid} is already watching" in said
        assert "watcher status" in said
    words, data = world.status()
    assert re.search(rf"running since .* \(process {process.pid}\)", words)
    assert data["running"] is True

    process.kill()
    process.wait()
    beat = json.loads(world.beat.read_text())
    beat["beat"] = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    world.beat.write_text(json.dumps(beat))
    words, data = world.status()
    assert re.search(r"no sign of life .*5 min", words)
    assert "was killed or hangs" in words
    assert data["running"] is False

    world.say("nordelia is said while nobody watches")
    code, said = world.call("once")
    assert code == 0, said
    assert len(inbox.mails) == 1


STUCK = """
import logging, sys, threading
from datetime import timedelta
from pathlib import Path
from watcher.app import App
from watcher.backends import ArchiveSource
from watcher.config import load
from watcher.presence import alone
from watcher.service import Service

class Stuck:
    def pages(self, cursor):
        threading.Event().wait()
    def close(self):
        pass

ArchiveSource.open = lambda self, base, clock: Stuck()
logging.basicConfig(level=logging.INFO)
config = load(Path(sys.argv[1]))
with alone(config.data, config.store_url), App.open(config) as app:
    Service(app, grace=timedelta(seconds=0.5)).run()
"""


@pytest.mark.drill
def test_sources_that_hang_stop_neither_the_walk_nor_the_end(world: World, inbox: Inbox) -> None:
    for number in range(12):
        world.add(f'\n[[sources]]\nname = "stuck {number}"\nkind = "archive"\nfile = "x.jsonl"\n')
    world.say("nordelia one")
    process = world.start(code=STUCK)
    until(lambda: len(inbox.mails) == 1, world.log)
    world.say("nordelia two")
    until(lambda: len(inbox.mails) == 2, world.log)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 1
    assert "not finished within" in world.log()
    assert "pull stuck 0, pull stuck 1, " in world.log()
    assert "the next start takes up what was left" in world.log()
    assert not world.beat.exists()
    config = load(world.path)
    with alone(config.data, config.store_url):
        pass


class Inside:
    """A service in a thread of this process, with every step at a quick pace."""

    def __init__(self, world: World) -> None:
        config = load(world.path)
        self.app = App.open(config)
        self.service = Service(self.app, grace=timedelta(seconds=20))
        self.left: tuple[str, ...] = ()
        self._thread = threading.Thread(target=self._work)

    def _work(self) -> None:
        self.left = self.service.work()

    def __enter__(self) -> "Inside":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.service.stopping.set()
        self._thread.join(30)
        self.app.close()
        assert not self._thread.is_alive()
        assert self.left == ()

    def rules_that_matched(self) -> set[str]:
        return {one.match.rule for one in self.app.store.matches(limit=100)}


@pytest.fixture
def quick(world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> World:
    """The world, its steps run often, and its log is caught."""
    for name in ("MATCH_EVERY", "PLAN_EVERY", "DELIVER_EVERY", "CONFIG_EVERY", "HEARTBEAT_EVERY"):
        monkeypatch.setattr(service, name, timedelta(seconds=0.1))
    caplog.set_level("INFO", "watcher")
    return world


@pytest.mark.drill
def test_a_changed_configuration_is_taken_up_when_it_is_valid(
    quick: World, caplog: pytest.LogCaptureFixture
) -> None:
    quick.say("nordelia and the sea")
    good = quick.path.read_text()
    with Inside(quick) as inside:
        until(lambda: inside.rules_that_matched() == {"talk"}, lambda: caplog.text)
        quick.rewrite(good.replace('find = "nordelia"', 'find = "(nordelia"'))
        until(lambda: "the changed configuration is not used" in caplog.text)
        assert "watcher.toml:22" in caplog.text
        quick.say("nordelia and the mountain")
        until(lambda: inside.app.store.status().matches == 2, lambda: caplog.text)

        quick.rewrite(good + '\n[[rules]]\nname = "sea"\nfind = "sea"\nthen = ["now"]\n')
        until(lambda: "the changed configuration is in use" in caplog.text, lambda: caplog.text)
        quick.say("the sea, the sea")
        until(lambda: inside.rules_that_matched() == {"talk", "sea"}, lambda: caplog.text)

        quick.path.unlink()
        until(lambda: caplog.text.count("is not used") == 2, lambda: caplog.text)
        quick.say("nordelia for ever")
        until(lambda: inside.app.store.status().matches == 4, lambda: caplog.text)


def test_mails_under_way_go_by_the_configuration_as_soon_as_it_is_changed(
    quick: World, slow: SlowInbox, caplog: pytest.LogCaptureFixture
) -> None:
    many = [f"{name}@acme.example" for name in ("ada", "bob", "cy")]
    text = quick.path.read_text().replace('["ada@acme.example"]', str(many))
    quick.rewrite(text)
    quick.say("nordelia and the sea")
    with Inside(quick):
        assert slow.taking.wait(30), caplog.text
        quick.rewrite(f'{text}quiet = {{ from = "00:00", until = "23:59" }}\n')
        until(lambda: "the changed configuration is in use" in caplog.text, lambda: caplog.text)
        slow.let_go.set()
        until(lambda: "delivered" in caplog.text, lambda: caplog.text)
    assert "1 mail delivered" in caplog.text
    assert len(slow.mails) == 1


def test_a_configuration_that_moves_the_data_asks_for_a_new_start(
    quick: World, caplog: pytest.LogCaptureFixture
) -> None:
    with Inside(quick):
        quick.path.write_text(quick.path.read_text().replace('"data"', '"elsewhere"'))
        until(lambda: "keeps its data elsewhere" in caplog.text, lambda: caplog.text)
    assert not (quick.folder / "elsewhere").exists()


def test_a_touched_configuration_changes_nothing(
    quick: World, caplog: pytest.LogCaptureFixture
) -> None:
    with Inside(quick) as inside:
        until(quick.beat.exists)
        seen = inside.service._config_seen
        os.utime(quick.path, (1, 1))
        until(lambda: inside.service._config_seen != seen)
    assert "configuration" not in caplog.text


def test_a_failing_source_is_told_once_and_stops_no_other(
    quick: World, caplog: pytest.LogCaptureFixture
) -> None:
    quick.add('\n[[sources]]\nname = "gone"\nkind = "archive"\nfile = "no.jsonl"\nevery = "1s"\n')
    quick.say("nordelia one")
    with Inside(quick) as inside:

        def failures() -> int:
            states = {one.name: one for one in inside.app.store.source_states()}
            return states["gone"].failures if "gone" in states else 0

        until(lambda: failures() >= 2, lambda: caplog.text)
        until(lambda: inside.app.store.status().matches == 1, lambda: caplog.text)
        assert caplog.text.count("there is no file") == 1
        (quick.folder / "no.jsonl").write_text(
            '{"id": 1, "text": "nordelia two", "author": "bob", "created_at": "2026-03-01"}\n'
        )
        until(lambda: inside.app.store.status().matches == 2, lambda: caplog.text)
        until(lambda: "pull gone: works again" in caplog.text, lambda: caplog.text)


def test_an_error_nobody_foresaw_is_told_with_its_place_and_stops_nothing_else(
    quick: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick.add('\n[[sources]]\nname = "odd"\nkind = "archive"\nfile = "no.jsonl"\nevery = "1s"\n')

    def odd(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the secret is 42")

    monkeypatch.setattr(ArchiveSource, "open", odd)
    quick.say("nordelia one")
    with Inside(quick) as inside:
        until(lambda: inside.app.store.status().matches == 1, lambda: caplog.text)
        until(lambda: "an error in the watcher itself (ZeroDivisionError)" in caplog.text)
    assert "Traceback" in caplog.text


def test_a_picture_that_takes_long_delays_no_match_and_no_mail(
    quick: World, inbox: Inbox, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LOOK_EVERY", timedelta(seconds=0.1))
    asked, enough = threading.Event(), threading.Event()

    def slow(*_: object) -> None:
        asked.set()
        enough.wait(30)

    monkeypatch.setattr(LocalNetwork, "avatar", slow)
    text = quick.path.read_text()
    quick.path.write_text(text.replace('name = "Nordelia"', 'name = "Nordelia"\naccounts = ["us"]'))
    quick.add('\n[[rules]]\nname = "names"\nkind = "lookalike"\nthen = []\n')
    with quick.town.change() as town:
        then = datetime.now(UTC)
        town.account("us", then, Profile(avatar="us.png"))
        town.post(NewPost(author="us", text="hello", posted_at=then))
    with Inside(quick):
        assert asked.wait(30), caplog.text
        quick.say("nordelia is late")
        until(lambda: len(inbox.mails) == 1, lambda: caplog.text)
        assert not enough.is_set()
        enough.set()


def test_a_step_that_takes_long_is_told_once(
    quick: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "LONG", timedelta(seconds=0.05))
    enough = threading.Event()
    beats = 0

    class Slow:
        def pages(self, cursor: str | None) -> Iterator[object]:
            enough.wait(30)
            return iter(())

        def close(self) -> None:
            pass

    beat = Service._beat

    def counted(self: Service) -> None:
        nonlocal beats
        beat(self)
        beats += 1

    monkeypatch.setattr(Service, "_beat", counted)
    monkeypatch.setattr(ArchiveSource, "open", lambda *_, **__: Slow())
    quick.add('\n[[sources]]\nname = "slow"\nkind = "archive"\nfile = "no.jsonl"\n')
    with Inside(quick):
        until(lambda: "pull slow: under way for more than" in caplog.text, lambda: caplog.text)
        so_far = beats
        until(lambda: beats > so_far + 2)
        enough.set()
    assert caplog.text.count("pull slow: under way") == 1


def test_a_process_that_leads_no_more_begins_no_step_that_another_one_does(world: World) -> None:
    done: list[str] = []

    def at_once(step: Callable[[], object]) -> bool:
        step()
        return True

    with App.open(load(world.path)) as app:
        turns = Service(app, leads=lambda: False)._schedule
        turns._own.update(OWN_STEPS)
        turns._wanted.add("deliver")  # also what was asked for out of turn
        for name in ("plan", "deliver", "pull town", "config", "heartbeat"):
            turns._guard(name, at_once, lambda name=name: done.append(name))  # type: ignore[misc]
    assert done == ["config", "heartbeat"]
