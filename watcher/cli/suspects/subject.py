"""What to call a suspect on the screen, and who judges it."""

import getpass

from watcher.cli.console import safe
from watcher.cli.links import defanged
from watcher.store import SuspectRecord


def called(record: SuspectRecord) -> str:
    """Return what to call a suspect on the screen: `@handle`, or the domain, unclickable."""
    if record.suspect.is_domain:
        return defanged(safe(record.suspect.name, 80))
    return f"@{safe(record.suspect.name, 80)}"


def who() -> str:
    """Return who judges: the user's name on this machine."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        return "somebody"
    return f"user {name}" if name == "watcher" else name  # the bare word is the program itself
