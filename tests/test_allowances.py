"""What a server lets us ask is known to the next process, too: `watcher once` run by cron."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli_fixtures import terminal
from tests.faults import Asked, Loopback, Reply
from tests.terminal import Terminal
from watcher.allowances import FILE, leave, left, take_up
from watcher.backends.http.budget import SHARED, Budget, Budgets
from watcher.backends.interface import BackendError
from watcher.clock import utc_now

__all__ = ["terminal"]

NOW = datetime(2026, 3, 10, 7, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class At(Budgets):
    """The budgets of a process at one moment."""

    def __init__(self, now: datetime) -> None:
        super().__init__()
        self.now = now

    def of(self, host: str, account: str = "") -> Budget:
        return self._budgets.setdefault((host, account), Budget(host, clock=lambda: self.now))


@pytest.fixture
def throttled(tmp_path: Path) -> Path:
    """A data folder that a process left which was told to wait for four minutes."""
    before = At(NOW)
    before.of("town.example", "us").note(429, {"Retry-After": "240"})
    before.of("town.example").note(200, {"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "60"})
    leave(tmp_path, before)
    return tmp_path


def test_the_next_process_waits_as_long_as_the_one_before_was_asked_to(throttled: Path) -> None:
    later = At(NOW + MINUTE)
    take_up(throttled, later.now, later)
    assert later.of("town.example", "us").wait() == 180
    with pytest.raises(BackendError, match="takes no more requests for now") as refused:
        later.of("town.example", "us").take()
    assert refused.value.help == "nothing is asked of it for 3 minutes"
    later.of("town.example").take()  # another account has a budget of its own


def test_what_is_over_is_not_taken_up(throttled: Path) -> None:
    later = At(NOW + 5 * MINUTE)
    take_up(throttled, later.now, later)
    assert later.of("town.example", "us").wait() == 0
    assert left(throttled, later.now) == ()


def test_what_a_process_knows_itself_is_newer_than_what_was_left(throttled: Path) -> None:
    here = At(NOW + MINUTE)
    here.of("town.example", "us").note(200, {})
    take_up(throttled, here.now, here)
    assert here.of("town.example", "us").wait() == 0


def test_people_are_told_of_the_tightest_account(throttled: Path) -> None:
    (limit,) = left(throttled, NOW)
    assert limit.is_throttled(NOW)
    assert limit.opens == NOW + 4 * MINUTE


def test_failures_go_on_being_counted(tmp_path: Path) -> None:
    before = At(NOW)
    for _ in range(4):
        before.of("town.example").note(503, {})
    leave(tmp_path, before)
    later = At(NOW)
    take_up(tmp_path, NOW, later)
    ((*_, window),) = later.known()
    assert window.failures == 4


def test_a_clock_that_was_wrong_closes_no_network_for_years(throttled: Path) -> None:
    path = throttled / FILE
    path.write_text(path.read_text().replace("2026-", "2036-"))
    later = At(NOW)
    take_up(throttled, NOW, later)
    assert later.known() == ()


@pytest.mark.parametrize(
    "content",
    ["", "{", "[4]", "[" * 50_000, '[{"host": 4}]', "\x00", '{"a": 1}'],
)
def test_a_damaged_file_is_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    take_up(tmp_path, NOW, At(NOW))
    assert left(tmp_path, NOW) == ()


def test_values_of_other_kinds_are_as_none(throttled: Path) -> None:
    rows = json.loads((throttled / FILE).read_text())
    for key, wrong in (("remaining", "7"), ("closed_until", 4), ("host", None), ("failures", True)):
        (throttled / FILE).write_text(json.dumps([rows[0] | {key: wrong}]))
        assert left(throttled, NOW) == ()


def test_the_file_is_for_its_owner_s_eyes(throttled: Path) -> None:
    assert (throttled / FILE).stat().st_mode & 0o077 == 0


# --- as cron runs it ------------------------------------------------------------------------------

CONFIG = """
data = "data"

[[sources]]
name = "town"
kind = "mastodon"
server = "%s"

[[rules]]
name = "acme"
find = "acme"
then = []
"""


@pytest.fixture
def busy() -> Iterator[Loopback]:
    """A server that takes no requests for five minutes."""

    def answer(_asked: Asked) -> Reply:
        return Reply(429, b"{}", {"Retry-After": "300", "Content-Type": "application/json"})

    SHARED.forget()
    with Loopback(answer) as server:
        yield server
    SHARED.forget()


def test_a_second_run_asks_nothing_before_the_time_is_over(
    terminal: Terminal, busy: Loopback
) -> None:
    terminal.now = utc_now()
    (terminal.folder / "watcher.toml").write_text(CONFIG % busy.url)
    assert terminal.pipe("once").code == 1
    asked = len(busy.asked)
    assert asked
    for words in (("once",), ("sources", "check"), ("check",)):
        SHARED.forget()  # as a new process
        seen = terminal.pipe(*words)
        assert seen.code == 1
        assert len(busy.asked) == asked
        told = " ".join((seen.out + seen.err).split())
        assert "takes no more requests for now" in told
        assert "nothing is asked of it for 5 minutes" in told
    told = terminal.pipe("status").out
    assert "throttled, goes on in 5 min" in told
    assert "needs a look" not in told
