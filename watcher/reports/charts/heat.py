"""How much in each hour of the week: seven rows of 24 fields, the darker the more."""

import math
from collections.abc import Sequence

from watcher.reports.charts.svg import LETTERS, Drawing, Size, Svg, width_of

SHADES = 6
HOURS = 24


def heat(
    width: Size,
    name: str,
    *,
    title: str,
    description: str,
    counts: Sequence[Sequence[int]],
    weekdays: Sequence[str],
    hours: Sequence[str],
) -> Svg:
    """Draw `counts[weekday][hour]`, Monday first; only the width of the size counts.

    `hours` are the names of the 24 hours, of which every sixth is written (every third on a page).
    """
    left = max((width_of(one) for one in weekdays), default=0.0) + 10
    room = (width.width - left - 2) / HOURS
    height = min(room, 24.0)
    size = Size(width=width.width, height=round(7 * height + 24))
    drawing = Drawing(size, title, description)
    most = max((max(row) for row in counts), default=0)
    for day, row in enumerate(counts):
        y = day * height
        drawing.text("tick", left - 6, y + height / 2 + LETTERS / 3, weekdays[day], "end")
        for hour, count in enumerate(row):
            kind = f"heat{shade(count, most)}"
            drawing.rect(kind, left + hour * room, y, room - 1.2, height - 1.2)
    for hour in range(0, HOURS, 6 if width.is_narrow else 3):
        drawing.text("tick", left + hour * room, 7 * height + 16, hours[hour])
    return drawing.done(name)


def shade(count: int, most: int) -> int:
    """Return how dark a field is, 0 for nothing; by the square root, so that few can be seen."""
    if count <= 0 or most <= 0:
        return 0
    return max(1, min(SHADES - 1, math.ceil(math.sqrt(count / most) * (SHADES - 1))))
