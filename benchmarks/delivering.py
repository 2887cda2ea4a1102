"""How fast a large digest is planned for many, and how fast mails leave.

    python benchmarks/delivering.py [--quick] [--json]

1. planning: 10,000 posts that a rule matched wait in the store; the walk's own step makes the
   digest, renders it for 100 recipients and freezes their mails. Also with a signature of our own.
2. delivering: such mails, 2,000 of them, leave by the walk's own step: each attempt is on disk
   before its message leaves. The server is a process of its own that keeps nothing. Beside it, in
   the same run, smtplib sends the same bytes without any record: over one connection, and over a
   connection for each mail.

Memory is what each step adds to the process at its highest. The database is SQLite on this
machine's temporary folder, so its disk counts: what a commit takes is measured too.
"""

import argparse
import gzip
import json
import os
import shutil
import smtplib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import psutil

from alerts import SmtpServer
from alerts.mail.dkim import Dkim
from alerts.model import Delivery, OutgoingMail, Waiting
from alerts.secret import Secret
from watcher import pipeline
from watcher.app import App
from watcher.config import load

ROOT = Path(__file__).resolve().parents[1]
POSTS = ROOT.parent / "shared/data/bench/posts-100k.jsonl.gz"
SINK = Path(__file__).with_name("smtp_sink.py")
START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=2)
MATCHES = 10_000
RECIPIENTS = 100
MAILS = 2000
LONGEST_PLAN = 5.0
"""Seconds to plan and render for all recipients."""
LEAST_RATE = 200
"""Mails a second, by the clock."""
MOST_MEMORY = 100
"""MB that delivering may add, however many mails there are."""

CONFIG = """
data = "data"

[mail]
kind = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
from = "Acme watch <watch@acme.example>"
mails_per_connection = 0

[[brands]]
name = "Acme"

[[sources]]
name = "archive"
kind = "archive"
file = "posts.jsonl"

[[rules]]
name = "talk"
find = "acme"
then = ["daily"]

[[channels]]
name = "daily"
kind = "email"
send = "instant"
interval = "0s"
posts = 50
to = {to}
"""


@dataclass
class Used:
    """What a piece of work took."""

    seconds: float = 0.0
    cpu: float = 0.0
    megabytes: float = 0.0
    samples: list[int] = field(default_factory=list)


@contextmanager
def used() -> Iterator[Used]:
    """Measure the block: seconds by the clock and of the CPU, and memory added at its highest."""
    process, told, over = psutil.Process(), Used(), threading.Event()
    before = process.memory_info().rss

    def look() -> None:
        while not over.wait(0.01):
            told.samples.append(process.memory_info().rss)

    looking = threading.Thread(target=look)
    looking.start()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield told
    finally:
        told.seconds, told.cpu = time.perf_counter() - wall, time.process_time() - cpu
        over.set()
        looking.join()
        told.megabytes = max(max(told.samples, default=before) - before, 0) / 2**20


class Sink:
    """The server, in a process of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, SINK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = int(self._line())

    def counts(self) -> tuple[int, int, int]:
        """Return how many mails, octets and connections there were."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        mails, octets, connections = map(int, self._line().split())
        return mails, octets, connections

    def stop(self) -> None:
        """End the process."""
        self._process.communicate("")

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def prepare(folder: Path, port: int) -> None:
    """Let posts that all name the brand wait in a store, for a channel with many recipients."""
    folder.mkdir()
    with (folder / "posts.jsonl").open("w", encoding="utf-8") as archive:
        for number, text in enumerate(islice(texts(), MATCHES)):
            post = {
                "id": f"1489{number:015d}",
                "created_at": (START + timedelta(seconds=10 * number)).isoformat(),
                "text": f"Acme: {text}",
                "author": f"traveller{number * 7919 % 6000}",
                "url": f"https://x.example/status/{number}",
            }
            archive.write(json.dumps(post, ensure_ascii=False) + "\n")
    path = folder / "watcher.toml"
    to = [f"reader{number}@acme.example" for number in range(RECIPIENTS)]
    path.write_text(CONFIG.format(port=port, to=json.dumps(to)), encoding="utf-8")
    with App.open(load(path, {}), clock=lambda: NOW) as app:
        pipeline.pull(app, app.config.sources[0])
        pipeline.match(app)


def texts() -> Iterator[str]:
    if POSTS.exists():
        with gzip.open(POSTS, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)["text"]
    for number in range(10**9):
        yield f"the train to the sea is late again, the {number}th time this year #delays"


def planning(folder: Path, *, signed: bool) -> tuple[dict[str, Any], bytes]:
    """Plan the one digest; return what that took, and the bytes of one of its mails."""
    with App.open(load(folder / "watcher.toml", {}), clock=lambda: NOW) as opened:
        config = opened.config
        if signed:
            mail = config.mail
            assert isinstance(mail, SmtpServer)
            key = subprocess.run(["openssl", "genrsa", "2048"], check=True, capture_output=True)
            dkim = Dkim(selector="watch", key=Secret(key.stdout.decode()))
            config = replace(opened.config, mail=replace(mail, dkim=dkim))
        app = replace(opened, config=config)
        with used() as took:
            [planned] = pipeline.plan(app)
        assert (planned.mails, planned.error) == (RECIPIENTS, ""), planned
        record = app.store.deliveries(limit=1)[0]
        payload = app.store.delivery(record.id).payload
        told = app.store.digests()[0]
    figures = {
        "seconds": round(took.seconds, 2),
        "cpu_seconds": round(took.cpu, 2),
        "megabytes": round(took.megabytes),
        "matches": told.mentions + told.more,
        "mail_kb": round(len(payload) / 1000),
    }
    return figures, payload


def delivering(folder: Path, sink: Sink, payload: bytes, count: int) -> dict[str, Any]:
    """Let the walk send so many mails; return what that took."""
    with App.open(load(folder / "watcher.toml", {}), clock=lambda: NOW) as app:
        waiting = Waiting(channel="daily", since=START, until=NOW)
        for at in range(0, count, RECIPIENTS):
            mails = [
                OutgoingMail(
                    recipient=f"reader{number}@acme.example",
                    message_id=f"<{number}.benchmark@acme.example>",
                    payload=payload,
                )
                for number in range(at, min(at + RECIPIENTS, count))
            ]
            slot = START + timedelta(minutes=at)
            app.store.freeze("daily", slot, waiting, mails, NOW, "benchmark")
        before = sink.counts()
        with used() as took:
            delivered = pipeline.deliver(app)
        after = sink.counts()
    assert delivered.sent == after[0] - before[0] == count, delivered
    return {
        "mails_per_second": round(count / took.seconds),
        "cpu_ms_per_mail": round(took.cpu / count * 1000, 2),
        "megabytes": round(took.megabytes),
        "connections": after[2] - before[2],
        "commit_ms": round(_commit(folder) * 1000, 2),
    }


def _commit(folder: Path) -> float:
    """Return the seconds that it takes here to get a small write onto the disk."""
    rounds = 100
    with (folder / "probe").open("wb") as file:
        begun = time.perf_counter()
        for _ in range(rounds):
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
        return (time.perf_counter() - begun) / rounds


def sender_alone(sink: Sink, payload: bytes, count: int) -> float:
    """Return the mails a second of our sender without the store."""
    table = SmtpServer(host="127.0.0.1", port=sink.port, security="none",
                       from_="watch@acme.example", mails_per_connection=0)  # fmt: skip
    sender = table.open()

    def send(number: int) -> None:
        mail = Delivery(id=number, channel="daily", recipient=f"reader{number}@acme.example",
                        message_id="<benchmark>", payload=payload, created=NOW)  # fmt: skip
        sender.send(mail, lambda: None)

    rate = _rate(send, count)
    sender.close()
    return rate


def smtplib_reusing(sink: Sink, payload: bytes, count: int) -> float:
    """Return the mails a second of smtplib over one connection."""
    with smtplib.SMTP("127.0.0.1", sink.port, local_hostname="localhost") as client:
        return _rate(lambda number: _smtplib_send(client, number, payload), count)


def smtplib_anew(sink: Sink, payload: bytes, count: int) -> float:
    """Return the mails a second of smtplib with a connection for each."""

    def send(number: int) -> None:
        with smtplib.SMTP("127.0.0.1", sink.port, local_hostname="localhost") as client:
            _smtplib_send(client, number, payload)

    return _rate(send, count)


def _smtplib_send(client: smtplib.SMTP, number: int, payload: bytes) -> None:
    client.sendmail("watch@acme.example", f"reader{number}@acme.example", payload)


def _rate(send: Callable[[int], None], count: int) -> float:
    begun = time.perf_counter()
    for number in range(count):
        send(number)
    return round(count / (time.perf_counter() - begun))


def measure(count: int) -> dict[str, Any]:
    """Run everything; return the figures."""
    sink = Sink()
    try:
        with tempfile.TemporaryDirectory() as place:
            first = Path(place) / "first"
            prepare(first, sink.port)
            second, third = (Path(shutil.copytree(first, f"{first}-{n}")) for n in (2, 3))
            plain, payload = planning(first, signed=False)
            signed, _ = planning(second, signed=True)
            walk = delivering(third, sink, payload, count)
        peers = {
            "sender_alone": sender_alone(sink, payload, count),
            "smtplib_one_connection": smtplib_reusing(sink, payload, count),
            "smtplib_connection_each": smtplib_anew(sink, payload, count),
        }
    finally:
        sink.stop()
    return {
        "matches": MATCHES,
        "recipients": RECIPIENTS,
        "mails": count,
        "planning": plain,
        "planning_signed": signed,
        "delivering": walk,
        "mails_per_second": peers,
    }


def required(found: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    """Return what must hold beside what was measured: (what, bound, figure, whether it holds)."""
    plan, walk = found["planning"], found["delivering"]
    return [
        ("a digest of 10,000 matches for 100 recipients", f"≤ {LONGEST_PLAN:g} s",
         f"{plan['seconds']} s", plan["seconds"] <= LONGEST_PLAN),
        ("delivering over SMTP, mails a second", f"≥ {LEAST_RATE}",
         str(walk["mails_per_second"]), walk["mails_per_second"] >= LEAST_RATE),
        ("memory that delivering adds", f"≤ {MOST_MEMORY} MB", f"{walk['megabytes']} MB",
         walk["megabytes"] <= MOST_MEMORY),
    ]  # fmt: skip


def main() -> int:
    """Measure, print, and return 1 where a figure falls short."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="400 mails")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    found = measure(400 if options.quick else MAILS)
    if options.json:
        print(json.dumps(found))
    else:
        report(found)
    return int(not all(met for *_, met in required(found)))


def report(found: dict[str, Any]) -> None:
    """Print the figures for people."""
    for name in ("planning", "planning_signed", "delivering", "mails_per_second"):
        print(name.replace("_", ", "))
        for key, value in found[name].items():
            print(f"  {key.replace('_', ' '):28} {value}")
    for what, bound, figure, met in required(found):
        print(f"{'met    ' if met else 'NOT MET'} {what}: {figure} ({bound})")


if __name__ == "__main__":
    sys.exit(main())
