"""The review of suspects: one key per verdict, undo, and nothing lost however it ends."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rules.lookalike.bands import band
from rules.model import Account, Verdict
from tests.cli_fixtures import _demo_folder, demo, terminal
from tests.terminal import NOW, Terminal, compare
from watcher.cli.console import safe, stdout
from watcher.cli.keyboard import Resized
from watcher.cli.suspects.reviewing import Review
from watcher.config import load
from watcher.store import Store, SuspectRecord

__all__ = ["_demo_folder", "demo", "terminal"]

Play = Callable[..., str]
Typed = str | BaseException


class Typist:
    """A keyboard on which these keys are pressed; after `n` and `f` the next one is a whole line.

    An exception among them is raised instead.
    """

    def __init__(self, keys: Sequence[Typed | None]) -> None:
        self.left = list(keys)

    def key(self) -> str:
        key = self.left.pop(0)
        assert key is not None
        if isinstance(key, BaseException):
            raise key
        return key

    def line(self, prompt: str) -> str | None:
        line = self.left.pop(0)
        assert not isinstance(line, BaseException)
        stdout().say(f"{prompt}: {safe(line or '')}")
        return line


@pytest.fixture
def store(demo: Terminal) -> Iterator[Store]:
    opened = Store.open("sqlite:///watcher-data/watcher.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def play(store: Store, capsys: pytest.CaptureFixture[str]) -> Iterator[Play]:
    """Review the open suspects with these keys; returns what was seen."""

    def play(*keys: Typed | None, most: int = 3) -> str:
        stdout.cache_clear()
        typist = Typist(keys)
        records = store.suspects(verdict=Verdict.OPEN, limit=most)
        Review(load(Path("watcher.toml"), {}), store, records, "ada", lambda: NOW).run(typist)
        assert not typist.left, "the review ended before the keys did"
        return "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines()) + "\n"

    yield play
    stdout.cache_clear()


def verdicts(store: Store) -> list[Verdict]:
    """The verdicts of the three most alike."""
    return [record.verdict for record in store.suspects(limit=3)]


OPEN, YES, NO, OURS = Verdict.OPEN, Verdict.CONFIRMED, Verdict.DISMISSED, Verdict.OURS
PARODY = Verdict.PARODY


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
        ("pq", [PARODY, OPEN, OPEN]),
        ("csuuddd.", [NO, NO, NO]),
        ("cdouuu.q", [OPEN, OPEN, OPEN]),
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


def test_what_is_pasted_judges_nothing(play: Play, store: Store) -> None:
    assert "pasted" in play("could you", "q")
    assert verdicts(store) == [OPEN, OPEN, OPEN]


def test_a_note_goes_with_the_verdict(play: Play, store: Store) -> None:
    play("n", "asks for passwords", "c", "d", "q")
    first, second = (store.suspect(one.id) for one in store.suspects(limit=2))
    assert [(one.verdict, one.note, one.by) for one in first.verdicts] == [
        (YES, "asks for passwords", "ada")
    ]
    assert [one.note for one in second.verdicts] == [""]


@pytest.mark.parametrize("leave", ["s", "q", "\x1b"])
def test_a_note_without_a_verdict_is_kept_too(play: Play, store: Store, leave: str) -> None:
    play("n", "asked their lawyer", leave, *("q" * (leave == "s")))
    history = store.suspect(store.suspects(limit=1)[0].id).history
    assert [(one.kind, one.note, one.by) for one in history[1:]] == [
        ("noted", "asked their lawyer", "ada")
    ]


def test_a_note_broken_off_is_none(play: Play, store: Store) -> None:
    play("n", None, "c", "q")
    assert [one.note for one in store.suspect(store.suspects(limit=1)[0].id).verdicts] == [""]


def test_only_some_are_shown_until_all_are_again(play: Play, store: Store) -> None:
    number = len(store.suspects(technique="homoglyph"))
    seen = play("f", "homoglyph", *"d" * number, "f", "", "q", most=12)
    assert f"1 of {number} " in seen
    assert "only homoglyph" in seen
    assert "that was the last one of those that fit homoglyph" in seen
    assert "all are shown again" in seen
    assert len(store.suspects(verdict=NO, technique="homoglyph")) == number
    assert f"{number} judged, {12 - number} left" in seen


FILTERS: dict[str, Callable[[SuspectRecord], bool]] = {
    "high": lambda one: band(one.suspect.score) == "high",
    "domains": lambda one: one.suspect.is_domain,
    "accounts omission": lambda one: (
        not one.suspect.is_domain and "omission" in one.suspect.techniques
    ),
    "Nordelia": lambda one: one.suspect.brand == "Nordelia",
    "REINE": lambda one: one.suspect.name == "reine_nordelia",
}


@pytest.mark.parametrize("words", FILTERS)
def test_a_filter_is_a_few_words(play: Play, store: Store, words: str) -> None:
    left = sum(FILTERS[words](record) for record in store.suspects())
    assert left
    assert f"{left} left that fit {words}" in play("f", words, "q", most=12)


def test_a_filter_that_nobody_fits_changes_nothing(play: Play) -> None:
    seen = play("f", "zeppelin", "q")
    assert "none of those left fits zeppelin" in seen
    assert seen.count("1 of 3 ") == 2


def test_an_undone_verdict_comes_back_also_past_a_filter(play: Play, store: Store) -> None:
    play("c", "f", "omission", "u", "d", "q", most=12)
    assert verdicts(store)[0] == NO


def test_a_resized_terminal_shows_the_same_again(play: Play) -> None:
    assert play(Resized(), Resized(), "q").count("1 of 3 ") == 3


def test_nobody_elses_verdict_is_undone(play: Play, store: Store) -> None:
    first = store.suspects(limit=1)[0].id

    class Meanwhile(str):
        """A key, at which somebody else judges."""

        def lower(self) -> str:
            store.judge(first, OURS, "", "bob", NOW)
            return "u"

    seen = play("c", Meanwhile("u"), "q")
    assert "has been judged again meanwhile" in seen
    assert "now ours by bob" in seen
    assert verdicts(store)[0] == OURS


def test_what_has_changed_since_it_was_shown_is_shown_again_and_not_judged(
    play: Play, store: Store
) -> None:
    first = store.suspects(limit=1)[0].id

    class Meanwhile(str):
        """A key, before which somebody else judges."""

        def lower(self) -> str:
            store.judge(first, YES, "", "bob", NOW)
            return "d"

    seen = play("n", "a toy", Meanwhile("d"), "q")
    assert "has changed meanwhile: it is not judged, look again" in seen
    assert "now confirmed by bob" in seen
    assert verdicts(store)[0] == YES
    assert play("q").count("a toy") == 0  # kept with the suspect, not with the next one
    assert store.suspect(first).history[-1].note == "a toy"


def test_what_is_taken_back_stays_in_the_history(play: Play, store: Store) -> None:
    play("c", "u", "q")
    history = store.suspect(store.suspects(limit=1)[0].id).verdicts
    assert [(one.verdict, one.note) for one in history] == [(YES, ""), (OPEN, "taken back")]


def test_a_review_needs_a_terminal(demo: Terminal) -> None:
    seen = demo.pipe("suspects", "review")
    assert (seen.code, "needs a terminal" in seen.err) == (2, True)


HOSTILE = (
    "\x1b[2J\x1b]0;pwned\x07", "\u202egnp.elia", "nordelia" + "\u0301" * 500, "n" * 10_000,
    "\ud800nordelia", "[red]nordelia[/red]", "a\nb\tc", "\u200bnordelia\u200b",
)  # fmt: skip


def test_hostile_names_are_harmless_while_they_are_judged(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    stdout.cache_clear()
    (record, *_) = store.suspects(limit=1)
    author = Account(network="town", id="66", handle="x", bio=HOSTILE[0])
    found = [
        replace(record.suspect, subject=f"town:{at}", name=name, display_name=name, score=1.0)
        for at, name in enumerate(HOSTILE)
    ]
    store.save_suspects((author,), found, {}, NOW)
    records = [one for one in store.suspects(limit=100) if one.suspect.subject[:5] == "town:"]
    assert len(records) == len(HOSTILE)
    keys = ["n", HOSTILE[0], *"mssssssss", "."]
    Review(load(Path("watcher.toml"), {}), store, records, "ada", lambda: NOW).run(Typist(keys))
    seen = capsys.readouterr().out
    stdout.cache_clear()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\ud800-\udfff]", seen)
    assert max(map(len, seen.splitlines())) < 1000
