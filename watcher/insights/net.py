"""More less fewer: net numbers, differences of two, and days with the chance taken out. Pure."""

import math
from collections.abc import Sequence

from watcher.insights.model import Estimate, Z
from watcher.store.brand_counts import Opinions


def independent(number: int, people: int, squares: float, variance: float) -> float:
    """Return how many independent posts a number of posts is worth, where people wrote several.

    `squares` is the sum over the people of the square of what their posts add up to, less what they
    would at the mean; `variance` that of one post. The number is divided by the design effect (L.
    Kish, Survey Sampling, 1965; the variance of a ratio of sums over clusters: W. Cochran, Sampling
    Techniques, 3rd ed., 1977, section 9A), and never larger than before.
    """
    if people < 2 or number <= 0:
        return float(people)
    alone = variance * number
    if alone <= 0:
        return float(people)
    effect = people / (people - 1) * squares / alone
    return number / max(1.0, effect)


def independent_sayings(of: Opinions) -> float:
    """Return how many sayings of different people some are worth."""
    if not of.sayings:
        return 0.0
    mean = (of.positive - of.negative) / of.sayings
    return independent(
        of.sayings,
        of.authors,
        of.dd - 2 * mean * of.dn + mean * mean * of.nn,
        (of.positive + of.negative) / of.sayings - mean * mean,
    )


def net(of: Opinions) -> Estimate | None:
    """Return positive less negative sayings as a part of all, -1 to 1; None of nothing.

    The interval is that of D. Bonett and R. Price, Adjusted Wald confidence interval for a
    difference of binomial proportions based on paired data, J. Educ. Behav. Stat. 37 (2012), which
    M. Fagerland et al. recommend (Stat. Med. 33, 2014): two shares of one whole, as here. It holds
    for few sayings and needs no repeated drawing. Sayings that hang together count for fewer.
    """
    if of.sayings <= 0:
        return None
    value = (of.positive - of.negative) / of.sayings
    n = max(1.0, independent_sayings(of))
    up = (of.positive / of.sayings * n + 1) / (n + 2)
    down = (of.negative / of.sayings * n + 1) / (n + 2)
    half = Z * math.sqrt((up + down - (up - down) ** 2) / (n + 2))
    return Estimate(
        value=value,
        low=max(-1.0, min(value, up - down - half)),
        high=min(1.0, max(value, up - down + half)),
        posts=of.sayings,
    )


def difference(one: Estimate | None, other: Estimate | None) -> Estimate | None:
    """Return one number less another that has nothing to do with it; None where either is unknown.

    R. Newcombe, Interval estimation for the difference between independent proportions, Stat. Med.
    17 (1998), method 10; for any two intervals: G. Zou and A. Donner, Stat. Med. 27 (2008).
    """
    if one is None or other is None:
        return None
    value = one.value - other.value
    return Estimate(
        value=value,
        low=value - math.hypot(one.value - one.low, other.high - other.value),
        high=value + math.hypot(one.high - one.value, other.value - other.low),
        posts=one.posts,
    )


def is_sure(change: Estimate | None) -> bool:
    """Whether a difference is not only chance."""
    return change is not None and not change.low <= 0 <= change.high


def smoothed(points: Sequence[Estimate | None]) -> tuple[float | None, ...]:
    """Take the chance out of a row of numbers: each is drawn to their mean, the unsure ones more.

    Empirical Bayes (B. Efron, C. Morris, JASA 70, 1975): how much the numbers differ beyond chance
    is told by the moments (R. DerSimonian, N. Laird, Controlled Clinical Trials 7, 1986). Where it
    is nothing, the row becomes a straight line.
    """
    known = [(one.value, _variance(one)) for one in points if one is not None]
    if not known:
        return tuple(None for _ in points)
    weights = [1 / variance for _, variance in known]
    total = sum(weights)
    mean = sum(w * value for w, (value, _) in zip(weights, known, strict=True)) / total
    spread = sum(w * (value - mean) ** 2 for w, (value, _) in zip(weights, known, strict=True))
    scale = total - sum(w * w for w in weights) / total
    beyond = max(0.0, (spread - (len(known) - 1)) / scale) if scale > 0 else 0.0
    if beyond:
        weights = [1 / (variance + beyond) for _, variance in known]
        mean = sum(w * v for w, (v, _) in zip(weights, known, strict=True)) / sum(weights)
    return tuple(
        None if one is None else mean + beyond / (beyond + _variance(one)) * (one.value - mean)
        for one in points
    )


def _variance(one: Estimate) -> float:
    return max(((one.high - one.low) / (2 * Z)) ** 2, 1e-9)
