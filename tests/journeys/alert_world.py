"""A microblog, an app over it, and a clock that the test moves; messages are read as frozen."""

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from alerts.routing.silence import Silence
from alerts.words.render import Templates
from tests.journeys.test_crash import Saboteur
from watcher import files, pipeline
from watcher.app import App
from watcher.backends.local.microblog import Microblog, NewPost
from watcher.config import load

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
TEMPLATES = Templates(files.templates())
"""Compiled once for all: that takes longer than most of these walks."""

HEAD = """
data = "data"

[mail]
kind = "outbox"
folder = "outbox"
from = "watcher@acme.example"

[[brands]]
name = "Nordelia"

[[brands]]
name = "Voltrame"

[[sources]]
name = "town"
kind = "local"
file = "town.db"
every = "1m"
"""


@dataclass(frozen=True)
class Message:
    """One message as its recipient reads it."""

    channel: str
    to: str
    subject: str
    text: str


class World:
    """What a test of the alerts acts on."""

    def __init__(self, folder: Path, tables: str, *, start: datetime = START) -> None:
        self.now = start
        self.folder = folder
        self.town = Microblog.found(folder / "town.db", start)
        self.configure(tables, first=True)
        self._read = 0

    def configure(self, tables: str, *, first: bool = False) -> None:
        path = self.folder / "watcher.toml"
        path.write_text(HEAD + tables)
        if first:
            app = App.open(load(path, {}), clock=lambda: self.now)
            self.app = replace(app, templates=TEMPLATES)
        else:
            self.app = self.app.reconfigured(load(path, {}))

    def say(self, text: str, *authors: str, times: int = 1) -> None:
        with self.town.change() as town:
            for author in authors or ("ann",):
                with suppress(Exception):
                    town.account(author, START - timedelta(days=90))
                for _ in range(times):
                    town.post(NewPost(author=author, text=text, posted_at=self.now))

    def walk(
        self, *, minutes: float = 1, pull: bool = True, saboteur: Saboteur | None = None
    ) -> list[Message]:
        """Walk once, so many minutes later; return what was written."""
        self.now += minutes * MINUTE
        app = self.app
        if saboteur is not None:
            app = replace(app, store=saboteur.around(app.store, "store"))
        if pull:
            pipeline.pull(app, app.config.sources[0])
        pipeline.match(app)
        errors = [one.error for one in pipeline.plan(app) if one.error]
        assert errors == []
        return self.messages()

    def messages(self) -> list[Message]:
        """Return what was written since this was asked last."""
        records = [one for one in self.app.store.deliveries(limit=1000) if one.id > self._read]
        self._read = max([self._read, *(one.id for one in records)])
        return [self._message(one.id, one.channel, one.recipient) for one in records[::-1]]

    def _message(self, number: int, channel: str, to: str) -> Message:
        mail = message_from_bytes(self.app.store.delivery(number).payload, policy=default)
        body = mail.get_body(("plain",))  # type: ignore[attr-defined]
        plain = body.get_content().replace("\u200b", "").replace("*", "")
        text = " ".join(re.sub("[\u2066-\u2069]", "", plain).split())
        return Message(channel, to, str(mail["Subject"]), text)

    def silence(self, *, hours: float = 4, because: str = "a campaign", **what: str) -> int:
        until = self.now + hours * HOUR
        return self.app.store.add_silence(
            Silence(**what, since=self.now, until=until, because=because, by="kim")
        )

    def digests(self) -> list[int]:
        """Return the numbers of the digests, oldest first."""
        return [one.id for one in self.app.store.digests()[::-1]]
