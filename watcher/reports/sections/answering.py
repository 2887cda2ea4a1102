"""Whether the brand answers those who speak to it, beside its competitors."""

from watcher.insights.answering import Answering
from watcher.reports.charts import Row, Size, Svg, rows
from watcher.reports.facts import BrandFacts
from watcher.reports.model import Hidden, Section, Sheet
from watcher.reports.sections.desk import FEWEST_POSTS, Desk
from watcher.reports.sections.inbox import unknown
from watcher.reports.sections.voice import strokes


def answering(desk: Desk, brand: BrandFacts) -> Section:
    """Write the section."""
    say, found = desk.say, brand.answering
    title = say.t("Answers to customers")
    sheet = _sheet(desk, brand)
    lead = desk.lead(told(desk, brand))
    if not any(_enough(one) for one in found):
        table = (
            Hidden(title=sheet.caption, sheet=sheet) if any(o.addressed for o in found) else None
        )
        return desk.section("answering", title, lead, table)
    caption = say.t("Share of posts to the brand that were answered within a week")
    things = [_row(desk, brand, one) for one in found]

    def draw(size: Size, name: str) -> Svg:
        return rows(
            size,
            name,
            title=caption,
            description=", ".join(f"{one.name} {one.said}" for one in things),
            things=things,
        )

    return desk.section(
        "answering", title, lead, desk.figure(caption, sheet, draw), desk.note(strokes(desk))
    )


def told(desk: Desk, brand: BrandFacts) -> str:
    """Say how the brand answers, or why nobody can know."""
    say, found = desk.say, brand.answering[0]
    if found.answered is None and brand.own_posts.says is not None:
        return unknown(desk, brand)
    if found.answered is None:
        return say.t("Nobody addressed {brand} in this period.", brand=desk.name)
    said = say.tn(
        "Of {count} post to {brand} {share} was answered within a week.",
        "Of {count} posts to {brand} {share} were answered within a week.",
        found.addressed,
        brand=desk.name,
        share=say.share(found.answered.value),
    )
    if found.median is not None:
        more = say.t("Half of the answers came within {length}.",
                     length=say.length(found.median.value))  # fmt: skip
        said = f"{said} {more}"
    return said


def _enough(one: Answering) -> bool:
    return one.answered is not None and one.addressed >= FEWEST_POSTS


def _row(desk: Desk, brand: BrandFacts, one: Answering) -> Row:
    say = desk.say
    said, value = say.t("not known: its own posts are not read"), None
    if one.answered is not None:
        said, value = say.share(one.answered.value), one.answered.value
        if one.median is not None:
            said = say.t(
                "{share}, half within {length}", share=said, length=say.length(one.median.value)
            )
    elif one.own_posts:
        said = say.t("too few to say")
    return Row(
        name=say.name(one.brand),
        value=value,
        said=said,
        range=one.answered,
        own=one.brand == brand.brand.name,
    )


def _sheet(desk: Desk, brand: BrandFacts) -> Sheet:
    say = desk.say
    return desk.sheet(
        "answering",
        say.t("Posts to the brands, and their answers"),
        [
            say.column("brand", "Brand", "name"),
            say.column("addressed", "Posts to it", "count"),
            say.column("customers", "People", "count"),
            say.column("asking", "Questions and complaints", "count"),
            say.column("own_answers", "Its answers", "count"),
            say.column("answered", "Answered", "share"),
            say.column("asking_answered", "Questions and complaints answered", "share"),
            say.column("median", "Half within", "duration"),
            say.column("p90", "Nine of ten within", "duration"),
        ],
        [
            (
                one.brand,
                one.addressed,
                one.customers,
                one.asking,
                one.own_answers,
                one.answered,
                one.asking_answered,
                one.median.value if one.median else None,
                one.p90.value if one.p90 else None,
            )
            for one in brand.answering
        ],
    )
