"""How one account behaves: `account_statistics` counts it from the stored posts."""

from watcher.insights.account.model import (
    KINDS,
    AccountStatistics,
    Addressed,
    Around,
    Counted,
    Delay,
    Delays,
    Engaged,
    Engagement,
    Kind,
    Kinds,
    Month,
    Rhythm,
    Seen,
    Shift,
)
from watcher.insights.account.statistics import account_statistics

__all__ = [
    "KINDS",
    "AccountStatistics",
    "Addressed",
    "Around",
    "Counted",
    "Delay",
    "Delays",
    "Engaged",
    "Engagement",
    "Kind",
    "Kinds",
    "Month",
    "Rhythm",
    "Seen",
    "Shift",
    "account_statistics",
]
