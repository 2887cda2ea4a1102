"""What became of a suspect, one line for each thing that happened."""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from operator import itemgetter

from rich.text import Text

from rules.model import Reason
from watcher.cli.console import safe
from watcher.cli.links import defused
from watcher.store import AccountForm, SuspectDetail, SuspectEvent

LONGEST = 400
"""Characters of a note that are shown."""


def told(detail: SuspectDetail) -> list[tuple[datetime, Text]]:
    """Return the time and the words of all that happened, oldest first."""
    present = detail.record.suspect.reason
    lines = [(event.at, _words(event, present)) for event in detail.history]
    if not any(event.kind == "raised" for event in detail.history):
        lines.insert(0, (detail.record.first_seen, "first seen"))
    if not any(event.kind == "renamed" for event in detail.history):
        lines += _renamed(detail.forms)
    return [(at, defused(line, all_hosts=True)) for at, line in sorted(lines, key=itemgetter(0))]


def _words(event: SuspectEvent, present: Reason) -> str:
    """Return what happened; the reason that stands above is not repeated."""
    known = event.kind == "raised" and event.what == present
    what = f": {safe(str(event.what), LONGEST)}" if event.what and not known else ""
    note = f": {safe(event.note, LONGEST)}" if event.note else ""
    by = f" by {safe(event.by, 40)}" if event.by else ""
    match event.kind:
        case "judged":
            return f"{event.verdict}{by}{note}"
        case "noted":
            return f"note{by}{note}"
        case "raised":
            score = "" if event.score is None else f", score {event.score:.2f}"
            return f"raised{score}{what}"
        case "returned":
            return f"came back{_moved(event)}{what}"
        case "rescored":
            return f"score{_moved(event)}{what}"
        case kind:
            return f"{kind}{_moved(event)}{what}"


def _moved(event: SuspectEvent) -> str:
    if event.score is None or event.before is None:
        return ""
    before, after = f"{event.before:.2f}", f"{event.score:.2f}"
    return "" if before == after else f" ({before} -> {after})"


def _renamed(forms: tuple[AccountForm, ...]) -> Iterator[tuple[datetime, str]]:
    """Yield how an account was called before, where no event tells it."""
    for newer, older in pairwise(forms):
        if older.until is None or (newer.handle, newer.display_name) == (
            older.handle, older.display_name
        ):  # fmt: skip
            continue
        name = f' "{safe(older.display_name, 80)}"' if older.display_name else ""
        yield older.until, f"until then it was @{safe(older.handle, 80)}{name}"
