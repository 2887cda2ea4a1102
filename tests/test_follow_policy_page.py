"""docs/follow-policy.md, the clauses of the program and the rules it cites are the same."""

import re
from pathlib import Path

from alerts import AutoFollow
from alerts.follow.clauses import GROUNDS, NOTES, POINTS, REFUSALS
from alerts.follow.network_rules import RULES

PAGE = (Path(__file__).parent.parent / "docs" / "follow-policy.md").read_text(encoding="utf-8")


def rows(section: str) -> list[list[str]]:
    text = PAGE.split(f"## {section}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def clauses(cell: str) -> list[str]:
    return re.findall(r"`([a-z-]+)`", cell)


def test_what_speaks_for_an_account_is_told_with_its_points():
    told = {clauses(row[0])[0]: int(row[1]) for row in rows("What speaks for an account")
            if len(row) == 3 and clauses(row[0])}  # fmt: skip
    assert list(told.items()) == list(POINTS.items())
    assert set(POINTS) == set(GROUNDS)


def test_every_note_and_every_refusal_is_told():
    noted = {one for row in rows("What speaks for an account") if len(row) == 2
             for one in clauses(row[0])}  # fmt: skip
    assert noted == set(NOTES)
    assert {one for row in rows("Who is left alone") for one in clauses(row[0])} == set(REFUSALS)


def test_every_rule_of_a_network_is_cited_in_the_words_of_the_program():
    cited = {(row[0], row[1], row[2].strip("<>")) for row in rows("What the networks say")}
    for rule in RULES:
        network, _, words = rule.rule.partition(": ")
        assert (network, words, rule.address) in cited
    assert len(cited) == len(RULES) + 2  # the head of the table, and the local microblog


def test_the_figures_are_those_of_the_defaults():
    table = AutoFollow(name="f", source="s")
    text = " ".join(PAGE.split())
    for words in (
        f"At most {table.per_day} in any 24 hours",
        f"{table.per_hour} in any hour",
        f"{table.minutes_between} minutes apart and up to {table.jitter} more",
        f"begins with {table.warm_up_from} a day",
        f"{table.warm_up_days} days from its first follow",
        f"at most {table.open} wait",
        f"in {table.expire_days} days (`expire_days`)",
    ):
        assert words in text, words


def test_each_clause_weighs_more_than_all_below_it():
    points = list(POINTS.values())
    assert all(points[i] > sum(points[i + 1 :]) for i in range(len(points)))
