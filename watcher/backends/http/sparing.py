"""What may wait asks only while enough is left for what may not: new posts come first."""

from watcher.backends.http.budget import Budget

KEPT = 0.3
"""The part of what a server lets us ask that is left for reading new posts."""
_USUAL = 300
"""Requests of a window whose length a server does not tell: Mastodon's."""


def spares(budget: Budget, bucket: str = "", *, requests: int = 1) -> bool:
    """Whether a budget, as far as its server tells, can spare so many requests now."""
    window = budget.windows().get(bucket)
    if window is None:
        return True
    if budget.wait(bucket) > 0:
        return False
    if window.remaining is None:
        return True
    return window.remaining - requests >= KEPT * (window.limit or _USUAL)
