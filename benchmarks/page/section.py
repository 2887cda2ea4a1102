"""A section of the page: which script measures, and how its figures become Markdown."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


class Bar(NamedTuple):
    """What must hold, beside what was measured."""

    what: str
    bound: str
    measured: object
    met: bool


def at_least(what: str, least: float, measured: float) -> Bar:
    """A figure that must not be lower."""
    return Bar(what, f"≥ {least:,}", measured, measured >= least)


def at_most(what: str, most: float, measured: float, unit: str = "") -> Bar:
    """A figure that must not be higher."""
    return Bar(what, f"≤ {most:,}{unit}", f"{measured:,}{unit}", measured <= most)


def none_required(_: Any) -> tuple[Bar, ...]:
    """Nothing must hold: the figures are there to be known."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Section:
    """One script of the folder `benchmarks`, and its figures on the page."""

    name: str
    """The script's, without `.py`."""
    title: str
    told: str
    """What it measures, in a sentence or a few."""
    table: Callable[[Any], str]
    required: Callable[[Any], Iterable[Bar]] = none_required
    takes_posts: bool = False
    """Whether the script must be given the file of posts."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A section that ran: its figures, and where and when."""

    section: Section
    figures: Any
    day: str
    machine: str
    load: float
    """Of the machine, when it began."""


def grid(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table, its first column left, the others right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(map(row, lines))


def row(cells: Iterable[object]) -> str:
    """Return a line of a Markdown table."""
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else "" if value is None else str(value)
