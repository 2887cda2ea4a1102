"""The words by which an account says that it is a parody, a fan's, or not official.

English and French. A mark counts where it speaks of the account itself: not "beware of parodies",
not "this is not a parody", and "fan of" only where the brand's name follows.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from rules.model import Account

_LONGEST: Final = 1000
"""Characters of a bio that are read: more than any network takes."""

_ALONE: Final = re.compile(
    r"parod(?:y|ie|ies|ique|iques|ic)|satir(?:e|ical|ique|iques)|pastiche|spoof"
    r"|unofficial|inofficial|un-official|non[- ]?officiel(?:le)?s?|pas officiel(?:le)?"
    r"|not (?:the |an )?official|pas (?:le|un) compte officiel|not affiliated|unaffiliated"
    r"|non[- ]?affilie(?:e)?s?|no affiliation|sans (?:aucun )?lien avec|aucun lien avec"
    r"|not associated with|fan[- ]?(?:account|page|club|site)|comptes? (?:de |d'un )?fans?"
)
_FAN_OF: Final = re.compile(r"\bfans? (?:of|de|du|des|d') ?(?:the |la |le |les )?")
_DENIED: Final = re.compile(
    r"(?:\bnot an?|\bisn.?t an?|\bno|\bpas une?|\bnever|\bjamais|\bbeware|\battention|\bmefie\w*"
    r"|\breport|\bsignal\w*|\bcontre|\bagainst|\bgare|\bavoid|\bevite\w*|\bstop|\bscams?"
    r"|\barnaques?|\bfake)\b[^.!?\n]{0,40}$"
)
_INSIDE: Final = re.compile(r"parody|parodie|unofficial|nonofficiel|inofficial|satire")
"""Marks that count inside a handle too, where no spaces part words."""


def mark_of(account: Account, names: tuple[str, ...]) -> str:
    """Return the words by which an account marks itself, as it wrote them; empty if it does not.

    `names` are those of the brand and its spellings.
    """
    for text in (account.display_name, account.bio):
        if found := _mark_in(text[:_LONGEST], names):
            return found
    handle = _plain(account.handle[:_LONGEST])
    inside = _INSIDE.search(re.sub(r"[\W_]", "", handle))
    return inside.group() if inside else ""


def _mark_in(text: str, names: tuple[str, ...]) -> str:
    folded = list(_folded(text))
    plain = "".join(character for character, _ in folded)

    def written(start: int, end: int) -> str:
        return text[folded[start][1] : folded[end - 1][1] + 1]

    for found in _ALONE.finditer(plain):
        before, after = plain[: found.start()], plain[found.end() :]
        whole = not before[-1:].isalpha() and not after[:1].isalpha()
        if whole and not _DENIED.search(before[-60:]):
            return written(*found.span())
    for found in _FAN_OF.finditer(plain):
        rest = plain[found.end() : found.end() + _LONGEST]
        for name in map(_plain, names):
            whole = rest.startswith(name) and not rest[len(name) :][:1].isalnum()
            if name and whole and not _DENIED.search(plain[: found.start()][-60:]):
                return written(found.start(), found.end() + len(name))
    return ""


def _plain(text: str) -> str:
    """Return a text without accents and capitals, spaces and apostrophes of one kind."""
    return "".join(character for character, _ in _folded(text))


def _folded(text: str) -> Iterator[tuple[str, int]]:
    """Yield each character of the plain text, and where what it was made of stands in `text`."""
    begun, space = False, -1
    for at, written in enumerate(text):
        for character in unicodedata.normalize("NFKD", written).casefold():
            if character.isspace():
                space = at if space < 0 else space
            elif not unicodedata.combining(character):
                if begun and space >= 0:
                    yield " ", space
                begun, space = True, -1
                yield ("'" if character == "\u2019" else character), at
