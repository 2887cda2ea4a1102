"""Whether people became more content: a trend within its uncertainty, never a level."""

from dataclasses import replace

from watcher.insights.model import Estimate
from watcher.insights.satisfaction import DaySatisfaction
from watcher.reports.charts import Size, Svg, trend
from watcher.reports.facts import BrandFacts
from watcher.reports.model import Hidden, Section, Sheet
from watcher.reports.sections.desk import FEWEST_DAYS, Desk
from watcher.reports.sections.volume import few


def satisfaction(desk: Desk, brand: BrandFacts) -> Section:
    """Write the section."""
    say, felt = desk.say, brand.satisfaction
    title = say.t("Satisfaction")
    sheet = _sheet(desk, brand)
    lead = desk.lead(told(desk, brand))
    known = [one for one in felt.days if one.change]
    if len(known) < FEWEST_DAYS:
        table = Hidden(title=sheet.caption, sheet=sheet) if felt.posts else None
        why = None
        if felt.posts:
            why = desk.note(
                say.t("Too few days have enough posts whose tone is known to draw a trend.")
            )
        return desk.section("satisfaction", title, lead, why, table)
    if felt.usual is not None:
        caption = say.t("How far satisfaction lies from the four weeks before, in points")
        better, worse = say.t("more content than before"), say.t("less content than before")
    else:
        caption = say.t("How far satisfaction lies from that of the whole period, in points")
        better = say.t("more content than in the whole period")
        worse = say.t("less content than in the whole period")

    def draw(size: Size, name: str) -> Svg:
        return trend(
            size,
            name,
            title=caption,
            description=_description(desk, known),
            days=[one.day for one in felt.days],
            values=[_shown(one) for one in felt.days],
            better=better,
            worse=worse,
            gaps=desk.gaps(),
            gap_words=say.t("not watched"),
            names=say.day,
            says=lambda value: say.points(value / 100) if round(value) else say.number(0),
        )

    return desk.section(
        "satisfaction",
        title,
        lead,
        desk.figure(caption, sheet, draw),
        desk.note(
            say.t(
                "The band holds the true value 95 times in 100. How content people are as such is"
                " not shown: a program reads the tone of posts well enough to see a change, not to"
                " tell a level."
            )
        ),
    )


def told(desk: Desk, brand: BrandFacts) -> str:
    """Say what may be said, with the number."""
    say, found = desk.say, brand.satisfaction
    if not brand.volume.posts:
        return few(desk, brand)
    said = say.reason(found.says)
    if found.change is None:
        return said
    if found.change.low <= 0 <= found.change.high:
        return say.t(
            "Whether people feel better or worse about {brand} than before cannot be told:"
            " {points} points were measured, and anything from {low} to {high} may be true.",
            brand=desk.name,
            points=say.points(found.change.value),
            low=say.points(found.change.low),
            high=say.points(found.change.high),
        )
    more = say.t(
        "The difference is {points} points, between {low} and {high}.",
        points=say.points(found.change.value),
        low=say.points(found.change.low),
        high=say.points(found.change.high),
    )
    return f"{said} {more}"


def _shown(one: DaySatisfaction) -> Estimate | None:
    """The line of a day within the bounds of what was counted, in points."""
    if one.change is None:
        return None
    line = one.change.value if one.smooth is None else one.smooth
    return replace(
        one.change, value=line * 100, low=one.change.low * 100, high=one.change.high * 100
    )


def _description(desk: Desk, known: list[DaySatisfaction]) -> str:
    say = desk.say

    def line(one: DaySatisfaction) -> float:
        return one.smooth if one.smooth is not None else one.change.value if one.change else 0.0

    low, high = min(known, key=line), max(known, key=line)
    return say.t(
        "A line through the days within a band. Lowest on {low_day} with {low} points, highest on"
        " {high_day} with {high}.",
        low_day=say.day(low.day),
        low=say.points(line(low)),
        high_day=say.day(high.day),
        high=say.points(line(high)),
    )


def _sheet(desk: Desk, brand: BrandFacts) -> Sheet:
    say = desk.say
    return desk.sheet(
        "satisfaction",
        say.t("The tone of posts about {brand} by day", brand=desk.name),
        [
            say.column("day", "Day", "day"),
            say.column("posts", "Posts", "count"),
            say.column("negative", "Negative", "count"),
            say.column("neutral", "Neutral", "count"),
            say.column("positive", "Positive", "count"),
            say.column("unknown", "Not known", "count"),
            say.column("sayings", "Different wordings", "count"),
            say.column("change", "Difference, in points", "points"),
            say.column("line", "Line, in points", "shift"),
        ],
        [
            (
                one.day,
                one.posts,
                one.negative,
                one.neutral,
                one.positive,
                one.unknown,
                one.sayings,
                one.change,
                one.smooth,
            )
            for one in brand.satisfaction.days
        ],
    )
