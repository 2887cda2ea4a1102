"""Sentences, dates and numbers in the reader's language: the only module that knows Babel.

A language is one Gettext file, `locale/<language>/LC_MESSAGES/watcher.po`, read and compiled in
memory. English needs none: the message ids are the English sentences. Places are written `{name}`.
A translation whose places differ from the original's is not used (and listed in `broken`), so a
slip of a translator can never stop a mail.
"""

import gettext
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from rules.errors import WatcherError

_PLACE = re.compile(r"\{([a-z_]+)\}")


class CatalogueError(WatcherError):
    """A catalogue of translations cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The translations into one language."""

    language: str
    texts: gettext.NullTranslations
    broken: tuple[str, ...] = ()
    """Message ids whose translation was not used, because its places differ."""

    @classmethod
    def english(cls) -> "Catalogue":
        """The catalogue that leaves everything as it is."""
        return cls(language="en", texts=gettext.NullTranslations())

    @classmethod
    def read(cls, path: Path, language: str) -> "Catalogue":
        """Read a `.po` file. Raises `CatalogueError`."""
        try:
            with path.open("rb") as file:
                catalog = read_po(file, locale=language, charset="utf-8", abort_invalid=True)
        except (OSError, UnicodeError, ValueError, PoFileError, UnknownLocaleError) as error:
            raise CatalogueError(
                f"{path} cannot be read: {error}", help="mend the file or take it away"
            ) from error
        broken = _drop_broken(catalog)
        compiled = BytesIO()
        write_mo(compiled, catalog)
        compiled.seek(0)
        return cls(language=language, texts=gettext.GNUTranslations(compiled), broken=broken)


@dataclass(frozen=True, kw_only=True)
class Words:
    """How to say things in one language and one time zone."""

    catalogue: Catalogue
    zone: ZoneInfo
    now: datetime
    """The reader's present: a day of another year is written with its year."""

    @property
    def locale(self) -> Locale:
        """Babel's locale of the language."""
        return Locale.parse(self.catalogue.language.replace("-", "_"))

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return str(self.locale.text_direction)

    def one(self, template: str) -> str:
        """The translation of a sentence, its places unfilled."""
        return self.catalogue.texts.gettext(template)

    def many(self, one: str, many: str, count: int) -> str:
        """The translation of a sentence in the form that `count` asks for, its places unfilled."""
        return self.catalogue.texts.ngettext(one, many, count)

    def number(self, value: float) -> str:
        """`12,345` or `12 345`."""
        return str(format_decimal(value, locale=self.locale))

    def day(self, moment: datetime | date) -> str:
        """`Tuesday, March 10, 2026`, as the channel's zone has it."""
        local = moment.astimezone(self.zone) if isinstance(moment, datetime) else moment
        return str(format_date(local, "full", locale=self.locale))

    def short_day(self, moment: datetime) -> str:
        """`Tue, Mar 10`, or `Tue, Mar 10, 2015` in another year."""
        year = moment.astimezone(self.zone).year
        skeleton = "MMMEd" if year == self.now.astimezone(self.zone).year else "yMMMEd"
        return str(format_skeleton(skeleton, moment, tzinfo=self.zone, locale=self.locale))

    def clock(self, moment: datetime) -> str:
        """`08:00` on the wall of the zone."""
        return str(format_time(moment, "HH:mm", tzinfo=self.zone, locale=self.locale))

    def moment(self, moment: datetime) -> str:
        """`Tue, Mar 10, 08:00`."""
        return f"{self.short_day(moment)}, {self.clock(moment)}"

    def offset(self, moment: datetime) -> str:
        """How the zone stands to UTC at a moment: `UTC+01:00`."""
        text = moment.astimezone(self.zone).strftime("%z")
        return f"UTC{text[:3]}:{text[3:5]}"

    def duration(self, length: timedelta) -> str:
        """`3 h 20 min`, at least one minute."""
        minutes = max(1, round(length.total_seconds() / 60))
        days, rest = divmod(minutes, 24 * 60)
        hours, minutes = divmod(rest, 60)
        parts = (
            (days, self.one("{count} d")),
            (hours, self.one("{count} h")),
            (0 if days else minutes, self.one("{count} min")),
        )
        said = [fill(text, {"count": self.number(count)}) for count, text in parts if count]
        return " ".join(said)

    def whole(self, length: timedelta) -> str:
        """`1 hour`, `90 minutes`, `7 days`: in one unit, the largest that divides it."""
        seconds = int(length.total_seconds())
        units = (("day", 86_400), ("hour", 3_600), ("minute", 60))
        unit, size = next((one for one in units if seconds % one[1] == 0), ("second", 1))
        return str(format_unit(seconds // size, f"duration-{unit}", locale=self.locale))

    def span(self, length: timedelta) -> str:
        """`24 hours`, `10 days`: in hours up to two days, then in days."""
        hours = max(1, round(length.total_seconds() / 3600))
        unit, count = ("hour", hours) if hours <= 48 else ("day", round(hours / 24))
        return str(format_unit(count, f"duration-{unit}", locale=self.locale))

    def percent(self, part: float) -> str:
        """`61%`, as the language writes it."""
        return str(format_percent(part, locale=self.locale))

    def tick(self, moment: datetime) -> str:
        """`6/27` or `27/06`: a day in few signs, which any font has."""
        text = format_skeleton("Md", moment, tzinfo=self.zone, locale=self.locale)
        return str(text) if text.isascii() else moment.astimezone(self.zone).strftime("%m-%d")

    def date(self, day: date, *, year: bool = False) -> str:
        """`Mar 10`, or `Mar 10, 2015` in another year than the reader's, or where `year` asks."""
        told = year or day.year != self.now.astimezone(self.zone).year
        return str(format_skeleton("yMMMd" if told else "MMMd", day, locale=self.locale))

    def weekdays(self) -> tuple[str, ...]:
        """`Mon` to `Sun`, as short as the language writes them."""
        names = self.locale.days["stand-alone"]["abbreviated"]
        return tuple(str(names[n]) for n in range(7))

    def listed(self, things: list[str]) -> str:
        """`a, b, and c`."""
        return str(format_list(things, locale=self.locale))


def fill(template: str, values: Mapping[str, str], show: Callable[[str], str] = str) -> str:
    """Put values into the places of a template; `show` prepares each value.

    A place without a value stays as it is, and braces in values mean nothing.
    """
    return _PLACE.sub(
        lambda place: show(values[place[1]]) if place[1] in values else place[0], template
    )


def places(template: str) -> frozenset[str]:
    """The names of the places in a template."""
    return frozenset(_PLACE.findall(template))


def _drop_broken(catalog: Catalog) -> tuple[str, ...]:
    broken = []
    for message in list(catalog):
        if not message.id or not message.string:
            continue
        ids = message.id if isinstance(message.id, (list, tuple)) else (message.id,)
        strings = message.string if isinstance(message.string, (list, tuple)) else (message.string,)
        wanted = places(ids[-1])
        # A singular may say "one" where the plural counts.
        if any(s and places(s) not in {wanted, wanted - {"count"}} for s in strings):
            broken.append(str(ids[0]))
            catalog.delete(message.id)
    return tuple(broken)
