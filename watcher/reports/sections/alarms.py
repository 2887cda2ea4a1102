"""Where a bad buzz began: the alarms of the period."""

from watcher.reports.facts import BrandFacts
from watcher.reports.model import Block, Listing, Quotes, Section
from watcher.reports.sections.desk import Desk
from watcher.store import AlarmRecord

MOST_ALARMS = 30
MOST_QUOTED = 3


def alarms(desk: Desk, brand: BrandFacts) -> Section:
    """Write the section."""
    say, found = desk.say, brand.alarms
    blocks: list[Block] = [desk.lead(told(desk, brand))]
    if found:
        sheet = desk.sheet(
            "alarms",
            say.t("Alarms"),
            [
                say.column("id", "No.", "count"),
                say.column("rule", "Rule", "name"),
                say.column("since", "From", "moment"),
                say.column("until", "To", "moment"),
                say.column("count", "Counted", "count"),
                say.column("what", "What", "text"),
                say.column("seen_to", "Seen to by", "name"),
            ],
            [
                (
                    one.id,
                    one.alarm.rule,
                    one.alarm.since,
                    one.alarm.until,
                    one.alarm.count,
                    say.reason(one.alarm.reason),
                    one.acknowledged_by or None,
                )
                for one in found[:MOST_ALARMS]
            ],
            left_out=len(found[MOST_ALARMS:]),
        )
        blocks.append(Listing(title=sheet.caption, sheet=sheet))
        blocks += _quotes(desk, brand, found)
    if brand.hidden_alarms:
        blocks.append(
            desk.note(
                say.tn(
                    "{count} more alarm was raised by private posts, which are shown nowhere.",
                    "{count} more alarms were raised by private posts, which are shown nowhere.",
                    brand.hidden_alarms,
                )
            )
        )
    return desk.section("alarms", say.t("Bad buzz and other alarms"), *blocks)


def told(desk: Desk, brand: BrandFacts) -> str:
    """Say how many alarms there were, or why there could be none."""
    say, found = desk.say, brand.alarms
    if found:
        worst = max(found, key=lambda one: one.alarm.count)
        said = say.tn("{count} alarm was raised.", "{count} alarms were raised.", len(found))
        return f"{said} {say.reason(worst.alarm.reason)}"
    if not brand.alarm_rules:
        return say.t(
            "No rule watches how often {brand} is spoken of, so no alarm could be raised.",
            brand=desk.name,
        )
    rules = say.listed([say.name(one) for one in brand.alarm_rules[:5]])
    return say.t("No alarm was raised; on watch: {rules}.", rules=rules)


def _quotes(desk: Desk, brand: BrandFacts, found: tuple[AlarmRecord, ...]) -> list[Block]:
    worst = sorted(found, key=lambda one: -one.alarm.count)[:MOST_QUOTED]
    posts = [post for one in worst for post in brand.evidence.get(one.id, ())[:1]]
    quotes = tuple(desk.say.quote(one) for one in {post.key: post for post in posts}.values())
    if not quotes:
        return []
    return [Quotes(title=desk.say.t("Posts behind the largest"), quotes=quotes)]
