"""What customers write when something went wrong: phrases of `data/complaints.txt`, ours.

Beside the tone, as a complaint may be polite and anger may be about anything: who asks for a refund
waits for an answer in whichever mood.
"""

from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from rules.metadata import fold_language
from rules.model import Reason
from rules.signals.sentiment.cutting import NAME, Names, cut

COMPLAINS = "The post complains: {words}."
_QUOTED = "“{word}”"

REASONS: tuple[str, ...] = (COMPLAINS,)
"""Every template, for the catalogues: `words` are quoted."""

_FILE = Path(__file__).parent / "data" / "complaints.txt"
_NO_NAMES = Names(())
_DENIES = frozenset(["no", "not", "never", "without", "zero", "pas", "jamais", "aucun", "sans"])
_NEAR = 3
"""So many words after it a word that denies still does."""
_FAR = 8
"""So many words lie at most between thanks and what they are for."""
_MOST_SAID = 3

_THANKS = frozenset([
    "thanks", "thank", "thx", "thankyou", "ty", "cheers", "merci", "mercii", "remercie",
])  # fmt: skip
_TO_WHOM = frozenset([
    NAME,
    "you", "u", "so", "much", "very", "lots", "a", "lot", "again", "guys", "team", "all",
    "everyone", "kindly", "ever", "beaucoup", "bien", "infiniment", "mille", "fois", "toute",
    "l", "equipe", "vous", "toi", "tous", "le", "la", "les", "service", "client",
])  # fmt: skip
"""What may stand between *thanks* and *for*: *thanks in advance for* asks, and is none."""
_FOR = frozenset(["for", "pour", "du"])
_GOT = frozenset(["got", "received", "recu", "obtenu", "eu"])
_BETWEEN = frozenset([
    "the", "a", "an", "my", "your", "this", "that", "our", "full", "quick", "fast", "speedy",
    "prompt", "swift", "very", "rapid", "partial", "giving", "getting", "sending",
    "processing", "issuing", "me", "us", "le", "la", "les", "l", "un", "mon", "votre", "ton",
    "ce", "cet", "ces", "notre", "bon", "rapide", "tres", "joli", "petit",
])  # fmt: skip
"""What may stand between *thanks for*, or *got*, and what somebody is glad of."""
_NOT_GOT = _DENIES | frozenset([
    "nothing", "rien", "still", "yet", "toujours", "encore", "if", "si", "until", "once",
    "quand", "but", "mais", "dont", "didnt", "doesnt", "havent", "hasnt", "hadnt", "wont",
    "cant",
])  # fmt: skip


class _Phrase(NamedTuple):
    words: tuple[str, ...]
    deniable: bool
    thankable: bool


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
    if phrase.deniable and not _DENIES.isdisjoint(pieces[max(0, at - _NEAR) : at]):
        return False
    return not (phrase.thankable and _thanked(pieces, at, at + len(phrase.words)))


def _thanked(pieces: Sequence[str], start: int, end: int) -> bool:
    """Whether somebody gives thanks for what stands there: *thanks for it*, *got it, thank you*."""
    at = _before(pieces, start - 1, _BETWEEN)
    if at < 0:
        return False
    if pieces[at] in _FOR:
        thanks = _before(pieces, at - 1, _TO_WHOM)
        return thanks >= 0 and pieces[thanks] in _THANKS
    before, after = pieces[max(0, at - _FAR) : at], pieces[end : end + _NEAR]
    return (
        pieces[at] in _GOT
        and _NOT_GOT.isdisjoint(before)
        and not _THANKS.isdisjoint((*before, *after))
    )


def _before(pieces: Sequence[str], at: int, passed: Collection[str]) -> int:
    """The place of the last piece up to `at` that is none of those passed over; -1: none near."""
    for place in range(at, max(-1, at - _FAR), -1):
        if pieces[place] not in passed:
            return place
    return -1


@cache
def _phrases() -> dict[str, dict[str, list[_Phrase]]]:
    """The phrases of each language by their first word, the longest first."""
    by_language: dict[str, dict[str, list[_Phrase]]] = {}
    for line in _FILE.read_text("utf-8").splitlines():
        if line.startswith("["):
            language, _, unless = line[1:-1].partition(" unless ")
            phrases = by_language.setdefault(language, {})
        elif line and not line.startswith("#"):
            words = tuple(cut(line, _NO_NAMES).pieces)
            phrases.setdefault(words[0], []).append(
                _Phrase(words, "denied" in unless, "thanked" in unless)
            )
    for phrases in by_language.values():
        for alike in phrases.values():
            alike.sort(key=lambda phrase: -len(phrase.words))
    return by_language
