"""What networks still let us ask, left in the data folder for `watcher sources list` to tell.

The budgets themselves live in the memory of the process that asks (`backends.http.budget`).
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from watcher.backends.http.budget import SHARED, Budgets

FILE = "limits.json"
_LARGEST = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What was known of one limit of a host."""

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
        return self.remaining == 0 and self.resets is not None and self.resets > now

    @property
    def opens(self) -> datetime | None:
        """When asking goes on, once it is closed."""
        return self.closed_until or self.resets


def leave(data: Path, budgets: Budgets = SHARED) -> None:
    """Write down what is known now; where nothing is, or the disk refuses, nothing is written."""
    known = [
        {
            "host": host,
            "bucket": bucket,
            "limit": window.limit,
            "remaining": window.remaining,
            "resets": window.resets,
            "closed_until": window.closed_until,
            "why": window.why,
        }
        for host, buckets in budgets.windows().items()
        for bucket, window in buckets.items()
    ]
    if not known:
        return
    with suppress(OSError):  # for people to look at; nothing rests on it
        (data / f"{FILE}.new").write_text(json.dumps(known, default=datetime.isoformat))
        (data / f"{FILE}.new").replace(data / FILE)


def left(data: Path, now: datetime) -> tuple[Limit, ...]:
    """Return what was written down last and still holds at `now`; empty where nobody did."""
    try:
        with (data / FILE).open("rb") as file:
            rows = json.loads(file.read(_LARGEST))
        found = [
            Limit(
                host=str(row["host"]),
                bucket=str(row["bucket"]),
                limit=row["limit"],
                remaining=row["remaining"],
                resets=_moment(row["resets"]),
                closed_until=_moment(row["closed_until"]),
                why=str(row["why"]),
            )
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ()
    return tuple(
        one for one in found if max(filter(None, (one.resets, one.closed_until)), default=now) > now
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
