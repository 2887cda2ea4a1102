"""The command that prints the numbers of a table again."""

import shlex
from datetime import timedelta

from watcher.insights.model import Period

OF_BRANDS = frozenset(
    {"volume", "voice", "voice-days", "satisfaction", "themes", "answering", "campaigns"}
)
OF_PEOPLE = frozenset({"people", "talks"})
OF_SOURCES = frozenset({"watched", "gaps"})
OF_NOW = OF_SOURCES
"""Of these the command prints what is so when it runs, whatever the period of the report."""


def command(key: str, brand: str, period: Period) -> str:
    """Return the command line for a table of a brand, or of all. Raises `KeyError`."""
    days = list(period.days())
    span = f"--since {days[0]} --until {days[-1]}"
    name = shlex.quote(brand)
    if key in OF_BRANDS:
        return f"watcher brands {name} {span} --zone {period.zone.key} --json"
    if key in OF_PEOPLE:
        return f"watcher people {name} {span} --json"
    if key in OF_SOURCES:
        return "watcher sources list --json"
    return {
        "alarms": "watcher alarms list --json",
        "inbox": f"watcher inbox --brand {name} --back {_back(period)} --until {days[-1]}"
        f" --zone {period.zone.key} --json",
        "suspects": f"watcher suspects list --brand {name} --since {days[0]} --json",
    }[key]


def _back(period: Period) -> str:
    hours = round(period.length / timedelta(hours=1))
    return f"{hours}h" if hours % 24 else f"{hours // 24}d"


def stats(handle: str, period: Period) -> str:
    """Return the command line for the figures of an account."""
    days = list(period.days())
    said = f"watcher stats {shlex.quote('@' + handle)} --since {days[0]} --until {days[-1]}"
    return f"{said} --zone {period.zone.key} --json"
