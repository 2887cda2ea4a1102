"""`watcher brands`: how brands stand beside each other, on one screen."""

import re
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import click

from rules.model import Brand, Reason
from watcher.cli import Settings
from watcher.cli.charts import Paper, bars, paper, spark
from watcher.cli.console import Screen, count, moment, print_json, safe, stdout
from watcher.cli.links import defused, suspect_domains
from watcher.cli.names import MistakeError, brand_names, completing, meant
from watcher.cli.periods import asked_for, days_of, period_options, zone_named
from watcher.config import Config
from watcher.insights.answering import Answering, Delay, answering, told_length
from watcher.insights.campaigns import campaigns
from watcher.insights.model import Estimate, Period
from watcher.insights.net import is_sure
from watcher.insights.satisfaction import Satisfaction, satisfaction
from watcher.insights.themes import Theme, themes
from watcher.insights.voice import ShareOfVoice, share_of_voice
from watcher.store import Store

EXAMPLE = 110
"""Characters of a post that are shown for a theme."""
PLACE = re.compile(r"{(\w+)}")
_AGAINST = {"others": "than of its competitors", "before": "than in the period before"}


@click.command()
@click.argument("brand", required=False, shell_complete=completing(brand_names))
@period_options(until="today")
@click.option("--zone", help="Whose days: Europe/Paris; else the configuration's.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def command(
    settings: Settings,
    brand: str | None,
    since: date | None,
    until: date | None,
    week: bool,
    month: bool,
    zone: str | None,
    as_json: bool,
) -> None:
    """How a brand stands beside its competitors: share of voice, mood, themes, campaigns, answers.

    Without BRAND, the brands of the configuration beside each other. Days begin at midnight in the
    configuration's time zone, or that of --zone. docs/brands.md says how each number is counted.
    """
    with settings.opened() as (config, store):
        period = asked_for(
            settings.clock(),
            zone_named(zone or config.timezone),
            since=since,
            until=until,
            week=week,
            month=month,
        )
        if not config.brands:
            raise MistakeError("no brand is configured", help="add a [[brands]] table")
        page = _Page(store, period, stdout())
        if brand is None and len(config.brands) > 1:
            chosen, whole = config.brands, False
        else:
            name = meant(brand, brand_names(config), "brand") if brand else config.brands[0].name
            chosen, whole = _with_competitors(config, name), True
        if as_json:
            print_json(_as_values(page.read(chosen, whole=whole)))
        else:
            page.show(chosen, whole=whole)


def _with_competitors(config: Config, name: str) -> tuple[Brand, ...]:
    """Return a brand and those it is compared with, in the order of the configuration."""
    by_name = {one.name: one for one in config.brands}
    return tuple(by_name[one] for one in (name, *by_name[name].competitors) if one in by_name)


class _Page:
    """What is told of some brands in a period."""

    def __init__(self, store: Store, period: Period, screen: Screen) -> None:
        self._store, self._period, self._screen = store, period, screen

    def read(self, brands: Sequence[Brand], *, whole: bool) -> dict[str, Any]:
        """Return all numbers; of the first brand also what needs the posts' words."""
        store, period = self._store, self._period
        read: dict[str, Any] = {
            "since": period.since,
            "until": period.until,
            "zone": period.zone.key,
            "share_of_voice": share_of_voice(store, [one.name for one in brands], period),
            "satisfaction": [satisfaction(store, one.name, period) for one in brands],
            "answers": [answering(store, one, period) for one in brands],
        }
        if whole:
            first, *others = brands
            read["themes"] = themes(store, first, others, period)
            read["campaigns"] = [found for one in brands for found in campaigns(store, one, period)]
        return read

    def show(self, brands: Sequence[Brand], *, whole: bool) -> None:
        """Print it."""
        screen, on = self._screen, paper(self._screen)
        read = self.read(brands, whole=whole)
        title = brands[0].name if whole else count(len(brands), "brand")
        screen.say(f"{safe(title, 60)}, {days_of(self._period)} ({self._period.zone.key})", "")
        _voice(read["share_of_voice"], screen, on, whole=whole)
        spoken_of = read["share_of_voice"].posts > 0
        if spoken_of:
            _moods(read["satisfaction"], screen, on, whole=whole)
        if whole and spoken_of:
            self._themes(read["themes"], compared=len(brands) > 1)
        if whole:
            self._campaigns(read["campaigns"], brands)
        _answers(read["answers"], screen)
        if not whole:
            screen.hint("", "`watcher brands NAME` tells more of one of them")

    def _themes(self, found: Sequence[Theme], *, compared: bool) -> None:
        screen = self._screen
        if not found:
            others = "its competitors or " if compared else ""
            told = f"No word stands out against {others}the period before."
            screen.say("Spoken of more", f"  {told}", "")
        domains = suspect_domains(self._store)
        quoted: set[str] = set()
        for against in ("others", "before"):
            some = [one for one in found if one.against == against]
            if not some:
                continue
            screen.say(f"Spoken of more {_AGAINST[against]}")
            for one in some:
                words = safe(", ".join((one.written, *one.beside)), 80)
                told = f"{count(one.posts, 'post')} by {count(one.authors, 'person', 'people')}"
                mood = f", {_mood(one.tone)}" if is_sure(one.tone) else ""
                screen.say(f"  {words}: {told}{mood}")
                key = next((key for key in one.examples if key not in quoted), "")
                post = self._store.post_called(key) if key else None
                if post is not None:
                    quoted.add(key)
                    screen.say(
                        *screen.hung("    “", defused(f"{safe(post.text, EXAMPLE)}”", domains))
                    )
            screen.say("")

    def _campaigns(self, found: Sequence[Any], brands: Sequence[Brand]) -> None:
        screen, zone = self._screen, self._period.zone.key
        screen.say("Begun")
        for one in found:
            since = moment(one.since, zone)[:10]
            screen.say(*screen.hung(f"  {since}  ", safe(str(one.says), 300)))
        if not found:
            screen.say(*screen.hung("  ", _nothing_begun(brands)))
        screen.say("")


def _nothing_begun(brands: Sequence[Brand]) -> str:
    silent = [safe(one.name, 60) for one in brands if not one.accounts]
    if not silent:
        return "No new hashtag and no burst of posts is seen."
    have = "has no accounts of its own" if len(silent) == 1 else "have no accounts of their own"
    return (
        f"No new hashtag is talked of; {_and(silent)} {have} in the configuration: what is begun "
        "there cannot be known."
    )


def _voice(voice: ShareOfVoice, screen: Screen, on: Paper, *, whole: bool) -> None:
    screen.say("Share of voice")
    if whole or not voice.posts:
        screen.say(*screen.hung("  ", safe(str(voice.says), 200)))
    if not voice.posts:
        screen.say("")
        return
    rows = [(one.brand, 100 * one.share.value if one.share else 0.0) for one in voice.brands]
    if len(rows) > 1:
        screen.say(*bars(rows, on=on, told=lambda value: f"{value:.0f} %"))
    screen.table(
        ("brand", "posts", "people", "share %", "between %", "before %", "change"),
        [
            (
                safe(one.brand, 60),
                f"{one.posts:,}",
                f"{one.authors:,}",
                _percent(one.share),
                _between(one.share),
                _percent(one.share_before),
                _points(one.change),
            )
            for one in voice.brands
        ],
        right=("posts", "people", "share %", "between %", "before %", "change"),
        less=("between %", "before %"),
    )
    screen.say("")


def _moods(told: Sequence[Satisfaction], screen: Screen, on: Paper, *, whole: bool) -> None:
    screen.say("How people feel, against how they did in the four weeks before")
    for sentence in _sentences(told):
        screen.say(*screen.hung("  ", sentence))
    screen.table(
        ("brand", "change", "between", "negative", "neutral", "positive", "not known"),
        [
            (
                safe(one.brand, 60),
                _points(one.change),
                _between(one.change),
                f"{one.negative:,}",
                f"{one.neutral:,}",
                f"{one.positive:,}",
                f"{one.unknown:,}",
            )
            for one in told
            if one.posts
        ],
        right=("change", "between", "negative", "neutral", "positive", "not known"),
        less=("not known", "neutral", "between"),
    )
    if whole:
        _trend(told[0], screen, on)
    screen.say("")


def _trend(told: Satisfaction, screen: Screen, on: Paper) -> None:
    """Draw the days of the first brand; a day of too few people has no column."""
    line = [one.smooth for one in told.days]
    known = [
        (value, one.day) for value, one in zip(line, told.days, strict=True) if value is not None
    ]
    if len(known) < 2 or (max(known)[0] - min(known)[0]) < 0.005:
        if known:
            screen.say("  From day to day nothing differs that could not be chance.")
        return
    low, high = min(known), max(known)
    step = (high[0] - low[0]) / 8
    drawn = spark([None if v is None else v - low[0] + step for v in line], on=on)
    against = "the usual" if told.usual else "the whole period"
    screen.say(
        f"  {drawn}",
        f"  worst {low[0] * 100:+.0f} points ({low[1]:%d %b}), best {high[0] * 100:+.0f} points "
        f"({high[1]:%d %b}) against {against}",
        *(["  ? are days of which too few people are known"] if None in line else []),
    )


def _answers(told: Sequence[Answering], screen: Screen) -> None:
    if not any(one.addressed or one.own_posts for one in told):
        screen.say("Answers", *(f"  {safe(str(one.says), 200)}" for one in told[:1]))
        return
    screen.say("Answers to posts that address the brand")
    for one in told:
        screen.say(*screen.hung("  ", safe(str(one.says), 300)))
    if any(one.answered for one in told):
        screen.table(
            (
                "brand",
                "to it",
                "answered %",
                "between %",
                "asking",
                "of these %",
                "half",
                "9 of 10",
            ),
            [
                (
                    safe(one.brand, 60),
                    f"{one.addressed:,}",
                    _percent(one.answered),
                    _between(one.answered),
                    f"{one.asking:,}",
                    _percent(one.asking_answered),
                    _within(one.median),
                    _within(one.p90),
                )
                for one in told
            ],
            right=("to it", "answered %", "between %", "asking", "of these %"),
            less=("between %", "asking", "of these %"),
        )


def _sentences(told: Sequence[Satisfaction]) -> list[str]:
    """What may be said of each brand; what is the same of several but for the name, once."""
    found: dict[object, tuple[Reason, list[str]]] = {}
    for one in told:
        others = {key: value for key, value in one.says.values.items() if key != "brand"}
        alike = (one.says.template, tuple(sorted(others.items())))
        if set(PLACE.findall(one.says.template)) == {"brand"}:
            alike = (one.says.template, ())
        found.setdefault(alike, (one.says, []))[1].append(one.brand)
    return [
        safe(str(replace(says, values={**says.values, "brand": _and(brands)})), 600)
        for says, brands in found.values()
    ]


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _percent(one: Estimate | None) -> str:
    return "" if one is None else f"{100 * one.value:.0f}"


def _points(one: Estimate | None) -> str:
    """A difference in points of a hundred; one that may be chance is marked."""
    return "" if one is None else f"{round(100 * one.value):+d}{'' if is_sure(one) else ' ?'}"


def _between(one: Estimate | None) -> str:
    return "" if one is None else f"{100 * one.low:.0f} … {100 * one.high:.0f}"


def _within(one: Delay | None) -> str:
    return "" if one is None else told_length(one.value)


def _mood(tone: Estimate | None) -> str:
    return (
        ""
        if tone is None
        else ("better meant" if tone.value > 0 else "worse meant") + " than the rest"
    )


def _as_values(value: Any) -> Any:
    """Return what is told as values that JSON knows: sentences in words, lengths in seconds."""
    if isinstance(value, Reason):
        return str(value)
    if isinstance(value, Period):
        return {"since": value.since, "until": value.until, "zone": value.zone.key}
    if is_dataclass(value):
        return {one.name: _as_values(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, dict):
        return {key: _as_values(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_as_values(one) for one in value]
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return value
