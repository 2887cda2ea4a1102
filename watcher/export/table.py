"""What can be written for other programs: rows under columns whose type and meaning are said."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Type = Literal["text", "texts", "integer", "number", "boolean", "time", "day"]
"""What a column holds: `texts` are a tuple of `str`, a `time` is an aware `datetime`, a `day` a
`date`. Each may be None, which stands for what is not known."""

Value = str | tuple[str, ...] | int | float | bool | datetime | date | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    """Small letters, digits and `_`; it never changes its meaning."""
    type: Type
    meaning: str
    """In one sentence, for the reference."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table to be written or read in bounded memory: its rows come one after the other.

    `pandas.DataFrame(table)` makes a frame of it; `columns=table.names` also of one without rows.
    """

    name: str
    columns: tuple[Column, ...]
    rows: Iterable[tuple[Value, ...]]
    """As many values as there are columns, in their order."""

    def __iter__(self) -> Iterator[dict[str, Value]]:
        """Yield each row by the names of the columns."""
        names = self.names
        for row in self.rows:
            yield dict(zip(names, row, strict=True))

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]
