"""What charts over days share: the room left for values, the axes, and what was not seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from watcher.reports.charts.scale import Linear, day_ticks
from watcher.reports.charts.svg import LETTERS, Drawing, width_of

BELOW = 24
"""The room of the names of days below."""

Says = Callable[[float], str]
Names = Callable[[date], str]
Stretch = tuple[float, float]
"""A part of the days, counted from the beginning of the first: 0.5 is noon."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """The room in which the values stand."""

    left: float
    right: float
    top: float
    bottom: float

    def per(self, days: int) -> float:
        """What a day takes of it."""
        return (self.right - self.left) / max(days, 1)


def field_of(
    drawing: Drawing, marks: Sequence[float], says: Says, *, top: float = 14, right: float = 8
) -> Field:
    """Return the room beside the names of values, and above those of days."""
    left = max((width_of(says(one)) for one in marks), default=0.0) + 10
    size = drawing.size
    return Field(left=left, right=size.width - right, top=top, bottom=size.height - BELOW)


def value_axis(
    drawing: Drawing, field: Field, marks: Sequence[float], scale: Linear, says: Says
) -> None:
    """Draw a hairline at each round value, with the value beside it."""
    for one in marks:
        y = scale(one)
        drawing.line("base" if one == 0 else "grid", field.left, y, field.right, y)
        drawing.text("tick", field.left - 6, y + LETTERS / 3, says(one), "end")


def day_axis(drawing: Drawing, field: Field, days: Sequence[date], names: Names) -> None:
    """Name as many days as there is room for."""
    room = field.per(len(days))
    for position in day_ticks(days, room, lambda day: width_of(names(day))):
        name = names(days[position])
        half = width_of(name) / 2
        x = field.left + (position + 0.5) * room
        x = min(max(x, half), drawing.size.width - half)
        drawing.text("tick", x, field.bottom + 17, name, "middle")


def unseen(
    drawing: Drawing, field: Field, days: int, stretches: Sequence[Stretch], words: str
) -> None:
    """Hatch what could not be watched: nothing there means that nobody looked."""
    room = field.per(days)
    named = False
    for since, until in stretches:
        x1 = field.left + max(since, 0.0) * room
        x2 = field.left + min(until, float(days)) * room
        drawing.rect("unseen", x1, field.top, x2 - x1, field.bottom - field.top)
        x = x1 + 4
        while x < x2:
            drawing.line("hatch", x, field.bottom, x, field.top)
            x += 6
        if not named and x2 - x1 > 2:
            named = True
            middle, half = (x1 + x2) / 2, width_of(words) / 2
            middle = min(max(middle, field.left + half), field.right - half)
            drawing.text("note halo", middle, field.top + LETTERS, words, "middle")
