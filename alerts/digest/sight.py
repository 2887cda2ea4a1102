"""How well each source was watched during the time of a digest. Pure."""

from datetime import datetime, timedelta

from alerts.digest.parts import Watched
from alerts.model import Coverage

FRESH = timedelta(minutes=15)
"""A source read to its newest post so lately was watched, however often it is to be read."""


def watched(coverage: Coverage) -> Watched:
    """How well a source was watched, and how much of the time lies in gaps."""
    gaps = [
        (max(since, coverage.since), min(until, coverage.until))
        for since, until, _ in coverage.gaps
    ]
    seen = coverage.last_success
    stale = seen is None or coverage.until - seen > max(2 * coverage.every, FRESH)
    if seen is None or (stale and seen <= coverage.since):
        return Watched(
            coverage=coverage,
            state="blind",
            missed=max(timedelta(), coverage.until - coverage.since),
        )
    if coverage.last_error or stale:
        gaps.append((max(seen, coverage.since), coverage.until))
    missed = _length(gaps)
    return Watched(coverage=coverage, state="partly" if missed else "watched", missed=missed)


def _length(stretches: list[tuple[datetime, datetime]]) -> timedelta:
    """The time covered by stretches that may overlap."""
    total = timedelta()
    end: datetime | None = None
    for since, until in sorted(stretches):
        start = since if end is None else max(since, end)
        if until > start:
            total += until - start
            end = until
    return total
