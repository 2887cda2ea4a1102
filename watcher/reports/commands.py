"""The command that prints the numbers of a table again."""

import shlex
from datetime import timedelta

from watcher.insights.model import Period

_COMMANDS = {
    "volume": "brands voice",
    "voice": "brands voice",
    "voice-days": "brands voice --days",
    "satisfaction": "brands satisfaction",
    "themes": "brands themes",
    "answering": "brands answering",
    "campaigns": "brands campaigns",
    "people": "people list",
    "talks": "people talks",
}
"""By the key of the table; each takes a brand and two days."""


def command(key: str, brand: str, period: Period) -> str:
    """Return the command line for a table of a brand."""
    days = list(period.days())
    since, until = days[0], days[-1]
    if key == "alarms":
        return "watcher alarms list --json"
    if key == "suspects":
        return f"watcher suspects list --brand {shlex.quote(brand)} --since {since} --json"
    if key == "inbox":
        back = -(-period.length // timedelta(days=1))
        return f"watcher inbox --brand {shlex.quote(brand)} --back {back}d --json"
    if key in {"watched", "gaps"}:
        return "watcher sources list --json"
    said = f"watcher {_COMMANDS[key]} {shlex.quote(brand)} --since {since} --until {until}"
    return f"{said} --zone {period.zone.key} --json"


def stats(handle: str, period: Period) -> str:
    """Return the command line for the figures of an account."""
    days = list(period.days())
    said = f"watcher stats {shlex.quote('@' + handle)} --since {days[0]} --until {days[-1]}"
    return f"{said} --zone {period.zone.key} --json"
