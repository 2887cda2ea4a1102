"""The linter: floods, previews, rules beside each other, and that hostile rules stay cheap."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import KeywordRule
from rules.errors import Problem
from rules.evaluator import Reading
from rules.frequencies import UNKNOWN, Frequencies, one_edit, share_of
from rules.language import check
from rules.language.tree import Node
from rules.lint import LINTS, Expression, Shares, lint, lint_words
from rules.lint.across import across
from tests.effort import effort
from tests.expressions import written_trees
from tests.search_samples import Shelf, post
from watcher.cli import Settings
from watcher.cli import check as check_command
from watcher.search import FolderIndex

TABLE = Frequencies.shipped()
PLAIN = Reading()


def doubts(expression: str, reading: Reading = PLAIN) -> list[Problem]:
    tree, problems = check(expression)
    assert tree is not None, problems
    return list(lint(tree, [Expression(("find",), expression, tree)], reading))


def floods(expression: str, *languages: str, own: Shares | None = None) -> list[Problem]:
    tree, problems = check(expression)
    assert tree is not None, problems
    expressions = [Expression(("find",), expression, tree)]
    found = lint_words(
        tree, expressions, languages=languages or ("en",), frequencies=TABLE, own=own
    )
    return list(found)


def codes(problems: list[Problem]) -> list[str]:
    return [problem.code for problem in problems]


def rule(find: str, *then: str, name: str = "", **more: object) -> KeywordRule:
    return KeywordRule(name=name or find, find=find, then=then or ("daily",), **more)  # type: ignore[arg-type]


def beside(*rules: KeywordRule) -> dict[str, str]:
    """The codes of the rules that others make needless, by their names."""
    return {rules[number].name: problem.code for number, problem in across(enumerate(rules))}


# --- frequencies ----------------------------------------------------------------------------------


def test_the_table_knows_common_words_of_seven_languages() -> None:
    assert TABLE.languages == {"de", "en", "es", "fr", "it", "nl", "pt"}
    assert TABLE.share("the", ["en"]) > 0.5
    assert TABLE.share("etre", ["fr"]) > TABLE.share("losange", ["fr"])
    assert TABLE.share("zzyzx", ["en"]) == share_of(UNKNOWN)
    assert TABLE.share("the", ["ja"]) == TABLE.share("the", []) == share_of(UNKNOWN)


def test_a_word_counts_as_in_the_language_that_has_it_most() -> None:
    assert TABLE.share("on", ["fr", "en"]) == max(TABLE.share("on", [one]) for one in ("fr", "en"))


@given(st.text("abcdef", min_size=1, max_size=6), st.data())
@settings(max_examples=50)
def test_one_edit_is_symmetric_and_never_the_word_itself(word: str, data: st.DataObject) -> None:
    near = one_edit(word)
    other = data.draw(st.sampled_from(sorted(near - {""})))
    assert word not in near
    assert word in one_edit(other)


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "languages", "found"),
    [
        ("time", ["en"], ["too-common"]),
        ("time", ["fr"], []),
        ("time lang:fr", ["en", "fr"], []),
        ("time lang:en", ["en", "fr"], ["too-common"]),
        ("time acme", ["en"], []),
        ("time -acme", ["en"], ["too-common"]),
        ("(time OR people) (new OR like)", ["en"], ["too-common", "too-common"]),
        ("acme OR time", ["en"], ["too-common"]),
        ("2 OF (acme, time, like)", ["en"], []),
        ("time from:acme", ["en"], []),
        ("time has:link followers:10..", ["en"], ["too-common"]),
        ('"of the"', ["en"], ["too-common"]),
        ('"new york"', ["en"], []),
        ("-time acme", ["en"], []),
        ("peop*", ["en"], ["too-common"]),
        ("gol*", ["en"], ["broad-prefix"]),
        ("gold*", ["en"], []),
        ("friend~1", ["en"], ["fuzzy-common-words"]),
        ("friend~1", ["fr"], []),
        ("orange~1", ["en"], ["fuzzy-other-words"]),
        ("renault~1", ["en", "fr"], []),
    ],
)
def test_what_floods_is_told(expression: str, languages: list[str], found: list[str]) -> None:
    assert codes(floods(expression, *languages)) == found


def test_the_share_is_told_in_posts() -> None:
    [problem] = floods("time")
    assert problem.message == "`time` is in about 3% of posts in en: this finds 30 of 1,000"
    assert problem.help == "write: time WORD"


def test_ones_own_posts_go_before_the_table() -> None:
    own = {"acme": 0.4, "time": 0.001}.get
    [problem] = floods("acme OR time", own=own)
    assert problem.message == "`acme` is in about 40% of your own posts: this finds 400 of 1,000"


# --- shape ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("acme #acme", []),
        ("acme OR #acme", []),
        ("acme OR Acmé", ["repeated-term"]),
        ('acme OR "acme"', ["repeated-term"]),
        ("acme OR =Acme", ["covered-term"]),
        ("likes:5.. OR likes:10..", ["covered-term"]),
        ("a NEAR/3 b OR a NEAR/5 b", ["covered-term"]),
        ("orange~1 OR orange", ["covered-term"]),
        ("acme -(-b)", ["double-negation"]),
        ("SNCF OR RATP", []),
        ("SNCF OR =PEUGEOT", []),
        ("PEUGEOT", ["all-capitals"]),
        ("2 OF (-a, b, -c)", ["only-negatives"]),
        ("2 OF (-a, b, c)", []),
        ("-(a -b)", ["only-negatives"]),
        ("a (b -b OR c)", ["can-never-match"]),
    ],
)
def test_a_doubtful_shape_is_told(expression: str, found: list[str]) -> None:
    assert codes(doubts(expression)) == found


def test_accents_tell_words_apart_where_the_rule_says_so() -> None:
    strict = Reading(fold_accents=False)
    assert codes(doubts("été OR ete")) == ["repeated-term"]
    assert codes(doubts("été OR ete", strict)) == []
    assert codes(doubts("été -ete")) == ["can-never-match"]
    assert codes(doubts("été -ete", strict)) == []


def test_the_repaired_text_of_a_negated_group_keeps_its_brackets() -> None:
    [problem] = doubts("acme -(-(a OR b))")
    assert problem.help == "write: acme (a OR b)"


@settings(max_examples=60)
@given(written_trees, st.booleans(), st.booleans())
def test_every_tree_is_linted_with_known_codes(tree: Node, fold: bool, confusables: bool) -> None:
    expressions = [Expression(("find",), "", tree)]
    reading = Reading(fold_accents=fold, confusables=confusables)
    found = [
        *lint(tree, expressions, reading),
        *lint_words(tree, expressions, languages=("en", "fr"), frequencies=TABLE),
    ]
    assert {problem.code for problem in found} <= LINTS.keys()


def test_forms_of_words_are_reckoned_with() -> None:
    def told(find: str) -> list[str]:
        return codes(list(rule(find, inflections=("fr",)).problems()))

    assert told("cheval -cheval*") == []  # there is `chevaux`
    assert told("cheval -cheva*") == told("cheval -chevaux") == ["can-never-match"]
    assert told("cheval OR cheval*") == []
    assert told("chevaux (b OR b)") == ["repeated-term"]
    assert told('"un cheval"') == ["without-effect"]
    assert beside(rule("cheval", inflections=("fr",)), rule("chevaux", inflections=("fr",))) == {
        "chevaux": "same-rule"
    }


# --- allow ----------------------------------------------------------------------------------------


def test_what_is_allowed_is_not_told_and_still_known() -> None:
    allowed = rule("-acme", allow=("only-negatives",))
    assert list(allowed.problems()) == []
    assert codes(list(allowed.doubts)) == ["only-negatives"]


# --- rules beside each other ----------------------------------------------------------------------


def test_the_later_of_two_rules_that_find_the_same_is_told() -> None:
    one, two = rule("acme (a OR b)"), rule('(b OR "A") AND acme')
    assert beside(one, two) == {two.name: "same-rule"}
    assert beside(two, one) == {one.name: "same-rule"}


def test_a_rule_within_another_is_told_unless_it_tells_somebody_else() -> None:
    wide = rule("acme", "daily", "weekly")
    assert beside(wide, rule("acme refund", "daily")) == {"acme refund": "subsumed-rule"}
    assert beside(wide, rule("acme refund", "urgent")) == {}
    assert beside(wide, KeywordRule(name="kept", find="acme refund")) == {}


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("acme*", "acm*"),
        ('"acme corp"', "corp"),
        ("#acme", "acme"),
        ("=Acme", "acme"),
        ("acme NEAR/3 b", "acme NEAR/5 b"),
        ("acme NEAR/3 b", "b"),
        ("from:a@x.example", "from:a"),
        ("domain:shop.acme.com", "domain:acme.com"),
        ("likes:10..20", "likes:5.."),
        ("acme -foo*", "acme -foooo"),
        ("2 OF (a, b, c)", "a OR b OR c"),
        ("(a OR b) c", "a OR b OR d"),
        ("acme is:reply", "acme -is:original"),
    ],
)
def test_a_narrow_rule_is_found_within_a_wide_one_and_not_the_other_way(
    narrow: str, wide: str
) -> None:
    assert beside(rule(narrow), rule(wide)) == {narrow: "subsumed-rule"}
    assert beside(rule(wide), rule(narrow)) == {narrow: "subsumed-rule"}


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (rule("acme", name="1"), rule("acme", name="2", fold_accents=False)),
        (rule("acme", name="1"), rule("acme", name="2", dedupe="near")),
        (rule("acme", name="1"), rule("acme", name="2", enabled=False)),
        (rule("acme", name="1"), rule("orange", name="2")),
        (rule("acme OR x", name="1"), rule("acme", name="2", confusables=True)),
    ],
)
def test_rules_that_differ_are_let_be(one: KeywordRule, two: KeywordRule) -> None:
    assert beside(one, two) == {}


# --- cost -----------------------------------------------------------------------------------------


def cheap(work: Iterator[object], seconds: float) -> None:
    assert effort(lambda: deque(work, 0)) < seconds


HOSTILE = [
    " OR ".join(f"w{n}" for n in range(1_200)),
    " OR ".join(["word"] * 1_100),
    " OR ".join(f"word{n}*" for n in range(800)),
    " ".join(f"-w{n}" for n in range(1_500)),
    " OR ".join(f"(a{n} -a{n})" for n in range(500)),
    "-(" * 25 + "a" + ")" * 25,
    " OR ".join(f"likes:{n}.." for n in range(600)),
    " OR ".join(f"a NEAR/{n % 50 + 1} b{n}" for n in range(450)),
    " ".join(f"({chr(97 + n % 26)} OR lang:fr OR -x)" for n in range(400)),
    f"{'acme' * 2_000}*",
    " OR ".join(f"friend{chr(97 + n % 26)}{n}~1" for n in range(600)),
]


@pytest.mark.parametrize("expression", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_rule_is_linted_in_no_time(expression: str) -> None:
    assert len(expression) <= 10_000
    cheap(iter(doubts(expression)), 1)
    cheap(iter(floods(expression)), 1)


def test_a_rule_of_thousands_of_alternatives_is_linted_in_no_time() -> None:
    words = tuple(f"word{n}" for n in range(4_000))
    cheap(iter(rule("-x -y", any=words, none=words).doubts), 3)
    cheap(iter(rule("", any=("acme",) * 4_000).doubts), 3)


def test_thousands_of_rules_about_one_word_are_compared_in_seconds() -> None:
    rules = [rule(f"acme -word{n} lang:fr") for n in range(1_000)]
    rules += [rule(f"acme OR zebra{n}") for n in range(500)]
    cheap(across(enumerate(rules)), 5)


# --- `watcher check` ------------------------------------------------------------------------------


def test_check_goes_by_the_posts_gathered_so_far(tmp_path: Path) -> None:
    path = tmp_path / "watcher.toml"
    path.write_text(
        "[[sources]]\nname = 'town'\nkind = 'local'\nfile = 'town.sqlite'\n"
        "[[rules]]\nname = 'r'\nfind = 'nordelia'\nthen = []\n"
    )

    def screen() -> str:
        settings = Settings(path)
        return (
            CliRunner()
            .invoke(check_command.command, obj=settings, help_option_names=["-h", "--help"])
            .output
        )

    (tmp_path / "watcher-data").mkdir()
    assert "too-common" not in screen()
    index = FolderIndex.open(tmp_path / "watcher-data" / "index")
    index.catch_up(Shelf(post(f"nordelia {n}" if n % 4 else f"a {n}") for n in range(1_000)))
    index.close()
    assert "`nordelia` is in about 75% of your own posts: this finds 750 of 1,000" in screen()


def test_an_index_of_few_posts_tells_nothing(tmp_path: Path) -> None:
    index = FolderIndex.open(tmp_path / "index")
    index.catch_up(Shelf(post(f"acme {n}") for n in range(10)))
    assert index.document_shares() is None
    index.close()
