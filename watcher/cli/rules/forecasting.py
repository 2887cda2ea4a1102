"""`watcher rules forecast`: what the rules would bring a day, from what is stored."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import click

from alerts import DigestChannel
from alerts.routing.route import Router
from rules import KeywordRule, LookalikeRule
from watcher.cli import Settings
from watcher.cli.console import count, print_json, stderr, stdout
from watcher.cli.names import completing, rule_names
from watcher.cli.rules.figures import (
    WIDEST,
    a_day,
    channels_told,
    mails,
    mails_a_day,
    mails_of_rule,
    percent,
    span_words,
    told_on,
    ways,
)
from watcher.cli.rules.subject import keyword_rule
from watcher.config import Config
from watcher.routing import router_of
from watcher.store import Store
from watcher.tuning.corpus import Stored
from watcher.tuning.trial import Trial, Trials, run

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MOST_ALARMS = 10_000
FEW_DAYS = 7
"""Days below which a forecast says that it stands on little."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What one rule would bring."""

    rule: KeywordRule
    found: int
    copies: int
    """Of these, how many only repeat others and are not told."""
    median: float
    """Posts on a day as many others have."""
    busiest: tuple[date, int] | None
    by_weekday: tuple[float, ...]
    """Posts on an average Monday, Tuesday, ...; 0 for one that did not occur."""
    mails: dict[str, float]
    """Mails a day by channel, were the rule alone."""
    alarms: int
    """Alarms that its rate raised in that time; 0 for a rule without one."""
    judged: int
    irrelevant: int

    @property
    def irrelevant_share(self) -> float | None:
        """The share of judged matches that were called irrelevant; None where none was judged."""
        return self.irrelevant / self.judged if self.judged else None


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=completing(rule_names))
@click.option(
    "--days",
    type=click.IntRange(1, 36_500),
    default=30,
    show_default=True,
    help="How far to look back.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def forecast(settings: Settings, names: tuple[str, ...], days: int, as_json: bool) -> None:
    """Say how many posts and mails a day the rules would bring.

    It goes by the stored past. Without a name, it tells of all rules that are on. A channel's
    mails are those of all the rules named together: several rules share a digest.
    """
    since = settings.clock() - timedelta(days=days)
    with settings.opened() as (config, store):
        rules = (
            [keyword_rule(config, name) for name in dict.fromkeys(names)]
            if names
            else [r for r in config.rules if isinstance(r, KeywordRule) and r.enabled]
        )
        zone, router = ZoneInfo(config.timezone), router_of(config)
        with stderr().progress("reading posts") as report:
            trials = run(
                rules,
                config.definitions,
                Stored(store=store, since=since),
                zone=zone,
                report=report,
                channels=ways(router, rules),
            )
        verdicts = [Counter(v for _, v in store.judged(rule.name)) for rule in rules]
        alarms = [_alarms(store, rule, since) for rule in rules]
    found = [
        _of(config, router, rule, trials, trial, said, raised)
        for rule, trial, said, raised in zip(rules, trials.trials, verdicts, alarms, strict=True)
    ]
    together = _together(config, router, rules, trials)
    if as_json:
        print_json(_as_dict(found, together, trials))
        return
    _print(config, found, together, trials)


def _alarms(store: Store, rule: KeywordRule, since: datetime) -> int:
    """How many alarms the rule's rate raised."""
    if rule.rate is None:
        return 0
    return sum(one.raised >= since for one in store.alarms(rule.name, limit=MOST_ALARMS))


def _of(
    config: Config,
    router: Router,
    rule: KeywordRule,
    trials: Trials,
    trial: Trial,
    verdicts: Counter[Any],
    alarms: int,
) -> Forecast:
    zone, span = ZoneInfo(config.timezone), trials.span()
    per_day = trial.per_day(zone)
    busiest = max(per_day.items(), key=lambda one: (one[1], one[0]), default=None)
    return Forecast(
        rule=rule,
        found=trial.found,
        copies=trial.copies,
        median=median([per_day[day] for day in span] or [0]),
        busiest=busiest,
        by_weekday=_by_weekday(per_day, span),
        mails=mails_of_rule(config, router, rule, trial, len(span)),
        alarms=alarms,
        judged=verdicts.total(),
        irrelevant=verdicts["irrelevant"],
    )


def _by_weekday(per_day: Counter[date], span: list[date]) -> tuple[float, ...]:
    occurred = Counter(day.weekday() for day in span)
    found = Counter[int]()
    for day, number in per_day.items():
        found[day.weekday()] += number
    return tuple(found[day] / max(1, occurred[day]) for day in range(7))


def _together(
    config: Config, router: Router, rules: list[KeywordRule], trials: Trials
) -> dict[str, float]:
    """Mails a day of each channel that any of the rules tells."""
    times: dict[str, set[datetime]] = {}
    for rule, trial in zip(rules, trials.trials, strict=True):
        for channel in channels_told(config, router, rule):
            times.setdefault(channel.name, set()).update(told_on(channel, rule, trial))
    return {
        channel.name: mails_a_day(config, channel, times[channel.name], len(trials.span()))
        for channel in config.channels
        if isinstance(channel, DigestChannel) and channel.name in times
    }


def _print(
    config: Config, found: list[Forecast], together: dict[str, float], trials: Trials
) -> None:
    screen, span = stdout(), trials.span()
    if not trials.scanned:
        screen.say("no stored post is young enough to go by: --days looks further back")
        return
    if len(found) == 1:
        _print_one(found[0])
    else:
        _print_table(config, found)
    screen.say("")
    people = {c.name: len(c.recipients) for c in config.channels if isinstance(c, DigestChannel)}
    for name, number in together.items():
        to = f", each to {people[name]} people" if people[name] > 1 else ""
        screen.say(f"{name}: {mails(number)}{to}")
    if uncounted := _uncounted(config, found, together):
        screen.say(f"not counted: {uncounted}")
    screen.say(f"by {count(trials.scanned, 'stored post')} of {span_words(span)}")
    if len(span) < FEW_DAYS:
        screen.say("that is little to go by: a week or more tells the weekdays apart")


def _uncounted(config: Config, found: list[Forecast], together: Collection[str]) -> str:
    """Name the rules whose alarms or suspects the channels are told besides."""
    router = router_of(config)
    rates = [one.rule.name for one in found if one.rule.rate]
    suspects = [
        rule.name
        for rule in config.rules
        if isinstance(rule, LookalikeRule)
        and rule.enabled
        and not {*router.reachable(rule.name, rule.then)}.isdisjoint(together)
    ]
    named = (("alarms", rates), ("suspects", suspects))
    return ", ".join(f"the {what} of {', '.join(names)}" for what, names in named if names)


def _print_one(one: Forecast) -> None:
    busiest = f", {one.busiest[1]:,} on {one.busiest[0]}" if one.busiest else ""
    stdout().say(f"{one.rule.name}: {a_day(one.median)} posts on the median day{busiest}", "")
    most = max(*one.by_weekday, 1)
    for day, number in zip(WEEKDAYS, one.by_weekday, strict=True):
        bar = "█" * round(WIDEST * number / most)
        stdout().say(f"{day}  {bar} {a_day(number)}".replace("   ", "  "))
    if one.rule.rate:
        raised = count(one.alarms, "alarm")
        stdout().say("", f"its {one.rule.rate.kind} rate raised {raised} in that time")
    if one.judged:
        stdout().say("", f"judged irrelevant: {_irrelevant(one)}")


def _print_table(config: Config, found: list[Forecast]) -> None:
    stdout().table(
        ["rule", "median day", "busiest", "on", "mails a day", "irrelevant"],
        [
            (
                one.rule.name + ("" if one.rule.enabled else " (off)"),
                a_day(one.median),
                f"{one.busiest[1]:,}" if one.busiest else "0",
                str(one.busiest[0]) if one.busiest else "",
                _mails(one),
                _irrelevant(one),
            )
            for one in found
        ],
        right=("median day", "busiest"),
        hidden=["irrelevant"] * (not any(one.judged for one in found)),
        less=("on",),
        empty=f"{config.path} has no keyword rule that is on",
    )


def _mails(one: Forecast) -> str:
    if one.rule.rate:
        return f"raised {count(one.alarms, 'alarm')}"
    return ", ".join(f"{name} {a_day(number)}" for name, number in one.mails.items()) or "none"


def _irrelevant(one: Forecast) -> str:
    if not one.judged:
        return ""
    return f"{percent(one.irrelevant_share)} of {one.judged:,}"


def _as_dict(found: list[Forecast], together: dict[str, float], trials: Trials) -> dict[str, Any]:
    span = trials.span()
    return {
        "posts": trials.scanned,
        "days": len(span),
        "since": span[0].isoformat() if span else None,
        "until": span[-1].isoformat() if span else None,
        "mails_per_day": together,
        "rules": [
            {
                "rule": one.rule.name,
                "posts": one.found,
                "copies": one.copies,
                "median": one.median,
                "busiest": one.busiest[1] if one.busiest else 0,
                "busiest_day": one.busiest[0].isoformat() if one.busiest else None,
                "by_weekday": list(one.by_weekday),
                "mails": one.mails,
                "alarms": one.alarms,
                "judged": one.judged,
                "irrelevant": one.irrelevant,
            }
            for one in found
        ],
    }
