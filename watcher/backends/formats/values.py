"""Values from strangers, checked and bounded, one function for each kind."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from watcher.backends.formats.parsed import UnreadableError
from watcher.backends.interface import EARLIEST, LATEST

LONGEST_TEXT = 1_000_000
LONGEST_ID = 512
LONGEST_BIO = 10_000
LARGEST_COUNT = 2**31 - 1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TAG = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,3}")
_OLD_X = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{2}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2}) (\d{4})"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBER = re.compile(r"-?\d{1,19}(?:\.\d{1,9})?")


def text(value: Any, notes: list[str]) -> str:
    """Return a post's text, cut at `LONGEST_TEXT` with a note. Raises `UnreadableError`."""
    if not isinstance(value, str):
        raise UnreadableError("no text" if value is None else "the text is not a string")
    if len(value) > LONGEST_TEXT:
        notes.append(f"cut: the text has {len(value):,} characters, {LONGEST_TEXT:,} were kept")
        return value[:LONGEST_TEXT]
    return value


def identifier(value: Any, what: str = "id") -> str:
    """Return an id as text. Raises `UnreadableError` where there is none or it is no id."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise UnreadableError(
            f"no {what}" if value in (None, "") else f"the {what} is not a string"
        )
    if len(value) > LONGEST_ID:
        raise UnreadableError(f"the {what} has {len(value):,} characters")
    return value


def optional_id(value: Any) -> str | None:
    """Return an id as text, None where there is none."""
    return identifier(value) if value not in (None, "", False) else None


def words(value: Any, longest: int = 500) -> str:
    """Return a short text, empty where there is none, cut where it is long."""
    return value[:longest] if isinstance(value, str) else ""


def handle(value: Any) -> str:
    """Return a handle without `@` and the space around it. Raises `UnreadableError` for none."""
    return identifier(value, "author").strip().removeprefix("@")[:256]


def language(value: Any) -> str | None:
    """Return a BCP 47 tag, None for what is none or says "undetermined"."""
    if not isinstance(value, str) or not _TAG.fullmatch(value) or value.lower() == "und":
        return None
    return value.replace("_", "-")


def count(value: Any) -> int | None:
    """Return a number of likes, followers and so on; None for what cannot be one."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= LARGEST_COUNT else None


def flag(value: Any) -> bool | None:
    """Return a yes or no, None for anything else: unknown."""
    return value if isinstance(value, bool) else None


def web_link(value: Any) -> str:
    """Return an http(s) address, empty for anything else."""
    if isinstance(value, str) and value[:8].lower().startswith(("http://", "https://")):
        return value[:2048]
    return ""


def record(value: Any) -> dict[str, Any]:
    """Return a JSON object, empty for anything else."""
    return value if isinstance(value, dict) else {}


def records(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a JSON array, at most a thousand; empty for anything else."""
    return [v for v in value[:1000] if isinstance(v, dict)] if isinstance(value, list) else []


def moment(value: Any) -> datetime:
    """Return a time in UTC. Raises `UnreadableError`.

    Reads ISO 8601 (without a zone it is UTC), X's old `Wed Oct 10 20:19:24 +0000 2018`, and numbers
    since 1970: seconds up to 10^11, milliseconds up to 10^14, else microseconds. What lies outside
    `EARLIEST` and `LATEST` is no time of a post.
    """
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        none = "no time" if value is None else f"the time {str(value)[:40]!r} is none"
        raise UnreadableError(none)
    try:
        when = _written(value.strip()) if isinstance(value, str) else _counted(value)
    except (ValueError, OverflowError) as error:
        raise UnreadableError(f"the time {str(value)[:40]!r} cannot be read") from error
    if not EARLIEST <= when <= LATEST:
        years = f"{EARLIEST.year} and {LATEST.year}"
        raise UnreadableError(f"the time {str(value)[:40]!r} lies not between {years}")
    return when


def optional_moment(value: Any) -> datetime | None:
    """Return a time in UTC; None where it is absent or cannot be read."""
    try:
        return moment(value)
    except UnreadableError:
        return None


def _written(value: str) -> datetime:
    if old := _OLD_X.fullmatch(value):
        month, day, hour, minute, second, sign, zone_h, zone_m, year = old.groups()
        offset = timedelta(hours=int(zone_h), minutes=int(zone_m))
        when = datetime(
            *(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second)),
            tzinfo=UTC,
        )
        return when + offset if sign == "-" else when - offset
    if _NUMBER.fullmatch(value) and len(value) != 8:  # 20240131 is a date
        return _counted(float(value) if "." in value else int(value))
    when = datetime.fromisoformat(value)
    if when.tzinfo is None:
        return when.replace(tzinfo=UTC)
    return when.astimezone(UTC)


def _counted(value: float) -> datetime:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("not a number")
    size = abs(value)
    if size > 10**14:
        return _EPOCH + timedelta(microseconds=value)
    if size > 10**11:
        return _EPOCH + timedelta(milliseconds=value)
    return _EPOCH + timedelta(seconds=value)
