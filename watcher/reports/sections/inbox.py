"""Customers who wait for an answer."""

from watcher.insights.inbox import Unanswered
from watcher.reports.facts import BrandFacts
from watcher.reports.model import Block, Listing, Quotes, Section
from watcher.reports.sections.desk import Desk

MOST_SHOWN = 10
MOST_QUOTED = 3


def inbox(desk: Desk, brand: BrandFacts) -> Section:
    """Write the section."""
    say, waiting = desk.say, brand.inbox
    blocks: list[Block] = [desk.lead(told(desk, brand))]
    if waiting:
        sheet = desk.sheet(
            "inbox",
            say.t("Customers who wait, the most urgent first"),
            [
                say.column("who", "Who", "name"),
                say.column("since", "Since", "moment"),
                say.column("waiting", "Waits", "duration"),
                say.column("posts", "Posts", "count"),
                say.column("why", "Why", "text"),
            ],
            [
                (
                    f"@{one.post.author.handle}",
                    one.post.posted_at,
                    one.waiting,
                    one.posts,
                    why(desk, one),
                )
                for one in waiting[:MOST_SHOWN]
            ],
            left_out=len(waiting[MOST_SHOWN:]),
        )
        blocks.append(Listing(title=sheet.caption, sheet=sheet))
        quotes = tuple(say.quote(one.post) for one in waiting[:MOST_QUOTED])
        blocks.append(Quotes(title=say.t("What the first of them wrote"), quotes=quotes))
    if brand.hidden_inbox:
        blocks.append(
            desk.note(
                say.tn(
                    "{count} more waits with a private post, which is shown nowhere.",
                    "{count} more wait with private posts, which are shown nowhere.",
                    brand.hidden_inbox,
                )
            )
        )
    if brand.suspect_inbox:
        blocks.append(
            desk.note(
                say.tn(
                    "{count} more is held for an imitation, and is not counted as a customer.",
                    "{count} more are held for imitations, and are not counted as customers.",
                    brand.suspect_inbox,
                )
            )
        )
    return desk.section("inbox", say.t("Customers who need an answer"), *blocks)


def unknown(desk: Desk, brand: BrandFacts) -> str:
    """Say why nobody can know who was answered."""
    say, own = desk.say, brand.own_posts
    if not own.accounts:
        return say.t(
            "{brand} has no accounts in the configuration: nobody can know whom it answered.",
            brand=desk.name,
        )
    if not own.posts:
        return say.t(
            "No post of {brand}’s own accounts is stored of this time: nobody can know whom it"
            " answered.",
            brand=desk.name,
        )
    return say.tn(
        "{count} post of {brand}’s own is stored, and it is no answer: perhaps no source reads its"
        " answers.",
        "{count} posts of {brand}’s own are stored, and none is an answer: perhaps no source reads"
        " its answers.",
        own.posts,
        brand=desk.name,
    )


def why(desk: Desk, one: Unanswered) -> str:
    """Say what somebody waits for."""
    say = desk.say
    words = {
        "complaint": say.t("complaint"),
        "negative": say.t("unhappy"),
        "question": say.t("question"),
    }
    return words[one.sort]


def told(desk: Desk, brand: BrandFacts) -> str:
    """Say how many wait, or why nobody can know."""
    say = desk.say
    number = len(brand.inbox) + brand.hidden_inbox
    if brand.own_posts.says is not None:
        return unknown(desk, brand)
    if not number:
        return say.t(
            "At the end of the period no customer of {brand} waited for an answer.",
            brand=desk.name,
        )
    return say.tn(
        "At the end of the period {count} customer of {brand} waited for an answer.",
        "At the end of the period {count} customers of {brand} waited for an answer.",
        number,
        brand=desk.name,
    )
