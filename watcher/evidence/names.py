"""A suspect's names beside the brand's, letter by letter, and what each letter is called."""

import unicodedata
from collections.abc import Iterator
from typing import Final

from rules.lookalike import Comparison, compare
from rules.model import Brand, Suspect
from watcher.evidence.model import NameKind, NamePair

MOST_COLUMNS: Final = 200
TELLING: Final = 0.5
"""A name that resembles the brand less says nothing when it is laid beside it."""


def beside(suspect: Suspect, brand: Brand) -> tuple[NamePair, ...]:
    """Lay each name of a suspect beside the brand's spelling that it resembles most.

    The name that is most alike always counts as alike, since the suspect was raised for it.
    """
    found = [(kind, _best(brand, name)) for kind, name in _names(suspect)]
    most = max(one.score for _, one in found)
    return tuple(
        NamePair(
            kind=kind,
            brand=one.brand,
            name=one.candidate,
            score=one.score,
            alike=one.score >= min(TELLING, most),
            columns=one.alignment[:MOST_COLUMNS],
            left_out=max(0, len(one.alignment) - MOST_COLUMNS),
        )
        for kind, one in found
    )


def code_points(text: str) -> str:
    """Return the numbers of a text's characters: `U+0061 U+0301`."""
    return " ".join(f"U+{ord(char):04X}" for char in text)


def titles(text: str) -> str:
    """Return the names that Unicode gives a text's characters: `LATIN SMALL LETTER A`."""
    return " + ".join(unicodedata.name(char, "(without a name)") for char in text)


def _names(suspect: Suspect) -> Iterator[tuple[NameKind, str]]:
    yield ("domain" if suspect.is_domain else "handle"), suspect.name
    if suspect.display_name and suspect.display_name.casefold() != suspect.name.casefold():
        yield "display_name", suspect.display_name


def _best(brand: Brand, candidate: str) -> Comparison:
    spellings = (brand.name, *brand.spellings)
    return max((compare(spelling, candidate) for spelling in spellings), key=lambda c: c.score)
