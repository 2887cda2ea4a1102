"""X from the configuration to the match: rules are asked for, the bill is kept in the store."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.contracts.live import SECRET
from tests.faults import Loopback
from tests.terminal import NOW, Terminal
from tests.x.server import FakeX
from watcher.backends import XSource
from watcher.backends.http.budget import SHARED
from watcher.config import load
from watcher.store import Store

TABLE = """
[[rules]]
name = "talk"
find = "acme -job"
then = []

[[sources]]
name = "x"
kind = "x"
token = "${X}"
address = "%s"
budget_day = 20
budget_month = 1000
"""


@pytest.fixture
def x() -> Iterator[tuple[FakeX, Loopback]]:
    SHARED.forget()
    fake = FakeX(SECRET, NOW)
    with Loopback(fake.answer) as server:
        yield fake, server


def test_what_rules_look_for_is_read_stored_and_paid_for(
    x: tuple[FakeX, Loopback], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, server = x
    for n in range(30):
        fake.say(
            f"acme {n}" if n % 2 else f"an acme job {n}", "marie", NOW - timedelta(hours=30 - n)
        )
    config = tmp_path / "watcher.toml"
    config.write_text(TABLE % server.url)
    monkeypatch.setenv("X", SECRET)
    terminal = Terminal(tmp_path, monkeypatch)
    checked = terminal.pipe("check")
    assert checked.code == 0, checked
    assert "reads at most 20 posts a day (0.10)" in " ".join(checked.out.split())
    once = terminal.pipe("once")
    assert once.code == 1
    assert "the day's budget is spent: 20 of 20 posts are read" in " ".join(once.err.split())
    loaded = load(config, {"X": SECRET})
    (source,) = loaded.sources
    assert isinstance(source, XSource)
    assert [rule.name for rule in source.watched] == ["talk"]
    store = Store.open(loaded.store_url)
    try:
        assert store.count_posts() == 10
        assert store.reads("x", NOW.date(), NOW.date()) == 20
    finally:
        store.close()
    asked = len(server.asked)
    assert terminal.pipe("once").code == 1
    assert len(server.asked) == asked
    status = terminal.pipe("status")
    assert status.code == 0
    assert "20 of 20 posts today (0.10)" in " ".join(status.out.split())
    assert SECRET not in status.out
