"""Whatever is written is answered, in time that grows no faster than what is written."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules.language import CODES, LONGEST, check, expand, explain, parse, render, show
from rules.language.tree import Node
from tests.expressions import DEFINITIONS, written_trees

_fragments = st.sampled_from(
    ("a", "OR", "AND", "NOT", "or", "-", "–", "(", ")", "（", '"', "“", "»", "=", "#", "@", "*",
     "abc*", "lang:", "fr", "is:", "from:", "domain:", "\\", ",", " ", " ", "\0", "\ud800", "é",
     "新", "😡", "👩‍💻", "\u200b", "http://", "NEAR/5", "NEAR", "5", "~1", "~", "/", "$", "&&",
     "2 OF", "OF (", "of", "@list(", "brand:", "bio:", "url:", "age:", "30d", "..", "followers:",
     "title:", ">", "|", "+", "/r/i", "\n")
)  # fmt: skip


@given(
    st.one_of(
        st.text(),
        st.lists(_fragments).map("".join),
        st.lists(_fragments).map(" ".join),
    )
)
@settings(max_examples=300, deadline=None)
@example("a:b:c")
@example("0" * 99 + '"0\r0')
@example("=*")
@example("domain:%")
@example('from:"')
@example("acme OR, orange")
@example("OR,")
@example("NEAR/,")
@example("2 OF (")
@example("2 OF (,")
@example("@list(")
@example("/")
@example("-" * 60 + "(")
def test_anything_is_answered_with_a_tree_or_with_problems(expression: str) -> None:
    _is_answered(expression)


@given(written_trees, st.lists(st.tuples(st.integers(0, 999), _fragments), max_size=3))
@settings(max_examples=200, deadline=None)
def test_a_spoilt_expression_is_answered_too(node: Node, spoilt: list[tuple[int, str]]) -> None:
    expression = render(node)
    for where, fragment in spoilt:
        at = where % (len(expression) + 1)
        cut = at + 1 if len(fragment) > 1 else at
        expression = expression[:at] + fragment + expression[cut:]
    _is_answered(expression)


def _is_answered(expression: str) -> None:
    tree, problems = check(expression)
    assert (tree is None) == any(problem.severity == "error" for problem in problems)
    for problem in problems:
        assert problem.code in CODES
        assert problem.span is not None
        assert 0 <= problem.span[0] <= problem.span[1] <= len(expression)
        assert len(show(problem, expression).splitlines()) <= 4
    if tree is not None:
        assert parse(render(tree)) == tree
        assert explain(tree)


@given(written_trees)
@settings(max_examples=250, deadline=None)
def test_a_rendered_tree_is_read_back_as_the_same_tree(node: Node) -> None:
    assert parse(render(node)) == node


@given(written_trees)
@settings(max_examples=50, deadline=None)
def test_an_expanded_tree_can_be_explained(node: Node) -> None:
    assert explain(expand(node, DEFINITIONS))


HOSTILE = (
    '"', "(", ")", "-", "a OR ", "#", "=", "NOT ", "a:", "* ", "«", "-(", "(a OR ", "« (", '"\\" (',
    ",", "/", "/ ", "/a", "/\\", "@list(", '@list("', "2 OF (", "2 OF (a,", "2 OF ", "2 of (", "~",
    "a~1 ", "NEAR ", "NEAR/5 ", "a NEAR/5 ", "(a NEAR/5 ", "from:(", "title: ", "from: ", "age: ",
    "age:1", "\u200b", "（", "–", "👍", "👩\u200d", "$", "a|", "a+", "a>1 ", "aaaaaa:b ", '" ', "'",
    "\n", " ", "#️", "a,", "1,", "brand:", "url:", "||", "http://a ", "[", "OF ",
)  # fmt: skip


def _steps(work: Callable[[], Any]) -> int:
    """How many lines of Python the work runs through."""
    count = 0

    def line(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal count
        count += event == "line"
        return line

    before = sys.gettrace()
    sys.settrace(line)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("sign", HOSTILE)
def test_the_work_grows_with_the_length(sign: str) -> None:
    """Counted in lines run, for four times the length: what is quadratic would take 16 times."""
    short, long = (sign * (length // len(sign)) for length in (500, 2000))
    check(long)  # what is remembered between calls is there
    assert _steps(lambda: check(long)) < 6 * _steps(lambda: check(short)) + 2000


def test_the_longest_expressions_are_answered() -> None:
    for sign in HOSTILE[::3]:
        check(sign * (LONGEST // len(sign)))
