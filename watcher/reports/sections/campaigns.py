"""What competitors began to say in public, and the brand itself."""

from collections.abc import Sequence

from watcher.insights.campaigns import Campaign
from watcher.reports.facts import BrandFacts
from watcher.reports.model import Block, Listing, Section, Sheet
from watcher.reports.sections.desk import Desk

MOST_SHOWN = 12


def campaigns(desk: Desk, brand: BrandFacts) -> Section:
    """Write the section."""
    say = desk.say
    blocks: list[Block] = [desk.lead(told(desk, brand))]
    if brand.campaigns and (open_question := unknown(desk, brand)):
        blocks.append(desk.note(open_question))
    everything = (*brand.campaigns, *brand.own_campaigns)
    if everything:
        sheet = _sheet(desk, everything)
        blocks.append(Listing(title=sheet.caption, sheet=sheet))
        keys = [key for one in everything[:4] for key in one.examples[:1]]
        quotes = desk.posts(say.t("Posts that show it"), keys, brand.posts)
        if quotes:
            blocks.append(quotes)
    return desk.section("campaigns", say.t("New campaigns"), *blocks)


def told(desk: Desk, brand: BrandFacts) -> str:
    """Say what the strongest new thing is, or of whom nothing is new or known."""
    say = desk.say
    if brand.campaigns:
        return say.reason(brand.campaigns[0].says)
    said = []
    if not brand.others:
        said.append(say.t("No competitor is configured, so no campaign of one could be seen."))
    calm = [name for name in _quiet(brand) if name not in brand.unseen_before]
    if calm:
        others = say.listed([say.name(name) for name in calm])
        said.append(
            say.t(
                "Nothing new was seen of {others}: no new hashtag, and no burst of posts.",
                others=others,
            )
        )
    return " ".join([*said, unknown(desk, brand)]).rstrip()


def unknown(desk: Desk, brand: BrandFacts) -> str:
    """Say of whom nobody can know what is new; empty where it is known of all."""
    names = [desk.say.name(name) for name in _quiet(brand) if name in brand.unseen_before]
    if not names:
        return ""
    return desk.say.t(
        "Whether {others} began something new is not known: no posts by their own accounts are"
        " stored of the weeks before.",
        others=desk.say.listed(names),
    )


def _quiet(brand: BrandFacts) -> list[str]:
    """Return the brands of which nothing new was found, competitors first."""
    new = {one.brand for one in (*brand.campaigns, *brand.own_campaigns)}
    return [one.name for one in (*brand.others, brand.brand) if one.name not in new]


def _sheet(desk: Desk, found: Sequence[Campaign]) -> Sheet:
    say = desk.say
    names = {"hashtag": say.t("new hashtag"), "burst": say.t("burst of own posts"),
             "talk": say.t("new hashtag among others")}  # fmt: skip
    return desk.sheet(
        "campaigns",
        say.t("What is new"),
        [
            say.column("brand", "Brand", "name"),
            say.column("kind", "Kind", "text"),
            say.column("name", "Hashtag", "name"),
            say.column("since", "First seen", "moment"),
            say.column("own_posts", "Own posts", "count"),
            say.column("posts", "Posts of others", "count"),
            say.column("people", "People", "count"),
            say.column("engagement", "Likes, reposts and replies", "count"),
        ],
        [
            (
                one.brand,
                names[one.kind],
                f"#{one.name}" if one.name else None,
                one.since,
                one.own_posts,
                one.posts,
                one.authors,
                one.engagement,
            )
            for one in found[:MOST_SHOWN]
        ],
        left_out=len(found[MOST_SHOWN:]),
    )
