"""What customers write when something went wrong: phrases of `data/complaints.txt`, ours.

Beside the tone, as a complaint may be polite and anger may be about anything: who asks for a refund
waits for an answer in whichever mood.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from rules.metadata import fold_language
from rules.model import Reason
from rules.signals.sentiment.cutting import Names, cut

COMPLAINS = "The post complains: {words}."
_QUOTED = "“{word}”"

REASONS: tuple[str, ...] = (COMPLAINS,)
"""Every template, for the catalogues: `words` are quoted."""

_FILE = Path(__file__).parent / "data" / "complaints.txt"
_NO_NAMES = Names(())
_DENIES = frozenset(["no", "not", "never", "without", "zero", "pas", "jamais", "aucun", "sans"])
_NEAR = 3
"""So many words after it a word that denies still does."""
_MOST_SAID = 3


class _Phrase(NamedTuple):
    words: tuple[str, ...]
    deniable: bool


def complaint(text: str, language: str | None) -> Reason | None:
    """Return what a text in a language (a BCP 47 tag) complains of, in its own words.

    None where it does not seem to, or the language is neither English nor French.
    """
    found = complaints_in(cut(text, _NO_NAMES).pieces, fold_language(language or ""))
    words = ", ".join(_QUOTED.format(word=phrase) for phrase in found)
    return Reason(template=COMPLAINS, values={"words": words}) if found else None


def complaints_in(pieces: Sequence[str], language: str) -> list[str]:
    """Return the first few phrases of the list that are said, none within another."""
    phrases = _phrases().get(language, {})
    found: dict[str, None] = {}
    at = 0
    while at < len(pieces) and len(found) < _MOST_SAID:
        said = next((one for one in phrases.get(pieces[at], ()) if _said(one, pieces, at)), None)
        if said is not None:
            found[" ".join(said.words)] = None
        at += len(said.words) if said else 1
    return list(found)


def _said(phrase: _Phrase, pieces: Sequence[str], at: int) -> bool:
    if tuple(pieces[at : at + len(phrase.words)]) != phrase.words:
        return False
    return not phrase.deniable or _DENIES.isdisjoint(pieces[max(0, at - _NEAR) : at])


@cache
def _phrases() -> dict[str, dict[str, list[_Phrase]]]:
    """The phrases of each language by their first word, the longest first."""
    by_language: dict[str, dict[str, list[_Phrase]]] = {}
    for line in _FILE.read_text("utf-8").splitlines():
        if line.startswith("["):
            language, _, deniable = line[1:-1].partition(" ")
            phrases = by_language.setdefault(language, {})
        elif line and not line.startswith("#"):
            words = tuple(cut(line, _NO_NAMES).pieces)
            phrases.setdefault(words[0], []).append(_Phrase(words, bool(deniable)))
    for phrases in by_language.values():
        for alike in phrases.values():
            alike.sort(key=lambda phrase: -len(phrase.words))
    return by_language
