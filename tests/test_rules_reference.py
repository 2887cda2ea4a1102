"""`docs/rules.md` says what is true: its examples are run, its codes are all there."""

import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from rules import KeywordRule
from rules.language import CODES, check, show
from rules.language.ranges import read_amount
from rules.language.vocabulary import HAS, IS, NAMES
from rules.matcher import Matcher
from rules.model import Brand, Definitions, WordList
from tests.expressions import post

REFERENCE = (Path(__file__).parent.parent / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```expression\n(.+?)\n((?:[+-] .*\n)+)```", REFERENCE)
SEVERAL = ("links", "media", "titles", "mentions")
NUMBERS = ("followers", "likes", "reposts")
TABLES = tomllib.loads("\n".join(re.findall(r"```toml\n(.+?)```", REFERENCE, flags=re.DOTALL)))


def _definitions() -> Definitions:
    """The brands and lists that the reference shows."""
    return Definitions(
        brands=tuple(
            Brand(
                name=table["name"],
                spellings=tuple(table["spellings"]),
                accounts=tuple(table["accounts"]),
            )
            for table in TABLES["brands"]
        ),
        lists=tuple(
            WordList(name=table["name"], items=tuple(table["items"])) for table in TABLES["lists"]
        ),
    )


def _stated(text: str) -> dict[str, object]:
    """What the network says about a post, of a line of the reference."""
    name, _, value = text.partition("=")
    if name in NUMBERS:
        return {name: int(value)}
    if name == "age":
        return {name: timedelta(seconds=read_amount("age", value) or 0)}
    return {name: (value,) if name in SEVERAL else value}


@pytest.mark.parametrize(("expression", "posts"), EXAMPLES, ids=[e for e, _ in EXAMPLES])
def test_an_example_finds_what_the_reference_says(expression: str, posts: str) -> None:
    matcher = Matcher([KeywordRule(name="example", find=expression)], _definitions())
    for line in posts.splitlines():
        text, _, stated = line[2:].partition(" | ")
        more = _stated(stated) if stated else {}
        found = matcher.match([post(text, **more)])  # type: ignore[arg-type]
        assert bool(found) == (line[0] == "+"), line


def test_every_field_and_value_has_an_example() -> None:
    expressions = " ".join(expression for expression, _ in EXAMPLES)
    wanted = [f"{name}:" for name in NAMES]
    wanted += [f"is:{value}" for value in IS] + [f"has:{value}" for value in HAS]
    assert [word for word in wanted if word not in expressions] == []


def test_every_code_is_explained() -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", REFERENCE, flags=re.MULTILINE))
    assert {code: rows.get(code) for code in CODES} == CODES


def test_the_tables_shown_are_rules() -> None:
    for table in TABLES["rules"]:
        assert list(KeywordRule(**table).problems()) == []


def test_every_form_of_the_table_is_read_as_it_stands() -> None:
    rows = re.findall(r"^\| (`.+`) \| .+ \|$", _section("All forms"), flags=re.MULTILINE)
    assert len(rows) > 20
    for form in re.findall(r"`([^`]+)`", " ".join(rows)):
        if not form.endswith(":"):  # the name of a field alone
            assert check(form.replace("\\|", "|"))[1] == (), form


def _section(title: str) -> str:
    return REFERENCE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_the_screen_shown_is_the_one_given() -> None:
    block = re.search(r"```text\n(.+?)\n```", REFERENCE, flags=re.DOTALL)
    assert block
    expression = "(acme OR orange"
    assert block[1] == show(check(expression)[1][0], expression)
