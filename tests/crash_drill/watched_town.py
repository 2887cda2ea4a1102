"""A town that writes about a brand, and the watcher that mails what it finds, in one folder."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from re import findall

from sqlalchemy import create_engine, text

from tests.crash_drill.post_office import GONE, PostOffice
from tests.servers import MissingServerError
from watcher.backends.local.microblog import Microblog, NewPost
from watcher.store import Store

ROOT = Path(__file__).resolve().parents[2]
RECIPIENTS = ("ada@acme.example", "bob@acme.example")
AUTHORS = 200
MOST_UNTOLD = 100
"""So many posts wait for a mail at most: a digest names no more than 200, and counts the others."""
FAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"

CONFIG = """
data = "data"
timezone = "Europe/Paris"
{store}
[mail]
kind = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
from = "watcher@acme.example"
timeout = 5

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
then = ["{channel}"]

[[channels]]
name = "now"
kind = "email"
send = "instant"
wait = "0s"
interval = "0s"
posts = 200
to = {to}

[[channels]]
name = "hours"
kind = "email"
send = "hourly"
posts = 200
to = {to}
"""


class Town(threading.Thread):
    """Writes a post about the brand a few times a second, as long as mails tell of them."""

    def __init__(self, folder: Path, office: PostOffice) -> None:
        super().__init__(daemon=True)
        self.written = self._told = 0
        self._office = office
        self._enough = threading.Event()
        self._microblog = Microblog.found(folder / "town.db", datetime.now(UTC))
        with self._microblog.change() as change:
            for number in range(AUTHORS):
                change.account(f"marie{number}", datetime.now(UTC) - timedelta(days=90))

    def run(self) -> None:
        """Write until told to stop."""
        while not self._enough.wait(0.25):
            if self.written - self._newest_told() <= MOST_UNTOLD:
                self.say()

    def say(self) -> None:
        """Write one post; each has a number of its own."""
        letters = random.Random(self.written).choices("abcdefgh ", k=80)
        text = f"nordelia remark{self.written}x {''.join(letters)}"
        author = f"marie{self.written % AUTHORS}"  # a digest shows few posts of one author
        with self._microblog.change() as change:
            change.post(NewPost(author=author, text=text, posted_at=datetime.now(UTC)))
        self.written += 1

    def _newest_told(self) -> int:
        newest = self._office.mails[-1:]  # a mail that is repeated may tell of older ones
        self._told = max([self._told, *(n + 1 for _, octets in newest for n in remarks(octets))])
        return self._told

    def stop(self) -> None:
        """Finish the post at hand."""
        self._enough.set()
        self.join()


class Watcher:
    """`watcher run` in a folder, as often as it is started; its clock goes as the drill says."""

    def __init__(
        self, folder: Path, office: PostOffice, *, store: str = "", channel: str = "now"
    ) -> None:
        self.folder = folder
        self.path = folder / "watcher.toml"
        self.store = store or f"sqlite:///{folder / 'data' / 'watcher.sqlite'}"
        # Clocks jump by more than a year: nothing is to be forgotten meanwhile.
        table = "\n[store]\nkeep_days = 3650\n" + (f'url = "{store}"\n' if store else "")
        to = [*RECIPIENTS, GONE]
        self.path.write_text(
            CONFIG.format(port=office.port, store=table, channel=channel, to=str(to))
        )
        self._clock = folder / "clock"
        self._wrong = 0.0
        self.movable = False
        """Whether what is started from now on has the folder's clock: looking at it takes time."""
        self.set_clock(0)
        self._started = 0
        self.service: subprocess.Popen[bytes] | None = None

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start the service, or another command, in a process group of its own."""
        self._started += 1
        with self.log.open("wb") as log:
            self.service = subprocess.Popen(
                [*(command or (sys.executable, "-m", "watcher", "-c", str(self.path), "run"))],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=self.environment(),
            )
        return self.service

    @property
    def log(self) -> Path:
        """What the run started last says."""
        return self.folder / f"log-{self._started}.txt"

    def environment(self) -> dict[str, str]:
        """The environment of a process that believes in the folder's clock."""
        if not self.movable:
            return os.environ | {"PYTHONFAULTHANDLER": "1"}
        libraries = sorted(Path("/").glob(FAKETIME[1:]))
        if not libraries:
            raise MissingServerError("libfaketime is not installed: tests/install-servers does it")
        return os.environ | {
            "PYTHONFAULTHANDLER": "1",
            "LD_PRELOAD": str(libraries[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def set_clock(self, seconds: float) -> None:
        """Let the clock be wrong by so many seconds, at once and for all runs from now on."""
        self._wrong = seconds
        new = self._clock.with_suffix(".new")
        new.write_text(f"{seconds:+.0f}")
        new.replace(self._clock)

    def wait_until_watching(self) -> None:
        """Wait for the line that says that the scheduler runs, at most a minute."""
        deadline = time.monotonic() + 60
        while b"watching" not in self.log.read_bytes():
            if self.has_ended() or time.monotonic() > deadline:
                said = self.log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"the service did not start; its log ends:\n{said}")
            time.sleep(0.02)

    def has_ended(self) -> bool:
        """Whether what was started last runs no more."""
        return self.service is None or self.service.poll() is not None

    def kill(self) -> None:
        """Kill with the signal that cannot be caught."""
        if self.service is not None and not self.has_ended():
            os.killpg(self.service.pid, signal.SIGKILL)
            self.service.wait()

    def stop(self) -> None:
        """Let it end in good order. Raises `RuntimeError` where it does not."""
        if self.service is None:
            return
        self.service.send_signal(signal.SIGTERM)
        try:
            code = self.service.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.service.send_signal(signal.SIGABRT)  # its threads are then in its log
            code = self.service.wait()
        if code != 0:
            said = self.log.read_text(errors="replace")[-6000:]
            raise RuntimeError(f"the service ended with {code} after SIGTERM:\n{said}")

    def _let_time_pass(self) -> None:
        """Let ten minutes go by: for what was put off, where the clock of a server counts."""
        if self.store.startswith("sqlite"):
            self.set_clock(self._wrong + 600)
            return
        engine = create_engine(self.store)
        with engine.begin() as connection:
            sooner = "UPDATE deliveries SET next_attempt = next_attempt - 600000000"
            connection.execute(text(f"{sooner} WHERE state = 'pending'"))
        engine.dispose()

    def settle(self, posts: int, *, hours: bool = False) -> None:
        """Wait until so many posts were read and nothing is left to do: at most five minutes.

        Time goes forward while something waits: what was put off need not be waited for.
        """
        quiet = 0
        deadline = time.monotonic() + 300
        while quiet < 2:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the last run did not settle: {self.log.read_text()[-2000:]}")
            time.sleep(0.5)
            store = Store.open(self.store)
            status, unread = store.status(), posts - store.count_posts()
            store.close()
            states = {str(state): number for state, number in status.deliveries.items()}
            waiting = sum(status.waiting.values())
            busy = unread + status.unmatched + waiting + states.get("sending", 0)
            pending = states.get("pending", 0)
            if (pending or (hours and waiting)) and not states.get("sending"):
                self._let_time_pass()
            quiet = 0 if busy + pending else quiet + 1


def remarks(octets: bytes) -> set[int]:
    """Return the numbers of the posts that a mail tells of."""
    from email import message_from_bytes
    from email.policy import default

    message = message_from_bytes(octets, policy=default)
    text = message.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
    return {int(number) for number in findall(r"remark(\d+)x", text)}


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
