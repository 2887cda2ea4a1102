"""Silences: what is not to be told for a while, who said so, and why. Pure.

A finding is silenced where a silence fits it that is in effect when it is found, or when it would
be told. It stays stored, and the next digest of the channel counts it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.routing.conditions import Condition, Finding
from rules.errors import WatcherError
from rules.language import check
from rules.model import Definitions

LONGEST = timedelta(days=90)


class SilenceError(WatcherError):
    """A silence was asked for that cannot be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence:
    """What is silenced, until when, by whom and why. What is left empty may be anything."""

    rule: str = ""
    brand: str = ""
    channel: str = ""
    author: str = ""
    """A handle, with or without `@`."""
    find: str = ""
    """An expression of the rule language."""
    since: datetime
    until: datetime
    because: str
    by: str

    def is_active(self, now: datetime) -> bool:
        """Whether it is in effect. A clock put back before its beginning ends nothing."""
        return now < self.until

    def refuse(self) -> None:
        """Raise `SilenceError` unless it may be added."""
        if not any((self.rule, self.brand, self.channel, self.author, self.find)):
            raise SilenceError(
                "this would silence everything",
                help="say what: --rule, --brand, --channel, --author or --find",
            )
        if not self.because.strip():
            raise SilenceError(
                "a silence says why it is there", help='--because "a campaign of ours"'
            )
        if not timedelta() < self.until - self.since <= LONGEST:
            raise SilenceError(
                f"a silence lasts up to {LONGEST.days} days", help="--for 4h, or --for 7d"
            )
        author = f"from:{self.author.removeprefix('@')}" if self.author else ""
        for option, text in (("author", author), ("find", self.find)):
            wrong = [one for one in check(text)[1] if one.severity == "error"] if text else []
            if wrong:
                raise SilenceError(f"--{option}: {wrong[0].message}", help=wrong[0].help)

    def matchers(self) -> str:
        """Return what it is about, as it was asked for: `--rule talk --author @ann`."""
        asked = ("rule", "brand", "channel", "author", "find")
        return " ".join(f"--{name} {getattr(self, name)}" for name in asked if getattr(self, name))


class Silencer:
    """The silences in effect, made ready to be asked about many findings."""

    def __init__(self, silences: Iterable[tuple[int, Silence]], definitions: Definitions) -> None:
        """Make silences ready, each given with its number."""
        self._silences = [
            (
                number,
                Condition(
                    rules=_some(one.rule),
                    brands=_some(one.brand),
                    channels=_some(one.channel),
                    author=one.author,
                    find=one.find,
                    definitions=definitions,
                ),
            )
            for number, one in sorted(silences, key=lambda one: one[0])
        ]

    def __bool__(self) -> bool:
        return bool(self._silences)

    def on(self, finding: Finding, channel: str) -> int | None:
        """Return the number of the oldest silence that keeps a finding from a channel, or None."""
        fitting = (number for number, one in self._silences if one.fits(finding, channel))
        return next(fitting, None)


def _some(name: str) -> tuple[str, ...]:
    return (name,) if name else ()
