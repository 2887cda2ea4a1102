"""Two names, one above the other, with the characters that differ marked and named."""

import unicodedata
from collections.abc import Sequence

from rich.text import Text

from rules.lookalike import Aligned, compare
from rules.model import Brand, Suspect
from watcher.cli.console import safe

DIFFERS = "bold red"
MOST_COLUMNS = 60
MOST_NAMED = 6


def names_of(suspect: Suspect) -> tuple[str, ...]:
    """Return what the eye reads of a suspect: its handle or domain, and its display name."""
    shown = [suspect.name]
    if suspect.display_name and suspect.display_name.casefold() != suspect.name.casefold():
        shown.append(suspect.display_name)
    return tuple(shown)


def side_by_side(brands: Sequence[Brand], brand: str, candidate: str) -> list[Text]:
    """Return lines that show the brand above the candidate, differing characters marked.

    The brand's spelling that resembles the candidate most is shown. Below stand the code points of
    what differs, since the eye alone cannot tell `а` from `a`.
    """
    spellings = [brand]
    for configured in brands:
        if configured.name == brand:
            spellings += configured.spellings
    best = max((compare(spelling, candidate) for spelling in spellings), key=lambda c: c.score)
    columns = best.alignment[:MOST_COLUMNS]
    upper, lower, marks = Text("  brand    "), Text("  suspect  "), Text(" " * 11)
    for column in columns:
        width = max(_width(column.brand), _width(column.candidate), 1)
        style = DIFFERS if column.differs else ""
        upper.append(_cell(column.brand, width), style)
        lower.append(_cell(column.candidate, width), style)
        marks.append(("^" if column.differs else " ") * width, DIFFERS)
    lines = [upper, lower]
    if any(column.differs for column in columns):
        lines.append(marks)
        lines += [Text(f"           {line}") for line in _named(columns)]
    return lines


def _named(columns: Sequence[Aligned]) -> list[str]:
    """Name the characters that differ: only those that are not plain letters of the other case."""
    lines = [
        f"{_name(column.candidate)} for {_name(column.brand)}"
        for column in columns
        if column.differs and not (column.brand + column.candidate).isascii()
    ]
    return lines[:MOST_NAMED]


def _name(character: str) -> str:
    if not character:
        return "nothing"
    return " + ".join(
        f"U+{ord(c):04X} {unicodedata.name(c, 'without a name')}" for c in character[:4]
    )


def _cell(character: str, width: int) -> str:
    shown = safe(character) if character else "·"
    return shown + " " * (width - _width(shown))


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(safe(text))
