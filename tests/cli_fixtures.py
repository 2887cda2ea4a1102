"""Folders in which commands are tried: empty, with a small configuration, with the demo."""

import shutil
from pathlib import Path

import pytest

from tests.terminal import Terminal

CONFIG = """\
data = "data"
timezone = "Europe/Paris"

[mail]
kind = "outbox"
from = "watcher@acme.example"
folder = "outbox"

[[brands]]
name = "Acme"

[[sources]]
name = "town"
kind = "local"
file = "town.sqlite"

[[rules]]
name = "acme"
find = "acme"
then = ["daily"]

[[rules]]
name = "lookalikes"
kind = "lookalike"
then = ["daily"]

[[channels]]
name = "daily"
kind = "email"
to = ["ada@acme.example", "bob@acme.example"]
send = "daily"
at = "08:00"
"""


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in an empty folder."""
    return Terminal(tmp_path, monkeypatch)


@pytest.fixture
def acme(terminal: Terminal) -> Terminal:
    """A terminal in a folder with a small configuration and nothing read yet."""
    (terminal.folder / "watcher.toml").write_text(CONFIG)
    assert terminal.pipe("local", "post", "@zoe", "Bonjour").code == 0
    return terminal


@pytest.fixture(scope="session")
def _demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, made once."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        made = Terminal(folder, patch).type("demo", "watcher-demo", columns=400)
    assert made.code == 0, made.screen
    (folder / "screen.txt").write_text(made.screen.replace(str(folder), "FOLDER"))
    return folder


@pytest.fixture
def demo(_demo_folder: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in a copy of the demo's folder."""
    shutil.copytree(_demo_folder, terminal.folder, dirs_exist_ok=True)
    monkeypatch.chdir(terminal.folder / "watcher-demo")
    return terminal
