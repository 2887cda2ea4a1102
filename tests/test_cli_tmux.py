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
from tests.squatters import settle
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
        for size in ("COLUMNS", "LINES"):  # the window's size counts, not that of who runs this
            environment.pop(size, None)
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

    def resize(self, columns: int, lines: int) -> None:
        """Make the window larger or smaller, as with the mouse."""
        size = ["-x", str(columns), "-y", str(lines)]
        subprocess.run([*self._tmux, "resize-window", *size], check=True)

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
    tmux.wait_for("kept with what you decide next")
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


@pytest.fixture
def crowd(tmux: Tmux, demo: Terminal) -> Store:
    """A terminal in front of two hundred suspects more."""
    settle(Path("town.sqlite"), 200, demo.now)
    assert demo.pipe("once").code == 0
    return Store.open("sqlite:///watcher-data/watcher.sqlite")


def test_two_hundred_suspects_are_reviewed_at_a_real_terminal(tmux: Tmux, crowd: Store) -> None:
    number = len(crowd.suspects(limit=1000))
    assert number > 200
    tmux.keys(watch("suspects", "review"), "Enter")
    tmux.wait_for(f"1 of {number}")
    for key, place in (("c", 2), ("d", 3), ("o", 4), ("p", 5), ("s", 6)):
        tmux.press(key)
        tmux.wait_for(f"{place} of {number}")
    for place in (5, 4, 3):  # the skip, the parody, ours
        tmux.press("u")
        tmux.wait_for(f"{place} of {number}", times=1)
    tmux.wait_for("2 judged")
    tmux.resize(50, 20)
    tmux.wait_for("? tells")
    tmux.resize(110, 45)
    tmux.wait_for("[q]uit")
    tmux.press("f")
    tmux.wait_for("only (high")
    tmux.keys("transposition", "Enter")
    screen = tmux.wait_for("left that fit transposition")
    assert "only transposition" in screen
    tmux.press("d")
    tmux.wait_for("3 judged")
    tmux.press("C-z")
    tmux.wait_for("Stopped")
    tmux.keys("fg", "Enter")
    tmux.wait_for("3 judged", times=2)
    tmux.press("q")
    tmux.wait_for(f"3 judged, {number - 3} left")
    verdicts = [one.verdict for one in crowd.suspects(limit=1000)]
    crowd.close()
    assert verdicts[:3] == [Verdict.CONFIRMED, Verdict.DISMISSED, Verdict.OPEN]
    assert verdicts.count(Verdict.DISMISSED) == 2
    assert not {Verdict.OURS, Verdict.PARODY} & set(verdicts)


def test_a_review_that_is_killed_leaves_the_terminal_as_it_was(tmux: Tmux) -> None:
    tmux.keys(watch("suspects", "review"), "Enter")
    tmux.wait_for("1 of 12")
    tmux.press("c")
    tmux.wait_for("2 of 12")
    tmux.keys("C-z")
    tmux.wait_for("Stopped")
    tmux.keys("clear; kill %1; fg; stty -a | grep -o ' echo ' | wc -l", "Enter")
    tmux.wait_for("\n1\n")
    store = Store.open("sqlite:///watcher-data/watcher.sqlite")
    assert store.suspects(limit=1)[0].verdict == Verdict.CONFIRMED
    store.close()


def test_a_table_fits_the_terminal(tmux: Tmux) -> None:
    tmux.keys("clear; " + watch("suspects", "list"), "Enter")
    screen = tmux.wait_for("code 0")
    assert "@service_clients_7741" in screen
    titles = next(line for line in screen.splitlines() if line.startswith("id "))
    assert titles.split()[:4] == ["id", "suspect", "score", "band"]


def test_a_reader_that_leaves_is_no_failure(tmux: Tmux) -> None:
    lines = watch("rules", "list").replace(";", " | head -n 1;")
    tmux.keys(f"clear; set -o pipefail; {lines}", "Enter")
    assert "Error" not in tmux.wait_for("code 0")
