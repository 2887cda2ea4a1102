"""What people judged, learnt for one brand, and tried on what was not learnt from.

A brand learns from its own posts only. Nothing here depends on the order of the judgements, on the
time or on chance: the same posts judged the same make the same learner.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from rules.model import Brand, Post
from rules.signals.relevance.fitting import Weights, calibrated, fit, score, sigmoid
from rules.signals.relevance.reading import NAME, Features, Reader

FEWEST = 20
"""Posts that have to be judged before anything is left out."""
FEWEST_OF_EACH = 3
"""How many of them have to be about the brand, and how many not."""
MOST = 1_000
"""Posts learnt from: the newest, so that learning stays quick."""
PRECISION = 0.9
"""Of the posts left out, so many have to be rightly so, when tried on posts not learnt from."""
FOLDS = 5

Why = Literal["few", "one kind", "not better", ""]
"""Why nothing is left out: too few were judged, all alike, or it would leave out what should be
told; empty where it is on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A post that speaks of a brand by name, and whether it is about it, as a person said."""

    post: Post
    relevant: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """What came of telling judged posts by what was learnt from the others.

    The others are earlier or later ones: posts that were written together are tried together.
    """

    posts: int
    irrelevant: int
    """How many of the posts are not about the brand."""
    left_out: int
    """How many were left out."""
    rightly: int
    """How many of these are not about the brand."""
    taken_relevant: int
    """How many were taken for about the brand rather than not, left out or not."""
    taken_rightly: int
    """How many of these are."""
    macro_f1: float
    """Of taking each post for the one or the other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What a post is taken for."""

    relevance: float
    """How likely it is about the brand, 0 to 1."""
    left_out: bool
    """Whether that is clearly too little to tell of it."""


class Learner:
    """What was learnt for a brand; made by `learn`. It never changes, so threads may share it."""

    def __init__(
        self,
        brand: Brand,
        *,
        relevant: int = 0,
        irrelevant: int = 0,
        passed_over: int = 0,
        why: Why = "few",
        weights: Weights | None = None,
        scale: tuple[float, float] = (1.0, 0.0),
        threshold: float = 0.0,
        quality: Quality | None = None,
    ) -> None:
        self.brand = brand
        self.relevant = relevant
        """Posts learnt from that are about the brand."""
        self.irrelevant = irrelevant
        self.passed_over = passed_over
        """Older posts judged that it did not learn from: there are more than `MOST`."""
        self.why = why
        self.threshold = threshold
        """Posts that are less likely about the brand than this are left out."""
        self.quality = quality
        """None while there is too little to try."""
        self._weights = weights
        self._scale = scale
        self._reader = Reader(brand)

    @property
    def is_on(self) -> bool:
        """Whether it leaves anything out."""
        return not self.why

    @property
    def judged(self) -> int:
        """How many posts it learnt from."""
        return self.relevant + self.irrelevant

    def judge(self, post: Post) -> Judgement | None:
        """Say what a post that names the brand is taken for; None until that was tried."""
        if self._weights is None or self.quality is None:
            return None
        odds = score(self._weights, self._reader.features(post))
        slope, intercept = self._scale
        relevance = sigmoid(slope * odds + intercept)
        return Judgement(relevance=relevance, left_out=self.is_on and relevance < self.threshold)

    def takes_for_relevant(self, post: Post) -> bool | None:
        """Whether a post is rather about the brand than not; None where nothing was learnt."""
        if self._weights is None:
            return None
        return score(self._weights, self._reader.features(post)) > 0

    def words(self, most: int = 10) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the words that speak most for the brand, and those against it, strongest first."""
        weights = self._weights or {}
        said: dict[str, float] = {}
        for name, weight in weights.items():
            kind, _, word = name.partition(":")
            if kind in _SAID and word and word[0] > NAME and word[0].isalnum():
                word = _SAID[kind].format(word)
                said[word] = said.get(word, 0.0) + weight
        ordered = sorted(said, key=lambda word: (-said[word], word))
        return (
            tuple(word for word in ordered[:most] if said[word] > _SPEAKS),
            tuple(word for word in ordered[::-1][:most] if said[word] < -_SPEAKS),
        )


_SAID = {"w": "{}", "p": "{}", "s": "{}", "n": "{}", "#": "#{}", "@": "@{}", "l": "{}"}
_SPEAKS = 0.05


def learn(brand: Brand, judged: Iterable[Judged]) -> Learner:
    """Learn from all that was judged of a brand, each post once.

    300 posts take about half a second.
    """
    ordered = sorted(judged, key=lambda one: (one.post.posted_at, one.post.key))
    used = ordered[-MOST:]
    labels = [one.relevant for one in used]
    relevant = sum(labels)
    irrelevant = len(labels) - relevant
    learner = partial(
        Learner,
        brand,
        relevant=relevant,
        irrelevant=irrelevant,
        passed_over=len(ordered) - len(used),
    )
    if not (relevant and irrelevant):
        return learner(why="few" if len(used) < FEWEST else "one kind")
    reader = Reader(brand)
    read = [reader.features(one.post) for one in used]
    weights = fit(read, labels)
    if len(used) < FEWEST:
        return learner(why="few", weights=weights)
    if min(relevant, irrelevant) < FEWEST_OF_EACH:
        return learner(why="one kind", weights=weights)
    scores = _unseen(read, labels)
    slope, intercept = calibrated(scores, labels)
    told = [sigmoid(slope * one + intercept) for one in scores]
    threshold = choose_threshold(told, labels)
    return learner(
        why="" if threshold else "not better",
        weights=weights,
        scale=(slope, intercept),
        threshold=threshold,
        quality=_quality(scores, told, labels, threshold),
    )


def _unseen(read: Sequence[Features], labels: Sequence[bool]) -> list[float]:
    """Score each post by what is learnt from the others; neighbours in time are tried together.

    So copies of one post, which come together, do not tell of each other. A part without which one
    kind would be missing is told by all it can be: the average of the others' labels is nothing.
    """
    size = len(read)
    scores = [0.0] * size
    for fold in range(FOLDS):
        first, end = size * fold // FOLDS, size * (fold + 1) // FOLDS
        rest = [*labels[:first], *labels[end:]]
        if len(set(rest)) < 2:
            continue
        weights = fit([*read[:first], *read[end:]], rest)
        for at in range(first, end):
            scores[at] = score(weights, read[at])
    return scores


def choose_threshold(told: Sequence[float], labels: Sequence[bool]) -> float:
    """Return below which probability posts may be left out: 0 where there is none.

    The highest by which `PRECISION` of the posts left out are rightly so, as far as so few can
    show: nine without a mistake do.
    """
    ordered = sorted(zip(told, labels, strict=True))
    best, wrong = 0.0, 0
    for at, (probability, label) in enumerate(ordered, 1):
        wrong += label
        beyond = ordered[at][0] if at < len(ordered) else 1.0
        if beyond <= probability:
            continue  # those that are told alike stay together
        if _surely(at - wrong, at):
            best = (probability + beyond) / 2
    return min(best, 0.5)


def _surely(rightly: int, left_out: int) -> bool:
    """Whether the share is `PRECISION` even at the low end of what it may be: Wilson, one sigma."""
    share = rightly / left_out
    spread = math.sqrt(share * (1 - share) / left_out + 1 / (4 * left_out**2))
    low = (share + 1 / (2 * left_out) - spread) / (1 + 1 / left_out)
    return low >= PRECISION


def _quality(
    scores: Sequence[float], told: Sequence[float], labels: Sequence[bool], threshold: float
) -> Quality:
    taken = [one > 0 for one in scores]
    left_out = [one < threshold for one in told]
    return Quality(
        posts=len(labels),
        irrelevant=len(labels) - sum(labels),
        left_out=sum(left_out),
        rightly=sum(out and not label for out, label in zip(left_out, labels, strict=True)),
        taken_relevant=sum(taken),
        taken_rightly=sum(one and label for one, label in zip(taken, labels, strict=True)),
        macro_f1=macro_f1(taken, labels),
    )


def macro_f1(told: Sequence[bool], truth: Sequence[bool]) -> float:
    """The mean of the F1 of both kinds; a kind that is nowhere counts nothing."""
    return math.fsum(_f1(told, truth, kind) for kind in (True, False)) / 2


def _f1(told: Sequence[bool], truth: Sequence[bool], kind: bool) -> float:
    both = sum(one is kind and other is kind for one, other in zip(told, truth, strict=True))
    either = sum(one is kind for one in told) + sum(one is kind for one in truth)
    return 2 * both / either if either else 0.0
