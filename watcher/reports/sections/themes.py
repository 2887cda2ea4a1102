"""What people speak of where they speak of the brand."""

from collections.abc import Sequence

from watcher.insights.themes import Theme
from watcher.reports.charts import Row, Size, Svg, rows
from watcher.reports.facts import BrandFacts
from watcher.reports.model import Block, Section, Sheet
from watcher.reports.sections.desk import Desk
from watcher.reports.sections.volume import few

_SURE_TONE = 0.05
"""A smaller difference of tone is as usual."""
MOST_QUOTED = 5
"""Themes that are shown with a post."""


def themes(desk: Desk, brand: BrandFacts) -> Section:
    """Write the section."""
    say = desk.say
    title = say.t("What it is about")
    if not brand.volume.posts:
        return desk.section("themes", title, desk.lead(few(desk, brand)))
    if not brand.themes:
        return desk.section(
            "themes",
            title,
            desk.lead(
                say.t(
                    "No word sets these posts apart by more than chance: there are too few of them,"
                    " or they speak of what is always spoken of."
                )
            ),
        )
    apart = [one for one in brand.themes if one.against == "others"]
    new = [one for one in brand.themes if one.against == "before"]
    blocks: list[Block] = [desk.lead(told(desk, brand))]
    others = say.listed([say.name(one.name) for one in brand.others])
    if apart:
        blocks += _part(
            desk,
            apart,
            say.t("Said of {brand} rather than of {others}", brand=desk.name, others=others),
            say.t("the same word in as many posts about the others"),
            "others",
        )
    if new:
        blocks += _part(
            desk,
            new,
            say.t("Said more than in the period before"),
            say.t("the same word in as many posts of the period before"),
            "before",
        )
    keys = [key for one in brand.themes[:MOST_QUOTED] for key in one.examples[:1]]
    quotes = desk.posts(say.t("Posts that show it"), keys, brand.posts)
    if quotes:
        blocks.append(quotes)
    return desk.section("themes", title, *blocks)


def told(desk: Desk, brand: BrandFacts) -> str:
    """Say which words stand out most."""
    say = desk.say
    new = [one for one in brand.themes if one.against == "before"]
    apart = [one for one in brand.themes if one.against == "others"]
    said = []
    if new:
        words = say.listed([say.t("“{word}”", word=say.name(one.written)) for one in new[:3]])
        said.append(say.t("New in this period: {words}.", words=words))
    if apart:
        words = say.listed([say.t("“{word}”", word=say.name(one.written)) for one in apart[:3]])
        said.append(say.t("What sets {brand} apart: {words}.", brand=desk.name, words=words))
    return " ".join(said)


def tone(desk: Desk, one: Theme) -> str:
    """Say how posts with the word sound where they sound other than the rest; else nothing."""
    if one.tone is None:
        return ""
    if one.tone.low > 0 and one.tone.value > _SURE_TONE:
        return desk.say.t("sounds better than the rest")
    if one.tone.high < 0 and one.tone.value < -_SURE_TONE:
        return desk.say.t("sounds worse than the rest")
    return ""


def _part(desk: Desk, found: Sequence[Theme], title: str, compared: str, more: str) -> list[Block]:
    say = desk.say
    things = [
        Row(
            name=say.name(one.written),
            value=float(one.posts),
            said=", ".join(filter(None, [say.number(one.posts), tone(desk, one)])),
            before=float(one.others),
        )
        for one in found
    ]

    def draw(size: Size, name: str) -> Svg:
        return rows(
            size,
            name,
            title=title,
            description=", ".join(f"{one.name} {one.said}" for one in things),
            things=things,
            before_words=compared,
        )

    return [desk.figure(title, _sheet(desk, found, title, more), draw, more)]


def _sheet(desk: Desk, found: Sequence[Theme], caption: str, part: str) -> Sheet:
    say = desk.say
    return desk.sheet(
        "themes",
        caption,
        [
            say.column("term", "Word", "name"),
            say.column("posts", "Different wordings", "count"),
            say.column("people", "People", "count"),
            say.column("compared", "In as many compared ones", "count"),
            say.column("score", "Deviations from chance", "number"),
            say.column("tone", "Tone against the rest, in points", "points"),
        ],
        [
            (one.written, one.posts, one.authors, one.others, round(one.score, 2), one.tone)
            for one in found
        ],
        part=part,
    )
