"""Who borrows the brand's name: new suspects, and what people decided."""

from rules.model import Verdict
from watcher.reports.facts import BrandFacts
from watcher.reports.model import Block, Listing, Section
from watcher.reports.sections.desk import Desk


def suspects(desk: Desk, brand: BrandFacts) -> Section:
    """Write the section."""
    say, news = desk.say, brand.suspects
    judged = verdicts(desk, brand)
    blocks: list[Block] = [desk.lead(f"{told(desk, brand)} {judged}".rstrip())]
    if news.raised:
        states = {
            Verdict.OPEN: say.t("open"),
            Verdict.CONFIRMED: say.t("confirmed"),
            Verdict.DISMISSED: say.t("harmless"),
            Verdict.PARODY: say.t("parody"),
            Verdict.OURS: say.t("ours"),
        }
        sheet = desk.sheet(
            "suspects",
            say.t("Names that were first seen in this period"),
            [
                say.column("id", "No.", "count"),
                say.column("name", "Name", "text"),
                say.column("network", "Where", "text"),
                say.column("score", "Likeness", "number"),
                say.column("verdict", "Decision", "text"),
                say.column("first_seen", "First seen", "moment"),
                say.column("reason", "Why", "text"),
            ],
            [
                (
                    one.id,
                    say.suspect(one.suspect),
                    one.account.network if one.account else say.t("domain"),
                    round(one.suspect.score, 2),
                    states[one.verdict],
                    one.first_seen,
                    say.reason(one.suspect.reason),
                )
                for one in news.raised
            ],
            left_out=news.more,
        )
        blocks.append(Listing(title=sheet.caption, sheet=sheet))
    if news.hidden:
        blocks.append(
            desk.note(
                say.tn(
                    "{count} more is known by private posts alone, and shown nowhere.",
                    "{count} more are known by private posts alone, and shown nowhere.",
                    news.hidden,
                )
            )
        )
    return desk.section("suspects", say.t("Who borrows the name"), *blocks)


def told(desk: Desk, brand: BrandFacts) -> str:
    """Say how many new names look like the brand."""
    say, news = desk.say, brand.suspects
    number = len(news.raised) + news.more
    if not number:
        return say.t("No new name that looks like {brand} was seen.", brand=desk.name)
    return say.tn(
        "{count} new name looks like {brand}.",
        "{count} new names look like {brand}.",
        number,
        brand=desk.name,
    )


def verdicts(desk: Desk, brand: BrandFacts) -> str:
    """Say what people decided in the period, and what waits for them; empty for nothing."""
    say, news = desk.say, brand.suspects
    said = []
    if number := news.judged.get(Verdict.CONFIRMED, 0):
        said.append(
            say.tn(
                "{count} was confirmed as an imitation in this period.",
                "{count} were confirmed as imitations in this period.",
                number,
            )
        )
    if number := sum(n for verdict, n in news.judged.items() if verdict in _FINE):
        said.append(
            say.tn("{count} was found to be fine.", "{count} were found to be fine.", number)
        )
    if news.open:
        said.append(
            say.tn(
                "{count} in all waits for a decision.",
                "{count} in all wait for a decision.",
                news.open,
            )
        )
    return " ".join(said)


_FINE = (Verdict.DISMISSED, Verdict.PARODY, Verdict.OURS)
