"""Expressions: what they mean, and what is said of those that mean nothing."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules import KeywordRule
from rules.language import (
    CODES,
    DEEPEST,
    LONGEST,
    ExpressionError,
    check,
    explain,
    parse,
    render,
    show,
)
from rules.lint import needs_something
from rules.language.tree import (
    And,
    Exact,
    Field,
    Hashtag,
    Mention,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Word,
)
from rules.language.vocabulary import FIELDS, HAS, IS
from tests.expressions import trees

SCREENS = Path(__file__).parent / "screens" / "expressions.txt"
A, B, C = Word(text="a"), Word(text="b"), Word(text="c")


@pytest.mark.parametrize(
    ("expression", "tree"),
    [
        ("a", A),
        ("a b", And(parts=(A, B))),
        ("a AND b", And(parts=(A, B))),
        ("a b AND c", And(parts=(A, B, C))),
        ("a OR b c", Or(parts=(A, And(parts=(B, C))))),
        ("(a OR b) c", And(parts=(Or(parts=(A, B)), C))),
        ("(a OR b)c", And(parts=(Or(parts=(A, B)), C))),
        ("((a))", A),
        ("a OR (b OR c)", Or(parts=(A, B, C))),
        ("a -b", And(parts=(A, Not(part=B)))),
        ("a AND NOT b", And(parts=(A, Not(part=B)))),
        ("a - b", And(parts=(A, Not(part=B)))),
        ("a -(b c)", And(parts=(A, Not(part=And(parts=(B, C)))))),
        ("a NOT -b", And(parts=(A, Not(part=Not(part=B))))),
        ('"a b"', Phrase(text="a b")),
        (r'"say \"a\" \\ b"', Phrase(text='say "a" \\ b')),
        ("« a b »", Phrase(text="a b")),
        ("=A", Exact(text="A")),
        ('="A b!"', Exact(text="A b!", phrase=True)),
        ("abc*", Prefix(text="abc")),
        ("#Tag_1", Hashtag(text="Tag_1")),
        ("＃新商品", Hashtag(text="新商品")),
        ("@a.b-c@d.example", Mention(text="a.b-c@d.example")),
        ("from:@Bob", Field(name="from", value="Bob")),
        ("FROM:Bob", Field(name="from", value="Bob")),
        ("LANG:FR", Field(name="lang", value="fr")),
        ('source:"my town"', Field(name="source", value="my town")),
        ("domain:Shop.Acme.com", Field(name="domain", value="shop.acme.com")),
        ("10:30", Word(text="10:30")),
        ("l’orange", Word(text="l’orange")),
        ("AT&T", Word(text="AT&T")),
        ("or", Word(text="or")),
        ("a\u00a0\t\nb", And(parts=(A, B))),
    ],
)  # fmt: skip
def test_an_expression_means_a_tree(expression: str, tree: Node) -> None:
    assert check(expression)[0] == tree


def test_a_node_knows_its_place_in_the_expression() -> None:
    expression = ' a  -(b OR "c d")'
    tree = parse(expression)
    assert isinstance(tree, And)
    assert expression[slice(*tree.at)] == 'a  -(b OR "c d"'
    assert expression[slice(*tree.parts[0].at)] == "a"


def _screens() -> list[tuple[str, str]]:
    """Each expression of the file with the screen that it must give."""
    blocks = re.split(r"^find = ", SCREENS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return [(head, rest.strip("\n")) for head, _, rest in (b.partition("\n") for b in blocks)]


def _screen(expression: str) -> str:
    return "\n\n".join(show(problem, expression) for problem in check(expression)[1])


def test_every_mistake_gives_the_screen_that_is_written_down() -> None:
    """`UPDATE_SCREENS=1` writes them anew, to be read before they are committed."""
    if os.environ.get("UPDATE_SCREENS"):
        text = "\n\n".join(f"find = {head}\n{_screen(head)}" for head, _ in _screens())
        SCREENS.write_text(text + "\n", encoding="utf-8")
    for expression, screen in _screens():
        assert _screen(expression) == screen, expression


def test_every_code_has_a_screen() -> None:
    shown = set(re.findall(r"\[([a-z-]+)\]", SCREENS.read_text(encoding="utf-8")))
    assert shown | {"too-long"} == set(CODES)


def test_the_help_can_be_taken_at_its_word() -> None:
    """Where one problem is shown with a repaired expression, the repaired one is fine."""
    for expression, _ in _screens():
        problems = check(expression)[1]
        if len(problems) == 1 and problems[0].help.startswith("write: "):
            repaired = problems[0].help.removeprefix("write: ")
            assert check(repaired)[1] == (), (expression, repaired)


def test_every_problem_is_told_in_one_run() -> None:
    _, problems = check('lng:fr re* () # tag is:blah "a')
    assert [problem.code for problem in problems] == [
        "unknown-field", "short-prefix", "empty-group", "empty-value", "unknown-value",
        "unclosed-quote",
    ]  # fmt: skip


def test_an_error_shows_the_expression_and_the_place() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("(a OR b")
    assert str(caught.value) == (
        "error[unclosed-bracket]: this bracket is never closed\n"
        "  | (a OR b\n"
        "  | ^\n"
        "  help: write: (a OR b)"
    )
    assert caught.value.help == "write: (a OR b)"


def test_a_long_expression_is_shown_around_the_mistake() -> None:
    expression = "word " * 100 + "re* " + "word " * 100
    [problem] = check(expression)[1]
    lines = show(problem, expression).splitlines()
    assert max(map(len, lines)) < 120
    caret = lines[2]
    assert lines[1][caret.index("^") : caret.rindex("^") + 1] == "re*"
    assert problem.help == "write: re"


def test_the_length_and_the_depth_are_bounded() -> None:
    assert check("a" * LONGEST)[1] == ()
    assert [problem.code for problem in check("a" * (LONGEST + 1))[1]] == ["too-long"]
    deep = "(" * DEEPEST + "a" + ")" * DEEPEST
    assert check(deep)[0] == A
    assert [problem.code for problem in check(f"({deep})")[1]] == ["too-deep"]
    assert [problem.code for problem in check("a " + "-" * (DEEPEST + 1) + "b")[1]] == ["too-deep"]
    mixed = "a " + "-(" * DEEPEST + "b" + ")" * DEEPEST
    assert "too-deep" in [problem.code for problem in check(mixed)[1]]
    for sign in (
        '"',
        "(",
        ")",
        "-",
        "a OR ",
        "#",
        "=",
        "NOT ",
        "a:",
        "* ",
        "«",
        "-(",
        "(a OR ",
        "« (",
        '"\\" (',
    ):
        check(sign * (LONGEST // len(sign)))


@given(trees.filter(needs_something))
@settings(max_examples=400, deadline=None)
def test_a_rendered_tree_is_read_back_as_the_same_tree(node: Node) -> None:
    assert parse(render(node)) == node


_fragments = st.sampled_from(
    ("a", "OR", "AND", "NOT", "or", "-", "(", ")", '"', "“", "»", "=", "#", "@", "*", "abc*",
     "lang:", "fr", "is:", "from:", "domain:", "\\", ",", " ", " ", "\0", "\ud800", "é", "新",
     "😡", "http://", "NEAR/5", "~1", "/", "$", "&&")
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(_fragments).map("".join), st.lists(_fragments).map(" ".join)))
@settings(max_examples=600, deadline=None)
@example("a:b:c")
@example("=*")
@example("domain:%")
@example('from:"')
@example("acme OR, orange")
@example("OR,")
@example("NEAR/,")
def test_anything_is_answered_with_a_tree_or_with_problems(expression: str) -> None:
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


def test_a_tree_is_told_in_plain_words() -> None:
    expression = '(renault OR #renault OR "la losange" OR l\'auto) -(job OR renau*) -lang:fr is:own'
    assert explain(parse(expression)) == "\n".join(
        [
            "all of:",
            "  any of:",
            '    the word "renault"',
            "    the hashtag #renault",
            '    the words "la losange" next to each other',
            '    the words "l auto" next to each other',
            "  not:",
            "    any of:",
            '      the word "job"',
            '      a word that begins with "renau"',
            "  not stated to be in the language fr",
            "  by one of the brands' own accounts",
        ]
    )


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_told_in_plain_words(name: str) -> None:
    values = {"is": tuple(IS), "has": tuple(HAS), "domain": ("acme.com",)}.get(name, ("fr",))
    told = {explain(parse(f"{name}:{value}")) for value in values}
    assert len(told) == len(values)


def test_the_problems_of_a_rule_lead_to_its_find() -> None:
    [problem] = KeywordRule(name="r", find="acme lng:fr").problems()
    assert (problem.path, problem.span, problem.code) == (("find",), (5, 9), "unknown-field")
    codes = [p.code for p in KeywordRule(name=" ", find="acme", in_=("handles",)).problems()]
    assert codes == ["empty-name", "text-left-out"]
