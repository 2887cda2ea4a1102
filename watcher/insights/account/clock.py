"""The clocks of a zone over a stretch of time: in what steps posts may be counted beforehand."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_HOUR = 3600
_LOOK = timedelta(days=1)
"""Clocks are looked at so often; nowhere are they set forth and back within it."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def step_of(zone: ZoneInfo, since: datetime, until: datetime) -> timedelta:
    """Return the longest step such that each lies in one hour on the zone's clocks, all along.

    Steps are counted from 1970 in UTC. An hour nearly everywhere; less where clocks differ from
    UTC by half an hour, or were set at a minute past midnight.
    """
    seconds = _HOUR
    for moment, offset in _settings(zone, since, until):
        seconds = math.gcd(seconds, offset, moment % _HOUR)
    return timedelta(seconds=seconds)


def _settings(zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[tuple[int, int]]:
    """Yield when clocks were set and how far ahead of UTC they went then, both in seconds.

    The first one is how they stood at the beginning, at no time (0).
    """
    at, offset = since, _offset(zone, since)
    yield 0, offset
    while at < until:
        later = min(at + _LOOK, until)
        if (then := _offset(zone, later)) != offset:
            yield _when(zone, at, later), then
            offset = then
        at = later


def _offset(zone: ZoneInfo, moment: datetime) -> int:
    ahead = moment.astimezone(zone).utcoffset()
    return ahead // _SECOND if ahead is not None else 0


def _when(zone: ZoneInfo, before: datetime, after: datetime) -> int:
    """Return the second at which clocks were set between two moments."""
    low, high = (before - _EPOCH) // _SECOND, -((_EPOCH - after) // _SECOND)
    start = _offset(zone, before)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, _EPOCH + timedelta(seconds=middle)) == start:
            low = middle
        else:
            high = middle
    return high
