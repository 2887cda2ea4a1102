"""How much was said of the brand, day by day, beside what is usual."""

from watcher.reports.charts import Mark, Size, Svg, columns
from watcher.reports.facts import BrandFacts
from watcher.reports.model import Section, Sheet
from watcher.reports.sections.desk import FEWEST_POSTS, Desk


def volume(desk: Desk, brand: BrandFacts) -> Section:
    """Write the section."""
    say, found = desk.say, brand.volume
    sheet = _sheet(desk, brand)
    title = say.t("How much was said")
    if found.posts < FEWEST_POSTS:
        return desk.section("volume", title, desk.lead(few(desk, brand)), _private(desk, brand))

    def draw(size: Size, name: str) -> Svg:
        return columns(
            size,
            name,
            title=say.t("Posts about {brand} by day", brand=desk.name),
            description=_description(desk, brand),
            days=[one.day for one in found.days],
            values=[one.posts for one in found.days],
            usual=[one.usual for one in found.days],
            usual_words=say.t("usual"),
            marks=_marks(desk, brand),
            gaps=desk.gaps(),
            gap_words=say.t("not watched"),
            names=say.day,
            says=say.number,
        )

    return desk.section(
        "volume",
        title,
        desk.lead(told(desk, brand)),
        desk.figure(say.t("Posts about {brand} by day", brand=desk.name), sheet, draw),
        _usual(desk, brand),
        _private(desk, brand),
    )


def told(desk: Desk, brand: BrandFacts) -> str:
    """Say how many posts there were, and how that stands to the period before."""
    say, found = desk.say, brand.volume
    if found.posts < FEWEST_POSTS:
        return few(desk, brand)
    people = say.tn("{count} person", "{count} people", found.authors)
    said = say.tn(
        "{count} post speaks of {brand}, by {people}.",
        "{count} posts speak of {brand}, by {people}.",
        found.posts,
        brand=desk.name,
        people=people,
    )
    return f"{said} {compared(desk, brand)}".rstrip()


def compared(desk: Desk, brand: BrandFacts) -> str:
    """Say by how much more or less that is than before, and whether it may be chance."""
    say, found = desk.say, brand.volume
    if found.before is None:
        return say.t("Nobody counted in the period before, so there is nothing to compare with.")
    if not found.before:
        return say.t("In the period before there was none.")
    change = say.growth(found.posts, found.before)
    if found.certain is None:
        return ""
    before = say.number(found.before)
    if found.certain:
        return say.t(
            "That is {change} against the {before} of the period before, more than chance makes of"
            " such days.",
            change=change,
            before=before,
        )
    return say.t(
        "Against the {before} of the period before that is {change}, which may be chance.",
        change=change,
        before=before,
    )


def few(desk: Desk, brand: BrandFacts) -> str:
    """Say that there is nothing, or too little, to draw."""
    say, found = desk.say, brand.volume
    if not found.posts:
        if desk.facts.watched.blind:
            return say.t(
                "No post about {brand} was read; part of the period could not be watched.",
                brand=desk.name,
            )
        return say.t("Nobody spoke of {brand} in this period.", brand=desk.name)
    return say.tn(
        "{count} post speaks of {brand}: too few for a chart.",
        "{count} posts speak of {brand}: too few for a chart.",
        found.posts,
        brand=desk.name,
    )


def _sheet(desk: Desk, brand: BrandFacts) -> Sheet:
    say = desk.say
    return desk.sheet(
        "volume",
        say.t("Posts about {brand} by day", brand=desk.name),
        [
            say.column("day", "Day", "day"),
            say.column("posts", "Posts", "count"),
            say.column("people", "People", "count"),
            say.column("usual", "Usual posts", "number"),
        ],
        [(one.day, one.posts, one.authors, one.usual) for one in brand.volume.days],
    )


def _description(desk: Desk, brand: BrandFacts) -> str:
    say, days = desk.say, brand.volume.days
    most = max(days, key=lambda one: one.posts)
    said = say.t(
        "A column for each day. The highest is {day} with {posts} posts; the table has all the"
        " numbers.",
        day=say.day(most.day),
        posts=say.number(most.posts),
    )
    marked = [say.day(one.day) for one in _marks(desk, brand)]
    if marked:
        said += " " + say.t("An alarm was raised for {days}.", days=say.listed(marked))
    return said


def _marks(desk: Desk, brand: BrandFacts) -> list[Mark]:
    period = desk.facts.period
    days = {period.day_of(max(one.alarm.since, period.since)) for one in brand.alarms}
    known = {one.day for one in brand.volume.days}
    return [Mark(day=day, words=desk.say.t("alarm")) for day in sorted(days & known)]


def _usual(desk: Desk, brand: BrandFacts) -> object:
    say = desk.say
    if any(one.usual is not None for one in brand.volume.days):
        return desk.note(
            say.t(
                "Usual is the median of the same weekday in up to eight weeks before, or of the"
                " last four weeks’ days where fewer weeks were counted."
            )
        )
    return desk.note(
        say.t("What is usual is not known yet: that takes a week of counting before the period.")
    )


def _private(desk: Desk, brand: BrandFacts) -> object:
    if not brand.volume.private:
        return None
    return desk.note(
        desk.say.tn(
            "{count} of them is private: it is counted, and shown nowhere.",
            "{count} of them are private: they are counted, and shown nowhere.",
            brand.volume.private,
        )
    )
