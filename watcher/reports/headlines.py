"""The first page: what changed, by how much, and whether it may be chance."""

from collections.abc import Iterator
from typing import Literal

from watcher.reports.facts import BrandFacts
from watcher.reports.model import Headline, Tile
from watcher.reports.sections import (
    alarms,
    campaigns,
    inbox,
    satisfaction,
    suspects,
    themes,
    voice,
    volume,
)
from watcher.reports.sections.desk import FEWEST_POSTS, Desk

Role = Literal["good", "bad", "plain"]
_NONE = "\N{EN DASH}"


def tiles(desk: Desk, brand: BrandFacts) -> Iterator[Tile]:
    """Yield the numbers of the first page."""
    yield _posts(desk, brand)
    yield _share(desk, brand)
    yield _satisfaction(desk, brand)
    say = desk.say
    found = len(brand.alarms) + brand.hidden_alarms
    yield Tile(
        name=say.t("Alarms"),
        figure=say.number(found),
        change="" if brand.alarm_rules or found else say.t("no rule watches for them"),
        role="bad" if found else "plain",
        section="alarms",
    )
    waiting = len(brand.inbox) + brand.hidden_inbox
    known = brand.own_posts.says is None
    yield Tile(
        name=say.t("Customers waiting"),
        figure=say.number(waiting) if known else _NONE,
        change="" if known else say.t("its own answers are not read"),
        role="bad" if waiting and known else "plain",
        section="inbox",
    )
    new = len(brand.suspects.raised) + brand.suspects.more
    yield Tile(
        name=say.t("New look-alikes"),
        figure=say.number(new),
        change=say.tn("{count} undecided", "{count} undecided", brand.suspects.open)
        if brand.suspects.open
        else "",
        role="bad" if new else "plain",
        section="suspects",
    )


def headlines(desk: Desk, brand: BrandFacts) -> Iterator[Headline]:
    """Yield the sentences of the first page, what hurts first."""
    if brand.alarms:
        yield Headline(text=alarms.told(desk, brand), section="alarms", role="bad")
    yield Headline(text=volume.told(desk, brand), section="volume")
    if brand.volume.posts >= FEWEST_POSTS:
        if brand.others:
            yield from _of_voice(desk, brand)
        yield _of_satisfaction(desk, brand)
        if brand.themes:
            yield Headline(text=themes.told(desk, brand), section="themes")
    if (brand.inbox or brand.hidden_inbox) and brand.own_posts.says is None:
        yield Headline(text=inbox.told(desk, brand), section="inbox", role="bad")
    if brand.campaigns:
        yield Headline(text=campaigns.told(desk, brand), section="campaigns")
    new = bool(brand.suspects.raised or brand.suspects.more)
    if new or brand.suspects.open:
        said = f"{suspects.told(desk, brand)} {suspects.verdicts(desk, brand)}".rstrip()
        yield Headline(text=said, section="suspects", role="bad" if new else "plain")


def _posts(desk: Desk, brand: BrandFacts) -> Tile:
    say, found = desk.say, brand.volume
    change = ""
    if found.before:
        change = say.growth(found.posts, found.before)
        if found.certain is None:
            change = say.t("{number} before", number=say.number(found.before))
        elif not found.certain:
            change = say.t("{change}, may be chance", change=change)
    return Tile(
        name=say.t("Posts"),
        figure=say.number(found.posts),
        change=change,
        role="plain",
        section="volume",
    )


def _share(desk: Desk, brand: BrandFacts) -> Tile:
    say = desk.say
    name = say.t("Share of voice")
    first = brand.voice.brands[0]
    spoken_of = sum(one.posts > 0 for one in brand.voice.brands)
    if not brand.others or first.share is None or brand.voice.posts < FEWEST_POSTS or spoken_of < 2:
        why = say.t("nobody to compare with") if not brand.others else say.t("too few posts")
        if brand.others and brand.voice.posts >= FEWEST_POSTS:
            why = say.t("one brand alone")
        return Tile(name=name, figure=_NONE, change=why, role="plain", section="voice")
    change = ""
    moved = voice.changed(first)
    if voice.is_vague(first.share):
        change = say.t(
            "between {low} and {high}",
            low=say.share(first.share.low),
            high=say.share(first.share.high),
        )
    elif moved is not None:
        change = say.t("{points} points", points=say.points(moved.value))
        if moved.low <= 0 <= moved.high:
            change = say.t("{change}, may be chance", change=change)
    return Tile(
        name=name, figure=say.share(first.share.value), change=change, role="plain", section="voice"
    )


def _satisfaction(desk: Desk, brand: BrandFacts) -> Tile:
    say, found = desk.say, brand.satisfaction.change
    name = say.t("Satisfaction against usual")
    if found is None:
        return Tile(
            name=name,
            figure=_NONE,
            change=say.t("not enough to say"),
            role="plain",
            section="satisfaction",
        )
    role = _role(found.low, found.high)
    sure = say.t("more than chance") if role != "plain" else say.t("may be chance")
    return Tile(
        name=name,
        figure=say.points(found.value),
        change=say.t("points, {sure}", sure=sure),
        role=role,
        section="satisfaction",
    )


def _of_voice(desk: Desk, brand: BrandFacts) -> Iterator[Headline]:
    if sum(one.posts > 0 for one in brand.voice.brands) > 1:
        yield Headline(text=voice.told(desk, brand), section="voice")


def _of_satisfaction(desk: Desk, brand: BrandFacts) -> Headline:
    found = brand.satisfaction
    role: Role = _role(found.change.low, found.change.high) if found.change else "plain"
    return Headline(text=satisfaction.told(desk, brand), section="satisfaction", role=role)


def _role(low: float, high: float) -> Role:
    return "good" if low > 0 else "bad" if high < 0 else "plain"
