"""A count for each day, beside what is usual, with days marked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from watcher.reports.charts.axes import Field, Names, Says, Stretch, day_axis, field_of, unseen
from watcher.reports.charts.axes import value_axis as _value_axis
from watcher.reports.charts.scale import Linear, ticks
from watcher.reports.charts.svg import LETTERS, Drawing, Size, Svg, width_of

_WIDEST = 46
_TRIANGLE = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A day that something happened on."""

    day: date
    words: str
    """What, in a word or two."""


def columns(
    size: Size,
    name: str,
    *,
    title: str,
    description: str,
    days: Sequence[date],
    values: Sequence[int],
    usual: Sequence[float | None],
    usual_words: str,
    marks: Collection[Mark],
    gaps: Sequence[Stretch],
    gap_words: str,
    names: Names,
    says: Says,
) -> Svg:
    """Draw a column for each day; `usual` is a stroke across it where it is known.

    `marks` set days apart by a sign above the column and another colour. `gaps` could not be
    watched.
    """
    drawing = Drawing(size, title, description)
    known = [one for one in usual if one is not None]
    round_values = ticks(0, max([*values, *known, 1]), 4 if size.is_narrow else 5, whole=True)
    room_right = max(8.0, width_of(usual_words) + 10) if known else 8.0
    top = 34.0 if marks else 22.0
    field = field_of(drawing, round_values, says, top=top, right=room_right)
    scale = Linear(0, round_values[-1], field.bottom, field.top)
    _value_axis(drawing, field, round_values, scale, says)
    unseen(drawing, field, len(days), gaps, gap_words)
    marked = {one.day: one.words for one in marks}
    room = field.per(len(days))
    thick = min(_WIDEST, room * 0.78 if room > 4 else room)
    for n, (day, value) in enumerate(zip(days, values, strict=True)):
        x = field.left + (n + 0.5) * room
        kind = "alarm" if day in marked else "own"
        drawing.rect(kind, x - thick / 2, scale(value), thick, field.bottom - scale(value))
    _usual(drawing, field, scale, usual, min(_WIDEST + 8, room))
    if known:
        last = next(one for one in reversed(usual) if one is not None)
        drawing.text("note", field.right + 5, scale(last) + LETTERS / 3, usual_words)
    _most(drawing, field, scale, days, values, says, marked)
    for n, day in enumerate(days):
        if day in marked:
            _mark(drawing, field.left + (n + 0.5) * room, scale(values[n]))
    if marked:
        _mark_words(drawing, field, scale, days, values, marked)
    day_axis(drawing, field, days, names)
    return drawing.done(name)


def _usual(
    drawing: Drawing, field: Field, scale: Linear, usual: Sequence[float | None], wide: float
) -> None:
    room = field.per(len(usual))
    for n, one in enumerate(usual):
        if one is not None:
            x = field.left + (n + 0.5) * room
            drawing.line("usual-halo", x - wide / 2, scale(one), x + wide / 2, scale(one))
            drawing.line("usual", x - wide / 2, scale(one), x + wide / 2, scale(one))


def _most(
    drawing: Drawing,
    field: Field,
    scale: Linear,
    days: Sequence[date],
    values: Sequence[int],
    says: Says,
    marked: dict[date, str],
) -> None:
    """Write the count above the highest column."""
    most = max(range(len(values)), key=lambda n: values[n], default=None)
    if most is None or not values[most]:
        return
    up = 2 * _TRIANGLE + 8 if days[most] in marked else 5
    x = field.left + (most + 0.5) * field.per(len(values))
    half = width_of(says(values[most])) / 2
    x = min(max(x, field.left + half), field.right - half)
    drawing.text("strong halo", x, scale(values[most]) - up, says(values[most]), "middle")


def _mark(drawing: Drawing, x: float, y: float) -> None:
    tip, top = y - 3, y - 3 - 1.6 * _TRIANGLE
    drawing.path("sign", [(x, tip), (x - _TRIANGLE, top), (x + _TRIANGLE, top)], closed=True)


def _mark_words(
    drawing: Drawing,
    field: Field,
    scale: Linear,
    days: Sequence[date],
    values: Sequence[int],
    marked: dict[date, str],
) -> None:
    """Say what the sign means, once, above the highest day that bears it."""
    first = max(
        (n for n, day in enumerate(days) if day in marked), key=lambda n: values[n], default=None
    )
    if first is None:
        return
    words = marked[days[first]]
    x = field.left + (first + 0.5) * field.per(len(days)) + _TRIANGLE + 4
    y = scale(values[first]) - _TRIANGLE
    if x + width_of(words) > field.right:
        drawing.text("bad-words halo", x - 2 * _TRIANGLE - 8, y, words, "end")
    else:
        drawing.text("bad-words halo", x, y, words)
