"""Charts of characters: bars, a heat map, a line of small columns.

Each is a list of lines that fit the paper they are drawn on, and each says its numbers beside the
picture: nothing is told by colour alone. Where the terminal has no block characters, ASCII stands
in for them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from watcher.cli.console import Screen, safe

PAGE = 80
"""Cells of a line where nobody looks at a terminal."""
WIDEST = 120
"""Cells beyond which a chart is no better for being wider."""
_LEAST_BAR = 8
_LONGEST_BAR = 50
_LABEL = 0.4
"""The part of a line that labels may take at most."""

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_SHADES = "·░▒▓█"
_SHADES_ASCII = ".-+*#"
_COLUMNS = "▁▂▃▄▅▆▇█"
_COLUMNS_ASCII = "_.-=+*%#"
_UNKNOWN = "?"


@dataclass(frozen=True, kw_only=True)
class Paper:
    """What a chart is drawn on."""

    width: int = PAGE
    """How many cells a line has."""
    ascii: bool = False
    """Whether there are letters, digits and signs only."""


def paper(screen: Screen) -> Paper:
    """Return what a screen offers: its width, and whether it knows block characters."""
    console = screen.console
    try:
        (_EIGHTHS + _SHADES + _COLUMNS).encode(console.encoding)
        knows_blocks = True
    except (LookupError, UnicodeEncodeError):
        knows_blocks = False
    width = min(console.width, WIDEST) if screen.is_terminal else PAGE
    return Paper(width=max(20, width), ascii=not knows_blocks)


def _number(value: float) -> str:
    return f"{value:,.0f}"


def bars(
    rows: Sequence[tuple[str, float]],
    *,
    on: Paper,
    told: Callable[[float], str] = _number,
    most: float | None = None,
) -> list[Text]:
    """Draw one horizontal bar for each (label, value), with the value in words behind it.

    A bar's length is proportional to its value; the longest stands for `most`, or the largest
    value. Labels may come from strangers. No rows give no lines; what is below 0 has no bar.
    """
    if not rows:
        return []
    labels = [safe(label, 200) for label, _ in rows]
    words = [told(value) for _, value in rows]
    behind = max(map(cell_len, words))
    ahead = min(max(map(cell_len, labels)), max(4, int(on.width * _LABEL)))
    room = min(_LONGEST_BAR, max(_LEAST_BAR, on.width - ahead - behind - 4))
    top = max((value for _, value in rows), default=0) if most is None else most
    lines = []
    for label, (_, value), word in zip(labels, rows, words, strict=True):
        bar = _bar(value / top * room if top > 0 else 0, room, ascii=on.ascii)
        line = Text(f"{_cut(label, ahead)}  ")
        lines.append(line.append(bar, style="cyan").append(f"  {word:>{behind}}"))
    return lines


def heat(
    cells: Sequence[Sequence[float]],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    on: Paper,
    unit: str = "posts",
) -> list[Text]:
    """Draw a table of numbers as shades, a row's sum behind it and a scale below.

    `rows` and `columns` name them. Where the paper is too narrow, neighbouring columns are added
    up, and the scale says so by their names. All zero is drawn as well; no rows give no lines.
    """
    if not cells or not columns:
        return []
    ahead = max(map(cell_len, rows)) + 2
    sums = [_number(sum(row)) for row in cells]
    behind = max(map(cell_len, sums)) + 2
    together, wide = _cell_size(len(columns), on.width - ahead - behind)
    joined = [
        [sum(row[at : at + together]) for at in range(0, len(row), together)] for row in cells
    ]
    names = [columns[at] for at in range(0, len(columns), together)]
    top = max(max(row, default=0) for row in joined)
    shades = _SHADES_ASCII if on.ascii else _SHADES
    lines = [Text(" " * ahead + _heads(names, wide), style="dim")]
    for name, row, told in zip(rows, joined, sums, strict=True):
        line = Text(f"{_cut(name, ahead - 2)}  ")
        for value in row:
            level = _level(value, top, len(shades))
            line.append(shades[level] * max(1, wide - (wide > 2)), style=_HEAT[level])
            line.append(" " if wide > 2 else "")
        lines.append(line.append(f"  {told:>{behind - 2}}"))
    scale = _scale(top, shades, unit, on.width - ahead)
    return [*lines, *(Text(" " * ahead + line, style="dim") for line in scale)]


_HEAT = ("dim", "blue", "cyan", "yellow", "bold red")


def spark(values: Sequence[float | None], *, on: Paper, width: int | None = None) -> str:
    """Draw a line of small columns, the highest for the largest value; `?` where it is not known.

    Where there are more values than cells (`width`, or the paper's), neighbours are averaged.
    """
    room = max(1, min(width or on.width, on.width))
    fitted = _averaged(values, room)
    top = max((value for value in fitted if value is not None), default=0)
    shapes = _COLUMNS_ASCII if on.ascii else _COLUMNS
    return "".join(
        _UNKNOWN
        if value is None
        else shapes[round(value / top * (len(shapes) - 1)) if top > 0 and value > 0 else 0]
        for value in fitted
    )


def _bar(length: float, room: int, *, ascii: bool) -> str:
    """Return a bar of so many cells and parts of a cell, padded to `room`."""
    length = min(max(length, 0.0), room)
    if ascii:
        whole = round(length) or (1 if length > 0 else 0)
        return ("#" * whole).ljust(room)
    eighths = round(length * 8) or (1 if length > 0 else 0)
    whole, part = divmod(eighths, 8)
    return ("█" * whole + (_EIGHTHS[part] if part else "")).ljust(room)


def _cut(label: str, width: int) -> str:
    """Return a label of exactly so many cells."""
    if cell_len(label) <= width:
        return set_cell_size(label, width)
    return set_cell_size(label, max(0, width - 1)) + "…"


def _cell_size(columns: int, room: int) -> tuple[int, int]:
    """Return how many columns are drawn as one, and in how many cells."""
    for together in (1, 2, 3, 4, 6, 8, 12):
        drawn = math.ceil(columns / together)
        if drawn <= room:
            return together, max(1, min(room // drawn, 3 if together == 1 else 4))
    return columns, 1


def _heads(names: Sequence[str], wide: int) -> str:
    """Return names above columns of so many cells, every so many of them that none touch."""
    longest = max(map(cell_len, names))
    every = math.ceil((longest + 1) / wide)
    return "".join(name.ljust(every * wide) for name in names[::every]).rstrip()


def _level(value: float, top: float, levels: int) -> int:
    return 0 if value <= 0 or top <= 0 else min(levels - 1, math.ceil(value / top * (levels - 1)))


def _scale(top: float, shades: str, unit: str, room: int) -> list[str]:
    """Say which shade stands for which numbers, in as many lines as that takes."""
    steps = len(shades) - 1
    parts, low = [f"{shades[0]} 0"], 1
    for level in range(1, steps + 1):
        high = math.floor(top * level / steps)
        if high >= low:
            parts.append(f"{shades[level]} {low:,}" + (f"-{high:,}" if high > low else ""))
            low = high + 1
    parts[-1] += f" {unit}"
    lines = [parts[0]]
    for part in parts[1:]:
        if cell_len(lines[-1]) + 2 + cell_len(part) <= room:
            lines[-1] += f"  {part}"
        else:
            lines.append(part)
    return lines


def _averaged(values: Sequence[float | None], room: int) -> list[float | None]:
    if len(values) <= room:
        return list(values)
    result: list[float | None] = []
    for at in range(room):
        part = values[at * len(values) // room : (at + 1) * len(values) // room]
        known = [value for value in part if value is not None]
        result.append(sum(known) / len(known) if known else None)
    return result
