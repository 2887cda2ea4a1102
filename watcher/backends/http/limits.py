"""What the headers of an answer say about how much may still be asked, and when again.

Servers write it in three families (`X-RateLimit-*` with a reset as epoch or ISO 8601,
`RateLimit-*` with a reset as epoch or seconds from now, the newer `RateLimit: "x";r=3;t=30`), and
many write nothing. What cannot be read is as if it was not there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST_WAIT = timedelta(days=1)
"""No server is left alone for longer because of one answer: the longest windows are daily."""
_LEAST_EPOCH = 10**9
"""Numbers below are seconds from now: as an epoch they would lie before September 2001."""
_LONGEST_VALUE = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """What one answer says; None where it says nothing."""

    limit: int | None = None
    remaining: int | None = None
    reset_in: timedelta | None = None
    """Until the window begins anew, from 0 to `LONGEST_WAIT`."""
    retry_in: timedelta | None = None
    """How long we are asked to wait, from 0 to `LONGEST_WAIT`."""


def read_limits(headers: Mapping[str, str], now: datetime) -> Limits:
    """Return what the headers (names in any case) say; `now` is an aware time.

    Times of day are compared with the server's own clock where it shows one (`Date`): ours may be
    minutes off.
    """
    plain = {name.lower(): value.strip() for name, value in headers.items()}
    now = _date(plain.get("date", "")) or now
    structured = plain.get("ratelimit", "")
    return Limits(
        limit=_first_number(plain, "x-ratelimit-limit", "x-rate-limit-limit", "ratelimit-limit"),
        remaining=_first_number(
            plain, "x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining"
        )
        if not structured
        else _parameter(structured, "r"),
        reset_in=_first_wait(
            plain, now, "x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset"
        )
        if not structured
        else _seconds(_parameter(structured, "t")),
        retry_in=_wait(plain.get("retry-after", ""), now),
    )


def _first_number(headers: Mapping[str, str], *names: str) -> int | None:
    for name in names:
        # RateLimit-Limit may go on after a comma: `100, 100;w=60`.
        number = re.match(r"[0-9]{1,9}(?=\s*(?:[,;]|$))", headers.get(name, ""))
        if number:
            return int(number[0])
    return None


def _first_wait(headers: Mapping[str, str], now: datetime, *names: str) -> timedelta | None:
    found = (_wait(headers.get(name, ""), now) for name in names)
    return next((wait for wait in found if wait is not None), None)


def _parameter(value: str, name: str) -> int | None:
    found = re.search(rf";\s*{name}=([0-9]{{1,9}})(?![0-9])", value[:1000])
    return int(found[1]) if found else None


def _seconds(value: float | None) -> timedelta | None:
    return None if value is None else _bounded(timedelta(seconds=value))


def _wait(value: str, now: datetime) -> timedelta | None:
    """Return the time from now on that a value names: seconds, epoch, HTTP date, or ISO 8601."""
    if not value or len(value) > _LONGEST_VALUE:
        return None
    if re.fullmatch(r"[0-9]{1,13}(?:\.[0-9]{1,9})?", value):
        number = float(value)
        if number < _LEAST_EPOCH:
            return _bounded(timedelta(seconds=number))
        number = number / 1000 if number > 10**11 else number  # milliseconds
        return _bounded(datetime.fromtimestamp(number, UTC) - now)
    when = _date(value) or _iso(value)
    return None if when is None else _bounded(when - now)


def _date(value: str) -> datetime | None:
    """Read `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110)."""
    if not re.match(r"[A-Za-z]{3,9}, ?[0-9]", value) or len(value) > _LONGEST_VALUE:
        return None
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when


def _iso(value: str) -> datetime | None:
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when


def _bounded(wait: timedelta) -> timedelta:
    return max(timedelta(0), min(wait, LONGEST_WAIT))
