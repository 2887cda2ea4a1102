"""A watcher that is killed in the middle of a live stream goes on where it was."""

import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.bluesky.real import RealNetwork
from watcher.store import Store

pytestmark = pytest.mark.server

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
CONFIG = """
[mail]
kind = "outbox"
from = "watcher@acme.example"
folder = "outbox"

[[sources]]
name = "live"
kind = "bluesky"
query = "repos"
url = "{address}"
begin = "oldest"
names = false
keep = {{ any = ["{word}"] }}

[[rules]]
name = "all"
find = "{word}"
then = ["daily"]

[[channels]]
name = "daily"
kind = "email"
to = ["ada@acme.example"]
"""


def stored(folder: Path) -> list[str]:
    """Return the texts of all posts in the database, in the order in which they were stored."""
    file = folder / "watcher-data" / "watcher.sqlite"
    if not file.exists():
        return []
    store = Store.open(f"sqlite:///{file}")
    try:
        return [one.post.text for one in store.posts_after(0, 10_000)]
    finally:
        store.close()


def wait_for(folder: Path, amount: int) -> None:
    until = time.monotonic() + 60
    while len(stored(folder)) < amount:
        assert time.monotonic() < until, f"{len(stored(folder))} of {amount} posts came"
        time.sleep(0.1)


def test_killed_in_the_middle_it_loses_none_and_stores_none_twice(
    bluesky: RealNetwork, tmp_path: Path
) -> None:
    word, marie = "Quillotrain", bluesky.person(f"marie-{time.monotonic_ns() % 10**6}")
    address = bluesky.pds.replace("http", "ws")
    (tmp_path / "watcher.toml").write_text(CONFIG.format(address=address, word=word))
    command = [sys.executable, "-m", "watcher"]
    written = 0
    for _ in range(2):
        service = subprocess.Popen(
            [*command, "run"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            for number in range(written, written + 20):
                marie.post(f"{word} {number}", at=START + timedelta(minutes=number))
            wait_for(tmp_path, written + 5)
        finally:
            service.send_signal(signal.SIGKILL)
            service.wait()
        written += 20
    marie.post(f"{word} {written}", at=START)
    done = subprocess.run([*command, "once"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(stored(tmp_path)) == sorted(f"{word} {number}" for number in range(written + 1))
