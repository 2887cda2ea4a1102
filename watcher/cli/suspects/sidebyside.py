"""Two names, one above the other, with the characters that differ marked and named."""

import unicodedata
from collections.abc import Sequence
from textwrap import wrap
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from rules.lookalike import Aligned, Comparison, compare
from rules.model import Brand, Suspect
from watcher.cli.console import safe
from watcher.cli.links import defanged

DIFFERS: Final = "bold red"
MOST_ROOM: Final = 60
"""Cells for a name; a longer one is cut around the brand."""
LEAD: Final = 8
"""Columns before the brand that are shown of a name that is cut."""
MOST_NAMED: Final = 6
TELLING: Final = 0.5
"""A name that resembles the brand less says nothing when it is laid beside it."""

_EYE: Final = ("Il1|i!", "Oo0", "5Ss", "2Zz", "8B")
"""ASCII characters of nearly the same shape: the eye alone does not tell one from another."""
_INDENT: Final = " " * 11


def compared(brands: Sequence[Brand], suspect: Suspect, width: int = 80) -> list[Text]:
    """Return lines that show the suspect's names below the brand's, differing characters marked.

    Its names are the handle or domain, and the display name; those that do not resemble the brand
    are left out, but never the one that resembles it most. The brand stands as it is spelt most
    alike. Below are the code points of what differs, since the eye cannot tell `а` from `a`. A name
    too long for a terminal of so many cells is cut around the brand.
    """
    lines: list[Text] = []
    for one in comparisons(brands, suspect, width):
        lines += [Text(""), *one] if lines else one
    return lines


def comparisons(brands: Sequence[Brand], suspect: Suspect, width: int = 80) -> list[list[Text]]:
    """Return the same, the lines of each name by themselves, that which is most alike first."""
    found = [_best(brands, suspect.brand, name) for name in _names(suspect)]
    most = max(one.score for one in found)
    room = max(10, min(MOST_ROOM, width - len(_INDENT) - 1))
    told = [one for one in found if one.score >= min(TELLING, most)]
    return [_lines(one, room, width) for one in sorted(told, key=lambda one: -one.score)]


def _names(suspect: Suspect) -> tuple[str, ...]:
    """Return what the eye reads of a suspect."""
    if suspect.display_name and suspect.display_name.casefold() != suspect.name.casefold():
        return suspect.name, suspect.display_name
    return (suspect.name,)


def _best(brands: Sequence[Brand], brand: str, candidate: str) -> Comparison:
    spellings = [brand]
    for configured in brands:
        if configured.name == brand:
            spellings += configured.spellings
    return max((compare(spelling, candidate) for spelling in spellings), key=lambda c: c.score)


def _lines(comparison: Comparison, room: int, width: int) -> list[Text]:
    columns, before, after = _seen(comparison.alignment, room)
    upper, lower, marks = Text("  brand    "), Text("  suspect  "), Text(_INDENT)
    if before:
        for line in (upper, lower, marks):
            line.append("…" if line is lower else " ")
    for column in columns:
        candidate = defanged(column.candidate)
        cells = _column_width(column)
        style = DIFFERS if column.differs else ""
        upper.append(_cell(column.brand, cells), style)
        lower.append(_cell(candidate, cells), style)
        marks.append(("^" if column.differs else " ") * cells, style)
    if after:
        lower.append("…")
    if not any(column.differs for column in comparison.alignment):
        return [upper, lower, Text(f"{_INDENT}the same, letter by letter", "dim")]
    marks.rstrip()
    named = (
        wrap(line, max(20, width - len(_INDENT)), subsequent_indent="  ")
        for line in _named(columns)
    )
    return [upper, lower, marks, *(Text(_INDENT + line) for lines in named for line in lines)]


def _seen(alignment: Sequence[Aligned], room: int) -> tuple[Sequence[Aligned], bool, bool]:
    """Return the columns around the brand that fit, and whether some before and after do not."""
    start = 0
    if sum(map(_column_width, alignment)) > room:
        room -= 2
        first = next((at for at, column in enumerate(alignment) if column.brand), 0)
        start = max(0, first - LEAD)
    end, taken = start, 0
    while end < len(alignment) and taken + _column_width(alignment[end]) <= room:
        taken += _column_width(alignment[end])
        end += 1
    while start and taken + _column_width(alignment[start - 1]) <= room:
        start -= 1
        taken += _column_width(alignment[start])
    return alignment[start:end], start > 0, end < len(alignment)


def _column_width(column: Aligned) -> int:
    return max(_width(column.brand), _width(defanged(column.candidate)), 1)


def _named(columns: Sequence[Aligned]) -> list[str]:
    """Name the characters that differ and that the eye confuses, each pair once."""
    pairs = dict.fromkeys(
        (column.candidate, column.brand)
        for column in columns
        if column.differs and _confusing(column.brand, column.candidate)
    )
    lines = [f"{_name(candidate)} for {_name(brand)}" for candidate, brand in pairs]
    if len(lines) > MOST_NAMED:
        lines[MOST_NAMED:] = [f"and {len(lines) - MOST_NAMED} more"]
    return lines


def _confusing(brand: str, candidate: str) -> bool:
    if not (brand + candidate).isascii():
        return True
    return bool(brand and candidate) and any(
        brand in alike and candidate in alike for alike in _EYE
    )


def _name(characters: str) -> str:
    if not characters:
        return "nothing"
    return " + ".join(
        f"U+{ord(char):04X} {unicodedata.name(char, 'without a name')}" for char in characters[:4]
    )


def _cell(characters: str, width: int) -> str:
    shown = safe(characters) if characters else "·" * width
    return shown + " " * (width - _width(shown))


def _width(text: str) -> int:
    return cell_len(safe(text))
