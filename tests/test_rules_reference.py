"""`docs/rules.md` says what is true: its examples are run, its codes are all there."""

import re
import tomllib
from pathlib import Path

import pytest

from rules import KeywordRule
from rules.language import CODES, check, show
from rules.language.vocabulary import FIELDS, HAS, IS
from rules.matcher import Matcher
from rules.model import Brand, Definitions
from tests.expressions import post

REFERENCE = (Path(__file__).parent.parent / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```expression\n(.+?)\n((?:[+-] .*\n)+)```", REFERENCE)
SEVERAL = ("links", "media")


@pytest.mark.parametrize(("expression", "posts"), EXAMPLES, ids=[e for e, _ in EXAMPLES])
def test_an_example_finds_what_the_reference_says(expression: str, posts: str) -> None:
    brand = Brand(name="Acme", accounts=("acme_officiel",))
    matcher = Matcher([KeywordRule(name="example", find=expression)], Definitions(brands=(brand,)))
    for line in posts.splitlines():
        text, _, stated = line[2:].partition(" | ")
        more: dict[str, object] = {}
        if stated:
            name, _, value = stated.partition("=")
            more[name] = (value,) if name in SEVERAL else value
        found = matcher.match([post(text, **more)])  # type: ignore[arg-type]
        assert bool(found) == (line[0] == "+"), line


def test_every_field_and_value_has_an_example() -> None:
    expressions = " ".join(expression for expression, _ in EXAMPLES)
    wanted = [f"{name}:" for name in FIELDS]
    wanted += [f"is:{value}" for value in IS] + [f"has:{value}" for value in HAS]
    assert [word for word in wanted if word not in expressions] == []


def test_every_code_is_explained() -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", REFERENCE, flags=re.MULTILINE))
    assert {code: rows.get(code) for code in CODES} == CODES


def test_the_table_at_the_top_is_a_rule() -> None:
    block = re.search(r"```toml\n(.+?)```", REFERENCE, flags=re.DOTALL)
    assert block
    [table] = tomllib.loads(block[1])["rules"]
    assert list(KeywordRule(**table).problems()) == []


def test_the_screen_shown_is_the_one_given() -> None:
    block = re.search(r"```text\n(.+?)\n```", REFERENCE, flags=re.DOTALL)
    assert block
    expression = "(acme OR orange"
    assert block[1] == show(check(expression)[1][0], expression)
