"""Parts of a whole for each day: the first stands on the ground, where it is compared best."""

from collections.abc import Sequence
from datetime import date

from watcher.reports.charts.axes import (
    Field,
    Names,
    Says,
    Stretch,
    day_axis,
    field_of,
    unseen,
    value_axis,
)
from watcher.reports.charts.scale import Linear
from watcher.reports.charts.svg import LETTERS, Drawing, Size, Svg, fitting, width_of

FEW = 10
"""A day with fewer posts is drawn paler: its shares are chance."""
KINDS = 6
"""So many parts can be told apart; the last stands for all others."""


def shares(
    size: Size,
    name: str,
    *,
    title: str,
    description: str,
    days: Sequence[date],
    parts: Sequence[tuple[str, str, Sequence[int]]],
    gaps: Sequence[Stretch],
    gap_words: str,
    names: Names,
    says: Says,
) -> Svg:
    """Draw a column of 100 % for each day; a day of nothing stays empty.

    `parts` are (name, what is said of the whole period, counts by day), at most `KINDS`, the one
    that the report is about first.
    """
    drawing = Drawing(size, title, description)
    marks = (0.0, 0.5, 1.0)
    widest = max((width_of(f"{one} {said}") for one, said, _ in parts), default=0.0)
    room_right = min(widest + 30, size.width * (0.42 if size.is_narrow else 0.3))
    field = field_of(drawing, marks, says, right=room_right)
    scale = Linear(0, 1, field.bottom, field.top)
    value_axis(drawing, field, marks, scale, says)
    unseen(drawing, field, len(days), gaps, gap_words)
    room = field.per(len(days))
    thick = room * 0.86 if room > 4 else room
    for n in range(len(days)):
        whole = sum(counts[n] for _, _, counts in parts)
        below = 0
        for kind, (_, _, counts) in enumerate(parts):
            if counts[n]:
                low, high = scale(below / whole), scale((below + counts[n]) / whole)
                gap = 0.8 if low - high > 3 else 0.0
                x = field.left + (n + 0.5) * room - thick / 2
                shade = f"part{kind} few" if whole < FEW else f"part{kind}"
                drawing.rect(shade, x, high + gap, thick, low - high - gap)
            below += counts[n]
    _names(drawing, field, scale, parts)
    day_axis(drawing, field, days, names)
    return drawing.done(name)


def _names(
    drawing: Drawing,
    field: Field,
    scale: Linear,
    parts: Sequence[tuple[str, str, Sequence[int]]],
) -> None:
    """Name each part beside the newest day that has posts, none over another."""
    days = len(parts[0][2]) if parts else 0
    last = next((n for n in reversed(range(days)) if any(c[n] for _, _, c in parts)), None)
    if last is None:
        return
    whole = sum(counts[last] for _, _, counts in parts)
    below = 0
    wanted: list[float] = []
    for _, _, counts in parts:
        wanted.append(scale((below + counts[last] / 2) / whole) + LETTERS / 3)
        below += counts[last]
    for kind, y in enumerate(spread(wanted, LETTERS + 4, field.top + LETTERS / 2, field.bottom)):
        one, said, _ = parts[kind]
        x = field.right + 6
        drawing.rect(f"part{kind}", x, y - LETTERS * 0.72, 8, 8)
        room = drawing.size.width - x - 14 - width_of(f" {said}")
        drawing.text("strong" if kind == 0 else "note", x + 12, y, f"{fitting(one, room)} {said}")


def spread(wanted: Sequence[float], apart: float, top: float, bottom: float) -> list[float]:
    """Return places as near to the wanted ones as can be, each so far above the one before.

    `wanted` goes upward, from the bottom to smaller values.
    """
    places: list[float] = []
    for one in wanted:
        places.append(min(one, bottom, places[-1] - apart if places else bottom))
    over = top
    for n in reversed(range(len(places))):
        places[n] = max(places[n], over)
        over = places[n] + apart
    return places
