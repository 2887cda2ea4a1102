"""What every section is written with: the words, the period, tables and charts of one brand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from rules.model import Post
from watcher.reports import charts
from watcher.reports.charts import Size, Svg
from watcher.reports.commands import OF_NOW, command
from watcher.reports.facts import Facts, Stretch
from watcher.reports.model import (
    Cell,
    Column,
    Figure,
    Hidden,
    Listing,
    Paragraph,
    Quotes,
    Section,
    Sheet,
)
from watcher.reports.say import Say

FEWEST_POSTS = 10
"""Fewer make no chart."""
FEWEST_DAYS = 3

Draw = Callable[[Size, str], Svg]


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """One brand's desk."""

    say: Say
    facts: Facts
    brand: str
    """As it is configured; empty for what is about all."""
    slug: str

    @property
    def name(self) -> str:
        """The brand as it is shown."""
        return self.say.name(self.brand)

    def sheet(
        self,
        key: str,
        caption: str,
        columns: Sequence[Column],
        rows: Sequence[tuple[Cell, ...]],
        *,
        told_by: str = "",
        part: str = "",
        left_out: int = 0,
    ) -> Sheet:
        """Make a table; `told_by` is the command that prints it where it is not the key's own."""
        return Sheet(
            key=key,
            brand=self.brand,
            caption=caption,
            columns=tuple(columns),
            rows=tuple(rows),
            command=told_by or command(key, self.brand, self.facts.period),
            is_of_now=not told_by and key in OF_NOW,
            part=part,
            left_out=left_out,
        )

    def figure(self, title: str, sheet: Sheet, draw: Draw, more: str = "") -> Figure:
        """Make a chart of a table, for a page and for a phone."""
        name = f"{self.slug}-{sheet.key}-{more}".rstrip("-")
        return Figure(
            name=name,
            title=title,
            wide=draw(charts.WIDE, name),
            narrow=draw(charts.NARROW, name),
            sheet=sheet,
        )

    def section(self, key: str, title: str, *blocks: object) -> Section:
        """Make a section of blocks; None among them is left out."""
        kept = tuple(
            one for one in blocks if isinstance(one, Paragraph | Figure | Listing | Hidden | Quotes)
        )
        return Section(key=key, title=title, blocks=kept)

    def lead(self, text: str) -> Paragraph:
        """The sentence that answers the section's question."""
        return Paragraph(text=text, role="lead")

    def note(self, text: str) -> Paragraph:
        """What is to be known besides."""
        return Paragraph(text=text, role="note")

    def warning(self, text: str) -> Paragraph:
        """What the reader must know before the numbers."""
        return Paragraph(text=text, role="warning")

    def gaps(self) -> tuple[tuple[float, float], ...]:
        """What could not be watched, counted in days from the beginning of the first."""
        return tuple(self._in_days(one) for one in self.facts.watched.blind)

    def posts(self, title: str, keys: Sequence[str], known: Mapping[str, Post]) -> Quotes | None:
        """Make quotes of posts that may be shown, each once; None where there are none."""
        found = [known[key] for key in dict.fromkeys(keys) if key in known]
        if not found:
            return None
        return Quotes(title=title, quotes=tuple(self.say.quote(one) for one in found))

    def _in_days(self, stretch: Stretch) -> tuple[float, float]:
        period = self.facts.period
        begin = period.since.astimezone(period.zone).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        since, until = ((one - begin) / timedelta(days=1) for one in stretch)
        return since, until
