"""How the brand's own accounts post: when, what, and what came of it."""

from watcher.insights.account import KINDS, AccountStatistics
from watcher.reports.charts import Size, Svg, heat
from watcher.reports.commands import stats
from watcher.reports.facts import BrandFacts
from watcher.reports.model import Block, Cell, Hidden, Listing, Paragraph, Section, Sheet
from watcher.reports.sections.desk import FEWEST_POSTS, Desk


def accounts(desk: Desk, brand: BrandFacts) -> Section:
    """Write the section."""
    say = desk.say
    title = say.t("The brand’s own accounts")
    active = [one for one in brand.accounts if one.posts]
    if not active:
        return desk.section("accounts", title, desk.lead(_nothing(desk, brand)), _more(desk, brand))
    sheet = _sheet(desk, brand)
    blocks: list[Block] = [
        desk.lead(told(desk, active[0])),
        Listing(title=sheet.caption, sheet=sheet),
    ]
    blocks += [_hours(desk, one) for one in active]
    return desk.section("accounts", title, *blocks, _more(desk, brand))


def told(desk: Desk, one: AccountStatistics) -> str:
    """Say how often an account posts, and when most."""
    say = desk.say
    said = say.tn(
        "{account} wrote {count} post.",
        "{account} wrote {count} posts.",
        one.posts,
        account=say.name(f"@{one.account.handle}"),
    )
    if one.posts < FEWEST_POSTS:
        return said
    day, hour = max(
        ((day, hour) for day in range(7) for hour in range(24)),
        key=lambda at: one.hours[at[0]][at[1]],
    )
    return f"{said} " + say.t(
        "The busiest hour of its week: {day}, {hour}:00.",
        day=say.words.weekdays()[day],
        hour=f"{hour:02}",
    )


def _nothing(desk: Desk, brand: BrandFacts) -> str:
    say = desk.say
    if not brand.brand.accounts:
        return say.t("No account of {brand} is configured.", brand=desk.name)
    if not brand.accounts:
        return say.t(
            "The accounts of {brand} were never read, so nothing is known of its own posts.",
            brand=desk.name,
        )
    return say.t("No post of {brand}’s own accounts in this period is stored.", brand=desk.name)


def _more(desk: Desk, brand: BrandFacts) -> Paragraph | None:
    """Say of how many accounts nothing is told."""
    if not brand.more_accounts:
        return None
    said = desk.say.tn(
        "{count} more of {brand}’s own accounts is known, of which nothing is told here.",
        "{count} more of {brand}’s own accounts are known, of which nothing is told here.",
        brand.more_accounts,
        brand=desk.name,
    )
    return desk.note(said)


def _hours(desk: Desk, one: AccountStatistics) -> Block:
    say, handle = desk.say, say_handle(desk, one)
    caption = say.t("When {account} posts, in hours of the week", account=handle)
    days = say.words.weekdays()
    cells: list[tuple[Cell, ...]] = [(days[day], *one.hours[day]) for day in range(7)]
    columns = [say.column("weekday", "Weekday", "text")]
    columns += [say.plain_column(f"h{hour:02}", f"{hour:02}", "count") for hour in range(24)]
    sheet = desk.sheet(
        "account-hours", caption, columns, cells,
        told_by=stats(one.account.handle, desk.facts.period), part=one.account.key,
    )  # fmt: skip
    if one.posts < FEWEST_POSTS:
        return Hidden(title=caption, sheet=sheet)

    def draw(size: Size, name: str) -> Svg:
        return heat(
            size,
            name,
            title=caption,
            description=say.t("Seven rows of 24 fields; the darker, the more posts.")
            + " "
            + told(desk, one),
            counts=one.hours,
            weekdays=days,
            hours=[f"{hour:02}" for hour in range(24)],
        )

    return desk.figure(caption, sheet, draw, slug(one.account.key))


def slug(key: str) -> str:
    """Return a name of ASCII letters and digits for an account, no two alike."""
    return "".join(c if c.isascii() and c.isalnum() else f"-{ord(c):x}-" for c in key)


def say_handle(desk: Desk, one: AccountStatistics) -> str:
    """The account as it is shown."""
    return desk.say.name(f"@{one.account.handle}")


def _sheet(desk: Desk, brand: BrandFacts) -> Sheet:
    say = desk.say
    return desk.sheet(
        "accounts",
        say.t("Own accounts"),
        [
            say.column("account", "Account", "name"),
            say.column("posts", "Posts", "count"),
            say.column("original", "Originals", "count"),
            say.column("reply", "Replies", "count"),
            say.column("repost", "Reposts", "count"),
            say.column("quote", "Quotes", "count"),
            say.column("engagement", "Reactions a post", "number"),
            say.column("addressed", "Posts to it", "count"),
            say.column("seen", "Stored in all", "count"),
        ],
        [
            (
                f"@{one.account.handle}",
                one.posts,
                *(one.kinds.of(kind) for kind in KINDS),
                one.engagement.a_post,
                one.addressed.posts,
                one.seen.stored,
            )
            for one in brand.accounts
        ],
        told_by=" && ".join(stats(one.account.handle, desk.facts.period) for one in brand.accounts),
    )
