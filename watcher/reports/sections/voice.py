"""Which part of what is said of the brand and its competitors is said of each."""

from watcher.insights.model import Estimate
from watcher.insights.voice import BrandVoice
from watcher.reports.charts import Row, Size, Svg, rows, shares
from watcher.reports.charts.shares import FEW, KINDS
from watcher.reports.facts import BrandFacts
from watcher.reports.model import Figure, Hidden, Section, Sheet
from watcher.reports.sections.desk import FEWEST_DAYS, FEWEST_POSTS, Desk

_VAGUE = 0.3
"""A share whose bounds lie so far apart is hardly one."""


def voice(desk: Desk, brand: BrandFacts) -> Section:
    """Write the section."""
    say, said = desk.say, brand.voice
    title = say.t("Share of voice")
    if not brand.others:
        return desk.section(
            "voice",
            title,
            desk.lead(say.t("No competitor is configured, so there is nobody to compare with.")),
        )
    sheet = _sheet(desk, brand)
    table = Hidden(title=sheet.caption, sheet=sheet)
    if said.posts < FEWEST_POSTS or sum(one.posts > 0 for one in said.brands) < 2:
        return desk.section("voice", title, desk.lead(honest(desk, brand)), table)
    days = len(said.brands[0].days)
    drawn: list[Figure | Hidden] = [_by_brand(desk, brand, sheet)]
    by_day = _by_day(desk, brand)
    totals = [sum(one.days[n].posts for one in said.brands) for n in range(days)]
    if sum(one >= FEW for one in totals) >= FEWEST_DAYS:
        drawn.append(by_day)
    else:
        drawn.append(Hidden(title=by_day.sheet.caption, sheet=by_day.sheet))
    return desk.section(
        "voice",
        title,
        desk.lead(told(desk, brand)),
        *drawn,
        desk.note(strokes(desk)),
        desk.note(say.t("A post that speaks of two brands counts for both.")),
        desk.note(say.t("Pale days have fewer than {count} posts.", count=say.number(FEW)))
        if len(drawn) > 1 and isinstance(drawn[1], Figure)
        else None,
    )


def told(desk: Desk, brand: BrandFacts) -> str:
    """Say which part is the brand's, who has most, and what became of it."""
    say, first = desk.say, brand.voice.brands[0]
    if first.share is None:
        return honest(desk, brand)
    said = say.t(
        "{share} of {count} posts speak of {brand}.",
        share=say.share(first.share.value),
        count=say.number(brand.voice.posts),
        brand=desk.name,
    )
    if is_vague(first.share):
        more = say.t(
            "So few people wrote them that it may be anything from {low} to {high}.",
            low=say.share(first.share.low),
            high=say.share(first.share.high),
        )
        return f"{said} {more}"
    change = changed(first)
    if change is not None:
        values = {"points": say.points(change.value)}
        if change.low <= 0 <= change.high:
            more = say.t("That is {points} points against the period before, which may be chance.",
                         **values)  # fmt: skip
        else:
            more = say.t("That is {points} points against the period before, more than chance.",
                         **values)  # fmt: skip
        said = f"{said} {more}"
    most = max(brand.voice.brands, key=lambda one: one.posts)
    if most is not first and most.share:
        more = say.t(
            "Most was said of {brand}: {share}.",
            brand=say.name(most.brand),
            share=say.share(most.share.value),
        )
        said = f"{said} {more}"
    return said


def strokes(desk: Desk) -> str:
    """Say what the strokes on the bars mean."""
    return desk.say.t("The stroke at the end of a bar shows how far chance may have moved it.")


def is_vague(share: Estimate) -> bool:
    """Whether a share is too unsure to be told without its bounds."""
    return share.high - share.low > _VAGUE


def changed(one: BrandVoice) -> Estimate | None:
    """By how much a share changed; None where too little was said before to tell."""
    if one.share_before is None or one.share_before.posts < FEWEST_POSTS:
        return None
    return one.change


def honest(desk: Desk, brand: BrandFacts) -> str:
    """Say why there is no share to tell."""
    say, said = desk.say, brand.voice
    others = say.listed([say.name(one.name) for one in brand.others])
    if not said.posts:
        return say.t("Nobody spoke of {brand}, nor of {others}.", brand=desk.name, others=others)
    if said.posts < FEWEST_POSTS:
        return say.tn(
            "{count} post speaks of {brand} or of {others}: too few to share out.",
            "{count} posts speak of {brand} or of {others}: too few to share out.",
            said.posts,
            brand=desk.name,
            others=others,
        )
    only = next(say.name(one.brand) for one in said.brands if one.posts)
    return say.t(
        "All {count} posts speak of {only}: a share of everything says little. Are the others"
        " watched at all?",
        count=say.number(said.posts),
        only=only,
    )


def _by_brand(desk: Desk, brand: BrandFacts, sheet: Sheet) -> Figure:
    say = desk.say
    is_compared = all(changed(one) for one in brand.voice.brands)
    things = [
        Row(
            name=say.name(one.brand),
            value=one.share.value if one.share else None,
            said=say.share(one.share.value) if one.share else say.t("not known"),
            range=one.share,
            before=one.share_before.value if one.share_before and is_compared else None,
            own=one.brand == brand.brand.name,
        )
        for one in brand.voice.brands
    ]
    caption = say.t("Share of the posts of the period")

    def draw(size: Size, name: str) -> Svg:
        return rows(
            size,
            name,
            title=caption,
            description=", ".join(f"{one.name} {one.said}" for one in things),
            things=things,
            before_words=say.t("the period before"),
        )

    return desk.figure(caption, sheet, draw)


def _by_day(desk: Desk, brand: BrandFacts) -> Figure:
    say = desk.say
    first, *others = brand.voice.brands
    others.sort(key=lambda one: -one.posts)
    shown, rest = others[: KINDS - 1], others[KINDS - 1 :]
    if rest:
        shown, rest = others[: KINDS - 2], others[KINDS - 2 :]
    whole = brand.voice.posts
    parts = [
        (say.name(one.brand), say.share(one.posts / whole), [day.posts for day in one.days])
        for one in (first, *shown)
    ]
    if rest:
        together = [sum(one.days[n].posts for one in rest) for n in range(len(first.days))]
        parts.append((say.t("others"), say.share(sum(together) / whole), together))
    days = [one.day for one in first.days]
    caption = say.t("Share of voice by day")

    def draw(size: Size, name: str) -> Svg:
        return shares(
            size,
            name,
            title=caption,
            description=say.t(
                "A column of all posts for each day, {brand} at the bottom; the table has the"
                " numbers.",
                brand=desk.name,
            ),
            days=days,
            parts=parts,
            gaps=desk.gaps(),
            gap_words=say.t("not watched"),
            names=say.day,
            says=say.share,
        )

    return desk.figure(caption, _days_sheet(desk, (first, *others)), draw)


def _sheet(desk: Desk, brand: BrandFacts) -> Sheet:
    say = desk.say
    return desk.sheet(
        "voice",
        say.t("Share of the posts of the period"),
        [
            say.column("brand", "Brand", "name"),
            say.column("posts", "Posts", "count"),
            say.column("people", "People", "count"),
            say.column("share", "Share of posts", "share"),
            say.column("share_before", "Share in the period before", "share"),
            say.column("change", "Change in points", "points"),
            say.column("share_of_people", "Share of people", "share"),
        ],
        [
            (
                one.brand,
                one.posts,
                one.authors,
                one.share,
                one.share_before,
                one.change,
                one.share_of_authors,
            )
            for one in brand.voice.brands
        ],
    )


def _days_sheet(desk: Desk, brands: tuple[BrandVoice, ...]) -> Sheet:
    say = desk.say
    return desk.sheet(
        "voice-days",
        say.t("Posts of each brand by day"),
        [
            say.column("day", "Day", "day"),
            say.column("brand", "Brand", "name"),
            say.column("posts", "Posts", "count"),
            say.column("share", "Share of posts", "share"),
        ],
        [
            (one.days[n].day, one.brand, one.days[n].posts, one.days[n].share)
            for n in range(len(brands[0].days))
            for one in brands
        ],
    )
