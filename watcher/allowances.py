"""What networks still let us ask, left in the data folder: for the next process, and for people.

The budgets themselves live in the memory of the process that asks (`backends.http.budget`). Whoever
opens an `App` takes up what was left and leaves what it knows, so that a watcher run by cron keeps
to a `Retry-After` that an earlier run was told.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from watcher.backends.http.budget import LONGEST_WAIT, SHARED, THROTTLED, Budgets, Window, room

FILE = "limits.json"
_LARGEST = 1_000_000
_LONGEST_WORD = 300


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What was known of one limit of a host, of several accounts the tightest."""

    host: str
    bucket: str
    """What the host counts apart from the rest, `GET /2/tweets/search/recent`; often empty."""
    limit: int | None
    remaining: int | None
    resets: datetime | None
    closed_until: datetime | None
    why: str
    """Why it is closed, as it follows the host's name."""

    def is_closed(self, now: datetime) -> bool:
        """Whether nothing is asked there at this moment."""
        if self.closed_until is not None and self.closed_until > now:
            return True
        return self.is_spent(now)

    def is_spent(self, now: datetime) -> bool:
        """Whether all was asked that the host allows for the moment."""
        return self.remaining == 0 and self.resets is not None and self.resets > now

    def is_throttled(self, now: datetime) -> bool:
        """Whether it is closed because the host said so, and not because it failed."""
        return self.is_spent(now) or (self.is_closed(now) and self.why == THROTTLED)

    @property
    def opens(self) -> datetime | None:
        """When asking goes on, once it is closed."""
        return self.closed_until or self.resets


def leave(data: Path, budgets: Budgets = SHARED) -> None:
    """Write down what is known now; where nothing is, or the disk refuses, nothing is written."""
    known = [
        {
            "host": host,
            "account": account,
            "bucket": bucket,
            "limit": window.limit,
            "remaining": window.remaining,
            "resets": window.resets,
            "closed_until": window.closed_until,
            "why": window.why,
            "failures": window.failures,
        }
        for host, account, bucket, window in budgets.known()
    ]
    if not known:
        return
    fresh = data / f"{FILE}.new"
    # Without it the network says once more how long to wait: no run fails for want of it.
    with suppress(OSError):
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(known, file, default=datetime.isoformat)
        fresh.replace(data / FILE)


def take_up(data: Path, now: datetime, budgets: Budgets = SHARED) -> None:
    """Go on with what an earlier process knew and still holds at `now`."""
    for host, account, bucket, window in _held(data, now):
        budgets.learn(host, account, bucket, window)


def left(data: Path, now: datetime) -> tuple[Limit, ...]:
    """Return what was written down last and still holds at `now`; empty where nobody did."""
    tightest: dict[tuple[str, str], Window] = {}
    for host, _, bucket, window in _held(data, now):
        key = host, bucket
        tightest[key] = min(tightest.get(key, window), window, key=room)
    return tuple(
        Limit(
            host=host,
            bucket=bucket,
            limit=window.limit,
            remaining=window.remaining,
            resets=window.resets,
            closed_until=window.closed_until,
            why=window.why,
        )
        for (host, bucket), window in tightest.items()
    )


def _held(data: Path, now: datetime) -> list[tuple[str, str, str, Window]]:
    """Return what the file holds, without what is over; nothing where it is none of ours."""
    try:
        with (data / FILE).open("rb") as file:
            rows = json.loads(file.read(_LARGEST))
        found = [
            (
                _word(row["host"]),
                _word(row["account"]),
                _word(row["bucket"]),
                Window(
                    limit=_number(row["limit"]),
                    remaining=_number(row["remaining"]),
                    resets=_moment(row["resets"], now),
                    closed_until=_moment(row["closed_until"], now),
                    why=_word(row["why"]),
                    failures=_number(row["failures"]) or 0,
                ),
            )
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
    return [one for one in found if one[3].resets or one[3].closed_until]


def _moment(text: str | None, now: datetime) -> datetime | None:
    """Return a time to come; None for what is over, or so far away that a clock was wrong."""
    when = datetime.fromisoformat(text) if text else None
    return when if when is not None and now < when <= now + LONGEST_WAIT else None


def _number(value: object) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise TypeError
    return value


def _word(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_WORD:
        raise TypeError
    return value
