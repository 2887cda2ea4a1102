"""Expressions: what they mean, and what is said of those that mean nothing."""

import os
import re
from pathlib import Path

import pytest

from rules import KeywordRule
from rules.language import (
    CODES,
    DEEPEST,
    LONGEST,
    ExpressionError,
    check,
    explain,
    parse,
    show,
)
from rules.language.tree import (
    And,
    AtLeast,
    BrandName,
    Cashtag,
    Emoji,
    Exact,
    Field,
    Fuzzy,
    Hashtag,
    ListName,
    Mention,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Regex,
    Word,
)
from rules.language.vocabulary import FIELDS, HAS, IS, SENTIMENTS

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
        ("a NEAR/5 b", Near(left=A, right=B, distance=5)),
        ("a ONEAR/100 b", Near(left=A, right=B, distance=100, ordered=True)),
        ("a NEAR/5 b c", And(parts=(Near(left=A, right=B, distance=5), C))),
        ("a OR b NEAR/5 c", Or(parts=(A, Near(left=B, right=C, distance=5)))),
        (
            "a NEAR/5 b NEAR/3 c",
            Near(left=Near(left=A, right=B, distance=5), right=C, distance=3),
        ),
        (
            "a NEAR/5 (b NEAR/3 c)",
            Near(left=A, right=Near(left=B, right=C, distance=3), distance=5),
        ),
        ("(a OR b) NEAR/5 c", Near(left=Or(parts=(A, B)), right=C, distance=5)),
        ("-a NEAR/5 b", Not(part=Near(left=A, right=B, distance=5))),
        ("brand:b NEAR/5 c", Near(left=BrandName(name="b"), right=C, distance=5)),
        ("renault~1", Fuzzy(text="renault")),
        ("=👍🏽", Exact(text="👍🏽")),
        ("👍", Emoji(text="👍")),
        ("👩‍💻", Emoji(text="👩‍💻")),
        ("🇫🇷", Emoji(text="🇫🇷")),
        ("👍👎", Phrase(text="👍👎")),
        ("1️⃣", Word(text="1️⃣")),
        ("/a b(c)/", Regex(pattern="a b(c)")),
        (r"/a\/b\\/", Regex(pattern=r"a/b\\")),
        ("-/a/", Not(part=Regex(pattern="a"))),
        ("$ACME", Cashtag(text="ACME")),
        ("$5", Word(text="$5")),
        ("followers:1000..", Range(name="followers", low=1000)),
        ("likes:1k..2M", Range(name="likes", low=1000, high=2_000_000)),
        ("reposts:..5", Range(name="reposts", high=5)),
        ("age:36h..1y", Range(name="age", low=36 * 3600, high=365 * 86_400)),
        ("age:1m..", Range(name="age", low=30 * 86_400)),
        ("mentions:@Bob", Field(name="mentions", value="Bob")),
        ('bio:"chief editor"', Field(name="bio", value="chief editor")),
        ("url:pricing", Field(name="url", value="pricing")),
        ("sentiment:Negative", Field(name="sentiment", value="negative")),
        ('brand:"Crédit Agricole"', BrandName(name="Crédit Agricole")),
        ("@list(press)", ListName(name="press")),
        ("from:@list( my press )", ListName(name="my press", within="from")),
        ('mentions:@list("a (b)")', ListName(name="a (b)", within="mentions")),
        ("@list", Mention(text="list")),
        ("2 OF (a, b,c)", AtLeast(count=2, parts=(A, B, C))),
        ("1 OF (a b, -c)", AtLeast(count=1, parts=(And(parts=(A, B)), Not(part=C)))),
        ("-2 OF (a, (b OR c))", Not(part=AtLeast(count=2, parts=(A, Or(parts=(B, C)))))),
        ("2 (OF) (a OR b)", And(parts=(Word(text="2"), Phrase(text="OF"), Or(parts=(A, B))))),
        ("1,000", Phrase(text="1,000")),
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
    """Where every problem is shown with a repaired expression, that one is fine."""
    for expression, _ in _screens():
        helps = {problem.help for problem in check(expression)[1]}
        if all(text.startswith("write: ") for text in helps):
            for text in helps:
                repaired = text.removeprefix("write: ")
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
    chain = " NEAR/1 ".join(["a"] * (DEEPEST + 2))
    assert [problem.code for problem in check(chain)[1]] == ["too-deep"]
    nested = "a"
    for _ in range(DEEPEST - 1):
        nested = f"({nested})" + " NEAR/1 a" * 20
    assert [problem.code for problem in check(nested)[1]] == ["too-deep"]


def test_a_tree_is_told_in_plain_words() -> None:
    expression = '(renault OR #renault OR "la losange" OR l\'auto) -(job OR renau*) -lang:fr is:own'
    assert explain(parse(expression)) == "\n".join(
        [
            "all of:",
            "  any of:",
            '    the word "renault"',
            "    the hashtag #renault",
            '    the words "la losange" next to each other',
            '    the words "l\'auto" next to each other',
            "  not:",
            "    any of:",
            '      the word "job"',
            '      a word that begins with "renau"',
            "  not in the language fr, stated or else detected",
            "  by one of the brands' own accounts",
        ]
    )


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        (
            "a NEAR/5 b",
            'within 5 words of each other, in any order:\n  the word "a"\n  the word "b"',
        ),
        ("a ONEAR/1 b", 'next to each other, in this order:\n  the word "a"\n  the word "b"'),
        ("1 OF (a, b)", 'at least 1 of these 2:\n  the word "a"\n  the word "b"'),
        ("renault~1", 'the word "renault", or one that differs from it by one letter'),
        ("/a+b/", "text that fits the regular expression a+b"),
        ("👍", "the emoji 👍, of any skin"),
        ("$ACME", "the cashtag $ACME"),
        ("followers:1000..", "an author with followers: 1,000 or more"),
        ("likes:..5", "likes: at most 5"),
        ("age:30d..2y", "an account whose age is from 30 days to 2 years"),
        ("age:1d..", "an account whose age is 1 day or more"),
        ("brand:Acme", 'the brand "Acme": any of its spellings, accounts and hashtags'),
        ("@list(press)", 'anything of the list "press"'),
        ("-from:@list(press)", 'not written by an account of the list "press"'),
        ("bio:editor", 'by an account whose description says "editor"'),
    ],
)
def test_every_form_is_told_in_plain_words(expression: str, told: str) -> None:
    assert explain(parse(expression)) == told


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_told_in_plain_words(name: str) -> None:
    values = {
        "is": tuple(IS),
        "has": tuple(HAS),
        "sentiment": tuple(SENTIMENTS),
        "domain": ("acme.com",),
    }.get(name, ("fr",))
    told = {explain(parse(f"{name}:{value}")) for value in values}
    assert len(told) == len(values)


def test_the_problems_of_a_rule_lead_to_its_find() -> None:
    [problem] = KeywordRule(name="r", find="acme lng:fr").problems()
    assert (problem.path, problem.span, problem.code) == (("find",), (5, 9), "unknown-field")
    codes = [p.code for p in KeywordRule(name=" ", find="acme", in_=("handles",)).problems()]
    assert codes == ["empty-name", "text-left-out"]
