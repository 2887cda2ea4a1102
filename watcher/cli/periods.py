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


def period_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--week`, `--month`, `--since` and `--until` to a command."""
    options = (
        click.option("--since", type=DAY, help="From this day on: 2026-03-01."),
        click.option("--until", type=DAY, help="Up to this day, included.  [default: today]"),
        click.option("--week", is_flag=True, help="The last whole week, Monday to Sunday."),
        click.option("--month", is_flag=True, help="The last whole month."),
    )
    for option in reversed(options):
        command = option(command)
    return command


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
    if week + month + (since is not None or until is not None) > 1:
        raise MistakeError(
            "these options choose different periods",
            help="--week, --month, or --since with or without --until",
        )
    today = now.astimezone(zone).date()
    if week:
        monday = today - timedelta(days=today.weekday())
        return Period.of_days(monday - timedelta(days=7), monday - timedelta(days=1), zone)
    if month:
        last = today.replace(day=1) - timedelta(days=1)
        return Period.of_days(last.replace(day=1), last, zone)
    last = min(until or today, today)
    first = since or last - timedelta(days=LAST_DAYS - 1)
    if first > today:
        raise MistakeError(f"{first} has not come yet", help="take a day that has")
    if last < first:
        raise MistakeError(
            f"{last} lies before {first}", help="--since is the first day, --until the last"
        )
    whole = Period.of_days(first, last, zone)
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
