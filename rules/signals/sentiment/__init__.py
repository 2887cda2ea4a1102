"""The tone of a post: negative, neutral or positive, and how sure that is; and what complains.

Two models that ship tell English and French; every other language is `unknown`. Levels are biased,
trends are not: `docs/sentiment.md` says how far to trust it. No file is read before it is needed.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from rules.metadata import fold_language
from rules.signals.sentiment import lexicon
from rules.signals.sentiment.complaints import REASONS, complaint
from rules.signals.sentiment.correcting import Correction, Heard
from rules.signals.sentiment.cutting import LINK, NAME, Names, cut
from rules.signals.sentiment.model import LABELS, shipped

__all__ = [
    "LABELS",
    "LANGUAGES",
    "REASONS",
    "Correction",
    "Heard",
    "Label",
    "Tone",
    "complaint",
    "hear",
    "sentiment",
    "told",
    "tone",
    "tones",
]

Label = Literal["negative", "neutral", "positive", "unknown"]

LANGUAGES = lexicon.LANGUAGES
"""The languages that have a model, by their primary subtags."""


class Tone(NamedTuple):
    """How a text sounds."""

    label: Label
    """`unknown` where the language has no model, or the text has no words and no signs."""
    confidence: float
    """How likely the model takes the label to be, 1/3 to 1; 0 where unknown."""


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


def hear(text: str, language: str | None, names: Collection[str] = ()) -> Heard | None:
    """Return what the model makes of a text; None where nothing can tell, as in `tone`."""
    return _heard(text, fold_language(language or ""), _names(tuple(names)))


def told(likely: Sequence[float]) -> Tone:
    """The tone that is most likely of `negative`, `neutral`, `positive`."""
    most = max(likely)
    return Tone(LABELS[likely.index(most)], most)


def _tone(text: str, language: str, names: Names) -> Tone:
    heard = _heard(text, language, names)
    return UNKNOWN if heard is None else told(heard.likely)


def _heard(text: str, language: str, names: Names) -> Heard | None:
    if language not in LANGUAGES:
        return None
    text_cut = cut(text, names)
    if all(piece in (NAME, LINK) for piece in text_cut.pieces):
        return None
    features = lexicon.features(text_cut, language)
    likely = shipped(language).probabilities(text_cut.pieces, features, language)
    complains = bool(features[lexicon.FEATURES.index("complaint")])
    return Heard(tuple(text_cut.pieces), likely, complains)
