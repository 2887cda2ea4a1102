"""Queries of other products become rules that mean the same, and say where they do not."""

import json
import re
import tomllib
from collections.abc import Iterator, Set
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import KeywordRule
from rules.evaluator import evaluate
from rules.importing import DIALECTS, Imported, snippet, translate
from rules.language import DEEPEST, LONGEST, ExpressionError, check
from rules.language.tree import And, Node, Not, Or, Word
from rules.model import Definitions
from rules.text import analyse
from tests.cli_fixtures import CONFIG, terminal
from tests.expressions import post
from tests.importing_samples import BROKEN, SAMPLES
from tests.terminal import Terminal, compare
from watcher.config import load

__all__ = ["terminal"]

DOCS = (Path(__file__).parent.parent / "docs" / "import.md").read_text(encoding="utf-8")


def imported(dialect: str, query: str) -> Imported:
    return translate(query, DIALECTS[dialect])


def imported_or_refused(dialect: str, query: str) -> Imported | ExpressionError:
    try:
        return imported(dialect, query)
    except ExpressionError as error:
        return error


def find(dialect: str, query: str) -> str:
    return imported(dialect, query).expression


def matches(dialect: str, query: str, text: str) -> bool:
    tree, reading = KeywordRule(name="it", find=find(dialect, query)).compiled(Definitions())
    return evaluate(tree, reading, analyse(post(text))) is not None


def lost(dialect: str, query: str) -> list[tuple[str, str, str]]:
    """What was lost: its kind, the part, the effect on the rule."""
    losses = imported(dialect, query).losses
    return [(loss.kind, loss.text, loss.effect) for loss in losses]


def table(one: Imported) -> str:
    return snippet("imported", one.tree, one.dialect.title, one.losses, one.remark)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_query_as_a_person_sees_it(terminal: Terminal, dialect: str) -> None:
    lines = []
    for query in SAMPLES[dialect]:
        seen = terminal.type("rules", "import", query, "--from", dialect, columns=100)
        assert seen.code == 0
        lines.append(f"$ watcher rules import '{query}' --from {dialect}\n{seen.screen}")
    compare(f"import-{dialect}", "\n".join(lines))


def test_every_refusal_as_a_person_sees_it(terminal: Terminal) -> None:
    lines = []
    for dialect, query in BROKEN:
        seen = terminal.type("rules", "import", query, "--from", dialect, columns=100)
        assert seen.code == 2
        lines.append(f"$ watcher rules import '{query}' --from {dialect}\n{seen.screen}")
    compare("import-refused", "\n".join(lines))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_table_loads_and_its_rule_has_no_errors(dialect: str, tmp_path: Path) -> None:
    tables = ""
    for number, query in enumerate(SAMPLES[dialect]):
        one = imported(dialect, query)
        tables += snippet(
            f"{dialect} {number}", one.tree, one.dialect.title, one.losses, one.remark
        )
        rule = KeywordRule(name="imported", find=one.expression)
        assert rule.tree == one.tree
        assert not [problem for problem in rule.problems() if problem.severity == "error"]
    path = tmp_path / "watcher.toml"
    path.write_text(CONFIG + tables, encoding="utf-8")
    rules = [rule for rule in load(path, {}).rules if isinstance(rule, KeywordRule)]
    trees = [rule.tree for rule in rules if rule.name.startswith(dialect)]
    assert trees == [imported(dialect, query).tree for query in SAMPLES[dialect]]


@pytest.mark.parametrize(
    ("dialect", "query", "expression"),
    [
        ("x", "a b OR c", "a b OR c"),
        ("google-alerts", "a b OR c", "a (b OR c)"),
        ("google-alerts", "a b | c d", "a (b OR c) d"),
        ("x", "-(a OR b) c", "-(a OR b) c"),
        ("brandwatch", "a NOT (b OR c)", "a -(b OR c)"),
        ("brandwatch", "a NEAR/0f b", "a ONEAR/1 b"),
        ("talkwalker", "a NEAR/4 b", "a NEAR/5 b"),
        ("brandwatch", "{BT} OR {Acme Bank}", '=BT OR ="Acme Bank"'),
        ("brandwatch", '"build* a car"', 'build* ONEAR/1 "a car"'),
        ("x", "acme OR 'OR'", "acme OR 'OR'"),
        ("x", '"OR" OR acme', '"OR" OR acme'),
        ("x", "lang:in acme", "lang:id acme"),
        ("x", "min_faves:10 acme -min_retweets:5", "likes:10.. acme -reposts:5.."),
        ("talkwalker", "acme followers:<10", "acme followers:..9"),
        ("x", '"#acme" OR "@acme" OR "say #acme"', '#acme OR @acme OR "say #acme"'),
        ("x", "exclude:replies acme", "-is:reply acme"),
        ("x", '"😡" acme', "😡 acme"),
        ("talkwalker", "acme lang:fra", "acme lang:fr"),
        ("google-alerts", "acme|orange bank", "(acme OR orange) bank"),
        ("brandwatch", "url:*acme*", "url:acme"),
    ],
)
def test_a_query_means_the_same(dialect: str, query: str, expression: str) -> None:
    assert find(dialect, query) == expression


def test_words_between_are_counted_as_the_vendor_counts_them() -> None:
    query = "nordelia NEAR/2f keyboard"
    assert matches("brandwatch", query, "Nordelia solar mini keyboard")
    assert not matches("brandwatch", query, "Nordelia solar mini blue keyboard")
    assert not matches("brandwatch", query, "a keyboard of Nordelia")


@pytest.mark.parametrize(
    ("query", "effect"),
    [
        ("acme place:x", "more"),
        ("acme -place:x", "more"),
        ("acme OR place:x", "fewer"),
        ("acme -(zenit place:x)", "fewer"),
        ("acme -(zenit OR place:x)", "more"),
        ("acme OR -(zenit OR -(orange place:x))", "more"),
        ("acme has:images", "more"),
        ("acme -has:images", "fewer"),
        ("acme -is:nullcast", "same"),
        ("acme is:nullcast", "more"),
        ("acme OR is:nullcast", "same"),
        ("acme OR -is:nullcast", "fewer"),
    ],
)
def test_what_a_loss_does_depends_on_where_it_stands(query: str, effect: str) -> None:
    [loss] = imported("x", query).losses
    assert loss.effect == effect


Formula = str | tuple[str, list["Formula"]]
FORMULAS: st.SearchStrategy[Formula] = st.recursive(
    st.sampled_from(("aaa", "bbb", "ccc", "place:x", "-place:x")),
    lambda inner: st.tuples(
        st.sampled_from((" ", " OR ", "-")), st.lists(inner, min_size=2, max_size=3)
    ),
    max_leaves=7,
)


def written(formula: Formula) -> str:
    if isinstance(formula, str):
        return formula
    joined = (" " if formula[0] == "-" else formula[0]).join(map(written, formula[1]))
    return f"{'-' if formula[0] == '-' else ''}({joined})"


def asked(formula: Formula, words: Set[str]) -> bool:
    """Whether words fit a query, of which `place:x` is one."""
    if isinstance(formula, str):
        return (formula.lstrip("-") in words) != formula.startswith("-")
    parts = [asked(part, words) for part in formula[1]]
    return any(parts) if formula[0] == " OR " else all(parts) != (formula[0] == "-")


def found(node: Node, words: Set[str]) -> bool:
    match node:
        case Word(text=text):
            return text in words
        case And(parts=parts):
            return all(found(part, words) for part in parts)
        case Or(parts=parts):
            return any(found(part, words) for part in parts)
        case Not(part=part):
            return not found(part, words)
    raise AssertionError(node)


@settings(max_examples=60)
@given(FORMULAS, st.sets(st.sampled_from(("aaa", "bbb", "ccc", "place:x"))))
def test_the_posts_found_are_more_or_fewer_as_the_losses_say(
    formula: Formula, words: set[str]
) -> None:
    one = imported_or_refused("x", written(formula))
    if isinstance(one, ExpressionError):
        return
    effects = {loss.effect for loss in one.losses}
    before, after = asked(formula, words), found(one.tree, words)
    if effects <= {"more"} and before:
        assert after
    if effects <= {"fewer"} and after:
        assert before


def test_parts_left_out_together_count_as_one() -> None:
    query = "acme (sourcetype:BLOG OR sourcetype:SOCIALMEDIA)"
    assert {loss.effect for loss in imported("talkwalker", query).losses} == {"same"}
    query = "acme (sourcetype:BLOG AND country:fr)"
    assert {loss.effect for loss in imported("talkwalker", query).losses} == {"more"}


def test_a_loss_tells_its_place_and_what_was_done() -> None:
    [loss] = imported("x", "acme place:paris").losses
    assert (loss.kind, loss.text, loss.at) == ("left-out", "place:paris", (5, 16))
    assert loss.message == "posts state no place"


def test_nearness_of_what_has_no_place_among_words_becomes_both() -> None:
    assert find("brandwatch", "acme NEAR/3 author:zoe") == "acme from:zoe"
    assert lost("brandwatch", "acme NEAR/3 author:zoe") == [("widened", "NEAR/3", "more")]
    assert find("brandwatch", "(a AND b) NEAR/1 c") == "a NEAR/2 c b NEAR/2 c"


@pytest.mark.parametrize(
    ("query", "found", "missed"),
    [
        ("customi?e", "we Customize, customise", "customie customizze customiz!e"),
        ("c*r", "a cœur ouvert", "can you hear"),
        ("ab*", "abc", "cab"),
        ("*acme", "megaacme", "acmes"),
        ("?té", "l'été", "thé"),
        ("fête?", "les fêtes", "fete"),
    ],
)
def test_a_wildcard_finds_what_it_stands_for(query: str, found: str, missed: str) -> None:
    for dialect in ("brandwatch", "talkwalker"):
        assert matches(dialect, query, found)
        assert not matches(dialect, query, missed)


@pytest.mark.parametrize("query", ["acme NEAR/500 zenit", '"acme zenit"~500'])
def test_nearness_reaches_no_further_than_rules_can(query: str) -> None:
    assert find("talkwalker", query) == "acme NEAR/100 zenit"
    assert [(kind, effect) for kind, _, effect in lost("talkwalker", query)] == [
        ("narrowed", "fewer")
    ]


def test_a_part_that_is_a_field_elsewhere_and_unknown_to_x_is_looked_for_as_words() -> None:
    assert find("x", "re:publica acme") == '"re:publica" acme'
    assert not imported("x", "re:publica acme").losses


def test_an_operator_that_is_not_known_is_told_where_it_looks_like_one() -> None:
    for query in ("media_count:1 acme", "sentiment:negative acme"):
        [loss] = imported("x", query).losses
        assert (loss.kind, loss.message.partition(":")[0]) == (
            "changed",
            f"no operator `{query.partition(':')[0]}",
        )


def test_a_long_rule_gets_a_line_for_each_of_its_parts() -> None:
    text = table(imported("x", "(" + " OR ".join(f"acme{n}" for n in range(30)) + ") lang:fr"))
    assert "find = '''\n(acme0 OR" in text
    assert "\nlang:fr\n'''" in text


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_operator_stands_in_the_documentation(dialect: str) -> None:
    section = DOCS.lower().split(f"\n## {DIALECTS[dialect].title.lower()}\n")[1].split("\n## ")[0]
    names = DIALECTS[dialect].syntax.fields
    absent = {name for name in names if f"`{name}:" not in section}
    assert absent == set()


def told_in_docs() -> Iterator[tuple[str, str, str]]:
    """Yield what the tables say: a dialect, a query, and the expression that it becomes.

    Names of operators without a value are no queries; rows that cannot be paired are for people.
    """
    for dialect, one in DIALECTS.items():
        section = DOCS.split(f"\n## {one.title}\n")[1].split("\n## ")[0]
        for row in re.findall(r"^\| (`.+`) \| (.+) \| .*\|$", section, flags=re.MULTILINE):
            theirs, ours = (re.findall(r"`(.+?)`", cell.replace(r"\|", "|")) for cell in row)
            queries = [query for query in theirs if not query.endswith(":") and "(" not in query]
            if row[1] == "the same":
                ours = queries
            if len(ours) == len(theirs) == len(queries):
                yield from ((dialect, *pair) for pair in zip(queries, ours, strict=True))


@pytest.mark.parametrize(("dialect", "query", "expression"), list(told_in_docs()))
def test_the_documentation_tells_what_becomes_of_a_query(
    dialect: str, query: str, expression: str
) -> None:
    assert find(dialect, f"{query} acme") == f"{expression} acme"


def test_json_for_a_program(terminal: Terminal) -> None:
    seen = terminal.pipe("rules", "import", "acme place:x", "--from", "x", "--json")
    data = json.loads(seen.out)
    assert (data["find"], data["losses"][0]["start"]) == ("acme", 5)
    assert tomllib.loads(data["toml"])["rules"][0]["find"] == "acme"
    assert seen.err == ""


def test_the_table_alone_goes_to_standard_output(terminal: Terminal) -> None:
    seen = terminal.pipe("rules", "import", "-", "--from", "x", text="acme\nplace:x\n")
    assert tomllib.loads(seen.out)["rules"] == [{"name": "imported", "find": "acme", "then": []}]
    assert "left-out" in seen.err


def codes(dialect: str, query: str) -> list[str]:
    with pytest.raises(ExpressionError) as error:
        imported(dialect, query)
    return [problem.code for problem in error.value.problems if problem.severity == "error"]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "empty-expression"),
        (" \n", "empty-expression"),
        ("a" * (LONGEST + 1), "too-long"),
        ("(" * 4000 + "acme" + ")" * 3999, "too-deep"),
        ("(" * (DEEPEST + 1) + "acme" + ")" * (DEEPEST + 1), "too-deep"),
        ('"acme', "unclosed-quote"),
        ("(acme", "unclosed-bracket"),
        ("acme)", "unopened-bracket"),
        ("acme ()", "empty-group"),
        ("acme OR", "dangling-operator"),
        ("!", "nothing-left"),
        ("-! OR !", "nothing-left"),
        ("-acme", "nothing-left"),
    ],
)
def test_what_is_broken_is_refused_with_its_place(dialect: str, query: str, code: str) -> None:
    assert code in codes(dialect, query)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "query",
    [
        "-" * 9_999 + "a",
        "NOT " * 2_499 + "a",
        '"' * 10_000,
        "{" * 10_000,
        "<<<" * 3_333,
        "a~9" * 3_333,
        "++a" * 3_333,
        "title:" * 1_666,
        "a NEAR/1 " * 1_100 + "a",
        "(a AND b) NEAR/1 " * 49 + "c",
        "(" * 45 + "a" + (" NEAR/1 b" * 24 + ")") * 45,
        "(" * 45 + "a" + (" NEAR/1 b" * 20 + " OR c)") * 45,
        "-(" * 49 + "a" + " OR b)" * 49,
        "a OR b " * 1_400,
        "*" * 10_000,
        "a*b?" * 2_500,
        '"' + "a* " * 3_000 + '"',
        '"' + "a " * 4_000 + '"~5',
        "[" * 10_000,
        "\ud800\x00\u202e\x1b[2J acme",
    ],
)
def test_hostile_queries_are_translated_or_refused(dialect: str, query: str) -> None:
    one = imported_or_refused(dialect, query)
    if isinstance(one, ExpressionError):
        assert str(one)
        return
    assert check(one.expression)[0] == one.tree
    assert check(tomllib.loads(table(one))["rules"][0]["find"])[0] == one.tree


FRAGMENTS = st.sampled_from(
    (
        *("acme", "Été", "l'orange", "#acme", "@acme", "$ACM", "😡", "アクメ", "-acme", "?", ":)"),
        *('"acme bank"', '"a * b"', '"acme bank"~3', '"ac* me"', "ac?e", "acm*", "*", "~acme"),
        *("{BT}", "{Acme Bank}", "++Acme!++", "<<<x>>>", "raw:Acme+", "AND", "OR", "NOT", "|"),
        *("NEAR/3", "NEAR/2f", "ONEAR/4", "SENTENCE", "AROUND(2)", "(", ")", "title:(", ")~4"),
        *("from:acme", "lang:fr", "lang:zh-CN", "has:images", "url:acme.com/x", "site:acme.com"),
        *("followers:>5", "min_faves:3", "authorFollowers:[1 TO 9]", "engagement:>3", "place:x"),
        *("allintitle:", "2", "OF", "=acme", "/re/", "acme~1", "a,b", "https://acme.com/y?z=(1)"),
    )
)
QUERIES = st.one_of(
    st.lists(FRAGMENTS, max_size=8).map(" ".join),
    st.lists(st.one_of(FRAGMENTS, st.text(max_size=4)), max_size=6).map(" ".join),
)


@settings(max_examples=80)
@given(st.sampled_from(sorted(DIALECTS)), QUERIES)
def test_whatever_is_imported_reads_back_as_the_same_tree(dialect: str, query: str) -> None:
    one = imported_or_refused(dialect, query)
    if isinstance(one, ExpressionError):
        assert all(problem.span is not None for problem in one.problems)
        return
    assert check(one.expression)[0] == one.tree
    [rule] = tomllib.loads(table(one))["rules"]
    assert KeywordRule(**{**rule, "then": ()}).tree == one.tree
    for loss in one.losses:
        assert one.query[slice(*loss.at)] == loss.text
        assert loss.text
