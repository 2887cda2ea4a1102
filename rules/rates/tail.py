"""How surprising a count is, given counts that came before.

For small counts: the negative binomial that a Poisson rate with Jeffreys' prior predicts after n
counts (Gelman et al., *Bayesian Data Analysis*, 3rd ed., section 2.6), or a wider one where the
counts scatter more than Poisson's do (moments). So three quiet hours do not make the first two
posts a sensation. For large counts: the distance from the median in median absolute deviations,
which one earlier spike does not move.
"""

import math
from collections.abc import Sequence
from statistics import fmean, median, variance

LARGE = 50
"""From so many posts as a usual count on, medians are used."""
RARE = 1e-4
"""What happens by chance less often than this is surprising."""
DEVIATIONS = 5.0
"""So many deviations from the median are surprising: 3.3 would do for a normal spread, which
counts of posts do not have."""
RARE_SHARE = 1e-2
"""What share of negative posts chance brings less often than this is a larger one than usual."""
SHARE_WEIGHT = 100
_MAD = 1.4826
"""Makes the median absolute deviation of a normal spread its standard deviation."""


def usual(before: Sequence[int]) -> float:
    """The usual count: the mean, or the median where the counts are large."""
    middle = median(before)
    return middle if middle >= LARGE else fmean(before)


def is_high(count: int, before: Sequence[int]) -> bool:
    """Whether a count is surprisingly high after these; `before` has at least one."""
    middle = median(before)
    if middle >= LARGE:
        return (count - middle) / _spread(before, middle) >= DEVIATIONS
    return _tail(count, before) <= RARE


def is_low(count: int, before: Sequence[int]) -> bool:
    """Whether a count is surprisingly low after these; `before` has at least one."""
    middle = median(before)
    if middle >= LARGE:
        return (middle - count) / _spread(before, middle) >= DEVIATIONS
    return 1.0 - _tail(count + 1, before) <= RARE


def is_large_share(part: int, whole: int, before: int, before_whole: int) -> bool:
    """Whether a part is surprisingly large beside its usual share of what came before.

    The tail of the beta-binomial that a beta prior from the usual share predicts. What came before
    counts as `SHARE_WEIGHT` posts at most: shares move from week to week more than chance moves
    them (overdispersion; Skellam, JRSS B 10, 1948).
    """
    if part <= 0 or whole <= 0:
        return False
    weight = min(before_whole, SHARE_WEIGHT)
    usual = (before + 0.5) / (before_whole + 1.0)
    a, b = usual * weight + 0.5, (1.0 - usual) * weight + 0.5
    return _share_tail(part, whole, a, b) <= RARE_SHARE


def _share_tail(part: int, whole: int, a: float, b: float) -> float:
    """The chance of `part` or more of `whole` in a beta-binomial."""

    def log_beta(x: float, y: float) -> float:
        return math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y)

    base = log_beta(a, b)
    return math.fsum(
        math.exp(
            math.lgamma(whole + 1)
            - math.lgamma(k + 1)
            - math.lgamma(whole - k + 1)
            + log_beta(k + a, whole - k + b)
            - base
        )
        for k in range(part, whole + 1)
    )


def _spread(before: Sequence[int], middle: float) -> float:
    deviation = _MAD * median([abs(count - middle) for count in before])
    return max(deviation, math.sqrt(middle))


def _tail(count: int, before: Sequence[int]) -> float:
    """The chance of `count` or more."""
    size, chance = _predicted(before)
    if count <= 0:
        return 1.0
    # Terms of the negative binomial from 0 up to count - 1; the rest is the tail.
    term = math.exp(size * math.log(chance))
    below = term
    for k in range(1, count):
        term *= (size + k - 1) / k * (1.0 - chance)
        below += term
        if term < 1e-18 and k > size:
            break
    return max(0.0, 1.0 - below)


def _predicted(before: Sequence[int]) -> tuple[float, float]:
    """The size and the chance of the negative binomial that is expected."""
    n, total = len(before), sum(before)
    size, chance = total + 0.5, n / (n + 1)
    if n > 1 and (spread := variance(before)) > (mean := total / n):
        scattered = mean * mean / (spread - mean)
        if scattered < size:
            return scattered, scattered / (scattered + mean)
    return size, chance
