"""Suspects chosen by their traits: listed, judged many at once, told about in full."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from rules.lookalike.bands import band
from rules.model import Account, Brand, Reason, Suspect, Verdict
from tests.cli_fixtures import _demo_folder, demo, terminal
from tests.terminal import NOW, Terminal, compare
from watcher.cli.suspects import history
from watcher.cli.suspects.showing import account_facts, weighed
from watcher.cli.suspects.sidebyside import compared
from watcher.store import Store, SuspectDetail, SuspectEvent, SuspectRecord

__all__ = ["_demo_folder", "demo", "terminal"]

Test = Callable[[SuspectRecord], bool]


def stored() -> tuple[SuspectRecord, ...]:
    store = Store.open("sqlite:///watcher-data/watcher.sqlite")
    records = store.suspects(limit=1000)
    store.close()
    return records


def listed(at: Terminal, *words: str) -> list[int]:
    return [one["id"] for one in json.loads(at.pipe("suspects", "list", "--json", *words).out)]


FILTERS: dict[str, Test] = {
    "--technique homoglyph": lambda one: "homoglyph" in one.suspect.techniques,
    "--domains": lambda one: one.suspect.is_domain,
    "--accounts": lambda one: not one.suspect.is_domain,
    "--network local": lambda one: one.suspect.subject.startswith("local:"),
    "--band high": lambda one: band(one.suspect.score) == "high",
    "--max-score 0.999 --accounts": lambda one: (
        one.suspect.score <= 0.999 and not one.suspect.is_domain
    ),
    "--text REINE": lambda one: one.suspect.name == "reine_nordelia",
    "--text zeppelin": lambda _: False,
    "--since 2026-03-10": lambda _: True,
    "--since 2026-03-11": lambda _: False,
    "--rule sosies --brand nordelia": lambda _: True,
}


def test_filters_choose_what_they_say(demo: Terminal) -> None:
    records = stored()
    for words, test in FILTERS.items():
        expected = [record.id for record in records if test(record)]
        assert listed(demo, *words.split()) == expected, words


MISTYPED = {
    "--technique homoglif": "did you mean 'homoglyph'?",
    "--rule sosie": "did you mean 'sosies'?",
    "--brand Nordela": "did you mean 'Nordelia'?",
    "--band huge": "'huge' is not one of",
    "--accounts --domains": "no suspect is both",
}


def test_a_mistyped_filter_is_no_empty_list(demo: Terminal) -> None:
    for words, told in MISTYPED.items():
        seen = demo.pipe("suspects", "list", *words.split())
        assert (seen.code, told in seen.err) == (2, True), seen.err


def test_those_seen_last_come_first_where_asked(demo: Terminal) -> None:
    demo.now += timedelta(days=1)
    demo.pipe("local", "post", "nordelia_promos", "Bonjour")
    demo.pipe("once")
    newest = listed(demo, "--sort", "newest", "-n", "1")
    assert newest == [max(record.id for record in stored())]


def test_a_list_at_160_columns(demo: Terminal) -> None:
    seen = demo.type("suspects", "list", "--verdict", "all", columns=160)
    compare("cli-suspects-160", seen.screen)


def test_what_filters_choose_is_shown_and_judged_after_a_yes(demo: Terminal) -> None:
    words = ("suspects", "dismiss", "--technique", "homoglyph", "--note", "fans")
    chosen = [one.id for one in stored() if "homoglyph" in one.suspect.techniques]
    seen = demo.type(*words, keys="n\n")
    assert (seen.code, {one.verdict for one in stored()}) == (1, {Verdict.OPEN})
    seen = demo.type(*words, keys="y\n")
    compare("cli-suspects-bulk", seen.screen)
    assert [one.id for one in stored() if one.verdict == Verdict.DISMISSED] == chosen


def test_what_is_judged_so_already_is_left_as_it_is(demo: Terminal) -> None:
    demo.pipe("suspects", "ours", "5")
    seen = demo.pipe("suspects", "ours", "--verdict", "all", "--min-score", "0", "--yes")
    assert "1 more are ours already" in seen.err
    assert "nothing to do" in demo.pipe("suspects", "ours", "--verdict", "ours", "--yes").out
    assert "12 suspects are open now" in demo.pipe(
        "suspects", "reopen", "--verdict", "ours", "--yes"
    ).out  # fmt: skip


ACCIDENTS = {
    "dismiss": "which suspects?",
    "dismiss --limit 5 --yes": "which suspects?",
    "confirm 3 --band high": "in different ways",
    "dismiss --band high": "--yes judges",
}


def test_nobody_is_judged_by_accident(demo: Terminal) -> None:
    for words, told in ACCIDENTS.items():
        seen = demo.pipe("suspects", *words.split())
        assert (seen.code, told in seen.err) == (2, True), seen.err
    assert {one.verdict for one in stored()} == {Verdict.OPEN}


def test_what_changes_while_it_asks_is_left_alone(
    demo: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = stored()

    def asked(_question: str) -> bool:
        store = Store.open("sqlite:///watcher-data/watcher.sqlite")
        store.judge(first.id, Verdict.CONFIRMED, "", "bob", NOW)
        store.close()
        return True

    monkeypatch.setattr("click.confirm", asked)
    seen = demo.type("suspects", "dismiss", "--min-score", "0", keys="y\n")
    assert "1 suspect changed meanwhile, and left alone" in seen.screen
    now = {one.id: one.verdict for one in stored()}
    assert now == {first.id: Verdict.CONFIRMED} | {one.id: Verdict.DISMISSED for one in others}


def test_a_parody_and_a_note_stand_in_the_history(demo: Terminal) -> None:
    demo.pipe("suspects", "parody", "9", "--note", "says so in its bio")
    assert demo.pipe("suspects", "note", "9", "asked", "them").out.endswith(": noted\n")
    told = json.loads(demo.pipe("suspects", "show", "9", "--json").out)
    assert [(one["kind"], one["verdict"], one["note"]) for one in told["history"][-2:]] == [
        ("judged", "parody", "says so in its bio"), ("noted", None, "asked them")
    ]  # fmt: skip
    shown = demo.pipe("suspects", "show", "9").out
    assert "parody by ada: says so in its bio" in shown
    assert "note by ada: asked them" in shown
    assert demo.pipe("suspects", "note", "9", " ").code == 2


def test_a_verdict_said_twice_by_one_person_stands_in_the_history_once(demo: Terminal) -> None:
    for note in ((), (), ("--note", "asked them"), ()):
        assert demo.pipe("suspects", "dismiss", "9", *note).out.endswith(": dismissed\n")
    told = json.loads(demo.pipe("suspects", "show", "9", "--json").out)
    assert [one["note"] for one in told["history"] if one["kind"] == "judged"] == ["", "asked them"]


def test_a_long_history_is_told_from_its_end(demo: Terminal) -> None:
    store = Store.open("sqlite:///watcher-data/watcher.sqlite")
    for number in range(60):
        store.note_suspect(9, f"note {number}", "ada", NOW)
    store.close()
    seen = demo.pipe("suspects", "show", "9")
    assert "11 lines before these" in seen.out + seen.err
    assert ("note 9" in seen.out, "note 10" in seen.out, "note 59" in seen.out) == (
        False, True, True,
    )  # fmt: skip


def look_alike(name: str, brand: str) -> Suspect:
    return Suspect(
        subject="town:1", name=name, brand=brand, rule="r", score=1.0, techniques=(),
        reason=Reason(template="x"),
    )  # fmt: skip


def test_names_of_characters_stay_within_the_screen_and_below_each_other() -> None:
    suspect = look_alike("credit_agricole", "Crédit Agricole")
    lines = [line.plain for line in compared([Brand(name="Crédit Agricole")], suspect, 60)]
    assert lines[3:] == [
        "           U+0065 LATIN SMALL LETTER E for U+00E9 LATIN",
        "             SMALL LETTER E WITH ACUTE",
    ]


def test_one_of_something_is_not_several() -> None:
    one = Account(network="town", id="1", handle="a", followers=1, following=1)
    assert ("audience", "1 follower, 1 following") in account_facts(one, NOW)


def test_a_score_that_reads_the_same_did_not_move() -> None:
    event = SuspectEvent(at=NOW, kind="renamed", score=0.9991, before=0.9993)
    record = SuspectRecord(
        id=1, suspect=look_alike("a", "b"), verdict=Verdict.OPEN, first_seen=NOW, last_seen=NOW,
        posts=0, account=None,
    )  # fmt: skip
    detail = SuspectDetail(record=record, forms=(), verdicts=(), posts=(), history=(event,))
    assert "renamed" in {line.plain for _, line in history.told(detail)}


@pytest.mark.parametrize(
    ("weight", "told"),
    [(5.8, "+5.8 raised it much"), (1.0, "+1.0 raised it"), (0.4, "+0.4 raised it a little"),
     (-0.4, "-0.4 lowered it a little"), (-3.0, "-3.0 lowered it much"), (0.0, "-")],
)  # fmt: skip
def test_a_weight_is_said_in_words(weight: float, told: str) -> None:
    assert weighed(Reason(template="x", weight=weight)).strip() == told


def test_the_evidence_is_told_with_its_weights(demo: Terminal) -> None:
    told = json.loads(demo.pipe("suspects", "show", "6", "--json").out)
    assert len(told["weights"]) == len(told["evidence"]) > 0
    assert told["weights"] == sorted(told["weights"], key=lambda one: -abs(one))
