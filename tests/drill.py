"""The crash drill: `kill -9` over a live `watcher run`, counted at the inbox.

    python -m tests.drill --kills 100

A microblog is written to all the while; each run of the service is killed at a random moment. In
the end one run is left alone until nothing waits, and then it is counted: posts that no recipient
was told of (must be 0), copies beyond the first (at most one for each kill), third copies (0),
copies that are not identical to the byte (0).
"""

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from re import findall

from aiosmtpd.controller import Controller

from tests.smtp import Inbox
from watcher.backends.local.microblog import Microblog, NewPost
from watcher.store import Store

ROOT = Path(__file__).resolve().parent.parent
RECIPIENTS = ("ada@acme.example", "bob@acme.example")
AUTHORS = 200
MOST_UNTOLD = 100
"""So many posts wait for a mail at most: a digest names no more than 200, and counts the others."""

CONFIG = """
data = "data"

[mail]
kind = "smtp"
host = "{host}"
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
posts = 200
to = ["ada@acme.example", "bob@acme.example"]
"""


@dataclass(frozen=True)
class Report:
    """What the drill counted."""

    kills: int
    posts: int
    mails: int
    lost: int
    extra_copies: int
    third_copies: int
    differing: int
    parked: int
    unmatched: int
    unindexed: int
    seconds: float

    @property
    def kept(self) -> bool:
        """Whether the promise held."""
        return (
            self.lost == self.third_copies == self.differing == 0
            and self.unmatched == self.unindexed == 0
            and self.extra_copies <= self.kills
        )


def drill(kills: int, seed: int, folder: Path) -> Report:
    """Run the drill in a folder; the seed repeats the moments of the kills, not the races."""
    chance = random.Random(seed)
    started = time.monotonic()
    inbox = Inbox()
    inbox.port = free_port()
    controller = Controller(inbox, hostname=inbox.host, port=inbox.port)
    controller.start()
    try:
        (folder / "watcher.toml").write_text(CONFIG.format(host=inbox.host, port=inbox.port))
        town = Microblog.found(folder / "town.db", datetime.now(UTC))
        writer = Writer(town, inbox)
        writer.start()
        for _ in range(kills):
            service = start(folder)
            inbox.arrived.clear()
            luck = chance.random()
            if luck > 0.1:  # one in ten dies while it starts
                wait_until_watching(folder, service)
            if luck > 0.6:  # four in ten while a mail is taken
                inbox.arrived.wait(timeout=3)
            else:
                time.sleep(chance.uniform(0, 0.8))
            kill(service)
        writer.stop()
        service = start(folder)
        settle(folder)
        service.send_signal(signal.SIGTERM)
        code = service.wait(timeout=60)
        if code != 0:
            raise RuntimeError(f"the service ended with {code} after SIGTERM")
    finally:
        controller.stop()
    return count(kills, writer.written, inbox, folder, time.monotonic() - started)


class Writer(threading.Thread):
    """Writes a post about the brand a few times a second, as long as mails tell of them."""

    def __init__(self, town: Microblog, inbox: Inbox) -> None:
        super().__init__(daemon=True)
        self.town, self.inbox = town, inbox
        self.written = self.told = 0
        self._enough = threading.Event()

    def run(self) -> None:
        """Write until told to stop."""
        with self.town.change() as change:
            for number in range(AUTHORS):
                change.account(f"marie{number}", datetime.now(UTC) - timedelta(days=90))
        while not self._enough.wait(0.25):
            if self.written - self._told() > MOST_UNTOLD:
                continue
            text = f"nordelia remark{self.written}x " + "".join(random.choices("abcdefgh ", k=80))
            author = f"marie{self.written % AUTHORS}"  # a digest shows few posts of one author
            with self.town.change() as change:
                change.post(NewPost(author=author, text=text, posted_at=datetime.now(UTC)))
            self.written += 1

    def _told(self) -> int:
        """How many posts there were when the mail was written that tells of the newest."""
        newest = self.inbox.mails[-1:]  # a mail that is repeated may tell of older ones
        self.told = max([self.told, *(n + 1 for _, octets in newest for n in remarks(octets))])
        return self.told

    def stop(self) -> None:
        """Finish the post at hand."""
        self._enough.set()
        self.join()


def start(folder: Path) -> subprocess.Popen[bytes]:
    """Start `watcher run` in a process group of its own."""
    with (folder / "log.txt").open("wb") as log:
        service = subprocess.Popen(
            [sys.executable, "-m", "watcher", "-c", str(folder / "watcher.toml"), "run"],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    (folder / "log.txt").rename(folder / f"log-{service.pid}.txt")
    return service


def wait_until_watching(folder: Path, service: subprocess.Popen[bytes]) -> None:
    """Wait for the line that says that the scheduler runs, at most a minute."""
    log = folder / f"log-{service.pid}.txt"
    deadline = time.monotonic() + 60
    while b"watching" not in log.read_bytes():
        if service.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(
                f"the service did not start; its log ends:\n{log.read_text()[-2000:]}"
            )
        time.sleep(0.02)


def kill(service: subprocess.Popen[bytes]) -> None:
    """Kill with the signal that cannot be caught."""
    os.killpg(service.pid, signal.SIGKILL)
    service.wait()


def settle(folder: Path) -> None:
    """Wait until nothing is left to do: two looks in a row, at most three minutes."""
    quiet = 0
    deadline = time.monotonic() + 180
    while quiet < 2:
        if time.monotonic() > deadline:
            raise RuntimeError("the last run did not settle")
        time.sleep(1)
        status = json.loads(
            subprocess.run(
                [sys.executable, "-m", "watcher", "-c", str(folder / "watcher.toml"), "status",
                 "--json"],
                cwd=ROOT, capture_output=True, check=True,
            ).stdout
        )  # fmt: skip
        busy = (
            status["unmatched"]
            + sum(status["waiting"].values())
            + status["deliveries"].get("pending", 0)
            + status["deliveries"].get("sending", 0)
        )
        quiet = 0 if busy else quiet + 1


def count(kills: int, posts: int, inbox: Inbox, folder: Path, seconds: float) -> Report:
    """Count at the inbox, and ask the store what is parked or undone."""
    from watcher.search import Index

    told: dict[str, set[int]] = {recipient: set() for recipient in RECIPIENTS}
    for recipient, octets in inbox.mails:
        told[recipient] |= remarks(octets)
    store = Store.open(f"sqlite:///{folder / 'data' / 'watcher.sqlite'}")
    parked = [one for one in store.deliveries(limit=100_000) if one.state == "parked"]
    for one in parked:
        told[one.recipient] |= remarks(store.delivery(one.id).payload)
    index = Index.open(folder / "data" / "index")
    index.catch_up(store)
    copies = inbox.copies()
    report = Report(
        kills=kills,
        posts=posts,
        mails=len(inbox.mails),
        lost=sum(len(set(range(posts)) - known) for known in told.values()),
        extra_copies=sum(copies.values()) - len(copies),
        third_copies=sum(1 for number in copies.values() if number > 2),
        differing=len(inbox.differing()),
        parked=len(parked),
        unmatched=store.status().unmatched,
        unindexed=store.count_posts() - index.documents(),
        seconds=round(seconds, 1),
    )
    index.close()
    store.close()
    return report


def remarks(octets: bytes) -> set[int]:
    """Return the numbers of the posts that a mail tells of."""
    message = message_from_bytes(octets, policy=default)
    text = message.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
    return {int(number) for number in findall(r"remark(\d+)x", text)}


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> int:
    """Run the drill from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1_000_000)
    with tempfile.TemporaryDirectory(prefix="watcher-drill-") as folder:
        report = drill(options.kills, seed, Path(folder))
    if options.json:
        print(json.dumps({"seed": seed, **asdict(report)}))
    else:
        print(f"seed {seed}: {'the promise held' if report.kept else 'THE PROMISE WAS BROKEN'}")
        for name, value in asdict(report).items():
            print(f"  {name.replace('_', ' '):14} {value}")
    return 0 if report.kept else 1


if __name__ == "__main__":
    sys.exit(main())
