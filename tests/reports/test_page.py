"""The page of a report: alone in the world, for every reader, and true to its tables."""

import base64
import hashlib
import math
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import pytest

from alerts.words.hostile import safe_link
from alerts.words.render import Templates
from tests.reports.conftest import facts_of
from watcher import files
from watcher.app import App
from watcher.insights.model import Period
from watcher.reports import Facts, Report, compose, page, speaking
from watcher.reports.model import Figure, Paragraph, Section
from watcher.reports.sections.people import ranked

TEMPLATES = Templates(files.templates())
DOCS = Path(files.templates()).parent / "docs"
VOID = {"meta", "br", "hr", "wbr", "img", "input", "link"}
ALONE = {"rect", "line", "circle", "path"}
"""Elements of a drawing, which end where they begin."""


class Read(HTMLParser):
    """What a page consists of."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, key, value or "") for key, value in attrs]
        if tag not in VOID | ALONE:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALONE, tag
        self.tags[tag] += 1
        self.attributes += [(tag, key, value or "") for key, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def values(self, key: str) -> list[str]:
        return [value for _, name, value in self.attributes if name == key]


def said_in(section: Section) -> list[str]:
    return [block.text for block in section.blocks if isinstance(block, Paragraph)]


def written(facts: Facts, language: str = "en", *, printed: bool = False) -> tuple[Report, str]:
    report = compose(TEMPLATES, facts, language)
    text = page(TEMPLATES, report, speaking(TEMPLATES, facts, language), printed=printed)
    return report, text


@pytest.fixture(scope="module", params=["en", "fr"])
def made(request: pytest.FixtureRequest, facts: Facts) -> tuple[Report, str]:
    return written(facts, request.param)


def test_the_page_is_well_formed_and_each_name_in_it_leads_somewhere(
    made: tuple[Report, str],
) -> None:
    _, text = made
    read = Read(text)
    assert read.open == []
    names = read.values("id")
    assert len(names) == len(set(names))
    for value in (*read.values("aria-labelledby"),):
        assert set(value.split()) <= set(names)
    inner = [one[1:] for one in read.values("href") if one.startswith("#")]
    assert inner
    assert set(inner) <= set(names)
    assert read.tags["h1"] == read.tags["main"] == 1
    assert all(one in {"col", "row"} for one in read.values("scope"))
    assert read.tags["th"] == len(read.values("scope"))


@pytest.mark.parametrize("printed", [False, True])
def test_the_page_runs_nothing_and_asks_for_nothing(facts: Facts, *, printed: bool) -> None:
    _, text = written(facts, printed=printed)
    read = Read(text)
    active = {"script", "iframe", "object", "embed", "link", "img", "base", "form", "use", "image"}
    assert not active & read.tags.keys()
    assert not [key for _, key, _ in read.attributes if key.startswith("on")]
    assert not {"src", "srcset", "style", "action", "xlink:href"} & {
        key for _, key, _ in read.attributes
    }
    outside = [one for one in read.values("href") if not one.startswith("#")]
    assert outside
    assert all(safe_link(one) == one for one in outside)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style
    assert not re.search(r"url\(|@import|expression", style[1])
    assert style[1].isascii()  # read in another encoding, it would not have its fingerprint
    fingerprint = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = next(value for _, key, value in read.attributes if "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'sha256-" + fingerprint)


def test_what_strangers_wrote_is_only_text(made: tuple[Report, str]) -> None:
    _, text = made
    assert "alert(1)" in "".join(Read(text).words)
    assert "<script" not in text
    assert "javascript:" not in text
    assert "\u202e" not in text
    assert "SECRETWORD" not in text


def test_every_chart_has_a_name_a_description_and_the_table_of_its_numbers(
    made: tuple[Report, str],
) -> None:
    report, text = made
    figures = [
        (section, block)
        for chapter in report.chapters
        for section in chapter.sections
        for block in section.blocks
        if isinstance(block, Figure)
    ]
    assert {section.key for section, _ in figures} >= {"volume", "voice", "satisfaction", "themes"}
    for _, figure in figures:
        for drawing in (figure.wide, figure.narrow):
            read = Read(drawing.text)
            assert read.tags["title"] == read.tags["desc"] == 1
            assert drawing.text in text
        assert figure.sheet.rows


def test_the_columns_of_the_chart_are_the_rows_of_the_table(facts: Facts) -> None:
    report, _ = written(facts)
    [figure] = [
        block for block in report.chapters[0].sections[0].blocks if isinstance(block, Figure)
    ]
    rows = [row[1] for row in figure.sheet.rows]
    assert len(rows) == 7
    drawn = re.findall(r'<rect class="(?:own|alarm)" [^>]*height="([\d.]+)"', figure.wide.text)
    heights = [float(one) for one in drawn]
    counts = [count for count in rows if isinstance(count, int) and count]
    assert len(heights) == len(counts)
    unit = max(heights) / max(counts)
    assert all(
        abs(height - count * unit) < 0.2 for height, count in zip(heights, counts, strict=True)
    )


def test_every_table_names_a_command_and_a_heading_of_the_documentation(
    made: tuple[Report, str],
) -> None:
    report, text = made
    headings = set(re.findall(r"^### (.+)$", (DOCS / "reports.md").read_text(), re.MULTILINE))
    keys = {sheet.key for sheet in report.sheets}
    assert len(keys) > 8
    assert keys <= headings
    for sheet in report.sheets:
        assert sheet.command.startswith("watcher ")
        assert sheet.trace in text


def test_no_sentence_of_a_french_report_is_english(facts: Facts) -> None:
    _, text = written(facts, "fr")
    words = " ".join("".join(Read(text).words).split())
    assert "Combien on en a parlé" in words
    texts = TEMPLATES.catalogue("fr").texts
    catalogue = texts._catalog  # type: ignore[attr-defined]
    english = [
        one
        for one in catalogue
        if isinstance(one, str) and len(one) > 24 and "{" not in one and catalogue[one] != one
    ]
    assert [one for one in english if one in words] == []


def test_the_first_page_says_what_may_be_chance(facts: Facts) -> None:
    report, _ = written(facts)
    acme = report.chapters[0]
    said = " ".join(one.text for one in acme.headlines)
    assert "more than chance" in said
    assert [one.section for one in acme.tiles] == [
        "volume", "voice", "satisfaction", "alarms", "inbox", "suspects"
    ]  # fmt: skip
    assert "worse" in said
    assert "private" in " ".join(said_in(acme.sections[0]))


def test_of_nothing_there_are_sentences_and_no_charts(facts: Facts) -> None:
    report, _ = written(facts)
    nobody = report.chapters[1]
    assert nobody.tiles[0].figure == "0"
    assert said_in(nobody.sections[0])[0] == "Nobody spoke of Nobodia in this period."
    assert not [
        block
        for section in nobody.sections
        if section.key != "answering"  # that of its competitor
        for block in section.blocks
        if isinstance(block, Figure)
    ]


def test_what_has_nothing_to_show_is_told_in_one_section(facts: Facts) -> None:
    report, text = written(facts)
    nobody = report.chapters[1]
    told = [one for some in nobody.brief for one in some]
    assert len(told) + len(nobody.drawn) == len(nobody.sections)
    assert [one.key for one in nobody.brief[0]] == ["volume", "satisfaction", "themes", "people"]
    assert text.count('<h3 id="b2-nobodia-') == len(nobody.drawn) + 1
    short = text[text.index('id="b2-nobodia-brief"') :]
    short = short[: short.index("</section>")]
    assert short.count("Nobody spoke of Nobodia in this period.") == 1


def test_what_nobody_watched_is_not_called_silence(app: App, week: Period) -> None:
    before = week
    for _ in range(30):
        before = before.before
    report, text = written(facts_of(app, before, "Acme"))
    said = report.chapters[0].headlines[0].text
    assert "could not be watched" in said
    assert "Nobody could look" in text


LIGHT = r":root \{ color-scheme: light dark;(.*?)\}"
DARK = r"prefers-color-scheme: dark\) \{\s*:root \{(.*?)\}"
LETTERS = ("ink", "faint", "accent", "bad", "good")
SHAPES = ("own", "bad", "other", "part1", "part2", "part3", "part4", "part5", "warn")


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_letters_and_shapes_stand_out_from_what_is_behind_them(scheme: str) -> None:
    """WCAG 2.2: 4.5 for text, 3 for what has to be seen to understand a chart."""
    style = TEMPLATES.fill("report/style.css", {})
    table = re.search(scheme, style, re.DOTALL)
    assert table
    colours = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,6})", table[1]))
    for paper in ("sheet", "paper", "plain-tint", "warn-tint"):
        assert contrast(colours["ink"], colours[paper]) >= 4.5
    for name in LETTERS:
        for paper in ("sheet", "paper"):
            assert contrast(colours[name], colours[paper]) >= 4.5, (name, paper)
    for name in SHAPES:
        assert contrast(colours[name], colours["sheet"]) >= 3, name


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_parts_can_be_told_apart_without_red_or_green(scheme: str) -> None:
    style = TEMPLATES.fill("report/style.css", {})
    table = re.search(scheme, style, re.DOTALL)
    assert table
    colours = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,6})", table[1]))
    parts = [colours["own"], *(colours[f"part{n}"] for n in range(1, 6))]
    for seen in (PROTANOPIA, DEUTERANOPIA):
        as_seen = [blind(one, seen) for one in parts]
        assert min(distance(one, other) for one, other in combinations(as_seen, 2)) > 0.1


# G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, A Physiologically-based Model for Simulation of
# Color Vision Deficiency, IEEE TVCG 15 (2009).
PROTANOPIA = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
              (-0.003882, -0.048116, 1.051998))  # fmt: skip
DEUTERANOPIA = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
                (-0.011820, 0.042940, 0.968881))  # fmt: skip


def linear(colour: str) -> tuple[float, ...]:
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    values = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    return tuple(v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)


def luminance(colour: str) -> float:
    return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def blind(colour: str, seen: tuple[tuple[float, ...], ...]) -> tuple[float, ...]:
    values = linear(colour)
    mixed = [sum(w * v for w, v in zip(row, values, strict=True)) for row in seen]
    return tuple(max(0.0, min(1.0, v)) ** (1 / 2.2) for v in mixed)


def distance(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return math.dist(one, other)


def test_who_is_told_first_is_who_is_drawn_first(facts: Facts) -> None:
    acme = facts.brands[0]
    quiet = [replace(one, answered_by=0, passed_on_by=0) for one in acme.influencers]
    least = sorted(quiet, key=lambda one: one.engagement or 0)
    order = ranked(replace(acme, influencers=tuple(least)))
    reactions = [one.engagement or 0 for one in order]
    assert reactions == sorted(reactions, reverse=True)
    moved = replace(least[0], answered_by=9)
    assert ranked(replace(acme, influencers=(moved, *least[1:])))[0] == moved
