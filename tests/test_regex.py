"""Regular expressions: where they are found, which are refused, and that none takes long."""

import pytest

from rules import regex


@pytest.mark.parametrize(
    ("pattern", "text", "spans"),
    [
        ("acme", "Acme, ACME", [(0, 4), (6, 10)]),
        ("(?-i)Acme", "Acme, ACME", [(0, 4)]),
        ("é|👍", "a É 👍é", [(2, 3), (4, 5), (5, 6)]),
        (r"(\w+)@acme", "to bob@acme now", [(3, 11)]),
        ("a.c", "a\nc abc", [(4, 7)]),
        ("x", "a\ud800x", [(2, 3)]),
        (r"\x{e9}{2}", "éé", [(0, 2)]),
        ("no", "yes", []),
    ],
)
def test_a_pattern_is_found_at_its_places(
    pattern: str, text: str, spans: list[tuple[int, int]]
) -> None:
    assert regex.compile(pattern).spans(text) == spans


@pytest.mark.parametrize(
    ("pattern", "marked", "message"),
    [
        ("ab(c", "ab(c", "never closed"),
        ("abc)", "abc)", "never opened"),
        ("a[bc", "[bc", "never closed"),
        ("a**", "**", "repetition"),
        ("*a", "*", "nothing stands before"),
        ("a\\", "a\\", "backslash"),
        (r"(a)b\1", r"\1", "referring back"),
        ("ab(?=c)", "(?=", "looking ahead"),
        ("(?<!a)b", "(?<!", "looking behind"),
        ("a{2000}", "{2000}", "repetitions"),
        (r"\pQ", r"\pQ", "no such class"),
        (r"\C", r"\C", "half a letter"),
        ("\ud800", "\ud800", "half a character"),
        ("x*", "x*", "nothing at all"),
        (r"\b", r"\b", "nothing at all"),
        ("a|", "a|", "nothing at all"),
        ("[ab]{250}", "[ab]{250}", "249 steps"),
        (r"\pL{50}", r"\pL{50}", "too large"),
        ("a" * 301, "a", "at most 300"),
        ("\bacme", "\b", "TOML makes a backspace"),
    ],
)
def test_a_pattern_that_cannot_be_used_says_why_and_where(
    pattern: str, marked: str, message: str
) -> None:
    with pytest.raises(regex.RegexError, match=message) as caught:
        regex.compile(pattern)
    assert pattern[slice(*caught.value.span)] == marked


def test_the_places_are_bounded() -> None:
    """A search that fails reads to the end: without a bound, every place would cost a reading."""
    assert len(regex.compile("a.*b|a").spans("a" * 50_000)) == regex.MOST_SPANS


@pytest.mark.parametrize("pattern", ["(a+a+)+b", "(a*)*b|x", "(a|aa)+b", "(?:a?){30}a{30}b"])
def test_what_makes_others_backtrack_is_found_in_one_reading(pattern: str) -> None:
    """These take any backtracking engine longer than the age of the universe."""
    assert regex.compile(pattern).spans("a" * 50_000) == []
