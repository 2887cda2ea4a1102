"""`watcher tones`: how posts speak of the brands, judged, learnt from."""

import json
from collections.abc import Iterator, Sequence

import pytest

from tests.cli_fixtures import _demo_folder, demo, terminal
from tests.terminal import NOW, Terminal, compare
from watcher.cli.console import stdout
from watcher.cli.tones.reviewing import Review
from watcher.store import Store

__all__ = ["_demo_folder", "demo", "terminal"]


class Keys:
    """A keyboard on which these keys are pressed, until none is left."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.left = list(keys)

    def key(self) -> str:
        if not self.left:
            raise EOFError
        return self.left.pop(0)

    def line(self, prompt: str) -> str | None:
        raise AssertionError(prompt)


@pytest.fixture
def store(demo: Terminal) -> Iterator[Store]:
    opened = Store.open("sqlite:///watcher-data/watcher.sqlite")
    yield opened
    opened.close()


def shown(terminal: Terminal, *words: str) -> str:
    seen = terminal.type(*words)
    assert seen.code == 0, seen.screen
    return f"$ watcher {' '.join(words)}\n{seen.screen}\n"


def test_the_screens_of_tones(demo: Terminal, store: Store) -> None:
    first, second = store.tones("Nordelia", limit=2)
    seen = shown(demo, "tones", "list", "--brand", "nordelia", "-n", "3")
    seen += shown(demo, "tones", "list", "--judged")
    seen += shown(demo, "tones", "quality")
    seen += shown(demo, "tones", "judge", "neutral", first.post.key, "--note", "a game")
    seen += shown(demo, "tones", "judge", "positive", second.post.key)
    seen += shown(demo, "tones", "list", "--judged")
    seen += shown(demo, "tones", "judge", "unjudged", second.post.key)
    seen += shown(demo, "tones", "quality", "--brand", "Nordelia")
    compare("cli-tones", seen)


def test_what_was_said_is_exported_whole(demo: Terminal, store: Store) -> None:
    key = store.tones("Nordelia", limit=1)[0].post.key
    for tone in ("negative", "unjudged"):
        assert demo.pipe("tones", "judge", tone, key).code == 0
    said = json.loads(demo.pipe("tones", "export").out)
    assert [(one["post"], one["tone"], one["by"]) for one in said] == [
        (key, "negative", "ada"),
        (key, None, "ada"),
    ]


def test_a_post_nobody_knows_is_said_and_the_others_are_judged(
    demo: Terminal, store: Store
) -> None:
    key = store.tones("Nordelia", limit=1)[0].post.key
    seen = demo.pipe("tones", "judge", "negative", "local:nothing", key)
    assert seen.code == 1
    assert "no post 'local:nothing' is known to speak of a brand" in seen.err
    assert store.tones(judged=True)[0].post.key == key


def test_the_review_needs_a_terminal(demo: Terminal) -> None:
    seen = demo.pipe("tones", "review")
    assert seen.code == 2
    assert "the review needs a terminal" in seen.err


def test_one_key_judges_and_u_takes_it_back(
    demo: Terminal, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    stdout.cache_clear()
    records = store.tones("Nordelia", limit=3)
    Review(store, records, "ada", lambda: NOW).run(Keys(["n", "s", "u", "u", "?", "p", "o", "+"]))
    stdout.cache_clear()
    assert [one.tone for one in store.tones("Nordelia", limit=3)] == [
        "positive", "neutral", "positive",
    ]  # fmt: skip
    said = [(one.post, one.tone) for one in store.all_tone_judgements()]
    keys = [one.post.key for one in records]
    assert said == [
        (keys[0], "negative"), (keys[0], None),
        (keys[0], "positive"), (keys[1], "neutral"), (keys[2], "positive"),
    ]  # fmt: skip
    compare("cli-tones-review", capsys.readouterr().out)


def test_what_is_learnt_changes_the_posts_of_that_brand_only(demo: Terminal, store: Store) -> None:
    before = {one.post.key: one.tone for one in store.tones("Voltrame", limit=1000)}
    assert before
    some = store.tones("Nordelia", limit=400)
    judged = list({one.post.text: one for one in some if one.told}.values())[:40]
    for one in judged:  # whatever it says, they take it for the opposite of what is told
        opposite = {"positive": "negative", "negative": "positive"}.get(one.told, "neutral")
        store.judge_tone(one.post.key, "Nordelia", opposite, "", "ada", NOW)  # type: ignore[arg-type]
    compare("cli-tones-learn", shown(demo, "tones", "learn", "--brand", "Nordelia"))
    (quality,) = json.loads(demo.pipe("tones", "quality", "--brand", "Nordelia", "--json").out)
    assert quality["in_use"]
    assert quality["told_right_after"] > quality["told_right_before"]
    after = {one.post.key: one for one in store.tones("Nordelia", limit=400)}
    kept = {one.post.key for one in judged}
    others = [one for one in some if one.post.key not in kept and one.told]
    assert sum(after[one.post.key].tone != one.tone for one in others) > len(others) / 4
    assert {one.post.key: one.tone for one in store.tones("Voltrame", limit=1000)} == before
    for one in judged:
        store.judge_tone(one.post.key, "Nordelia", None, "", "ada", NOW)
    demo.pipe("tones", "learn", "--brand", "Nordelia")
    assert store.tones("Nordelia", limit=400) == some
