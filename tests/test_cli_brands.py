"""`watcher brands`: how brands stand beside each other, as a person and a program see it."""

import json
from datetime import timedelta

import pytest

from rules.model import Post
from rules.signals.spoken import Spoken
from tests.cli_fixtures import _demo_folder, acme, demo, terminal
from tests.insights.brand_samples import NOW, WEEKS, Town, person, town
from tests.terminal import Terminal, compare
from watcher.store import Store

__all__ = ["_demo_folder", "acme", "demo", "terminal"]

CONFIG = """
timezone = "Europe/Paris"

[[brands]]
name = "Acme"
accounts = ["acme"]
competitors = ["Rivalo"]

[[brands]]
name = "Rivalo"
accounts = ["town:rivalo"]
"""
DAYS = ("--since", "2026-03-23", "--until", "2026-04-05")


def storm() -> Town:
    """People who complain of one thing, in one day."""
    texts = [f"The hinge of my Acme broke on trip {n}" for n in range(25)]
    posts = tuple(
        Post(
            network="town",
            id=f"h{n}",
            author=person(f"h{n}"),
            text=words,
            posted_at=WEEKS.since + timedelta(days=9, minutes=n),
            hashtags=("HingeGate",),
            likes=n,
        )
        for n, words in enumerate(texts)
    )
    return Town(
        posts=posts,
        spoken=tuple(Spoken(brand="Acme", post=one.key, tone="negative") for one in posts),
    )


@pytest.fixture
def brands(terminal: Terminal) -> Terminal:
    """A terminal in a folder with two brands of which much is said."""
    (terminal.folder / "watcher.toml").write_text(CONFIG)
    store = Store.open("sqlite:///watcher-data/watcher.sqlite")
    town(7, 900).stored(store)
    storm().stored(store)
    store.close()
    terminal.now = NOW
    return terminal


@pytest.mark.drill
def test_the_screens_of_brands(brands: Terminal) -> None:
    seen = ""
    for words in (("brands", "acme", *DAYS), ("brands", *DAYS)):
        shown = brands.type(*words)
        assert shown.code == 0, shown.screen
        seen += f"$ watcher {' '.join(words)}\n{shown.screen}\n"
    for words in (("brands", "acmy"), ("brands", "Acme", "--zone", "Mars")):
        shown = brands.type(*words)
        assert shown.code == 2
        seen += f"$ watcher {' '.join(words)}\n{shown.screen}\n"
    compare("cli-brands", seen)


def test_a_program_gets_every_number(brands: Terminal) -> None:
    told = json.loads(brands.pipe("brands", "Acme", *DAYS, "--json").out)
    first, second = told["share_of_voice"]["brands"]
    assert first["posts"] + second["posts"] == told["share_of_voice"]["posts"]
    assert told["since"] == WEEKS.since.isoformat()
    assert [one["brand"] for one in told["satisfaction"]] == ["Acme", "Rivalo"]
    assert len(told["satisfaction"][0]["days"]) == 14
    assert told["answers"][0]["median"]["value"] > 0
    assert {one["term"] for one in told["themes"]} >= {"broke"}
    assert [one["name"] for one in told["campaigns"]] == ["HingeGate"]


@pytest.mark.parametrize("words", [("brands",), ("brands", "Acme")])
def test_nothing_stored_is_said_in_words(acme: Terminal, words: tuple[str, ...]) -> None:
    shown = acme.type(*words)
    assert shown.code == 0
    assert shown.screen.count("Nobody spoke of") == 1
    assert "How people feel" not in shown.screen
    assert "are not counted" not in shown.screen


def test_what_was_looked_for_and_not_found_is_said(acme: Terminal) -> None:
    acme.pipe("local", "post", "@ann", "Acme again")
    assert acme.pipe("once").code == 0
    acme.now += timedelta(days=1)
    shown = " ".join(acme.type("brands", "Acme").screen.split())
    assert "Spoken of more No word stands out against the period before." in shown
    assert "Begun No new hashtag is talked of; Acme has no accounts of its own" in shown
