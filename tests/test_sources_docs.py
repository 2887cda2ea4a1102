"""`docs/sources.md` says what is true: its snippets load, and its commands are there."""

import re
from pathlib import Path
from typing import get_args

import pytest

from watcher.backends import AnySource
from watcher.cli import COMMANDS
from watcher.config import Config, load
from watcher.toml.kinds import kinds_of

PAGE = (Path(__file__).parent.parent / "docs" / "sources.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```toml\n(.+?)```", PAGE, flags=re.DOTALL)
SECRETS = {"X_BEARER_TOKEN": "a", "FORUM_KEY": "b", "INTERN_TOKEN": "c"}
AROUND = """
contact = "ada@acme.example"

[[rules]]
name = "mentions"
find = 'nordelia'
then = []

"""


def read(snippet: str, folder: Path) -> Config:
    path = folder / "watcher.toml"
    path.write_text(AROUND + snippet, encoding="utf-8")
    return load(path, SECRETS)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_snippet_loads_without_a_doubt(snippet: str, tmp_path: Path) -> None:
    config = read(snippet, tmp_path)
    assert config.warnings == ()
    assert config.sources
    assert all(source.asks for source in config.sources)


def test_every_kind_of_source_is_shown_and_told(tmp_path: Path) -> None:
    shown = {source.kind for text in SNIPPETS for source in read(text, tmp_path).sources}
    kinds = set(kinds_of(AnySource))
    assert len(kinds) == len(get_args(AnySource))
    assert shown == kinds - {"local"}
    told = re.findall(r'^## .*: `kind = "(\w+)"`$', PAGE, re.MULTILINE)
    assert set(told) == kinds


def test_every_section_on_a_network_tells_what_the_page_promises() -> None:
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    for name in ("Mastodon", "Bluesky", "X:", "Feeds"):
        (text,) = [one for one in sections if one.startswith(name)]
        for promised in ("**Access", "**What cannot be seen.**", "**Limits"):
            assert promised in text, (name, promised)


def test_every_link_within_the_page_leads_somewhere() -> None:
    headings = re.findall(r"^##+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors


def test_every_command_that_is_named_is_there() -> None:
    named = set(re.findall(r"`(?:\$ )?watcher ([a-z]+)", PAGE)) | set(
        re.findall(r"^\$ watcher ([a-z]+)", PAGE, re.MULTILINE)
    )
    assert named <= COMMANDS.keys()
