"""Who takes part in the drill: appenders, workers, services, PostgreSQL and the post office."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from tests.crash_drill.post_office import PostOffice
from tests.crash_drill.watched_town import free_port
from tests.log_drill.flood import SOURCES, Flood
from tests.servers import Postgres
from watcher.store import Store

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300.0
"""Seconds that a condition may take on a machine with much else to do."""
_AWAY = "the database server does not answer"
ADA, BOB = "ada@acme.example", "bob@acme.example"
"""Who is told at once of one rule, and who is told daily of the others."""
CONFIG = """
data = "data"
timezone = "Europe/Paris"
[store]
url = "{url}"
keep = "{keep}"
keep_days = 3650

[mail]
kind = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
from = "watcher@acme.example"
timeout = 5

[[brands]]
name = "Nordelia"
accounts = ["town:nordelia"]
domains = ["nordelia.example"]

[[brands]]
name = "Voltrame"

[[sources]]
name = "nowhere"
kind = "local"
file = "{folder}/town.db"
every = "1s"

[[rules]]
name = "strike"
find = "strike"
then = ["now"]

[[rules]]
name = "talk"
find = "nordelia"
then = ["daily"]

[[rules]]
name = "power"
find = "voltrame"
then = ["daily"]

[[rules]]
name = "look"
kind = "lookalike"
then = ["daily"]

[[channels]]
name = "now"
kind = "email"
send = "instant"
wait = "0s"
interval = "0s"
posts = 200
to = ["{ada}"]

[[channels]]
name = "daily"
kind = "email"
to = ["{bob}"]
"""
_HANDED = """
CREATE TABLE handed (partition int, after bigint, upto bigint, worker text);
CREATE FUNCTION note_handed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO handed VALUES (OLD.partition, OLD.number, NEW.number, NEW."by");
    RETURN NULL;
END $$;
CREATE TRIGGER note_handed AFTER UPDATE OF number ON log_cursors
    FOR EACH ROW EXECUTE FUNCTION note_handed();
"""
"""Which posts were handed out, by every claim that was committed: in its own transaction."""


class Actor:
    """A process that is killed and started again."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, ready: str) -> None:
        self.name = name
        self._command = command
        self._folder = folder
        self._ready = ready
        self._starts = 0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        self._starts += 1
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self._command], cwd=ROOT, stdout=log, stderr=log,
                # Its connections have its name, so that it is seen what it was at.
                env=os.environ | {"PGAPPNAME": self.name, "PYTHONFAULTHANDLER": "1"},
            )  # fmt: skip

    @property
    def _log(self) -> Path:
        return self._folder / f"{self.name}-{self._starts}.log"

    def said(self) -> str:
        """Return what it said since it was started last."""
        return self._log.read_text(errors="replace")

    @property
    def is_ready(self) -> bool:
        """Whether it works by now, or has done all there was."""
        return self._works() or (self.process is not None and self.process.poll() == 0)

    def _works(self) -> bool:
        return any(one in self.said() for one in self._ready.split("|"))

    def watch(self) -> None:
        """Start it again where it ended because PostgreSQL was away when it started.

        That is what systemd is there for; whatever else ends it raises `RuntimeError`.
        """
        if self.process is None or self.process.poll() in (None, 0):
            return
        if self._works() or _AWAY not in self.said():
            raise RuntimeError(f"{self.name} ended:\n{self.said()[-3000:]}")
        self.start()

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """End it with the signal that cannot be caught."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """Let it end in good order. Raises `RuntimeError` where it does not."""
        if not self.runs:
            return
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # its threads are then in its log
            code = self.process.wait()
        if code != 0:
            raise RuntimeError(f"{self.name} ended with {code}:\n{self.said()[-6000:]}")


class Cast:
    """All of them, in one folder, with a durable PostgreSQL of their own."""

    def __init__(self, folder: Path, seed: int, *, keep: str, workers: int) -> None:
        self.folder = folder
        self.keep = keep
        self.office = PostOffice(random.Random(seed), free_port(), rude=False)
        self.office.open()
        self.server = Postgres(durable=True)
        self.server.execute("CREATE DATABASE drill TEMPLATE template0")
        self.url = self.server.url("drill")
        Store.open(self.url).close()
        self._connection: psycopg.Connection[Any] | None = None
        self.ask(_HANDED)
        (folder / "acknowledged").mkdir()
        self.open_gate(0)
        self.workers = [
            Actor(f"worker-{at}", ("watcher", "-c", self._configure("workers"), "work"),
                  folder, "working off the log")
            for at in range(workers)
        ]  # fmt: skip
        self.services = [
            Actor(f"service-{at}", ("watcher", "-c", self._configure(f"service-{at}"), "run"),
                  folder, "watching|standing by")
            for at in range(2)
        ]  # fmt: skip
        # Two that read the same source, and refuse each other's pages, besides one for each other.
        self.appenders = [
            Actor(f"appender-{at}", ("tests.log_drill.appender", str(folder), source,
                  f"appender-{at}"), folder, "at work")
            for at, source in enumerate((SOURCES[0], *SOURCES))
        ]  # fmt: skip

    def _configure(self, name: str) -> str:
        """Write a configuration into a folder of its own, as on a host of its own."""
        place = self.folder / name
        place.mkdir(exist_ok=True)
        path = place / "watcher.toml"
        path.write_text(
            CONFIG.format(
                url=self.url, keep=self.keep, port=self.office.port, folder=self.folder,
                ada=ADA, bob=BOB,
            )
        )  # fmt: skip
        return str(path)

    def begin(self, posts: int) -> Flood:
        """Start all; return what will be appended."""
        from watcher.backends.local.microblog import Microblog

        Microblog.found(self.folder / "town.db", datetime.now(UTC))
        for one in (*self.services, *self.workers):
            one.start()
        self.until(lambda: all(one.is_ready for one in (*self.services, *self.workers)))
        self.until(lambda: self.ask("SELECT 1 FROM routes"))
        start = datetime.now(UTC)
        flood = Flood(posts, start, repeats_all=self.keep == "all")
        plan = {"url": self.url, "posts": posts, "start": start.isoformat()}
        plan["repeats_all"] = flood.repeats_all
        (self.folder / "plan").write_text(json.dumps(plan))
        for one in self.appenders:
            one.start()
        return flood

    def open_gate(self, pages: int) -> None:
        """Let so many pages of each source be appended."""
        new = self.folder / "gate.new"
        new.write_text(str(pages))
        new.replace(self.folder / "gate")

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database beside all others; again where the server was away."""
        for _ in range(2):
            try:
                if self._connection is None or self._connection.closed:
                    url = self.url.replace("+psycopg", "")
                    self._connection = psycopg.connect(url, autocommit=True)
                with self._connection.cursor() as cursor:
                    cursor.execute(query.encode())
                    return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                self._connection = None
        return []

    def number(self, query: str) -> int:
        """Ask for a number; 0 where the server is away or there is none."""
        found = self.ask(query)
        return int(found[0][0] or 0) if found else 0

    def appended(self) -> int:
        """How many posts were given numbers in the log."""
        return self.number("SELECT sum(number) FROM log_heads")

    def worked_off(self) -> int:
        """How many of them were worked off."""
        return self.number("SELECT sum(number) FROM log_cursors")

    def is_within(self, actor: Actor) -> bool:
        """Whether an actor has a transaction open."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE xact_start IS NOT NULL AND"
        return self.number(f"{query} application_name = '{actor.name}'") > 0

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition, looking often. Raises `RuntimeError` where that takes too long."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"waited in vain:\n{self.logs()}")
            for one in (*self.services, *self.workers, *self.appenders):
                one.watch()
            time.sleep(0.01)

    def logs(self) -> str:
        """Return what all said last."""
        actors = (*self.services, *self.workers, *self.appenders)
        return "\n".join(f"--- {one.name}\n{one.said()[-1500:]}" for one in actors if one.process)

    def close(self) -> None:
        """End whoever runs still."""
        for one in (*self.services, *self.workers, *self.appenders):
            one.kill()
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self.server.stop()
        self.office.close()
