"""When a delivery that failed for the moment is tried again. Pure."""

from datetime import datetime, timedelta
from random import Random

FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=4)
DEADLINE = timedelta(days=2)
"""After this long a digest is of no more use to anybody; RFC 5321 (4.5.4.1) asks for days."""
FEWEST = 8
"""Attempts that are made at least: a machine that slept for two days has hardly tried once."""


def next_attempt(
    attempts: int,
    created: datetime,
    now: datetime,
    jitter: Random,
    *,
    least: timedelta | None = None,
) -> datetime | None:
    """Return when to try again after `attempts` attempts, or None when the time is up.

    The delay doubles from one minute up to four hours, give or take a fifth, so that many mails
    refused at once do not come back at once. It is `least` or more where the other side asked for
    that. The last attempt falls on the deadline itself, two days after `created`, or is the eighth
    where fewer were made by then. All times are aware.
    """
    left = created + DEADLINE - now
    if attempts < FEWEST:
        left = max(left, LONGEST_DELAY)
    if left <= timedelta():
        return None
    doublings = min(max(attempts, 1) - 1, 16)
    plain = min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)
    delay = max(plain * jitter.uniform(0.8, 1.2), least or timedelta())
    return now + min(delay, left)
