"""`watcher relevance`: the screens, and what a person finds out before trusting it."""

import json

import pytest

from tests.cli_fixtures import CONFIG, terminal
from tests.terminal import Terminal, compare

__all__ = ["terminal"]

ORANGE = """
[[brands]]
name = "Orange"
context = ["forfait", "4g"]
relevance = "learn"

[[brands]]
name = "Free"
context = ["freebox"]
relevance = "context"

[[rules]]
name = "talk"
find = "brand:Orange"
then = ["daily"]
"""


@pytest.fixture
def orange(terminal: Terminal) -> Terminal:
    (terminal.folder / "watcher.toml").write_text(CONFIG + ORANGE)
    return terminal


def screens(at: Terminal, *lines: tuple[str, ...]) -> str:
    return "".join(f"$ watcher {' '.join(words)}\n{at.type(*words).screen}\n" for words in lines)


def judge(terminal: Terminal, pairs: int) -> None:
    for number in range(pairs):
        terminal.pipe("local", "post", f"@user{number}", f"le forfait orange {number} est en panne")
        terminal.pipe("local", "post", f"@cook{number}", f"un jus de orange {number} bien frais")
    terminal.pipe("once")
    found = json.loads(terminal.pipe("matches", "list", "--limit", "1000", "--json").out)
    for verdict, word in (("relevant", "forfait"), ("irrelevant", "jus")):
        ids = [str(one["id"]) for one in found if word in one["text"]]
        assert terminal.pipe("matches", verdict, *ids).code == 0


def test_before_anything_is_judged_it_says_what_is_missing(orange: Terminal) -> None:
    compare(
        "cli-relevance-none",
        screens(
            orange, ("relevance",), ("relevance", "show", "orange"), ("relevance", "try", "Free")
        ),
    )


def test_a_context_that_has_no_words_is_said(orange: Terminal) -> None:
    orange.pipe("local", "post", "@zoe", "Acme is open")
    orange.pipe("once")
    seen = orange.pipe("relevance", "try", "acme", "--by", "context")
    assert seen.code == 2
    assert "there are no words of the context of Acme" in seen.err
    assert 'context = ["forfait", "4g"]' in seen.err


@pytest.mark.drill
def test_what_was_learnt_is_shown_with_how_well_it_does(orange: Terminal) -> None:
    judge(orange, 12)
    orange.pipe("local", "post", "@zoe", "un jus de orange frais avec des glacons")
    orange.pipe("once")
    compare(
        "cli-relevance",
        screens(
            orange,
            ("relevance",),
            ("relevance", "show", "Orange"),
            ("relevance", "try", "Orange"),
            ("matches", "list", "--left-out"),
        ),
    )
    told = json.loads(orange.pipe("relevance", "show", "Orange", "--json").out)
    assert told["enough"] is True
    assert told["tried"]["precision"]["value"] >= 0.9
