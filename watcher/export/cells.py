"""What a value becomes in a text, and what keeps a spreadsheet from taking a stranger's for code.

Texts are exact but for what no file of UTF-8 carries: NUL and lone surrogates are U+FFFD, one for
one, as in the database.
"""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from watcher.export.table import Type

FORMULA = re.compile("^(?=[\\s'\"]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\t\r])")
"""Where a spreadsheet would begin a formula, also behind spaces, quotes, and what it throws away.

OWASP, CSV Injection; full-width signs are read as the others where the locale has them.
"""
# Where a semicolon separates cells, what follows one begins the next.
_INNER_FORMULA = re.compile("(;[\\s'\"]*)(?=[=+\\-@\uff1d\uff0b\uff0d\uff20])")
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
# Most texts, told in one look to need nothing of it.
_ORDINARY = re.compile("(?:[A-Za-z0-9#][^\0;\ud800-\udfff]*)?")


def writable(text: str) -> str:
    """Return a text as UTF-8 can carry it: of the same length, NUL and surrogates as U+FFFD."""
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    return _UNWRITABLE.sub("\ufffd", text)


def defused(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe stands before each."""
    text = FORMULA.sub("'", text, count=1)
    return _INNER_FORMULA.sub(r"\1'", text) if ";" in text else text


def listed(texts: tuple[str, ...]) -> str:
    """Return several texts with ` | ` between them; a `|` within one is written twice."""
    return " | ".join([text.replace("|", "||") for text in texts])


def moment(value: datetime) -> str:
    """Return an aware time in UTC as ISO 8601: `2026-03-02T12:00:00+00:00`."""
    return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat()


def finite(value: float) -> float | None:
    """Return a number, or None for what is none."""
    return value if math.isfinite(value) else None


def cell_of(type: Type, *, formulas: bool) -> Callable[[Any], object]:
    """Return what makes a cell of CSV out of the values of a column.

    None is an empty cell. With `formulas` texts are left as they are.
    """
    text = _exact if formulas else _safe
    if type == "text":
        return text
    if type == "texts":
        return lambda texts: text(listed(texts)) if texts else ""
    made: Callable[[Any], object] = _truth if type == "boolean" else _PLAIN[type]
    return lambda value: "" if value is None else made(value)


def json_of(type: Type) -> Callable[[Any], object]:
    """Return what makes a value of JSON out of the values of a column."""
    special: dict[Type, Callable[[Any], object]] = {"text": writable, "texts": _each}
    made = special.get(type) or _PLAIN[type]
    return lambda value: None if value is None else made(value)


_PLAIN: dict[Type, Callable[[Any], object]] = {
    "integer": int,
    "number": finite,
    "boolean": bool,
    "time": moment,
    "day": date.isoformat,
}


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _each(texts: tuple[str, ...]) -> list[str]:
    return [writable(text) for text in texts]


def _exact(text: str | None) -> str:
    return writable(text) if text else ""


def _safe(text: str | None) -> str:
    if text is None or _ORDINARY.fullmatch(text):
        return text or ""
    return defused(writable(text))
