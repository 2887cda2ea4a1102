"""Elements of a drawing as text. Nothing from outside gets in unescaped.

Colours and letters are the style sheet's: elements bear classes, since a page whose policy trusts
one style sheet lets no element bring a style of its own.
"""

from dataclasses import dataclass, field
from html import escape
from unicodedata import combining, east_asian_width

LETTERS = 13
"""The height of letters, in the units of a drawing; the style sheet says the same."""

_NARROW = frozenset("iljtfrI.,:;'|!()[]·\u202f\u00a0 ")
_BROAD = frozenset("mwMW@%—…")


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How large a drawing is, in its own units: of a page, or of a phone."""

    width: int
    height: int

    @property
    def is_narrow(self) -> bool:
        """Whether it is for a phone."""
        return self.width < 500


WIDE = Size(width=720, height=250)
NARROW = Size(width=340, height=230)


@dataclass(frozen=True, slots=True)
class Svg:
    """A whole drawing; templates take it as the markup that it is."""

    text: str

    def __html__(self) -> str:
        return self.text


@dataclass(slots=True)
class Drawing:
    """What is drawn so far; later elements lie above earlier ones."""

    size: Size
    title: str
    description: str
    parts: list[str] = field(default_factory=list)

    def rect(self, kind: str, x: float, y: float, width: float, height: float) -> None:
        """A rectangle from its upper left corner; one without height or width is left out."""
        if width > 0 and height > 0:
            self._add("rect", {"class": kind, "x": x, "y": y, "width": width, "height": height})

    def line(self, kind: str, x1: float, y1: float, x2: float, y2: float) -> None:
        """A straight line."""
        self._add("line", {"class": kind, "x1": x1, "y1": y1, "x2": x2, "y2": y2})

    def dot(self, kind: str, x: float, y: float, radius: float) -> None:
        """A filled circle."""
        self._add("circle", {"class": kind, "cx": x, "cy": y, "r": radius})

    def path(self, kind: str, points: list[tuple[float, float]], *, closed: bool = False) -> None:
        """A line through points, or the area that they surround."""
        steps = " ".join(f"{_number(x)} {_number(y)}" for x, y in points)
        self._add("path", {"class": kind, "d": f"M{steps}{'Z' if closed else ''}"})

    def text(self, kind: str, x: float, y: float, words: str, anchor: str = "start") -> None:
        """A line of text; `anchor` tells which end or the middle stands at x."""
        self._add("text", {"class": kind, "x": x, "y": y, "text-anchor": anchor}, words)

    def done(self, name: str) -> Svg:
        """Return the drawing; `name` is what its parts are called, unique in the page."""
        size = self.size
        kind = "narrow" if size.is_narrow else "wide"
        title, about = f"{name}-{kind}-title", f"{name}-{kind}-about"
        return Svg(
            f'<svg class="chart {kind}" viewBox="0 0 {size.width} {size.height}" role="img" '
            f'aria-labelledby="{title} {about}">'
            f'<title id="{title}">{escape(self.title)}</title>'
            f'<desc id="{about}">{escape(self.description)}</desc>' + "".join(self.parts) + "</svg>"
        )

    def _add(self, name: str, attributes: dict[str, str | float], words: str = "") -> None:
        said = " ".join(
            f'{key}="{escape(value) if isinstance(value, str) else _number(value)}"'
            for key, value in attributes.items()
        )
        self.parts.append(
            f"<{name} {said}>{escape(words)}</{name}>" if words else f"<{name} {said}/>"
        )


def width_of(words: str, letters: float = LETTERS) -> float:
    """About how wide a line of text is: no two readers have the same letters."""
    return letters * sum(map(_breadth, words))


def fitting(words: str, room: float, letters: float = LETTERS) -> str:
    """Return the words, cut where they are wider than the room."""
    if width_of(words, letters) <= room:
        return words
    while words and width_of(words + "…", letters) > room:
        words = words[:-1]
    return words.rstrip() + "…"


def _breadth(char: str) -> float:
    if combining(char) or char in "\u2068\u2069\u200b":
        return 0.0
    if east_asian_width(char) in "WF":
        return 1.0
    if char in _NARROW:
        return 0.33
    if char in _BROAD:
        return 0.9
    return 0.68 if char.isupper() else 0.56


def _number(value: float) -> str:
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
