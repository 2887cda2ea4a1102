"""Who matters where the brand is spoken of, and who talks with whom."""

from watcher.insights.people import Influencer
from watcher.reports.charts import Row, Size, Svg, rows
from watcher.reports.facts import BrandFacts
from watcher.reports.model import Block, Hidden, Section, Sheet
from watcher.reports.sections.desk import Desk
from watcher.reports.sections.volume import few

MOST_DRAWN = 8
FEWEST_PEOPLE = 3
"""Where no post moved so many, the networks’ own counts say more."""


def people(desk: Desk, brand: BrandFacts) -> Section:
    """Write the section."""
    say = desk.say
    title = say.t("Who matters")
    blocks: list[Block] = [desk.lead(told(desk, brand))]
    if brand.influencers:
        blocks.append(_figure(desk, brand))
        blocks.append(
            desk.note(
                say.t(
                    "Counted is what others did: answer, pass on, quote, like. Followers count for"
                    " nothing, and neither do own replies, bots and imitators."
                )
            )
        )
    quotes = desk.posts(
        say.t("What they said that moved most"),
        [one.best for one in ranked(brand)[:3]],
        brand.posts,
    )
    if quotes:
        blocks.append(quotes)
    if brand.talks:
        sheet = _talks(desk, brand)
        blocks.append(Hidden(title=sheet.caption, sheet=sheet))
    return desk.section("people", title, *blocks)


def told(desk: Desk, brand: BrandFacts) -> str:
    """Say who caused most."""
    say = desk.say
    if not brand.influencers and not brand.volume.posts:
        return few(desk, brand)
    if not brand.influencers:
        return say.t(
            "Nobody’s posts about {brand} moved others to answer or to pass them on, as far as the"
            " networks tell.",
            brand=desk.name,
        )
    first = ranked(brand)[0]
    said = []
    if first.answered_by:
        said.append(say.tn("{count} person answered", "{count} people answered", first.answered_by))
    if first.passed_on_by:
        said.append(
            say.tn("{count} passed the posts on", "{count} passed the posts on", first.passed_on_by)
        )
    if first.engagement:
        said.append(
            say.tn(
                "{count} like, repost or reply",
                "{count} likes, reposts and replies",
                first.engagement,
            )
        )
    who = say.name(f"@{first.account.handle}")
    if not said:
        return say.t("{account} moved most.", account=who)
    return say.t("{account} moved most: {what}.", account=who, what=say.listed(said))


def ranked(brand: BrandFacts) -> tuple[Influencer, ...]:
    """The people in the order in which they are told: by what is drawn of them."""
    if not _by_reactions(brand):
        return brand.influencers
    return tuple(sorted(brand.influencers, key=lambda one: -(one.engagement or 0)))


def _by_reactions(brand: BrandFacts) -> bool:
    most = max(map(_moved, brand.influencers), default=0)
    return most < FEWEST_PEOPLE and any(one.engagement for one in brand.influencers)


def _moved(one: Influencer) -> int:
    return one.answered_by + one.passed_on_by


def _figure(desk: Desk, brand: BrandFacts) -> Block:
    say = desk.say
    drawn = ranked(brand)[:MOST_DRAWN]
    people = [_moved(one) for one in drawn]
    caption = say.t("Different people who answered or passed on")
    if _by_reactions(brand):
        people = [one.engagement or 0 for one in drawn]
        caption = say.t("Likes, reposts and replies")
    things = [
        Row(name=say.name(f"@{one.account.handle}"), value=float(number), said=say.number(number))
        for one, number in zip(drawn, people, strict=True)
    ]

    def draw(size: Size, name: str) -> Svg:
        return rows(
            size,
            name,
            title=caption,
            description=", ".join(f"{one.name} {one.said}" for one in things),
            things=things,
        )

    return desk.figure(caption, _sheet(desk, brand), draw)


def _sheet(desk: Desk, brand: BrandFacts) -> Sheet:
    say = desk.say
    return desk.sheet(
        "people",
        say.t("People by what their posts cause"),
        [
            say.column("account", "Account", "name"),
            say.column("posts", "Posts", "count"),
            say.column("answered_by", "People who answered", "count"),
            say.column("passed_on_by", "People who passed on", "count"),
            say.column("engagement", "Likes, reposts and replies", "count"),
            say.column("followers", "Followers", "count"),
            say.column("score", "Score", "number"),
            say.column("remark", "Remark", "text"),
        ],
        [
            (
                f"@{one.account.handle}",
                one.posts,
                one.answered_by,
                one.passed_on_by,
                one.engagement,
                one.account.followers,
                round(one.score, 2),
                say.t("held for an imitation") if one.suspect else None,
            )
            for one in brand.influencers
        ],
    )


def _talks(desk: Desk, brand: BrandFacts) -> Sheet:
    say = desk.say
    return desk.sheet(
        "talks",
        say.t("Who speaks to whom"),
        [
            say.column("who", "Who", "name"),
            say.column("to", "To", "name"),
            say.column("posts", "Posts", "count"),
            say.column("back", "Posts back", "count"),
            say.column("negative", "Negative", "count"),
            say.column("positive", "Positive", "count"),
            say.column("last", "Last", "moment"),
        ],
        [
            (
                f"@{one.who}",
                f"@{one.to}",
                one.posts,
                one.back,
                one.negative,
                one.positive,
                one.last,
            )
            for one in brand.talks
        ],
    )
