"""Several `watcher run` on one PostgreSQL, each in a folder of its own, over one town."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, text

from tests.smtp import Inbox
from watcher.backends.local.microblog import Microblog, NewPost

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 180.0
"""Seconds that a condition may take on a machine with much else to do."""
RECIPIENTS = ("ada@acme.example", "bob@acme.example")
CONFIG = """
data = "data"
[store]
url = "{url}"

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
file = "{town}"
every = "1s"

[[sources]]
name = "square"
kind = "local"
file = "{town}"
query = "#square"
every = "3s"

[[rules]]
name = "talk"
find = "nordelia"
then = ["now", "minutes"]

[[channels]]
name = "now"
kind = "email"
send = "instant"
wait = "0s"
interval = "0s"
to = {to}

[[channels]]
name = "minutes"
kind = "email"
send = "daily"
timezone = "UTC"
at = {minutes}
when_empty = "send"
to = {to}
"""


def until(condition: Callable[[], object], told: Callable[[], object] = str) -> float:
    """Wait for a condition, looking often; return how many seconds that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < PATIENCE, f"waited in vain: {told()}"
        time.sleep(0.02)
    return time.monotonic() - began


class Runner:
    """One `watcher run` on a host of its own, as far as it knows: a folder, a log, a process."""

    def __init__(self, world: "World", name: str) -> None:
        self.name = name
        self.folder = world.folder / name
        self.folder.mkdir()
        self.path = self.folder / "watcher.toml"
        self.path.write_text(world.config)
        self.log = self.folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> "Runner":
        """Start it, or start it again."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "watcher", "-c", str(self.path), "run"],
                cwd=ROOT, stdout=log, stderr=log, env=os.environ | environment,
            )  # fmt: skip
        return self

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def said(self) -> str:
        """Return its log."""
        return self.log.read_text(errors="replace")

    def call(self, *command: str) -> tuple[int, str]:
        """Run another command with its configuration; return the exit code and what it said."""
        done = subprocess.run(
            [sys.executable, "-m", "watcher", "-c", str(self.path), *command],
            cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def is_running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """End it with the signal that cannot be caught."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def suspend(self) -> None:
        """Let it do nothing at all until `resume`, as a machine that is paused."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on where it was."""
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


class World:
    """The town, the database, and whoever watches."""

    def __init__(self, folder: Path, url: str, inbox: Inbox) -> None:
        self.folder, self.inbox = folder, inbox
        self.engine = create_engine(url, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
        town = folder / "town.db"
        now = datetime.now(UTC)
        minutes = sorted({f"{now + timedelta(minutes=n):%H:%M}" for n in range(-3, 30)})
        self.config = CONFIG.format(
            url=url, port=inbox.port, town=town, to=list(RECIPIENTS), minutes=minutes
        )
        self.town = Microblog.found(town, datetime.now(UTC) - timedelta(days=9))
        with self.town.change() as change:
            change.account("marie", datetime.now(UTC) - timedelta(days=8))
        self.runners: list[Runner] = []
        self._numbers = count()

    def runner(self, name: str = "") -> Runner:
        """Make another watcher, not started yet."""
        runner = Runner(self, name or f"host-{len(self.runners)}")
        self.runners.append(runner)
        return runner

    def say(self) -> int:
        """Let somebody write a post with a number of its own; return that."""
        number = next(self._numbers)
        words = f"nordelia remark{number}x #square"
        with self.town.change() as change:
            change.post(NewPost(author="marie", text=words, posted_at=datetime.now(UTC)))
        return number

    def ask(self, query: str) -> list[tuple[object, ...]]:
        """Ask the database beside all watchers."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def leaders(self) -> list[Runner]:
        """Return who holds the leader's lock now, by what its connection is called."""
        found = self.ask(
            "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
            " WHERE l.locktype = 'advisory' AND l.granted AND a.application_name LIKE 'watcher:%'"
        )
        pids = {int(str(name).partition(":")[2].partition("@")[0]) for (name,) in found}
        return [one for one in self.runners if one.process and one.pid in pids]

    def leader(self) -> Runner:
        """Wait until one leads, and return it."""
        until(lambda: len(self.leaders()) == 1, self.logs)
        return self.leaders()[0]

    def told(self, recipient: str) -> Counter[int]:
        """Count in how many mails at once a recipient was told of each post; copies are one."""
        mails = {
            str(one["Message-ID"]): one.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
            for (to, _), one in zip(self.inbox.mails[:], self.inbox.messages(), strict=False)
            if to == recipient and str(one["List-Id"]).startswith("now ")
        }
        return Counter(
            int(number) for words in mails.values() for number in re.findall(r"remark(\d+)x", words)
        )

    def all_told(self, numbers: int) -> bool:
        """Whether every recipient was told of every post so far."""
        return all(len(self.told(one)) == numbers for one in RECIPIENTS)

    def turns(self, job: str) -> int:
        """Count the turns of a job that were taken."""
        return int(str(self.ask(f"SELECT count(*) FROM slots WHERE job = '{job}'")[0][0]))

    def done_by(self, runner: Runner) -> set[tuple[object, ...]]:
        """Return the turns that a watcher took and did to their end."""
        return set(
            self.ask(
                "SELECT job, slot FROM slots JOIN workers ON id = by"
                f" WHERE ended IS NOT NULL AND pid = {runner.pid}"
            )
        )

    def pulls(self, source: str) -> int:
        """Count how often a source was read, by the record of each reading itself."""
        return int(str(self.ask(f"SELECT count(*) FROM pulls WHERE source = '{source}'")[0][0]))

    def doubled_digests(self) -> list[tuple[object, ...]]:
        """Return the minutes for which a channel with times of its own wrote two digests."""
        return self.ask(
            "SELECT slot / 60000000, count(*) FROM digests WHERE channel = 'minutes'"
            " GROUP BY 1 HAVING count(*) > 1"
        )

    def logs(self) -> str:
        """Return what all said."""
        return "\n".join(f"--- {one.name}\n{one.said()}" for one in self.runners)

    def close(self) -> None:
        """End whoever runs still."""
        for one in self.runners:
            one.kill()
        self.engine.dispose()
