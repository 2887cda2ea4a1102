"""Logistic regression with a penalty on large weights, without any library.

Solved by coordinate descent in the dual: Yu, Huang, Lin, Dual Coordinate Descent Methods for
Logistic Regression and Maximum Entropy Models, Machine Learning 85 (2011). Deterministic: the same
examples in the same order give the same weights.
"""

from collections.abc import Mapping, Sequence
from math import exp, log

from rules.signals.relevance.reading import PRIOR, Features

COST = 3.0
"""What a mistake costs against large weights; the rarer class costs as much as the other one."""
_ROUNDS = 40
_CLOSE = 0.01
"""Of a mistake's cost: what moves a weight by less than this changes what no post is taken for."""

Weights = Mapping[str, float]
"""Log-odds that a post is about the brand, by feature."""


def fit(examples: Sequence[Features], labels: Sequence[bool]) -> dict[str, float]:
    """Return the weights learnt; both labels have to be there.

    Weights are drawn to `PRIOR`, not to nothing: where little was judged it says the most.
    """
    weights = dict(PRIOR)
    positive = sum(labels)
    costs = {
        True: COST * len(labels) / (2 * positive),
        False: COST * len(labels) / (2 * (len(labels) - positive)),
    }
    held = [costs[label] / 4 for label in labels]
    for one, label, part in zip(examples, labels, held, strict=True):
        _add(weights, one, part if label else -part)
    squares = [sum(value * value for value in one.values()) for one in examples]
    for _ in range(_ROUNDS):
        moved = 0.0
        for at, (one, label) in enumerate(zip(examples, labels, strict=True)):
            sign, cost = (1.0 if label else -1.0), costs[label]
            margin = sign * score(weights, one)
            new = _best(held[at], cost, squares[at], margin)
            change = new - held[at]
            if abs(change) > 1e-9:
                held[at] = new
                _add(weights, one, sign * change)
                moved = max(moved, abs(change) / cost)
        if moved < _CLOSE:
            break
    return weights


def score(weights: Weights, features: Features) -> float:
    """The log-odds of a post, as the weights have them."""
    get = weights.get
    return sum(get(name, 0.0) * value for name, value in features.items())


def _add(weights: dict[str, float], features: Features, times: float) -> None:
    for name, value in features.items():
        weights[name] = weights.get(name, 0.0) + times * value


def _best(held: float, cost: float, square: float, margin: float) -> float:
    """Return where one dual variable does best, between 0 and its cost, the others as they are.

    There log(z / (cost - z)) + square * (z - held) + margin is nothing: sought in the log-odds of
    z / cost, where it only rises, by Newton's steps within a bracket that narrows.
    """
    low = -margin - square * (cost - held)
    high = -margin + square * held
    at = min(max(log(held / (cost - held)), low), high) if 0 < held < cost else (low + high) / 2
    for _ in range(20):
        part = sigmoid(at)
        value = at + square * (cost * part - held) + margin
        if value > 0:
            high = at
        else:
            low = at
        step = value / (1.0 + square * cost * part * (1.0 - part))
        if abs(step) < 1e-4:
            break
        at -= step
        if not low < at < high:
            at = (low + high) / 2
    return cost * sigmoid(at)


def sigmoid(odds: float) -> float:
    """The probability of log-odds."""
    if odds < 0:
        raised = exp(max(odds, -500.0))
        return raised / (1.0 + raised)
    return 1.0 / (1.0 + exp(-min(odds, 500.0)))


def calibrated(scores: Sequence[float], labels: Sequence[bool]) -> tuple[float, float]:
    """Return the slope and the intercept that make probabilities of scores of unseen posts.

    After Platt, Probabilistic Outputs for Support Vector Machines (1999): the labels are drawn to
    the middle a little, so that few posts make nothing certain.
    """
    positive = sum(labels)
    negative = len(labels) - positive
    wanted = {True: (positive + 1) / (positive + 2), False: 1 / (negative + 2)}
    slope, intercept = 1.0, log((positive + 1) / (negative + 1))
    for _ in range(50):
        a = b = aa = ab = bb = 0.0
        for one, label in zip(scores, labels, strict=True):
            part = sigmoid(slope * one + intercept)
            off, spread = part - wanted[label], max(part * (1 - part), 1e-6)
            a += off * one
            b += off
            aa += spread * one * one
            ab += spread * one
            bb += spread
        aa += 0.1
        a += 0.1 * (slope - 1.0)  # a slope of 1 is what is expected before anything is seen
        whole = aa * bb - ab * ab
        if whole <= 0:
            break
        by_slope, by_intercept = (bb * a - ab * b) / whole, (aa * b - ab * a) / whole
        slope -= max(-1.0, min(1.0, by_slope))
        intercept -= max(-1.0, min(1.0, by_intercept))
        if abs(by_slope) + abs(by_intercept) < 1e-6:
            break
    return max(slope, 0.0), intercept
