"""Mistakes that people really make: each is answered with what mends it, shown as on a screen.

A file holds the expression as it was typed, a line with three dashes, and all that is said of it.
"""

import os
from pathlib import Path

import pytest

from rules.language import check, show

MISTAKES = sorted((Path(__file__).parent / "mistakes").glob("*.txt"))


def _screen(expression: str) -> str:
    return "\n\n".join(show(problem, expression) for problem in check(expression)[1]) + "\n"


@pytest.mark.parametrize("path", MISTAKES, ids=[path.stem for path in MISTAKES])
def test_a_mistake_is_answered_as_written_down(path: Path) -> None:
    """`UPDATE_SCREENS=1` writes the answers anew, to be read before they are committed."""
    expression, _, screen = path.read_text(encoding="utf-8").partition("\n---\n")
    if os.environ.get("UPDATE_SCREENS"):
        path.write_text(f"{expression}\n---\n{_screen(expression)}", encoding="utf-8")
        return
    assert _screen(expression) == screen


@pytest.mark.parametrize("path", MISTAKES, ids=[path.stem for path in MISTAKES])
def test_what_the_help_says_is_right(path: Path) -> None:
    expression = path.read_text(encoding="utf-8").partition("\n---\n")[0]
    problems = check(expression)[1]
    for problem in problems:
        assert problem.help.startswith("write: "), problem
        repaired = problem.help.removeprefix("write: ")
        assert check(repaired)[1] == (), repaired


def test_there_are_more_than_twenty() -> None:
    assert len(MISTAKES) > 20
