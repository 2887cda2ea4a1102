"""How many accounts come in a week, and so what a number of alarms a week comes to."""

import math
from dataclasses import dataclass
from datetime import datetime

from rules import LookalikeRule
from rules.lookalike.bands import expected_alarms
from watcher.store import Store

ASSUMED = 20_000.0
"""Accounts a week, as long as no week was watched: those of a few busy hashtags."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """How many accounts that nobody had seen before the sources bring in a week."""

    accounts_a_week: float
    measured: bool
    """Whether that is known, rather than assumed."""


def load_of(store: Store | None, now: datetime) -> Load:
    """Measure the load, or assume one where no week was watched yet, or there is no store.

    Rounded up to 1, 2 or 5 times a power of ten: what follows from it must not change every day,
    for then all accounts are examined anew. Raises `StoreError`.
    """
    measured = None if store is None else store.accounts_a_week(now)
    if measured is None:
        return Load(accounts_a_week=ASSUMED, measured=False)
    return Load(accounts_a_week=_rounded(measured), measured=True)


def _rounded(number: float) -> float:
    power = 10.0 ** math.floor(math.log10(max(number, 1.0)))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if number <= step * power)


def explained(rule: LookalikeRule, load: Load, brands: int) -> tuple[str, bool]:
    """Say what a rule's `alarms_a_week` comes to, and whether so few can be kept to."""
    watched = len(rule.brands) or brands
    score = rule.for_load(load.accounts_a_week, brands).min_score
    alarms = expected_alarms(score) * load.accounts_a_week * watched / 1e6
    source = "as measured" if load.measured else "assumed until a week was watched"
    said = (
        f"min_score {score:.2f}: about {alarms:.2g} false alarms a week, of "
        f"{load.accounts_a_week:,.0f} new accounts ({source}) and "
        f"{watched} brand{'s' if watched != 1 else ''}"
    )
    return said, rule.alarms_a_week is None or alarms <= rule.alarms_a_week * 1.05
