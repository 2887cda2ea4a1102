"""The review of suspects: one key per verdict, undo, and nothing lost however it ends."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rules.model import Verdict
from tests.cli_fixtures import _demo_folder, demo, terminal
from tests.terminal import NOW, Terminal, compare
from watcher.cli.console import stdout
from watcher.cli.suspects.reviewing import Review
from watcher.config import load
from watcher.store import Store

__all__ = ["_demo_folder", "demo", "terminal"]

Play = Callable[..., str]


@pytest.fixture
def store(demo: Terminal) -> Iterator[Store]:
    opened = Store.open("sqlite:///watcher-data/watcher.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def play(store: Store, capsys: pytest.CaptureFixture[str]) -> Iterator[Play]:
    """Review the suspects with these keys; an exception among them is raised instead."""

    def play(*keys: str | BaseException, most: int = 3) -> str:
        stdout.cache_clear()
        left = iter(keys)

        def read_key() -> str:
            key = next(left)
            if isinstance(key, BaseException):
                raise key
            return key

        records = store.suspects(verdict=Verdict.OPEN, limit=most)
        review = Review(load(Path("watcher.toml"), {}), store, records, "ada", lambda: NOW)
        review.run(read_key)
        assert next(left, None) is None, "the review ended before the keys did"
        return "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines()) + "\n"

    yield play
    stdout.cache_clear()


def verdicts(store: Store) -> list[Verdict]:
    """The verdicts of the three most alike."""
    return [record.verdict for record in store.suspects(limit=3)]


OPEN, YES, NO, OURS = Verdict.OPEN, Verdict.CONFIRMED, Verdict.DISMISSED, Verdict.OURS


def test_a_review_as_it_is_seen(play: Play) -> None:
    compare("cli-suspects-review", play("c", "x", "s", "d", "u", "m", "q", most=4))


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        ("cdo.", [YES, NO, OURS]),
        ("CDO.", [YES, NO, OURS]),
        ("sscq", [OPEN, OPEN, YES]),
        ("cuq", [OPEN, OPEN, OPEN]),
        ("cduuq", [OPEN, OPEN, OPEN]),
        ("cduoq", [YES, OURS, OPEN]),
        ("ucq", [YES, OPEN, OPEN]),
        ("cdou.q", [YES, NO, OPEN]),
        ("cdoud.", [YES, NO, NO]),
        ("cq", [YES, OPEN, OPEN]),
        ("c\x1b", [YES, OPEN, OPEN]),
    ],
)
def test_keys_give_verdicts(play: Play, store: Store, keys: str, left: list[Verdict]) -> None:
    play(*keys)
    assert verdicts(store) == left


@pytest.mark.parametrize("end", [KeyboardInterrupt(), EOFError()])
def test_an_interrupted_review_keeps_its_verdicts(
    play: Play, store: Store, end: BaseException
) -> None:
    assert "1 judged, 2 left" in play("c", end)
    assert verdicts(store) == [YES, OPEN, OPEN]


def test_an_arrow_key_judges_nothing(play: Play, store: Store) -> None:
    assert "harmless" in play("\x1b[A", "q")
    assert verdicts(store) == [OPEN, OPEN, OPEN]


def test_a_note_goes_with_the_verdict(
    play: Play, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("click.prompt", lambda *_, **__: "asks for passwords")
    play("n", "c", "d", "q")
    first, second = (store.suspect(one.id) for one in store.suspects(limit=2))
    assert [(one.verdict, one.note, one.by) for one in first.verdicts] == [
        (YES, "asks for passwords", "ada")
    ]
    assert [one.note for one in second.verdicts] == [""]


def test_what_is_taken_back_stays_in_the_history(play: Play, store: Store) -> None:
    play("c", "u", "q")
    history = store.suspect(store.suspects(limit=1)[0].id).verdicts
    assert [(one.verdict, one.note) for one in history] == [(YES, ""), (OPEN, "taken back")]


def test_a_review_needs_a_terminal(demo: Terminal) -> None:
    seen = demo.pipe("suspects", "review")
    assert (seen.code, "needs a terminal" in seen.err) == (2, True)
