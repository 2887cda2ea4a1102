"""The tone of a post: negative, neutral or positive, and how sure that is; and what complains.

A model that ships tells English and French; every other language is `unknown`. Levels are biased,
trends are not: `docs/sentiment.md` says how far to trust it. No file is read before it is needed.
"""

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Literal, NamedTuple

from rules.metadata import fold_language
from rules.signals.sentiment import lexicon
from rules.signals.sentiment.complaints import REASONS, complaint
from rules.signals.sentiment.cutting import Names, cut

__all__ = ["LANGUAGES", "REASONS", "Label", "Tone", "complaint", "sentiment", "tone", "tones"]

Label = Literal["negative", "neutral", "positive", "unknown"]

LANGUAGES = lexicon.LANGUAGES
"""The languages that have a model, by their primary subtags."""


class Tone(NamedTuple):
    """How a text sounds."""

    label: Label
    """`unknown` where the language has no model, or the text has no words and no signs."""
    confidence: float
    """The share of texts said so surely that are what is said of them, 0 to 1; 0 where unknown."""


UNKNOWN = Tone("unknown", 0.0)


def tone(text: str, language: str | None, names: Collection[str] = ()) -> Tone:
    """Return how a text in a language (a BCP 47 tag) sounds; `names` are brands, without a tone.

    Only the beginning of a long text is read, `cutting.LONGEST` characters. Never raises.
    """
    return tones([(text, language)], names)[0]


def tones(posts: Iterable[tuple[str, str | None]], names: Collection[str] = ()) -> list[Tone]:
    """Return what `tone` does for each (text, language), in their order; some 3,000 a second."""
    masked = _names(tuple(names))
    return [_tone(text, fold_language(language or ""), masked) for text, language in posts]


def sentiment(text: str, language: str | None) -> Label:
    """The tone of a text in a language (its primary subtag), `unknown` where nothing can tell."""
    return tone(text, language).label


@lru_cache(maxsize=64)
def _names(names: tuple[str, ...]) -> Names:
    return Names(names)


def _tone(text: str, language: str, names: Names) -> Tone:
    if language not in LANGUAGES:
        return UNKNOWN
    pieces = cut(text, names)
    if not pieces.pieces:
        return UNKNOWN
    leaning = lexicon.leaning(lexicon.features(pieces, language))
    if abs(leaning) < 0.05:
        return Tone("neutral", 0.5)
    return Tone("positive" if leaning > 0 else "negative", 0.5 + abs(leaning) / 2)
