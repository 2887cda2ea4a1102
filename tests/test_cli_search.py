"""Expressions as they are typed: joined, doubted, limited to days."""

import json

import pytest

from tests.cli_fixtures import _demo_folder, acme, demo, terminal
from tests.terminal import Terminal

__all__ = ["_demo_folder", "acme", "demo", "terminal"]


def found(at: Terminal, *words: str) -> list[str]:
    """Return when the posts found were written, the newest first."""
    seen = at.pipe("search", "--json", "-n", "1000", *words)
    assert seen.code == 0, seen.err
    return [one["posted_at"] for one in json.loads(seen.out)]


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("acme or orange", "warning[lower-case-operator]"),
        ("acme, orange", "warning[comma]"),
        ("“acme cafe”", "warning[typographic-quotes]"),
    ],
)
def test_what_is_doubtful_in_an_expression_is_said(
    acme: Terminal, expression: str, told: str
) -> None:
    path = acme.folder / "watcher.toml"
    path.write_text(path.read_text().replace('find = "acme"', f"find = '{expression}'"))
    for words in (("search", expression), ("rules", "show", "acme"), ("rules", "test", "acme")):
        seen = acme.pipe(*words)
        assert seen.code == 0
        assert seen.err.count(told) == 1, words
        assert "warning" not in seen.out


def test_words_without_quotes_are_one_expression(demo: Terminal) -> None:
    assert found(demo, "nordelia", "retard*") == found(demo, "nordelia retard*") != []


@pytest.mark.parametrize(
    "words", [("-nordelia",), ("acme", "-job"), ("acme", "-note"), ('-"x y"',)]
)
def test_a_word_to_exclude_is_no_option(acme: Terminal, words: tuple[str, ...]) -> None:
    seen = acme.pipe("search", *words)
    assert seen.code == 2
    assert f"'WORD {words[-1]}', or behind --" in seen.err
    assert acme.pipe("search", "--", "acme", words[-1]).code == 0


def test_an_option_that_is_wrong_is_still_told_as_one(acme: Terminal) -> None:
    assert "is not in the range" in acme.pipe("search", "acme", "-n0").err
    assert "'--lmit'" in acme.pipe("search", "acme", "--lmit", "2").err
    assert "missing argument" in acme.pipe("search").err


def test_a_search_keeps_to_the_days_given(demo: Terminal) -> None:
    whole = found(demo, "nordelia")
    day = whole[len(whole) // 2][:10]
    before, after = found(demo, "nordelia", "--until", day), found(demo, "nordelia", "--since", day)
    assert 0 < len(before) < len(whole)
    assert 0 < len(after) < len(whole)
    both = found(demo, "nordelia", "--since", day, "--until", day)
    assert len(before) + len(after) == len(whole) + len(both)


def test_days_are_those_of_the_configuration(acme: Terminal) -> None:
    """At half past eleven in the evening in London it is the next day in Paris."""
    assert acme.pipe("local", "post", "@zoe", "Acme", "--at", "2026-03-01T23:30Z").code == 0
    assert acme.pipe("once").code == 0
    assert len(found(acme, "acme", "--since", "2026-03-02", "--until", "2026-03-02")) == 1
    assert found(acme, "acme", "--until", "2026-03-01") == []


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "9999-12-31", "0001-01-01", ""])
def test_what_is_no_day_is_told(acme: Terminal, day: str) -> None:
    for option in ("--since", "--until"):
        seen = acme.pipe("search", "acme", option, day)
        assert seen.code == 2
        assert seen.err.startswith("error: invalid value for")


def test_a_trial_of_a_rule_says_that_nothing_is_stored(acme: Terminal) -> None:
    assert "`watcher once` reads the sources" in acme.pipe("rules", "test", "acme").err
