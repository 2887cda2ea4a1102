"""What the page and the covering letter say things with, in one language.

Everything is plain text: the templates escape it. Every string of a stranger goes through here.
"""

import re
import unicodedata
from datetime import datetime
from itertools import groupby

from alerts.words.hostile import isolated
from alerts.words.translations import Words, fill
from rules.lookalike import Aligned
from rules.model import Reason
from watcher.evidence.names import code_points, titles
from watcher.evidence.plain import DOTS, is_hidden, line, shown

LONGEST_NAME = 200
LONGEST_SENTENCE = 400
LONGEST_TEXT = 10_000

_MOST_CALLED = 4
LEFT_OUT = {
    "characters": ("[{count} more character]", "[{count} more characters]"),
    "accents": ("[{count} more accent]", "[{count} more accents]"),
    "lines": ("[{count} more empty line]", "[{count} more empty lines]"),
}
"""What was left out of a text, told: one, and many."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")


class Speech:
    """What templates say things with."""

    def __init__(self, words: Words) -> None:
        self.words = words

    def t(self, template: str, **values: object) -> str:
        """A sentence in the reader's language with its places filled."""
        return fill(self.words.one(template), {key: str(value) for key, value in values.items()})

    def tn(self, one: str, many: str, count: int, **values: object) -> str:
        """A sentence in the form that `count` asks for; `{count}` is written as a figure."""
        said = {key: str(value) for key, value in values.items()}
        return fill(self.words.many(one, many, count), said | {"count": self.words.number(count)})

    def reason(self, reason: Reason) -> str:
        """A reason in the reader's language; its values come from strangers."""
        values = {key: self._value(value) for key, value in reason.values.items()}
        return fill(self.words.one(reason.template), values)

    def _value(self, value: str) -> str:
        if value.isascii() and value.isdigit() and len(value) < 16:
            return self.words.number(int(value))
        return self.sentence(value)

    def name(self, text: str) -> str:
        """A stranger's name or address on one line."""
        return isolated(line(text, LONGEST_NAME, self._more))

    def sentence(self, text: str) -> str:
        """The same for something longer."""
        return isolated(line(text, LONGEST_SENTENCE, self._more))

    def text(self, text: str) -> str:
        """What a stranger wrote, in its lines."""
        return shown(text, LONGEST_TEXT, self._more)

    def moment(self, moment: datetime) -> str:
        """A time as people read it, with its year and on the clocks of the zone."""
        return f"{self.words.day(moment)}, {self.words.clock(moment)}"

    def iso(self, moment: datetime) -> str:
        """The same time in ISO 8601 with its distance from UTC."""
        return moment.astimezone(self.words.zone).isoformat(timespec="seconds")

    def signs(self, characters: str, most: int = 4) -> str:
        """The characters of a column of two names, at most so many; empty for none."""
        found = "".join(_sign(char) for char in characters[:most]).replace("://", "[:]//")
        return f"{found}…" if len(characters) > most else found

    def called(self, characters: str) -> str:
        """The numbers and the names of characters; empty where several ordinary ones stand."""
        if len(characters) > 1 and _is_ordinary(characters):
            return ""
        few = characters[:_MOST_CALLED]
        left = len(characters) - len(few)
        more = self._more("characters", left) if left else ""
        return f"{code_points(few)} {titles(few)} {more}".rstrip()

    def differing(self, columns: tuple[Aligned, ...]) -> list[tuple[str, str]]:
        """What differs between two names, each pair once: (the brand's, the suspect's).

        Ordinary characters that only one of the two has stand together as they follow each other.
        """
        found: list[tuple[str, str]] = []
        for is_run, group in groupby(columns, key=_is_run):
            pairs = [(column.brand, column.candidate) for column in group if column.differs]
            if is_run:
                pairs = [("".join(a for a, _ in pairs), "".join(b for _, b in pairs))]
            found += pairs
        return list(dict.fromkeys(found))

    def language(self, tag: str | None) -> str:
        """A stranger's word for the language of a post, where it is like one; else nothing."""
        return tag if tag and _LANGUAGE.fullmatch(tag) else ""

    def _more(self, what: str, count: int) -> str:
        one, many = LEFT_OUT[what]
        return self.tn(one, many, count)


def _is_run(column: Aligned) -> str:
    """Which of two names alone has ordinary characters in a column; empty where it is not so."""
    written = column.brand + column.candidate
    if not column.differs or (column.brand and column.candidate) or not _is_ordinary(written):
        return ""
    return "brand" if column.brand else "suspect"


def _is_ordinary(characters: str) -> bool:
    return characters.isascii() and characters.isprintable()


def _sign(char: str) -> str:
    if is_hidden(char):
        return f"U+{ord(char):04X}"
    if char in DOTS:
        return "[.]"
    if char.isspace():
        return "\N{OPEN BOX}"
    if unicodedata.combining(char):
        return f"\N{DOTTED CIRCLE}{char}"
    return char
