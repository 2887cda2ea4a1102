"""What a report consists of, in the words of its reader. Every number stands in a `Sheet`.

Texts are plain and already harmless; the page escapes them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar, Literal

from watcher.insights.model import Estimate, Period
from watcher.reports.charts import Svg

Kind = Literal[
    "name", "text", "day", "moment", "count", "share", "points", "shift", "number", "duration"
]  # fmt: skip
"""What a column holds, and how it is written: `share` is 0 to 1 with its bounds, `points` a
difference of those, `shift` one without bounds."""
Cell = str | int | float | date | datetime | timedelta | Estimate | None

CHAPTER_KEYS = (
    "volume", "voice", "satisfaction", "themes", "alarms", "people", "inbox", "answering",
    "campaigns", "accounts", "suspects",
)  # fmt: skip
"""The sections of each brand, in their order."""
SHARED_KEYS = ("watched", "method")
"""Those at the end, about all brands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column of a table."""

    key: str
    """For programs; never translated."""
    head: str
    meaning: str
    """The head in English."""
    kind: Kind

    @property
    def is_number(self) -> bool:
        """Whether its values stand to the right."""
        return self.kind in {"count", "share", "points", "shift", "number", "duration"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """A table with the ways in which its numbers can be found again."""

    key: str
    """`volume`, `voice-days`: the same for every brand, and a heading in docs/reports.md."""
    brand: str
    """Empty for what is about all of them."""
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    command: str
    """Prints the same numbers, or where `is_of_now` what has become of them."""
    is_of_now: bool = False
    part: str = ""
    """What sets it apart from others of the same key and brand: a word for programs."""
    left_out: int = 0
    """How many further rows there are."""

    @property
    def trace(self) -> str:
        """Where the query stands: a file of the documentation and a heading in it."""
        return f"docs/reports.md#{self.key}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Paragraph:
    """A sentence or a few."""

    kind: ClassVar[str] = "paragraph"
    text: str
    role: Literal["lead", "plain", "note", "warning"] = "plain"


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A chart, for a page and for a phone, with the table of its numbers behind it."""

    kind: ClassVar[str] = "figure"
    name: str
    """Unique in the report."""
    title: str
    wide: Svg
    narrow: Svg
    sheet: Sheet


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """A table that stands open."""

    kind: ClassVar[str] = "listing"
    title: str
    sheet: Sheet


@dataclass(frozen=True, kw_only=True, slots=True)
class Hidden:
    """A table that opens when it is asked for."""

    kind: ClassVar[str] = "hidden"
    title: str
    sheet: Sheet


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """A public post."""

    text: str
    author: str
    moment: str
    iso: str
    link: str
    """Empty where nobody should be sent there."""
    language: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quotes:
    """Posts that show what is meant."""

    kind: ClassVar[str] = "quotes"
    title: str
    quotes: tuple[Quote, ...]


Block = Paragraph | Figure | Listing | Hidden | Quotes


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One question and its answer."""

    key: str
    title: str
    blocks: tuple[Block, ...]

    @property
    def sheets(self) -> Iterator[Sheet]:
        """The tables in it."""
        for block in self.blocks:
            if isinstance(block, Figure | Listing | Hidden):
                yield block.sheet

    @property
    def lead(self) -> str:
        """The sentence that answers the question; empty where none is marked."""
        leads = (one for one in self.blocks if isinstance(one, Paragraph) and one.role == "lead")
        return next((one.text for one in leads), "")

    @property
    def is_drawn(self) -> bool:
        """Whether it shows more than sentences."""
        return any(isinstance(one, Figure | Listing | Quotes) for one in self.blocks)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """One number of the first page."""

    name: str
    figure: str
    change: str
    """What became of it; empty where that is not known."""
    role: Literal["good", "bad", "plain"]
    section: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Headline:
    """One sentence of the first page."""

    text: str
    section: str
    role: Literal["good", "bad", "plain"] = "plain"


@dataclass(frozen=True, kw_only=True, slots=True)
class Chapter:
    """All about one brand."""

    brand: str
    """As it is configured."""
    name: str
    """As it is shown."""
    slug: str
    """What its sections are called by in the page; unique in the report."""
    tiles: tuple[Tile, ...]
    headlines: tuple[Headline, ...]
    cautions: tuple[str, ...]
    """What could not be seen."""
    sections: tuple[Section, ...]

    @property
    def drawn(self) -> tuple[Section, ...]:
        """The sections that show something."""
        return tuple(one for one in self.sections if one.is_drawn)

    @property
    def brief(self) -> tuple[tuple[Section, ...], ...]:
        """The others, which the page tells in one; those of the same sentence together."""
        alike: dict[str, list[Section]] = {}
        for one in self.sections:
            if not one.is_drawn:
                alike.setdefault(one.lead, []).append(one)
        return tuple(tuple(some) for some in alike.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Everything that the page says."""

    made: datetime
    program: str
    period: Period
    title: str
    when: str
    """The period in words."""
    language: str
    direction: str
    chapters: tuple[Chapter, ...]
    shared: tuple[Section, ...]

    @property
    def sheets(self) -> Iterator[Sheet]:
        """Every table, in the order of the page."""
        for section in (*(s for c in self.chapters for s in c.sections), *self.shared):
            yield from section.sheets
