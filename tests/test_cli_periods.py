"""The options that choose a stretch of time mean the same in every command that has them."""

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.cli_fixtures import acme, terminal
from tests.terminal import NOW, Terminal
from watcher.cli.names import MistakeError
from watcher.cli.periods import asked_for, days_asked

__all__ = ["acme", "terminal"]

PARIS = ZoneInfo("Europe/Paris")
NONE = {"since": None, "until": None, "week": False, "month": False}
WEEK = (date(2026, 3, 2), date(2026, 3, 8))
MONTH = (date(2026, 2, 1), date(2026, 2, 28))
COMMANDS = (
    ("stats", "@ann"),
    ("export", "posts"),
    ("spikes", "replay", "--find", "acme"),
    ("report",),
    ("brands",),
    ("people",),
)


@pytest.mark.parametrize(
    ("asked", "days"),
    [
        ({}, (None, None)),
        ({"week": True}, WEEK),
        ({"month": True}, MONTH),
        ({"until": WEEK[1]}, (None, WEEK[1])),
        ({"since": WEEK[0], "until": WEEK[0]}, (WEEK[0], WEEK[0])),
    ],
)
def test_days_are_those_asked_for(asked: dict[str, object], days: tuple[object, object]) -> None:
    late = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)  # already Wednesday in Paris
    assert days_asked(late, PARIS, **(NONE | asked)) == days  # type: ignore[arg-type]


def test_a_week_begins_on_monday_on_the_clocks_of_the_zone() -> None:
    moment = datetime(2026, 3, 8, 23, 30, tzinfo=UTC)  # Monday in Paris, still Sunday in UTC
    chosen = {**NONE, "week": True}
    assert days_asked(moment, PARIS, **chosen) == WEEK  # type: ignore[arg-type]
    before = tuple(day - timedelta(days=7) for day in WEEK)
    assert days_asked(moment, ZoneInfo("UTC"), **chosen) == before  # type: ignore[arg-type]


def test_what_is_to_come_is_no_part_of_a_period() -> None:
    period = asked_for(NOW, PARIS, **{**NONE, "until": date(2030, 1, 1)})  # type: ignore[arg-type]
    assert period.until == NOW
    with pytest.raises(MistakeError, match="has not come"):
        asked_for(NOW, PARIS, **{**NONE, "since": date(2030, 1, 1)})  # type: ignore[arg-type]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_every_command_refuses_what_chooses_two_periods(
    acme: Terminal, words: tuple[str, ...]
) -> None:
    for two in (("--week", "--month"), ("--week", "--since", "2026-03-01")):
        refused = acme.pipe(*words, *two)
        assert (refused.code, "different periods" in refused.err) == (2, True)
    turned = acme.pipe(*words, "--since", "2026-03-08", "--until", "2026-03-02")
    assert (turned.code, "lies before" in turned.err) == (2, True)


def test_stats_export_and_replay_take_a_week_and_a_month(acme: Terminal) -> None:
    acme.pipe("local", "post", "@ann", "Acme of today")
    acme.pipe("once")
    for option, (first, last) in (("--week", WEEK), ("--month", MONTH)):
        days = ("--since", f"{first}", "--until", f"{last}")
        for words in (
            ("stats", "@ann", "--json"),
            ("spikes", "replay", "--find", "acme", "--json"),
        ):
            short, long = acme.pipe(*words, option), acme.pipe(*words, *days)
            assert (short.code, short.out) == (long.code, long.out)
        for table in ("posts", "share_of_voice"):
            files = []
            for name, chosen in (("short.jsonl", (option,)), ("long.jsonl", days)):
                said = acme.pipe("export", table, *chosen, "-o", name, "--force")
                assert said.code == 0, said.err
                files.append((acme.folder / name).read_bytes())
            assert files[0] == files[1]
    counted = json.loads(acme.pipe("stats", "@ann", "--json", "--week").out)
    assert counted["since"].startswith("2026-03-01T23:00")
