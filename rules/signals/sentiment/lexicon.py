"""How words feel, from lists that others have made; `data/SOURCES.md` says who.

What is read out of a text is in a few numbers, `FEATURES`. Their meaning is the same in every
language, so that what is learnt of them in one holds in the others.
"""

import math
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from rules.signals.sentiment.complaints import complaints_in
from rules.signals.sentiment.cutting import LINK, Cut

FEATURES = (
    "balance", "praise", "blame", "most praise", "most blame", "last", "signs", "turned",
    "adjectives", "!", "?", "…", "shouting", "link", "length", "complaint",
)  # fmt: skip
"""What `features` returns, in its order."""

LANGUAGES = ("en", "fr")
"""The languages that have a list of words."""

_DATA = Path(__file__).parent / "data"
_REACH = 3
"""So many words after it a turning word reaches."""
_TURNED = -0.74
"""What is left of a feeling that is turned round: the value of VADER (Hutto and Gilbert, 2014)."""
_MORE = 1.25
_NORMAL = 15.0
"""How VADER brings a sum of valences between -1 and 1."""
_NOTHING: Mapping[str, float] = {}


def features(cut: Cut, language: str) -> list[float]:
    """Return the numbers of `FEATURES`, each about -1 to 1, of a text in one of `LANGUAGES`."""
    tables = _tables()
    adjectives, signs = tables.get(f"{language} adjectives", _NOTHING), tables["signs"]
    turns, stronger, but = _modifiers(language)
    praise = blame = most = least = of_signs = of_adjectives = last = turned = 0.0
    reach, more = 0, 1.0
    for piece in cut.pieces:
        if piece in turns:
            reach, more = _REACH, 1.0
            turned += 1
            continue
        if piece in but:
            praise, blame = praise / 2, blame / 2
            reach = 0
            continue
        valence = _valence(piece, language)
        if valence is None:
            valence = signs.get(piece)
            if valence is not None:
                of_signs += valence
        if valence is not None:
            valence *= more
            if reach:
                valence *= _TURNED
            last = valence
            if valence > 0:
                praise += valence
                most = max(most, valence)
            else:
                blame -= valence
                least = max(least, -valence)
        if piece in adjectives:
            of_adjectives += adjectives[piece] * (_TURNED if reach else 1.0)
        more = _MORE if piece in stronger else 1.0
        reach = reach - 1 if reach else 0
    count = cut.pieces.count
    return [
        _between(praise - blame), _between(praise), _between(blame), most / 4, least / 4, last / 4,
        _between(of_signs), min(turned, 4) / 4, _between(of_adjectives),
        min(count("!") + 2 * count("!!"), 4) / 4,
        min(count("?") + count("??") + count("?!"), 3) / 3,
        min(count("…"), 2) / 2, cut.shouted / cut.words if cut.words > 1 else 0.0,
        float(LINK in cut.pieces), min(len(cut.pieces), 50) / 50,
        float(bool(complaints_in(cut.pieces, language))),
    ]  # fmt: skip


def _between(total: float) -> float:
    return total / math.sqrt(total * total + _NORMAL)


@lru_cache(maxsize=16_384)
def _valence(word: str, language: str) -> float | None:
    """What a word feels like; None where no list has it. Ours goes first, the longest beginning."""
    ours = _tables()[f"{language} ours"]
    if word in ours:
        return ours[word]
    for length in range(len(word), 2, -1):
        beginning = word[:length] + "*"
        if beginning in ours:
            return ours[beginning]
    return _tables()[language].get(word)


@cache
def _tables() -> dict[str, dict[str, float]]:
    tables = _table("lexicon.txt", 10)
    return tables | {f"{name} ours": words for name, words in _table("words.txt", 1).items()}


def _table(name: str, unit: int) -> dict[str, dict[str, float]]:
    """Words and their valences by section; `unit` is what a valence of 1 is written as."""
    tables: dict[str, dict[str, float]] = {}
    for line in (_DATA / name).read_text("utf-8").splitlines():
        if line.startswith("["):
            table = tables[line[1:-1]] = {}
        elif not line.startswith("#"):
            level, *words = line.split(" ")
            table.update(dict.fromkeys(words, int(level) / unit))
    return tables


@cache
def _modifiers(language: str) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Words that turn what follows round, words that strengthen it, words after which it counts."""
    words: dict[str, list[str]] = {}
    for line in (_DATA / "modifiers.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            listed = words[line[1:-1]] = []
        elif not line.startswith("#"):
            listed += line.split()
    kinds = ("turns", "strengthens", "weighs less before")
    turns, strengthens, before = (frozenset(words[f"{language} {kind}"]) for kind in kinds)
    return turns, strengthens, before
