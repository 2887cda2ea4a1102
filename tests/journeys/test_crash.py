"""The walk is stopped before and after every store, index and SMTP call, and taken up again.

Nothing may be lost, and a mail may arrive twice only when the crash fell between the server's
acceptance and our record of it: then the copy is the same to the byte.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rules.language import parse
from tests.smtp import Inbox
from watcher import following, pipeline
from watcher.app import App
from watcher.backends.local.microblog import Microblog, NewPost, Profile
from watcher.config import load

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
POSTS = 9
BOUNDARIES = range(1, 161)
"""More than there are: a run that never reaches its boundary ends well, and is checked for it."""

CONFIG = """
data = "data"
timezone = "Europe/Paris"

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
then = ["now", "circle"]

[[rules]]
name = "names"
kind = "lookalike"
then = ["now"]

[[channels]]
name = "now"
kind = "email"
send = "instant"
to = ["ada@acme.example", "bob@acme.example"]

[[channels]]
name = "circle"
kind = "follow"
source = "town"
automatic = ["talk"]
per_day = 1
minutes_between = 0
min_age_days = 0
dry_run = false
"""


class Crash(BaseException):
    """The process dies here."""


@dataclass
class Saboteur:
    """Counts the boundaries passed, and lets the process die at one of them."""

    at: int | None = None
    passed: list[str] = field(default_factory=list)

    def boundary(self, name: str) -> None:
        self.passed.append(name)
        if len(self.passed) == self.at:
            raise Crash(name)

    def around(self, inner: Any, label: str) -> Any:
        return Sabotaged(inner, label, self)


class Sabotaged:
    """Stands before something real; each call passes a boundary before it and one after it."""

    def __init__(self, inner: Any, label: str, saboteur: Saboteur) -> None:
        self._inner, self._label, self._saboteur = inner, label, saboteur

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if not callable(value):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            self._saboteur.boundary(f"before {self._label}.{name}")
            result = value(*args, **kwargs)
            self._saboteur.boundary(f"after {self._label}.{name}")
            return result

        return call


class SabotagedMail:
    """The `[mail]` table whose sender is sabotaged."""

    def __init__(self, mail: Any, saboteur: Saboteur) -> None:
        self._mail, self._saboteur = mail, saboteur
        self.senders: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mail, name)

    def open(self, *args: Any) -> Any:
        self.senders.append(self._mail.open(*args))
        return self._saboteur.around(self.senders[-1], "smtp")


class World:
    """A microblog, a configuration, an inbox, and a clock that the test moves."""

    def __init__(self, folder: Path, inbox: Inbox) -> None:
        self.inbox = inbox
        self.now = START
        self.path = folder / "watcher.toml"
        self.path.write_text(CONFIG.format(inbox=inbox))
        found_town(folder / "town.db")

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=10)
        return self.now

    def live(self, saboteur: Saboteur) -> None:
        """Start, walk once, and close in good order, unless the saboteur strikes."""
        real = App.open(load(self.path, {}), clock=self.clock)
        mail = SabotagedMail(real.config.mail, saboteur)
        try:
            app = replace(
                real,
                store=saboteur.around(real.store, "store"),
                index=saboteur.around(real.index, "index"),
                config=replace(real.config, mail=mail),  # type: ignore[arg-type]
            )
            app.store.abandon_claims(app.clock())
            walk(app)
        finally:
            for sender in mail.senders:  # a process that dies leaves no open socket behind
                sender.close()
            real.close()

    def recover(self) -> None:
        """Start again as often as retries need."""
        for _ in range(3):
            self.now += timedelta(hours=6)
            self.live(Saboteur())

    def state(self) -> dict[str, Any]:
        """What the watcher knows in the end."""
        with App.open(load(self.path, {}), clock=self.clock) as app:
            found = app.index.search(parse("nordelia"), app.store, limit=100)
            return {
                "matches": {
                    (one.match.rule, one.match.post) for one in app.store.matches(limit=1000)
                },
                "indexed": sorted(hit.post.key for hit in found.hits),
                "lag": app.index.lag(app.store),
                "suspects": {one.suspect.subject for one in app.store.suspects(limit=100)},
                "follows": {
                    (one.proposal.account.handle, str(one.state))
                    for one in app.store.proposals(limit=100)
                },
                "waiting": sum(app.store.status().waiting.values()),
            }


def walk(app: App) -> None:
    """What `watcher once` does."""
    for source in app.config.sources:
        pipeline.pull(app, source)
    pipeline.match(app)
    pipeline.look(app)
    pipeline.index(app)
    pipeline.plan(app)
    pipeline.deliver(app)
    following.follow(app)


def found_town(path: Path) -> None:
    with Microblog.found(path, START - timedelta(days=90)).change() as town:
        town.account("nordelia", START - timedelta(days=80))
        for number in range(POSTS):
            town.account(f"marie{number}", START - timedelta(days=80))
        town.account(
            "n0rdelia", START - timedelta(days=2), Profile(display_name="Nordelia Support")
        )
        for number in range(POSTS):
            town.post(
                NewPost(
                    author="n0rdelia" if number == 4 else f"marie{number}",
                    text=f"@nordelia nordelia again, remark{number}x: {'abcdefghij'[number] * 30}",
                    posted_at=START - timedelta(minutes=POSTS - number),
                )
            )


@pytest.fixture
def world(tmp_path: Path, inbox: Inbox) -> World:
    return World(tmp_path, inbox)


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Inbox], dict[str, Any]]:
    cache: dict[str, Any] = {}

    def expect(inbox: Inbox) -> dict[str, Any]:
        if not cache:
            undisturbed = World(tmp_path_factory.mktemp("undisturbed"), inbox)
            undisturbed.live(Saboteur())
            cache.update(undisturbed.state())
            inbox.mails.clear()
        return cache

    return expect


def test_an_undisturbed_walk_does_everything_once(world: World) -> None:
    saboteur = Saboteur()
    world.live(saboteur)
    state = world.state()
    assert len(state["matches"]) == POSTS
    assert len(state["indexed"]) == POSTS
    assert state["lag"] == state["waiting"] == 0
    assert {subject.split(":")[0] for subject in state["suspects"]} == {"local"}
    assert sorted(how for _, how in state["follows"]) == ["approved"] * 7 + ["followed"]
    assert set(world.inbox.copies().values()) == {1}
    assert len(world.inbox.mails) == 2
    assert len(saboteur.passed) < max(BOUNDARIES), "the numbers must reach the end of the walk"


@pytest.mark.parametrize(
    "at",
    # The plain run takes one in twenty, the whole run all.
    [pytest.param(at, marks=[pytest.mark.drill] if at % 20 else []) for at in BOUNDARIES],
)
def test_a_crash_at_a_boundary_loses_nothing(
    world: World, at: int, expected: Callable[[Inbox], dict[str, Any]]
) -> None:
    wanted = expected(world.inbox)
    saboteur = Saboteur(at)
    try:
        world.live(saboteur)
    except Crash:
        pass
    else:
        assert len(saboteur.passed) < at
    world.recover()
    assert world.state() == wanted
    told = [world_text(octets) for _, octets in world.inbox.mails]
    for number in range(POSTS):
        for recipient in ("ada", "bob"):
            assert any(
                f"remark{number}x" in text
                for (to, _), text in zip(world.inbox.mails, told, strict=True)
                if to.startswith(recipient)
            ), f"{recipient} was never told of post {number}"
    assert sum(world.inbox.copies().values()) - len(world.inbox.copies()) <= 1
    assert world.inbox.differing() == []


def test_a_crash_between_acceptance_and_record_repeats_the_mail_once(
    tmp_path: Path, inbox: Inbox
) -> None:
    saboteur = Saboteur()
    (tmp_path / "first").mkdir()
    World(tmp_path / "first", inbox).live(saboteur)
    inbox.mails.clear()
    (tmp_path / "second").mkdir()
    world = World(tmp_path / "second", inbox)
    with pytest.raises(Crash, match=r"before store\.record_and_claim"):
        world.live(Saboteur(saboteur.passed.index("before store.record_and_claim") + 1))
    world.recover()
    assert sorted(inbox.copies().values()) == [1, 2]
    assert inbox.differing() == []


def test_after_two_such_crashes_a_mail_is_parked_and_never_sent_a_third_time(
    tmp_path: Path, inbox: Inbox
) -> None:
    world = World(tmp_path, inbox)
    for _ in range(4):  # twice for each of the two recipients
        world.now += timedelta(hours=6)
        with pytest.raises(Crash):
            world.live(AtName("before store.record_and_claim"))
    world.recover()
    copies = inbox.copies()
    assert max(copies.values()) == 2
    with App.open(load(world.path, {}), clock=world.clock) as app:
        parked = [one for one in app.store.deliveries(limit=10) if one.state == "parked"]
    assert [copies[one.recipient, one.message_id] for one in parked] == [2, 2]


class AtName(Saboteur):
    """Lets the process die at the first boundary with a name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def boundary(self, name: str) -> None:
        super().boundary(name)
        if name == self.name:
            raise Crash(name)


def world_text(octets: bytes) -> str:
    """Return the text part of a mail."""
    from email import message_from_bytes
    from email.message import EmailMessage
    from email.policy import default

    message = message_from_bytes(octets, policy=default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
