"""`docs/benchmarks.md`: what ran takes its place, the rest stays."""

import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks.page import SECTIONS, Measured, Section, merged, required_but_missed
from benchmarks.page.section import Bar, at_least

ROOT = Path(__file__).resolve().parents[1]
TITLES = ["Speed", "Quality, and more"]


def told(figures: Any) -> str:
    return f"| figure | {figures} |"


def required(figures: Any) -> tuple[Bar, ...]:
    return (at_least("the figure", 3, figures),)


def ran(title: str, figure: int, day: str = "2026-03-02") -> Measured:
    section = Section(name="speed", title=title, told="What it is.", table=told, required=required)
    return Measured(section=section, figures=figure, day=day, machine="a machine", load=0.5)


def test_a_first_run_writes_its_section_and_what_it_requires() -> None:
    page = merged("", ran("Speed", 4), TITLES)

    assert "| the figure | ≥ 3 | 4 | met | [Speed](#speed) |" in page
    assert (
        "## Speed\n\nWhat it is. `python benchmarks/speed.py`, 2026-03-02, load 0.5 before, on a "
        "machine.\n\n| figure | 4 |\n" in page
    )


def test_a_section_takes_its_own_place_and_leaves_the_others_as_they_are() -> None:
    page = merged("", ran("Quality, and more", 1), TITLES)
    page = merged(page, ran("Speed", 4), TITLES)

    again = merged(page, ran("Speed", 5, "2026-03-09"), TITLES)

    assert again == page.replace("| 4 |", "| 5 |").replace(
        "speed.py`, 2026-03-02", "speed.py`, 2026-03-09", 1
    )
    assert again.index("## Speed") < again.index("## Quality, and more")


def test_what_is_no_longer_measured_goes() -> None:
    page = merged("", ran("Speed", 4), TITLES)

    assert "Speed" not in merged(page, ran("Quality, and more", 4), TITLES[1:])


def test_what_falls_short_is_told_also_of_sections_that_did_not_run() -> None:
    page = merged("", ran("Quality, and more", 1), TITLES)

    page = merged(page, ran("Speed", 4), TITLES)

    [missed] = required_but_missed(page)
    assert "| **not met** | [Quality, and more](#quality-and-more) |" in missed


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_every_section_has_its_script(section: Section) -> None:
    script = ROOT / "benchmarks" / f"{section.name}.py"

    text = script.read_text(encoding="utf-8")
    if "from benchmarks.frame import" in text:  # which reads the options of several
        text += (script.parent / "frame.py").read_text(encoding="utf-8")
    assert '"--json"' in text


def test_the_page_has_no_section_that_nothing_writes() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^## (.*)$", page, re.MULTILINE))

    assert headings <= {"What is required", *(section.title for section in SECTIONS)}
