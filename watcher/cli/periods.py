"""The options that choose a stretch of time, as whole days on the clocks of the configuration."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from watcher.cli.names import DAY, MistakeError
from watcher.insights.model import Period

LAST_DAYS = 30
"""How many days are looked at where nothing else is asked for, today included."""


def period_options(
    *, until: str = "", week: str = ""
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add `--since`, `--until`, `--week` and `--month` to a command.

    `until` and `week` are said behind their help: what holds where nothing is asked for.
    """
    options = (
        click.option("--since", type=DAY, help="From this day on: 2026-03-01."),
        until_option("Up to this day, included." + (f"  [default: {until}]" if until else "")),
        click.option(
            "--week",
            is_flag=True,
            help=f"The last whole week, Monday to Sunday.{week and '  '}{week}",
        ),
        click.option("--month", is_flag=True, help="The last whole month."),
    )

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def until_option(words: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add `--until` alone, with this help."""
    return click.option("--until", type=DAY, help=words)


def days_asked(
    now: datetime,
    zone: ZoneInfo,
    *,
    since: date | None,
    until: date | None,
    week: bool,
    month: bool,
) -> tuple[date | None, date | None]:
    """Return the first and the last day that was asked for, None where an end was not.

    Raises `MistakeError` where options do not go together.
    """
    if week + month + (since is not None or until is not None) > 1:
        raise MistakeError(
            "these options choose different periods",
            help="--week, --month, or --since with or without --until",
        )
    if since is not None and until is not None and until < since:
        raise MistakeError(
            f"{until} lies before {since}", help="--since is the first day, --until the last"
        )
    if week or month:
        first, *_, last = (Period.last_week if week else Period.last_month)(now, zone).days()
        return first, last
    return since, until


def asked_for(
    now: datetime,
    zone: ZoneInfo,
    *,
    since: date | None,
    until: date | None,
    week: bool,
    month: bool,
) -> Period:
    """Return the period that was asked for; else the last 30 days. Raises `MistakeError`."""
    since, until = days_asked(now, zone, since=since, until=until, week=week, month=month)
    today = now.astimezone(zone).date()
    last = min(until or today, today)
    return up_to(now, zone, since or last - timedelta(days=LAST_DAYS - 1), last)


def up_to(now: datetime, zone: ZoneInfo, first: date, last: date) -> Period:
    """Return the time from one day to another, as far as it has come. Raises `MistakeError`."""
    today = now.astimezone(zone).date()
    if first > today:
        raise MistakeError(f"{first} has not come yet", help="take a day that has")
    whole = Period.of_days(first, min(last, today), zone)
    return replace(whole, until=min(whole.until, now))  # what is to come is not silence


def zone_named(name: str) -> ZoneInfo:
    """Return the time zone with this name. Raises `MistakeError`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise MistakeError(
            f"there is no time zone {name[:60]!r}", help="write it like Europe/Paris or UTC"
        ) from None


def days_of(period: Period) -> str:
    """Return a period's days: `2026-03-01 to 2026-03-30`."""
    days = list(period.days())
    return f"{days[0]} to {days[-1]}" if len(days) > 1 else f"{days[0]}"
