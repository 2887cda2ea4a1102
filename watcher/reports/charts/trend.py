"""A value for each day within its uncertainty, measured from what it was before."""

from collections.abc import Sequence
from datetime import date

from watcher.insights.model import Estimate
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
from watcher.reports.charts.scale import Linear, ticks
from watcher.reports.charts.svg import LETTERS, Drawing, Size, Svg, width_of

Point = tuple[float, Estimate]


def trend(
    size: Size,
    name: str,
    *,
    title: str,
    description: str,
    days: Sequence[date],
    values: Sequence[Estimate | None],
    better: str,
    worse: str,
    gaps: Sequence[Stretch],
    gap_words: str,
    names: Names,
    says: Says,
) -> Svg:
    """Draw a line through the days that have a value, and the band that it lies in.

    It is broken where a day has none. `better` and `worse` say where up and down lead.
    """
    drawing = Drawing(size, title, description)
    known = [one for one in values if one]
    low = min([one.low for one in known] + [one.value for one in known] + [0.0])
    high = max([one.high for one in known] + [one.value for one in known] + [0.0])
    marks = ticks(low, high, 4 if size.is_narrow else 5)
    field = field_of(drawing, marks, says, top=22, right=10)
    scale = Linear(marks[0], marks[-1], field.bottom, field.top)
    value_axis(drawing, field, marks, scale, says)
    unseen(drawing, field, len(days), gaps, gap_words)
    for run in _runs(field, values):
        _band(drawing, run, scale)
    for run in _runs(field, values):
        drawing.path("own-line", [(x, scale(one.value)) for x, one in run])
        if len(days) <= 62 or len(run) == 1:
            for x, one in run:
                drawing.dot("own-dot", x, scale(one.value), 2.6)
    drawing.text("note", field.left, 13, f"↑ {better}")
    drawing.text("note halo", field.left + 3, field.bottom - 5, f"↓ {worse}")
    if known:
        _last(drawing, field, scale, values, says)
    day_axis(drawing, field, days, names)
    return drawing.done(name)


def _runs(field: Field, values: Sequence[Estimate | None]) -> list[list[Point]]:
    room = field.per(len(values))
    runs: list[list[Point]] = [[]]
    for n, one in enumerate(values):
        if one is None:
            runs.append([])
        else:
            runs[-1].append((field.left + (n + 0.5) * room, one))
    return [run for run in runs if run]


def _band(drawing: Drawing, run: list[Point], scale: Linear) -> None:
    if len(run) == 1:
        [(x, one)] = run
        drawing.rect("band", x - 3, scale(one.high), 6, scale(one.low) - scale(one.high))
        return
    above = [(x, scale(one.high)) for x, one in run]
    below = [(x, scale(one.low)) for x, one in reversed(run)]
    drawing.path("band", above + below, closed=True)


def _last(
    drawing: Drawing, field: Field, scale: Linear, values: Sequence[Estimate | None], says: Says
) -> None:
    n, one = next((n, v) for n, v in reversed(list(enumerate(values))) if v)
    x = field.left + (n + 0.5) * field.per(len(values))
    words = says(one.value)
    x = min(x, field.right - width_of(words) / 2)
    y = scale(one.value)
    y = y - 8 if y - 8 > field.top + LETTERS else y + LETTERS + 6
    drawing.text("strong halo", x, y, words, "middle")
