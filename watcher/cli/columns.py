"""How wide the columns of a table are: words stay whole as long as they can."""

import re
from collections.abc import Collection, Sequence

from rich.cells import cell_len
from rich.text import Text

GAP = 2
"""Cells between two columns."""
SHORT = 10
"""A column as narrow as this is not worth a second line."""
_PIECE = re.compile(r"(?:(?!\[\.\])[^_\-./@])*(?:\[\.\]|[_\-./@])*")


def fitted(
    columns: Sequence[str],
    rows: Sequence[Sequence[str | Text]],
    room: int,
    *,
    unbroken: Collection[str] = (),
    less: Sequence[str] = (),
) -> dict[str, int]:
    """Return the columns that are shown in `room` cells, each with its width.

    Where words would have to be broken, the columns named in `less` are left out, the first one
    first. Those in `unbroken` are as wide as their widest cell, if there is room at all.
    """
    natural = {name: _width(name, cells) for name, cells in _by_column(columns, rows)}
    least = {
        name: natural[name]
        if name in unbroken or natural[name] <= SHORT
        else max(_width(word, ()) for cell in (name, *cells) for word in str(cell).split() or [""])
        for name, cells in _by_column(columns, rows)
    }
    for name in less:
        if name in least and _taken(least) > room:
            del least[name]
    widths = dict(least)
    while _taken(widths) < room:
        short = max(widths, key=lambda name: natural[name] - widths[name])
        if widths[short] >= natural[short]:
            break
        widths[short] += 1
    while _taken(widths) > room:
        widest = max(widths, key=lambda name: widths[name])
        if widths[widest] == 1:
            break
        widths[widest] -= 1
    return widths


def broken(cell: str | Text, width: int) -> Text:
    """Return a cell whose overlong words are cut behind a `_`, `-`, `.`, `/` or `@` in them."""
    whole = cell if isinstance(cell, Text) else Text(cell)
    if all(cell_len(word) <= width for word in whole.plain.split()):
        return whole
    result, done = Text(), 0
    for word in re.finditer(r"\S+", whole.plain):
        if cell_len(word[0]) <= width:
            continue
        filled = 0
        for piece in _PIECE.finditer(word[0]):
            length = cell_len(piece[0])
            if filled and length and filled + length > width:
                at = word.start() + piece.start()
                result.append_text(whole[done:at]).append("\n")
                done, filled = at, 0
            filled += length
    return result.append_text(whole[done:])


def _by_column(
    columns: Sequence[str], rows: Sequence[Sequence[str | Text]]
) -> list[tuple[str, list[str]]]:
    return [(name, [str(row[at]) for row in rows]) for at, name in enumerate(columns)]


def _width(name: str, cells: Collection[str]) -> int:
    return max(cell_len(line) for cell in (name, *cells) for line in cell.split("\n"))


def _taken(widths: dict[str, int]) -> int:
    return sum(widths.values()) + GAP * (len(widths) - 1)
