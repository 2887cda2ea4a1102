"""Draws how many posts came when: the only module of the alerts that knows Pillow.

A strip of bars on a panel of its own colour, which reads as well in a light mail as in a dark one:
no mail client can be relied on to swap pictures, and what is transparent drowns in one of the two.
Everything it shows is also said in words beside it. Equal input gives equal bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 528, 132
"""In CSS pixels; the picture has twice as many each way, for sharp screens."""
LARGEST = 15_000
"""Bytes of one picture."""

_SHARP = 2
_SMOOTH = 2
"""Drawn this much larger yet, and reduced: bars keep clean edges."""

PANEL = (15, 52, 64)
BEFORE = (96, 143, 157)
NOW = (132, 216, 240)
MORE = (255, 171, 110)
LINE = (45, 86, 99)
INK = (226, 239, 243)
USUAL = (243, 207, 125)

_LEFT, _RIGHT, _TOP, _BOTTOM = 12, 12, 30, 30
_TEXT = 19


@dataclass(frozen=True, kw_only=True, slots=True)
class Strip:
    """What a strip shows."""

    counts: tuple[int, ...]
    """Posts by stretch of time, oldest first; at least one."""
    now: int
    """How many of the last stretches are those of the digest."""
    began: int | None = None
    """From which stretch on it is more than usual."""
    usual: float | None = None
    """What a stretch usually has."""
    ticks: tuple[tuple[int, str], ...] = ()
    """Where days begin, and how they are called: ASCII, in the order of time."""


def draw(strip: Strip) -> bytes:
    """Return the strip as a PNG."""
    size = _SHARP * _SMOOTH
    picture = Image.new("RGB", (WIDTH * size, HEIGHT * size), PANEL)
    pen = ImageDraw.Draw(picture)
    most = max(*strip.counts, 1)
    slot = (WIDTH - _LEFT - _RIGHT) / len(strip.counts)
    floor = HEIGHT - _BOTTOM
    for at, _ in strip.ticks:
        x = _LEFT + at * slot
        _box(pen, x - 0.5, _TOP - 4, x + 0.5, floor + 5, LINE)
    gap = min(1.0, slot / 5)
    for at, count in enumerate(strip.counts):
        tall = (floor - _TOP) * count / most
        x = _LEFT + at * slot
        colour = _colour(strip, at)
        _box(pen, x + gap / 2, floor - max(tall, 1.0), x + slot - gap / 2, floor, colour)
    if strip.usual is not None and 0 < strip.usual <= most:
        y = floor - (floor - _TOP) * strip.usual / most
        for x in range(_LEFT, WIDTH - _RIGHT, 8):
            _box(pen, x, y - 0.75, min(x + 4, WIDTH - _RIGHT), y + 0.75, USUAL)
    reduced = picture.resize((WIDTH * _SHARP, HEIGHT * _SHARP), Image.Resampling.BOX)
    _label(ImageDraw.Draw(reduced), strip, slot, most)
    # Few colours make a small file; which ones, the picture itself decides, the same ones always.
    few = reduced.quantize(colors=32, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    file = BytesIO()
    few.save(file, "PNG", optimize=True)
    return file.getvalue()


def sparkline(counts: Sequence[int]) -> str:
    """The same in one line of plain text."""
    levels = "▁▂▃▄▅▆▇█"
    most = max(*counts, 1)
    return "".join(
        levels[min(len(levels) - 1, -(-count * (len(levels) - 1) // most))] for count in counts
    )


def _colour(strip: Strip, at: int) -> tuple[int, int, int]:
    if strip.began is not None and at >= strip.began:
        return MORE
    return NOW if at >= len(strip.counts) - strip.now else BEFORE


def _label(pen: ImageDraw.ImageDraw, strip: Strip, slot: float, most: int) -> None:
    font = ImageFont.load_default(_TEXT * _SHARP)
    highest = max(range(len(strip.counts)), key=lambda at: (strip.counts[at], at))
    text = str(most)
    wide = pen.textlength(text, font=font) / _SHARP
    x = min(max(_LEFT + (highest + 0.5) * slot - wide / 2, _LEFT), WIDTH - _RIGHT - wide)
    pen.text((x * _SHARP, (_TOP - 6) * _SHARP), text, fill=INK, font=font, anchor="ls")
    free = 0.0
    for at, name in strip.ticks:
        x = _LEFT + at * slot + 3
        wide = pen.textlength(name, font=font) / _SHARP
        if x >= free and x + wide <= WIDTH - 4:
            place = (x * _SHARP, (HEIGHT - 7) * _SHARP)
            pen.text(place, name, fill=INK, font=font, anchor="ls")
            free = x + wide + 8


def _box(
    pen: ImageDraw.ImageDraw,
    left: float,
    top: float,
    right: float,
    bottom: float,
    colour: tuple[int, int, int],
) -> None:
    """Fill a rectangle given in CSS pixels."""
    size = _SHARP * _SMOOTH
    corners = [round(value * size) for value in (left, top, right, bottom)]
    corners[2], corners[3] = max(corners[2] - 1, corners[0]), max(corners[3] - 1, corners[1])
    pen.rectangle(tuple(corners), fill=colour)
