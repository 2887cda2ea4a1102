"""What people's corrections teach: a small correction on top of the model, for one brand.

A multinomial logistic regression with what the model took for likely as its starting point, so that
nothing learnt is nothing changed: how common each tone is here, how the model errs, and the words
that matter to this brand. It is kept only where cross-validation shows it to be better.
"""

import json
import math
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from rules.signals.sentiment.cutting import LINK, NAME
from rules.signals.sentiment.model import LABELS, Scores, Told

FEWEST = 20
"""Of fewer judged posts nothing is learnt."""
MOST = 1000
"""So many judged posts are learnt from: the last ones."""
SURE = 0.9
"""In so large a share of resamples the correction must be better to be kept."""

_FOLDS = 5
_RESAMPLES = 200
_ROUNDS = 60
_FEWEST_SAID = 2
"""In so many judged posts a word must be said to be learnt of."""
_HELD = {"level": 1.0, "errs": 0.5, "word": 1.0}
"""How strongly the weights of each kind are held at 0."""

_LEVEL, _BLAMED, _PRAISED = "\x02level", "\x02negative", "\x02positive"


class Heard(NamedTuple):
    """What the model made of a post."""

    pieces: tuple[str, ...]
    """The words and signs of the post, names masked."""
    likely: Scores
    """How likely each of `LABELS` is, as the model takes it."""
    complains: bool


@dataclass(frozen=True, slots=True)
class Correction:
    """What was learnt; it changes how likely each tone is taken to be."""

    weights: Mapping[str, Scores]

    def likely(self, heard: Heard) -> Scores:
        """Return how likely each of `LABELS` is by what was learnt; the three sum up to 1."""
        return _likely(self.weights, heard.likely, _features(heard, self.weights.keys()))

    def dumped(self) -> str:
        """The correction as JSON."""
        rounded = {name: [round(one, 4) for one in row] for name, row in self.weights.items()}
        return json.dumps(rounded, ensure_ascii=True, sort_keys=True)


def loaded(text: str) -> Correction:
    """Read what `Correction.dumped` wrote."""
    return Correction({name: (row[0], row[1], row[2]) for name, row in json.loads(text).items()})


class Quality(NamedTuple):
    """What cross-validation says of a correction: each post told by what the others teach."""

    judged: int
    before: float
    """Macro-F1 of the model alone on the judged posts."""
    after: float
    """The same with the correction."""
    low: float
    """The difference `after` - `before` lies between these in nine of ten resamples."""
    high: float
    better: float
    """In what share of resamples what people said is likelier (log-loss) with the correction."""
    right_before: float
    """What share the model alone tells as people did."""
    right_after: float
    """The same with the correction."""

    @property
    def adopted(self) -> bool:
        """Whether the correction is to be used.

        Where nearly all posts have one tone, the macro-F1 of the few others is chance: there more
        posts told right will do.
        """
        better = self.after > self.before or self.right_after > self.right_before
        return self.judged >= FEWEST and self.better >= SURE and better


Judged = tuple[Heard, Told]


def learnt(judged: Sequence[Judged]) -> Correction:
    """Learn a correction from judged posts, of which the last `MOST` count. No chance in it."""
    judged = judged[-MOST:]
    known = _vocabulary(heard for heard, _ in judged)
    rows = [
        (_features(heard, known), [math.log(max(one, 1e-6)) for one in heard.likely], tone)
        for heard, tone in judged
    ]
    return Correction(_fitted([(x, start, LABELS.index(tone)) for x, start, tone in rows]))


def quality(judged: Sequence[Judged]) -> Quality:
    """Return how well the model tells judged posts, without and with what others of them teach."""
    judged = judged[-MOST:]
    tried = [_Tried(tone, heard.likely, heard.likely) for heard, tone in judged]
    fold_of = [_fold(heard) for heard, _ in judged]
    for fold in sorted(set(fold_of)):
        others = [one for one, of in zip(judged, fold_of, strict=True) if of != fold]
        if others:
            correction = learnt(others)
            for at, (heard, tone) in enumerate(judged):
                if fold_of[at] == fold:
                    tried[at] = _Tried(tone, heard.likely, correction.likely(heard))
    lot = Random(len(tried))  # noqa: S311 - the same resamples each time
    drawn = [lot.choices(tried, k=len(tried)) for _ in range(_RESAMPLES if tried else 0)]
    gains = sorted(after - before for before, after in map(_both, drawn)) or [0.0]
    before, after = _both(tried)
    edge = len(gains) // 20
    return Quality(
        judged=len(judged),
        before=before,
        after=after,
        low=gains[edge],
        high=gains[-1 - edge],
        better=sum(sum(one.likelier for one in some) > 0 for some in drawn) / max(1, len(drawn)),
        right_before=sum(_most(one.before) == one.real for one in tried) / max(1, len(tried)),
        right_after=sum(_most(one.after) == one.real for one in tried) / max(1, len(tried)),
    )


class _Tried(NamedTuple):
    real: Told
    before: Scores
    after: Scores

    @property
    def likelier(self) -> float:
        """By how much the correction makes likelier what a person said, as a logarithm."""
        at = LABELS.index(self.real)
        return math.log(max(self.after[at], 1e-6)) - math.log(max(self.before[at], 1e-6))


def _both(tried: Sequence[_Tried]) -> tuple[float, float]:
    real = [one.real for one in tried]
    return (
        macro_f1(real, [_most(one.before) for one in tried]),
        macro_f1(real, [_most(one.after) for one in tried]),
    )


def macro_f1(real: Sequence[str], said: Sequence[str]) -> float:
    """The mean of the F1 of those tones that are said or real at all; 0 where there are none."""
    pairs = Counter(zip(real, said, strict=True))
    scores = []
    for label in LABELS:
        total = sum(n * ((a == label) + (b == label)) for (a, b), n in pairs.items())
        if total:
            scores.append(2 * pairs[label, label] / total)
    return sum(scores) / len(scores) if scores else 0.0


def _fold(heard: Heard) -> int:
    """The same words are in the same fold, so that none is told by its like."""
    return zlib.crc32(" ".join(heard.pieces).encode("utf-8", "replace")) % _FOLDS


def _most(likely: Scores) -> Told:
    return LABELS[likely.index(max(likely))]


def _vocabulary(posts: Iterable[Heard]) -> frozenset[str]:
    said = Counter(piece for post in posts for piece in set(post.pieces))
    return frozenset(
        word for word, n in said.items() if n >= _FEWEST_SAID and word not in (NAME, LINK)
    )


def _features(heard: Heard, known: Iterable[str]) -> dict[str, float]:
    """The numbers of a post by their names, of what is known."""
    words = {piece for piece in heard.pieces if piece in known}
    features = {_LEVEL: 1.0, _BLAMED: heard.likely[0], _PRAISED: heard.likely[2]}
    features |= dict.fromkeys(words, 1 / math.sqrt(len(words) or 1))
    return features


def _likely(weights: Mapping[str, Scores], before: Scores, features: Mapping[str, float]) -> Scores:
    a, b, c = (math.log(max(one, 1e-6)) for one in before)
    for name, value in features.items():
        weight = weights.get(name)
        if weight is not None:
            a += weight[0] * value
            b += weight[1] * value
            c += weight[2] * value
    most = max(a, b, c)
    a, b, c = math.exp(a - most), math.exp(b - most), math.exp(c - most)
    total = a + b + c
    return a / total, b / total, c / total


def _fitted(rows: Sequence[tuple[Mapping[str, float], Sequence[float], int]]) -> dict[str, Scores]:
    """Minimise the loss, held at 0 by squares, in steps that never raise it.

    The step of each weight comes from an upper bound of the curvature (Böhning and Lindsay,
    Monotonicity of quadratic-approximation algorithms, 1988), made diagonal.
    """
    curve: dict[str, float] = {}
    for features, _, _ in rows:
        sum_ = sum(features.values())
        for name, value in features.items():
            curve[name] = curve.get(name, _held(name)) + value * sum_ / 2
    weights = {name: [0.0, 0.0, 0.0] for name in curve}
    for _ in range(_ROUNDS):
        slope = {name: [_held(name) * one for one in row] for name, row in weights.items()}
        for features, start, real in rows:
            scores = list(start)
            for name, value in features.items():
                row = weights[name]
                scores[0] += row[0] * value
                scores[1] += row[1] * value
                scores[2] += row[2] * value
            most = max(scores)
            shares = [math.exp(one - most) for one in scores]
            total = sum(shares)
            wrong = [share / total for share in shares]
            wrong[real] -= 1
            for name, value in features.items():
                row = slope[name]
                row[0] += wrong[0] * value
                row[1] += wrong[1] * value
                row[2] += wrong[2] * value
        for name, row in weights.items():
            for at in range(3):
                row[at] -= slope[name][at] / curve[name]
    return {name: (row[0], row[1], row[2]) for name, row in weights.items()}


def _held(name: str) -> float:
    if name == _LEVEL:
        return _HELD["level"]
    return _HELD["errs"] if name.startswith("\x02") else _HELD["word"]
