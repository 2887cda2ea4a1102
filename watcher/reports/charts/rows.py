"""A bar for each of a few things, its uncertainty as a stroke, and what it was before."""

from collections.abc import Sequence
from dataclasses import dataclass

from watcher.insights.model import Estimate
from watcher.reports.charts.scale import Linear
from watcher.reports.charts.svg import LETTERS, Drawing, Size, Svg, fitting, width_of

_BAR = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One thing."""

    name: str
    value: float | None
    """None: not known, which is no nought."""
    said: str
    """The value as it is written beside the bar, or why there is none."""
    range: Estimate | None = None
    before: float | None = None
    own: bool = False
    """Whether the report is about it."""


def rows(
    width: Size,
    name: str,
    *,
    title: str,
    description: str,
    things: Sequence[Row],
    before_words: str = "",
) -> Svg:
    """Draw the bars one below the other from a common beginning; on a phone names stand above.

    Only the width of the size counts. `before_words` say what the small stroke means.
    """
    step = 46 if width.is_narrow else 32
    shown = before_words and any(one.before is not None for one in things)
    size = Size(width=width.width, height=len(things) * step + (22 if shown else 6))
    drawing = Drawing(size, title, description)
    left = 2.0
    if not width.is_narrow:
        left = min(max((width_of(one.name) for one in things), default=0.0) + 14, 220.0)
    right = size.width - max((width_of(one.said) for one in things), default=0.0) - 14
    values = [v for one in things for v in (one.value, one.before) if v is not None]
    values += [one.range.high for one in things if one.range]
    scale = Linear(0, max([*values, 1e-9]), left, right)
    is_alike = not any(one.own for one in things)  # where nothing stands out, nothing is grey
    drawing.line("base", left, 2, left, len(things) * step)
    for n, one in enumerate(things):
        top = n * step + (20.0 if width.is_narrow else (step - _BAR) / 2)
        _row(drawing, one, scale, top, left, narrow=width.is_narrow, is_alike=is_alike)
    if shown:
        drawing.line("usual", left + 4, size.height - 16, left + 4, size.height - 4)
        drawing.text("note", left + 12, size.height - 5, before_words)
    return drawing.done(name)


def _row(
    drawing: Drawing,
    one: Row,
    scale: Linear,
    top: float,
    left: float,
    *,
    narrow: bool,
    is_alike: bool,
) -> None:
    middle = top + _BAR / 2
    kind = "strong" if one.own else "name"
    if narrow:
        drawing.text(kind, 2, top - 5, fitting(one.name, drawing.size.width - 8))
    else:
        drawing.text(kind, left - 8, middle + LETTERS / 3, fitting(one.name, left - 12), "end")
    if one.value is None:
        drawing.text("note", left + 6, middle + LETTERS / 3, one.said)
        return
    fill = "own" if one.own or is_alike else "other"
    drawing.rect(fill, left, top, scale(one.value) - left, _BAR)
    end = scale(one.value)
    if one.range:
        low, end = scale(one.range.low), max(end, scale(one.range.high))
        drawing.line("range-halo", low, middle, scale(one.range.high), middle)
        drawing.line("range", low, middle, scale(one.range.high), middle)
    if one.before is not None:
        x = scale(one.before)
        drawing.line("usual-halo", x, top - 3, x, top + _BAR + 3)
        drawing.line("usual", x, top - 3, x, top + _BAR + 3)
        if end < x < end + width_of(one.said) + 12:
            end = x
    drawing.text(kind, end + 8, middle + LETTERS / 3, one.said)
