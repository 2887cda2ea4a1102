"""What a score costs in alarms: bands, and from how many alarms a week to a score.

`ALARMS` was measured by `python -m benchmarks.lookalikes --alarms`: 300,000 ordinary handles, each
held against 260 brands, 78 million pairs. Some of these handles do bear a brand's name (`zara` is
also a first name), so that it is rather too high than too low.
"""

import math
from enum import StrEnum
from itertools import pairwise
from typing import Final

ALARMS: Final = (
    (0.01, 111.1), (0.05, 59.3), (0.1, 46.3), (0.2, 31.4), (0.3, 25.5), (0.4, 20.9), (0.5, 17.8),
    (0.6, 15.3), (0.7, 13.6), (0.8, 8.9), (0.9, 5.8), (0.95, 3.1), (0.99, 0.8), (1.0, 0.13),
)  # fmt: skip
"""Score, and how many of a million ordinary accounts reach it, for one brand."""

HIGH_FROM: Final = 0.9
MEDIUM_FROM: Final = 0.6


class Band(StrEnum):
    """How much a score deserves a look."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


def band(score: float) -> Band:
    """Return the band of a score from 0 to 1."""
    if score >= HIGH_FROM:
        return Band.HIGH
    return Band.MEDIUM if score >= MEDIUM_FROM else Band.LOW


def expected_alarms(score: float) -> float:
    """Return how many of a million ordinary accounts reach `score`, for one brand.

    Between measured scores the logarithm is drawn as a straight line; below the lowest of them the
    figure stays that of the lowest.
    """
    score = min(max(score, ALARMS[0][0]), ALARMS[-1][0])
    for (low, more), (high, fewer) in pairwise(ALARMS):
        if score <= high:
            part = (score - low) / (high - low)
            return more * math.pow(fewer / more, part)
    return ALARMS[-1][1]


def threshold(alarms_a_week: float, accounts_a_week: float, brands: int) -> float:
    """Return the lowest score from which on no more than `alarms_a_week` are expected.

    `accounts_a_week` are the new accounts that the sources see in a week, each held against
    `brands`. At least the lowest score that was measured; 1 where even that would raise too many.
    """
    pairs = accounts_a_week * brands / 1e6
    if pairs <= 0:
        return ALARMS[0][0]
    wanted = alarms_a_week / pairs
    if wanted >= ALARMS[0][1]:
        return ALARMS[0][0]
    for (low, more), (high, fewer) in pairwise(ALARMS):
        if wanted >= fewer:
            part = math.log(wanted / more) / math.log(fewer / more)
            return min(low + part * (high - low), high)
    return ALARMS[-1][0]
