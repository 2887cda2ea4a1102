"""When digests are written: never before anybody looked, never over one channel's error."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.smtp import Inbox
from watcher import following, mailing, pipeline
from watcher.app import App
from watcher.backends.local.microblog import Microblog, NewPost, Profile
from watcher.config import load
from watcher.schedule import Schedule
from watcher.service import Service

pytestmark = pytest.mark.drill  # each walks the whole way, in a second or more

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

CONFIG = """
data = "data"

[mail]
kind = "smtp"
host = "{inbox.host}"
port = {inbox.port}
security = "none"
from = "watcher@acme.example"

[[brands]]
name = "Nordelia"
accounts = ["nordelia"]

[[sources]]
name = "town"
kind = "local"
file = "town.db"
account = "nordelia"

[[rules]]
name = "talk"
find = "nordelia"
then = ["now", "daily", "circle"]

[[rules]]
name = "names"
kind = "lookalike"
then = ["daily"]

[[channels]]
name = "now"
kind = "email"
send = "instant"
to = ["ada@acme.example"]
quiet = {{ from = "22:00", until = "07:00" }}

[[channels]]
name = "daily"
kind = "email"
to = ["bob@acme.example"]

[[channels]]
name = "circle"
kind = "follow"
source = "town"
automatic = ["talk"]
minutes_between = 0
min_age_days = 0
dry_run = false
"""


class Place:
    """A microblog, an app over it, and a clock that the test moves."""

    def __init__(self, folder: Path, inbox: Inbox) -> None:
        self.now = START
        self.town = Microblog.found(folder / "town.db", START)
        (folder / "watcher.toml").write_text(CONFIG.format(inbox=inbox))
        self.app = App.open(load(folder / "watcher.toml", {}), clock=lambda: self.now)
        self.say("nordelia")  # an account of that name must be there to follow with

    def say(self, who: str, text: str = "hello") -> None:
        with self.town.change() as town:
            town.account(who, START - timedelta(days=90), Profile())
            town.post(NewPost(author=who, text=text, posted_at=self.now))

    def walk(self, *, minutes: float = 1) -> None:
        self.now += timedelta(minutes=minutes)
        pipeline.pull(self.app, self.app.config.sources[0])
        pipeline.match(self.app)
        pipeline.plan(self.app)
        pipeline.deliver(self.app)


@pytest.fixture
def place(tmp_path: Path, inbox: Inbox) -> Any:
    place = Place(tmp_path, inbox)
    yield place
    place.app.close()


def test_the_first_word_after_a_long_silence_is_told_at_once(place: Place, inbox: Inbox) -> None:
    for _ in range(10):
        place.walk()
    inbox.mails.clear()
    place.say("marie", "nordelia at last")
    place.walk()
    assert [to for to, _ in inbox.mails] == ["ada@acme.example"]
    assert b"could not be watched" not in inbox.mails[0][1]


def test_one_channel_that_breaks_in_an_unforeseen_way_silences_no_other(
    place: Place, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = mailing.compose

    def compose(channel: Any, *rest: Any) -> Any:
        if channel.name == "now":
            raise OverflowError("unforeseen")
        return real(channel, *rest)

    monkeypatch.setattr(mailing, "compose", compose)
    place.say("marie", "nordelia again")
    place.walk()
    assert [to for to, _ in inbox.mails] == ["bob@acme.example"]


def test_a_retry_waits_for_the_end_of_the_quiet_hours(
    place: Place, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: object) -> str:
        return "451 come back later"

    place.now = START.replace(hour=21, minute=55)
    place.say("marie", "nordelia in the evening")
    monkeypatch.setattr(inbox, "handle_DATA", busy)
    place.walk()
    monkeypatch.undo()
    for _ in range(8):  # until midnight; the daily digest has no quiet hours
        place.walk(minutes=15)
    assert {to for to, _ in inbox.mails} == {"bob@acme.example"}
    place.now = START.replace(day=3, hour=7, minute=1)
    place.walk()
    assert {to for to, _ in inbox.mails} == {"ada@acme.example", "bob@acme.example"}


def test_an_attempt_that_could_not_be_recorded_is_made_again(
    place: Place, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.say("marie", "nordelia once")
    with monkeypatch.context() as patch:
        patch.setattr(
            type(place.app.store), "handing_over", lambda *_: (_ for _ in ()).throw(KeyError())
        )
        place.walk()
    assert inbox.mails == []
    assert {one.state for one in place.app.store.deliveries()} == {"pending"}
    place.walk(minutes=2)
    assert len(inbox.mails) == 2


def test_nobody_is_proposed_before_the_name_was_examined(place: Place) -> None:
    place.say("nordelia_help", "nordelia will refund you")
    pipeline.pull(place.app, place.app.config.sources[0])
    store = place.app.store
    batch = store.unmatched(100)
    routes = {"talk": ("circle",)}
    store.save_matches(batch, place.app.matcher.match(batch.posts), [], routes, place.now)
    pipeline.plan(place.app)
    assert store.proposals(limit=10) == ()
    pipeline.match(place.app)
    pipeline.plan(place.app)
    assert store.proposals(limit=10) == ()


def test_a_request_for_a_pause_is_kept_for_a_quarter_of_an_hour(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from watcher.backends.interface import BackendError
    from watcher.backends.local import LocalNetwork

    asked = []

    def relation(_self: object, account: str) -> str:
        asked.append(account)
        raise BackendError("429", kind="temporary")

    monkeypatch.setattr(LocalNetwork, "relation", relation)
    place.say("marie", "@nordelia nordelia friends")
    place.walk()
    for _ in range(60):
        place.now += timedelta(seconds=10)
        following.follow(place.app)
    assert len(asked) == 1
    place.now += timedelta(minutes=15)
    following.follow(place.app)
    assert len(asked) == 2


def test_a_scheduled_digest_waits_for_the_first_look_of_a_start(
    place: Place, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Schedule, "soon", lambda *_: None)  # the test takes each turn itself
    place.say("marie", "nordelia while we were away")
    service = Service(place.app)
    service._plan()
    pipeline.deliver(place.app)
    assert inbox.mails == []
    service._pull(place.app.config.sources[0])
    service._plan()
    assert place.app.store.last_slot("daily") is None
    service._match()
    service._plan()
    assert place.app.store.last_slot("daily") is None
    service._revisit()
    service._plan()
    pipeline.deliver(place.app)
    assert {to for to, _ in inbox.mails} == {"ada@acme.example", "bob@acme.example"}


def test_a_source_that_hangs_delays_the_first_digest_by_two_minutes_at_most(place: Place) -> None:
    service = Service(place.app)
    assert not service._has_looked()
    place.now += timedelta(minutes=2)
    assert service._has_looked()


def test_a_new_brand_is_looked_for_among_known_accounts(place: Place) -> None:
    place.say("voltrame_help", "hello there")
    place.walk()
    assert place.app.store.suspects(limit=10) == ()
    brands = (*place.app.config.brands, replace(place.app.config.brands[0], name="Voltrame"))
    place.app = place.app.reconfigured(replace(place.app.config, brands=brands))
    pipeline.match(place.app)
    assert [one.suspect.name for one in place.app.store.suspects(limit=10)] == ["voltrame_help"]


def test_a_database_that_is_removed_while_the_watcher_runs_ends_the_run_loudly(
    place: Place, tmp_path: Path
) -> None:
    service = Service(place.app)
    service._beat()
    assert not service.stopping.is_set()
    shutil.rmtree(tmp_path / "data")
    service._beat()
    assert service.stopping.is_set()
    assert service.lost
