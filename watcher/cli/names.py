"""Names and numbers that a person types: checked, corrected, completed by the shell."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from math import isnan
from typing import Any

import click
from click.shell_completion import CompletionItem

from alerts import DigestChannel
from rules.errors import WatcherError
from watcher.cli import Settings
from watcher.config import Config
from watcher.toml import closest

LARGEST = 2**63 - 1
MOST_NAMED = 20
"""Names that a mistake is answered with."""
EARLIEST, LATEST = 1900, 9000
"""Years, far from those that a zone would push over the end of the calendar."""


class MistakeError(click.UsageError):
    """What was typed names nothing; `help` says what could have been meant."""

    def __init__(self, message: str, *, help: str) -> None:
        super().__init__(message)
        self.help = help


class Number(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.5 only
    """The number of a record, as the lists show it."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number; whatever no record can have is a mistake of the typist."""
        try:
            number = int(value)
        except ValueError:
            number = 0
        if not 0 < number <= LARGEST:
            self.fail(f"{_shortly(value)} is not the number of anything", param, ctx)
        return number


NUMBER = Number()


class Day(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.5 only
    """A day: `2026-03-01`."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day; a year in which no post can have been written is a mistake."""
        try:
            day = datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007 - has no zone
        except ValueError:
            self.fail(f"{_shortly(value)} is no day; write it like 2026-03-01", param, ctx)
        if not EARLIEST <= day.year <= LATEST:
            self.fail(f"{_shortly(value)} is too far away", param, ctx)
        return day


DAY = Day()


class Score(click.FloatRange):
    """How alike a suspect is."""

    def __init__(self) -> None:
        super().__init__(0, 1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return it; what is no number lies in no range."""
        number = super().convert(value, param, ctx)
        if isnan(number):
            self.fail(f"{value!r} is not in the range 0<=x<=1", param, ctx)
        return number


def limit(default: int | None = 50, words: str = "At most so many.") -> Callable[[Any], Any]:
    """Return the option `--limit`."""
    return click.option(
        "--limit",
        "-n",
        type=click.IntRange(1, 1_000_000),
        default=default,
        show_default=default is not None,
        help=words,
    )


def meant(name: str, known: Iterable[str], kind: str, where: str = "") -> str:
    """Return the known name that was typed, in whatever case. Raises `MistakeError`.

    `where` follows in the message, where it could be asked: ` in new.toml`.
    """
    names = list(known)
    for one in names:
        if one == name:
            return one
    for one in names:
        if one.casefold() == name.casefold():
            return one
    near = closest(name, names)
    shown = ", ".join(names[:MOST_NAMED]) or "none"
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    told = f"did you mean {near!r}?" if near else f"there are: {shown}{more}"
    raise MistakeError(f"there is no {kind} called {_shortly(name)}{where}", help=told)


def _shortly(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= 60 else f"{text[:59]}…")


def rule_names(config: Config) -> list[str]:
    """Return the names of all rules."""
    return [rule.name for rule in config.rules]


def brand_names(config: Config) -> list[str]:
    """Return the names of all brands."""
    return [brand.name for brand in config.brands]


def email_names(config: Config) -> list[str]:
    """Return the names of the channels that mail."""
    return [channel.name for channel in config.channels if isinstance(channel, DigestChannel)]


def completing(
    names: Callable[[Config], list[str]],
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Return what completes names of the configuration; nothing where it cannot be read."""

    def complete(
        ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        try:
            config = Settings(ctx.find_root().params.get("config")).load()
        except WatcherError:
            return []
        start = incomplete.casefold()
        return [CompletionItem(n) for n in names(config) if n.casefold().startswith(start)]

    return complete
