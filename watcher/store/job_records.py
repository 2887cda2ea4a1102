"""What the ledger of batch jobs tells of jobs, their shards and what they found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

JobState = Literal["running", "stopped", "done", "failed", "cancelled"]


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRecord:
    """A job, and the sums over its shards."""

    id: int
    kind: str
    asked: str
    """What it was given, as JSON of `watcher.scale`."""
    state: JobState
    created: datetime
    ended: datetime | None
    by: str
    """Who drives it, or did last."""
    beat: datetime | None
    """The last sign of life of the driver."""
    shards: int
    done: int
    failed: int
    records: int
    skipped: int
    hits: int

    @property
    def left(self) -> int:
        """Shards that are not done, those that failed among them."""
        return self.shards - self.done


@dataclass(frozen=True, kw_only=True, slots=True)
class ShardRecord:
    """A shard, and what became of it."""

    number: int
    place: str
    """Which part of which file, as JSON of `watcher.scale`."""
    records: int | None
    skipped: int | None
    hits: int | None
    done: datetime | None
    failures: int
    error: str
    notes: tuple[tuple[str, str], ...]
    """The first records that could not be read: where, and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HitRecord:
    """Something that a job found."""

    shard: int
    rule: str
    subject: str
    at: datetime | None
    detail: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShardCounts:
    """What a shard came to."""

    records: int
    skipped: int
    hits: int
    notes: Sequence[tuple[str, str]] = ()


Found = tuple[str, str, datetime | None, dict[str, Any]]
"""A hit on its way in: rule, subject, when, and what else is to be said."""
