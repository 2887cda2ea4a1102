"""docs/alerts.md tells the truth: its tables load without a doubt, its commands do as shown."""

import re
from pathlib import Path

import pytest

from tests.cli_fixtures import acme, terminal
from tests.terminal import Terminal
from watcher.config import load

__all__ = ["acme", "terminal"]

PAGE = (Path(__file__).parent.parent / "docs" / "alerts.md").read_text(encoding="utf-8")
BASE = """
[[brands]]
name = "Acme"

[[brands]]
name = "Nordelia"

[[sources]]
name = "town"
kind = "local"
file = "town.sqlite"

[[rules]]
name = "mentions"
find = 'acme OR nordelia'
then = ["urgent"]

[[rules]]
name = "storm"
find = '(acme OR nordelia) burns'
rate = { kind = "frequency", at_least = 20, within = "1h", by = "brand" }
then = ["urgent"]

[[channels]]
name = "urgent"
kind = "email"
to = ["ada@acme.example"]
send = "instant"

[[channels]]
name = "nordelia"
kind = "email"
to = ["ada@acme.example"]

[[rules]]
name = "other"
find = 'nordelia other'
then = ["nordelia", "urgent"]

[[routes]]
name = "so that nothing of the page is idle"
find = 'lang:fr'
rules = ["other"]
then = ["urgent"]
instead = true
"""


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_tables_of_the_page_load_together_without_a_doubt(tmp_path: Path) -> None:
    tables = blocks("toml")
    assert len(tables) >= 6
    path = tmp_path / "watcher.toml"
    path.write_text(BASE + "\n".join(tables))
    assert [str(one) for one in load(path, {}).warnings] == []


def test_the_commands_of_the_page_do_as_shown(acme: Terminal) -> None:
    for block in blocks("console"):
        for command, shown in re.findall(r"^\$ watcher (.*)\n((?:[^$].*\n)*)", block, re.MULTILINE):
            words = [one.strip('"') for one in re.findall(r'"[^"]*"|\S+', command)]
            seen = acme.type(*words)
            assert (seen.code, seen.screen) == (0, shown), command


@pytest.mark.parametrize("key", [
    "wait", "interval", "repeat", "escalate", "at_count", "heartbeat", "blind_after",
    "urgent_despite_quiet", "while", "hold", "equal", "instead",
])  # fmt: skip
def test_every_key_is_explained(key: str) -> None:
    assert f"`{key}" in PAGE or f"\n{key} = " in PAGE
