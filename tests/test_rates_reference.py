"""`docs/rates.md` says what is true: its examples are run."""

import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from rules import KeywordRule, rates
from rules.rates import Event, Rate
from rules.rates.length import length
from tests.rates_samples import START, Judge, event, watched

REFERENCE = (Path(__file__).parent.parent / "docs" / "rates.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```rate\n(.+?)\n((?:[+-] .*\n)+)```", REFERENCE)
KINDS: dict[str, type] = {
    "frequency": rates.Frequency,
    "spike": rates.Spike,
    "flatline": rates.Flatline,
    "new_term": rates.NewTerm,
    "cardinality": rates.Cardinality,
}


def rate_of(table: dict[str, object]) -> Rate:
    return KINDS[str(table["kind"])](**table)  # type: ignore[no-any-return]


def after(text: str) -> timedelta:
    """`31h30m` as a length of time."""
    return sum((length(part) for part in re.findall(r"\d+[smhd]", text)), timedelta())


def posts(line: str) -> list[Event]:
    found: list[Event] = []
    for part in line.split(","):
        times, moment, author, tag = re.fullmatch(
            r"\s*(?:(\d+)x )?(\w+)(?: @(\w+))?(?: #(\w+))?", part
        ).groups()  # type: ignore[union-attr]
        for _ in range(int(times or 1)):
            rid = len(found) + 1
            who = f"town:{author or f'author{rid}'}"
            values = {"hashtag": tag} if tag else {}
            found.append(event(rid, START + after(moment), who, **values))
    return found


@pytest.mark.parametrize(("table", "lines"), EXAMPLES, ids=[table for table, _ in EXAMPLES])
def test_an_example_alarms_where_the_reference_says(table: str, lines: str) -> None:
    rate = rate_of(tomllib.loads(f"rate = {table}")["rate"])
    assert list(rate.problems()) == []
    for line in lines.splitlines():
        found, _, state = line[2:].partition(";")
        events = posts(found)
        now = START + after(said[1]) if (said := re.search(r"now (\w+)", state)) else events[-1].at
        sight = watched(START, now) if "read" in state else None
        assert bool(Judge(rate).find(events, now, sight)) == (line[0] == "+"), line


def test_every_kind_has_an_example_and_stands_in_the_registry() -> None:
    assert set(KINDS.values()) == set(rates.Rate.__args__)  # type: ignore[attr-defined]
    assert {re.search(r'kind = "(\w+)"', table)[1] for table, _ in EXAMPLES} == set(KINDS)  # type: ignore[index]


def test_the_table_at_the_top_is_a_rule() -> None:
    block = re.search(r"```toml\n(.+?)```", REFERENCE, flags=re.DOTALL)
    assert block
    [table] = tomllib.loads(block[1])["rules"]
    rule = KeywordRule(**table | {"rate": rate_of(table["rate"])})
    assert list(rule.problems()) == []
    assert rule.silence == timedelta(hours=4)
