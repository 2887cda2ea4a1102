"""The numbers of a report: as files, by the queries of the documentation, by the command line."""

import csv
import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from sqlalchemy import create_engine, text

from alerts.words.render import Templates
from watcher import files
from watcher.app import App
from watcher.cli import watcher as program
from watcher.insights.model import Estimate
from watcher.reports import Facts, Report, compose
from watcher.reports.model import Sheet
from watcher.reports.tables import tables, write

TEMPLATES = Templates(files.templates())
DOCS = Path(files.templates()).parent / "docs"


@pytest.fixture(scope="module")
def report(facts: Facts) -> Report:
    return compose(TEMPLATES, facts, "en")


def sheet(report: Report, key: str, brand: str = "Acme") -> Sheet:
    return next(one for one in report.sheets if one.key == key and one.brand in {brand, ""})


def test_the_files_hold_what_the_page_shows(report: Report, tmp_path: Path) -> None:
    written = write(report, tmp_path / "tables", "csv", force=False)
    assert {one.stem for one in written} == {one.key for one in report.sheets}
    with (tmp_path / "tables" / "volume.csv").open(encoding="utf-8-sig") as file:
        rows = [row for row in csv.DictReader(file) if row["about"] == "Acme"]
    shown = sheet(report, "volume").rows
    assert [(row["day"], int(row["posts"])) for row in rows] == [
        (str(row[0]), row[1]) for row in shown
    ]
    write(report, tmp_path / "tables", "jsonl", force=False)
    lines = (tmp_path / "tables" / "voice.jsonl").read_text().splitlines()
    first, shares = json.loads(lines[0]), sheet(report, "voice").rows[0][3]
    assert isinstance(shares, Estimate)
    assert (first["share"], first["share_low"]) == (shares.value, shares.low)


def test_no_table_has_a_column_twice(report: Report, tmp_path: Path) -> None:
    for table in tables(report):
        names = [column.name for column in table.columns]
        assert sorted(set(names)) == sorted(names), table.name
    write(report, tmp_path / "tables", "jsonl", force=False)
    lines = (tmp_path / "tables" / "voice.jsonl").read_text().splitlines()
    first, second = json.loads(lines[0]), json.loads(lines[1])
    assert [(one["about"], one["brand"]) for one in (first, second)] == [
        ("Acme", "Acme"),
        ("Acme", "Rivalo"),
    ]


def test_every_table_has_columns_of_one_shape_for_all_brands(report: Report) -> None:
    shapes: dict[str, set[tuple[str, ...]]] = {}
    for one in report.sheets:
        shapes.setdefault(one.key, set()).add(tuple(column.key for column in one.columns))
        assert all(len(row) == len(one.columns) for row in one.rows)
    assert all(len(shape) == 1 for shape in shapes.values())


def test_every_command_that_a_table_names_exists(report: Report) -> None:
    """Parsed by click, and not run."""
    for line in {part for one in report.sheets for part in one.command.split(" && ")}:
        words = shlex.split(line)[1:]
        context = click.Context(program, info_name="watcher", **program.context_settings)
        command: click.Command = program
        while isinstance(command, click.Group) and words:
            found = command.get_command(context, words[0])
            if found is None:
                break
            command, words = found, words[1:]
            context = click.Context(command, info_name=command.name, parent=context)
        command.make_parser(context).parse_args(list(words))


def queries() -> dict[str, str]:
    parts = re.split(r"^### (.+)$", (DOCS / "reports.md").read_text(), flags=re.MULTILINE)
    found = {}
    for key, body in zip(parts[1::2], parts[2::2], strict=True):
        if sql := re.search(r"```sql\n(.*?)```", body, re.DOTALL):
            found[key] = sql[1]
    return found


@pytest.fixture(scope="module")
def asked(app: App, facts: Facts) -> dict[str, list[tuple[object, ...]]]:
    """What each query of the documentation answers."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    values = {
        "brand": "Acme",
        "own_a": "acme",
        "since": (facts.period.since - epoch) // timedelta(microseconds=1),
        "until": (facts.period.until - epoch) // timedelta(microseconds=1),
    }
    engine = create_engine(app.config.store_url)
    with engine.connect() as connection:
        answers = {
            key: [
                tuple(row)
                for row in connection.execute(
                    text(sql), {name: v for name, v in values.items() if f":{name}" in sql}
                )
            ]
            for key, sql in queries().items()
        }
    engine.dispose()
    return answers


def test_the_queries_of_the_documentation_give_the_numbers_of_the_report(
    report: Report, facts: Facts, asked: dict[str, list[tuple[object, ...]]]
) -> None:
    volume = facts.brands[0].volume
    assert asked["volume"] == [(volume.posts, volume.authors)]
    assert sum(row[1] for row in sheet(report, "volume").rows) == volume.posts  # type: ignore[misc]
    voice = {row[0]: (row[1], row[2]) for row in sheet(report, "voice").rows}
    told = {row[0]: row[1:] for row in asked["voice"]}
    assert {name: told.get(name, (0, 0)) for name in voice} == voice
    tones = {row[0]: row[1] for row in asked["satisfaction"]}
    felt = facts.brands[0].satisfaction
    assert tones.get("negative", 0) == felt.negative
    assert tones.get("positive", 0) == felt.positive
    assert [row[0] for row in asked["suspects"]] == [
        one.id for one in facts.brands[0].suspects.raised
    ]
    assert {row[0]: row[1] for row in asked["watched"]} == {
        row[0]: row[1] for row in sheet(report, "watched").rows if row[1]
    }
    [account] = sheet(report, "accounts").rows
    assert asked["accounts"][0][2] == account[1]


def test_the_queries_of_what_is_shown_name_the_same_things(
    report: Report, facts: Facts, asked: dict[str, list[tuple[object, ...]]]
) -> None:
    brand = facts.brands[0]
    assert [row[0] for row in asked["alarms"]] == [one.id for one in brand.alarms]
    told = {f"@{row[0]}": (row[1], row[2]) for row in asked["people"]}
    shown = {row[0]: (row[1], row[4]) for row in sheet(report, "people").rows if row[4]}
    assert {name: shown.get(name) for name in list(told)[:3]} == dict(list(told.items())[:3])
    complaints = {f"{row[0]}:{row[1]}" for row in asked["inbox"]}
    waiting = {one.post.key for one in brand.inbox if one.sort == "complaint"}
    assert waiting
    assert waiting <= complaints
    examples = {key for theme in brand.themes for key in theme.examples}
    assert examples
    assert examples <= {f"{row[0]}:{row[1]}" for row in asked["themes"]}
    gaps = [sheet.rows for sheet in report.sheets if sheet.key == "gaps"]
    assert sum(len(rows) for rows in gaps) == len(asked["gaps"])


def test_every_heading_of_the_documentation_has_a_query_or_says_of_which_it_is_made() -> None:
    page = (DOCS / "reports.md").read_text()
    headings = set(re.findall(r"^### (.+)$", page, flags=re.MULTILINE))
    without = {"voice-days", "talks", "answering", "campaigns", "account-hours"}
    assert headings - queries().keys() == without
    for key in without:
        [body] = re.findall(rf"^### {key}\n\n(.+?)(?:\n### |\n## )", page, re.DOTALL | re.MULTILINE)
        assert re.search(r"\[[a-z-]+(?:\.md)?\]\(|same posts", body), key
