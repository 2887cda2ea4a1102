"""The models that ship: multinomial logistic regression over hashed pieces of words and `FEATURES`.

Words, pairs of neighbours and the runs of 3 to 5 letters within words are hashed into 65,536 places
(the hashing trick: Weinberger et al., Feature Hashing for Large Scale Multitask Learning, ICML
2009), each with a weight of one byte for every class. What the lists of words say comes beside
them, weighed for each language. `python -m benchmarks.train_sentiment` makes a file for each.
"""

import json
import math
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from rules.signals.sentiment import lexicon
from rules.signals.sentiment.cutting import LINK, NAME

PLACES = 65_536
Told = Literal["negative", "neutral", "positive"]
LABELS: tuple[Told, ...] = ("negative", "neutral", "positive")
FILES = {
    language: Path(__file__).parent / "data" / f"model-{language}.bin"
    for language in lexicon.LANGUAGES
}
"""The model of each language."""

_MOST_REMEMBERED = 20_000
"""Words whose weights are kept summed up: hostile posts cannot fill the memory."""

Scores = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """What was learnt."""

    hashed: bytes
    """A signed byte for each class (in the order of `LABELS`) of each place."""
    step: float
    """What one of a byte stands for."""
    beside: Mapping[str, Sequence[Sequence[float]]]
    """For each language it tells and class the weights of `FEATURES`, and last the intercept."""


class Model:
    """Tells the tone of what was cut. It never changes but for what it remembers of words."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._bytes = array("b", weights.hashed)
        self._words: dict[str, tuple[int, int, int, int]] = {}

    def probabilities(
        self, pieces: Sequence[str], features: Sequence[float], language: str
    ) -> Scores:
        """Return how likely each of `LABELS` is; the three sum up to 1.

        `pieces` are those of `cutting.cut`, `features` of `lexicon.features`.
        """
        negative, neutral, positive, count = self._hashed(pieces)
        scale = self._weights.step / math.sqrt(count) if count else 0.0
        sums = (negative * scale, neutral * scale, positive * scale)
        scores = [
            hashed + weights[-1] + sum(map(float.__mul__, weights, features))
            for hashed, weights in zip(sums, self._weights.beside[language], strict=True)
        ]
        most = max(scores)
        a, b, c = (math.exp(score - most) for score in scores)
        total = a + b + c
        return a / total, b / total, c / total

    def _hashed(self, pieces: Sequence[str]) -> tuple[int, int, int, int]:
        """The sums of the weights of each class, and how many there are."""
        weights, words = self._bytes, self._words
        negative = neutral = positive = count = 0
        before = ""
        for piece in pieces:
            if piece == LINK:
                continue
            word = words.get(piece) or self._word(piece)
            negative += word[0]
            neutral += word[1]
            positive += word[2]
            count += word[3]
            if before:
                at = 3 * place(f"{before} {piece}")
                negative += weights[at]
                neutral += weights[at + 1]
                positive += weights[at + 2]
                count += 1
            before = piece
        return negative, neutral, positive, count

    def _word(self, piece: str) -> tuple[int, int, int, int]:
        at = [3 * one for one in of_word(piece)]
        weights = self._bytes
        found = (
            sum(weights[one] for one in at),
            sum(weights[one + 1] for one in at),
            sum(weights[one + 2] for one in at),
            len(at),
        )
        if len(self._words) >= _MOST_REMEMBERED:
            self._words.clear()
        self._words[piece] = found
        return found


def places(pieces: Sequence[str]) -> Iterator[int]:
    """Yield the places of a text, as often as it has what is there: what a model is fitted to."""
    before = ""
    for piece in pieces:
        if piece == LINK:
            continue
        yield from of_word(piece)
        if before:
            yield place(f"{before} {piece}")
        before = piece


def of_word(piece: str) -> list[int]:
    """The places of a word and of its runs of letters; none of what stands for a name."""
    if piece == NAME:
        return []
    if not piece.isalpha():
        return [place(piece)]
    framed = f"<{piece}>"
    runs = (framed[at : at + n] for n in (3, 4, 5) for at in range(len(framed) - n + 1))
    return [place(piece), *(place("~" + run) for run in runs)]


def place(said: str) -> int:
    """Where the weights of something are: 0 to `PLACES` - 1, the same on every machine."""
    return zlib.crc32(said.encode("utf-8", "replace")) % PLACES


@cache
def shipped(language: str) -> Model:
    """The model of a language that ships, read when it is first asked for: some 10 ms."""
    return Model(unpacked(FILES[language].read_bytes()))


def packed(weights: Weights, about: Mapping[str, Any]) -> bytes:
    """The bytes of the file: a line of JSON, then the weights, compressed."""
    beside = {
        language: [[round(weight, 4) for weight in row] for row in rows]
        for language, rows in weights.beside.items()
    }
    head = {**about, "step": weights.step, "beside": beside}
    return json.dumps(head, sort_keys=True).encode() + b"\n" + zlib.compress(weights.hashed, 9)


def unpacked(file: bytes) -> Weights:
    """Read what `packed` made."""
    head, _, hashed = file.partition(b"\n")
    read = json.loads(head)
    return Weights(hashed=zlib.decompress(hashed), step=read["step"], beside=read["beside"])
