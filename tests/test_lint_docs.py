"""`docs/lint.md` says what is true: each code is there, its examples are run."""

import re
from pathlib import Path

import pytest

from rules import KeywordRule
from rules.language.codes import CODES
from rules.lint import LINTS
from watcher.config import ConfigError, load
from watcher.toml import Finding

PAGE = (Path(__file__).parent.parent / "docs" / "lint.md").read_text(encoding="utf-8")
SECTIONS = {
    match[1]: re.findall(r"(Before|After):\n\n```toml\n(.+?)\n```", match[2], flags=re.DOTALL)
    for match in re.finditer(r"^## `([\w-]+)`\n(.+?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
AROUND = """
languages = ["en", "fr"]

[[sources]]
name = "town"
kind = "local"
file = "town.sqlite"

[[channels]]
name = "daily"
kind = "email"
to = ["ada@acme.example"]

[[channels]]
name = "urgent"
kind = "email"
to = ["ada@acme.example"]

[[rules]]
name = "another"
find = 'zebra'
then = ["daily", "urgent"]

"""


def findings(folder: Path, rules: str) -> tuple[Finding, ...]:
    path = folder / "watcher.toml"
    path.write_text(AROUND + rules, encoding="utf-8")
    try:
        return load(path, {}).warnings
    except ConfigError as error:
        return error.findings


def test_every_code_has_its_section_with_a_before_and_an_after() -> None:
    assert list(SECTIONS) == list(LINTS)
    for some in SECTIONS.values():
        assert [name for name, _ in some] == ["Before", "After"]


def test_the_table_tells_each_code_as_the_linter_knows_it() -> None:
    rows = re.findall(r"^\| \[`([\w-]+)`\]\(#[\w-]+\) \| (\w+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert rows == [(code, one.severity, one.meaning) for code, one in LINTS.items()]


@pytest.mark.parametrize("code", SECTIONS)
def test_the_first_example_brings_the_code_alone_and_the_second_none(
    code: str, tmp_path: Path
) -> None:
    (_, before), (_, after) = SECTIONS[code]
    found = findings(tmp_path, before)
    assert {(one.problem.code, one.problem.severity) for one in found} == {
        (code, LINTS[code].severity)
    }
    assert all(one.line > 0 for one in found)
    assert findings(tmp_path, after) == ()


ALLOWED = [code for code in SECTIONS if LINTS[code].may_be_allowed]


@pytest.mark.parametrize("code", ALLOWED)
def test_each_doubt_is_silent_where_it_is_allowed(code: str, tmp_path: Path) -> None:
    (_, before), _ = SECTIONS[code]
    allowed = re.sub(r"(?m)^find = ", f'allow = ["{code}"]\nfind = ', before)
    if code == "useless-allow":
        allowed = before.replace('["double', '["useless-allow", "double')
    codes = [one.problem.code for one in findings(tmp_path, allowed)]
    assert code not in codes
    assert set(codes) <= {"useless-allow"}  # of two rules, one alone needs it


def test_a_rule_that_costs_too_much_is_refused_whatever_it_allows(tmp_path: Path) -> None:
    (_, before), _ = SECTIONS["too-costly"]
    allowed = re.sub(r"(?m)^find = ", 'allow = ["too-costly"]\nfind = ', before)
    codes = {one.problem.code for one in findings(tmp_path, allowed)}
    assert codes == {"too-costly", "unknown-lint"}


def test_a_rule_costs_what_its_lists_hold(tmp_path: Path) -> None:
    items = ", ".join(f'"acme w{n}"' for n in range(2_600))
    rule = f"[[lists]]\nname = 'all'\nitems = [{items}]\n[[rules]]\nname = 'r'\nthen = []\n"
    [found] = findings(tmp_path, f"{rule}find = 'acme @list(all)'\n")
    assert found.problem.code == "too-costly"


@pytest.mark.parametrize(
    ("rate", "said"), [("", ["without-effect"]), ('rate = { kind = "frequency" }\n', [])]
)
def test_a_silence_after_what_nobody_is_told_is_doubtful(
    rate: str, said: list[str], tmp_path: Path
) -> None:
    rule = f"[[rules]]\nname = 'r'\nfind = 'acme'\nrealert = '1h'\n{rate}then = []\n"
    assert [one.problem.code for one in findings(tmp_path, rule)] == said


def test_the_warnings_of_the_language_can_all_be_allowed() -> None:
    warnings = {code for code, meaning in CODES.items() if meaning.endswith("(warning)")}
    allowed = KeywordRule(name="r", find="acme", allow=tuple(warnings))
    assert list(allowed.problems()) == []


def test_the_rule_shown_at_the_top_loads_without_a_doubt(tmp_path: Path) -> None:
    block = re.search(r"```toml\n(.+?)```", PAGE, flags=re.DOTALL)
    assert block
    assert findings(tmp_path, block[1]) == ()
