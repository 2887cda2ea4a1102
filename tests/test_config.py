"""The configuration: its screens, its names, its secrets, and where it is found."""

import re
import shutil
from pathlib import Path

import pytest

from alerts import MailFolder, SmtpServer
from rules import KeywordRule
from watcher.backends import ArchiveSource, LocalSource
from watcher.config import ConfigError, find, load
from watcher.files import example_config
from watcher.toml import screens

BAD = Path(__file__).parent / "bad_configs"
ENV = {"SET": "hunter2", "EMPTY": ""}
TOWN = '[[sources]]\nname = "town"\nkind = "local"\nfile = "town.sqlite"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "watcher.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path, env: dict[str, str] | None = None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(path, env or {})
    return caught.value


def screen_of(path: Path) -> str:
    """Everything a person sees of a configuration: errors, or else warnings."""
    try:
        config = load(path, ENV)
    except ConfigError as error:
        return f"{error}\nhelp: {error.help}" if error.help else str(error)
    return screens(config.warnings)


@pytest.mark.parametrize("path", sorted(BAD.glob("*.toml")), ids=lambda path: path.stem)
def test_a_mistake_is_answered_with_its_screen(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(BAD)
    screen = screen_of(path)
    assert screen + "\n" == path.with_suffix(".txt").read_text()
    assert "hunter2" not in screen
