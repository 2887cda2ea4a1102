"""The review at a real terminal: tmux types the keys and reads the screen."""

import os
import shlex
import shutil
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rules.model import Verdict
from tests.cli_fixtures import _demo_folder, demo, terminal
from tests.terminal import Terminal
from watcher.store import Store

__all__ = ["_demo_folder", "demo", "terminal"]

pytestmark = pytest.mark.server
ROOT = Path(__file__).resolve().parent.parent


class Tmux:
    """One window of 80 by 40 with a shell in a folder."""

    def __init__(self, program: str, folder: Path) -> None:
        self._tmux = [program, "-S", str(folder / "tmux.socket"), "-f", os.devnull]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "PS1": "$ "}
        shell = "bash --norc --noprofile"
        subprocess.run(
            [*self._tmux, "-u", "new-session", "-d", "-x", "80", "-y", "40", shell],
            env=environment, check=True, cwd=folder,
        )  # fmt: skip

    def keys(self, *keys: str) -> None:
        subprocess.run([*self._tmux, "send-keys", *keys], check=True)

    def screen(self) -> str:
        shown = subprocess.run(
            [*self._tmux, "capture-pane", "-p", "-S", "-200"], check=True, capture_output=True
        )
        return shown.stdout.decode()

    def wait_for(self, words: str, times: int = 1) -> str:
        """Wait until the screen says so (that many times), at most a minute."""
        deadline = time.monotonic() + 60
        while (screen := self.screen()).count(words) < times:
            assert time.monotonic() < deadline, f"never said {words!r}:\n{screen}"
            time.sleep(0.05)
        return screen

    def press(self, key: str) -> None:
        """Press a key once the program listens: what is typed before that, it ignores."""
        terminal = os.open(self._ask("#{pane_tty}"), os.O_RDWR | os.O_NOCTTY)
        try:
            deadline = time.monotonic() + 60
            while termios.tcgetattr(terminal)[3] & termios.ICANON:
                assert time.monotonic() < deadline, f"never listened:\n{self.screen()}"
                time.sleep(0.02)
        finally:
            os.close(terminal)
        self.keys(key)

    def _ask(self, what: str) -> str:
        command = [*self._tmux, "display-message", "-p", what]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False)


@pytest.fixture
def tmux(demo: Terminal) -> Iterator[Tmux]:
    """A real terminal in the demo's folder; skipped where tmux is absent, failing under CI."""
    program = shutil.which("tmux")
    if program is None:
        message = "tmux is not installed: apt-get install tmux"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    opened = Tmux(program, demo.folder / "watcher-demo")
    yield opened
    opened.close()


def watch(*words: str) -> str:
    return f"{shlex.quote(sys.executable)} -m watcher {shlex.join(words)}; echo code $?"


def test_a_review_at_a_real_terminal(tmux: Tmux, demo: Terminal) -> None:
    tmux.keys(watch("suspects", "review"), "Enter")
    tmux.wait_for("1 of 12")
    tmux.press("c")
    tmux.wait_for("2 of 12")
    tmux.press("n")
    tmux.wait_for("  note:")
    tmux.keys("sells tickets", "Enter")
    tmux.wait_for("kept with the verdict")
    tmux.press("d")
    tmux.wait_for("3 of 12")
    tmux.press("n")
    tmux.wait_for("  note:", times=2)
    tmux.keys("C-c")
    tmux.wait_for("no note")
    tmux.press("C-c")
    tmux.wait_for("2 judged, 10 left")
    tmux.wait_for("code 0")
    store = Store.open("sqlite:///watcher-data/watcher.sqlite")
    first, second, third = store.suspects(limit=3)
    history = store.suspect(second.id).verdicts
    store.close()
    assert [one.verdict for one in (first, second, third)] == [
        Verdict.CONFIRMED, Verdict.DISMISSED, Verdict.OPEN,
    ]  # fmt: skip
    assert history[0].note == "sells tickets"


def test_a_table_fits_the_terminal(tmux: Tmux) -> None:
    tmux.keys("clear; " + watch("suspects", "list"), "Enter")
    screen = tmux.wait_for("code 0")
    assert "@service_clients_7741" in screen
    titles = next(line for line in screen.splitlines() if line.startswith("id "))
    assert titles.split() == ["id", "suspect", "score", "techniques", "posts", "first", "seen"]


def test_a_reader_that_leaves_is_no_failure(tmux: Tmux) -> None:
    lines = watch("rules", "list").replace(";", " | head -n 1;")
    tmux.keys(f"clear; set -o pipefail; {lines}", "Enter")
    assert "Error" not in tmux.wait_for("code 0")
