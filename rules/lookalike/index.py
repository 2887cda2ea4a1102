"""Which of many patterns a name may hold, without trying them one by one.

Where a piece of a pattern lies in a name, the letters about it must be those of the pattern but for
the edits that it bears. All is done on `looks`, which merge what the eye does not tell apart.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from rapidfuzz.distance import OSA, LCSseq

from rules.lookalike.pattern import Pattern, Piece

_STEM: Final = 3
_CODES: Final = {char: 1 << at for at, char in enumerate("abcdefghijklmnopqrstuvwxyz")}

_OTHER: Final = 1 << 26

_Entry = tuple[int, int, int, int, int, Piece]
"""The pattern, the least offset of a piece of it in a name, the least letters from there on, the
letters of the pattern as bits, how many of them may be missing, and the piece."""

_edits, _common = OSA.distance, LCSseq.similarity


def letters(text: str) -> int:
    """Return the set of letters in `text` as bits; what is not a to z shares one bit."""
    bits = 0
    for char in text:
        bits |= _CODES.get(char, _OTHER)
    return bits


class Index:
    """The pieces of all patterns by their first letters."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        owners: dict[str, list[_Entry]] = defaultdict(list)
        gapped: dict[str, list[_Entry]] = defaultdict(list)
        for owner, pattern in enumerate(patterns):
            for piece in sorted(pattern.pieces):
                needed = letters(piece.before + piece.text + piece.after)
                first = len(piece.before) - piece.edits
                room = len(piece.text) + len(piece.after) - piece.edits
                entry = (owner, first, room, needed, piece.edits, piece)
                (gapped if piece.gapped else owners)[piece.text].append(entry)
        self._gapped = dict(gapped)
        self._begun = frozenset(text[:2] for text in gapped)
        self._short = [one for one in owners.items() if len(one[0]) < _STEM]
        stems: dict[str, list[tuple[str, list[_Entry]]]] = defaultdict(list)
        for text, group in owners.items():
            if len(text) >= _STEM:
                stems[text[:_STEM]].append((text, group))
        self._stems = dict(stems)

    def find(self, looks: Sequence[str]) -> list[int]:
        """Return the positions of the patterns that a name with these looks may hold, in order."""
        found: set[int] = set()
        for look in looks:
            hits = self._hits(look)
            if not hits:
                continue
            missing, size = ~letters(look), len(look)
            for at, entries in hits:
                for owner, first, room, needed, edits, piece in entries:
                    if at < first or at + room > size or owner in found:
                        continue
                    if (needed & missing).bit_count() > edits:
                        continue
                    if piece.gapped or _holds(look, at, piece):
                        found.add(owner)
        return sorted(found)

    def _hits(self, look: str) -> list[tuple[int, list[_Entry]]]:
        """Return every piece in `look` with its offset."""
        stems, gapped = self._stems, self._gapped
        hits = [
            (at, entries)
            for at in range(len(look) - _STEM + 1)
            if (stem := look[at : at + _STEM]) in stems
            for text, entries in stems[stem]
            if len(text) == _STEM or look.startswith(text, at)
        ]
        if gapped:
            hits += [
                (at, gapped[key])
                for at in range(len(look) - 4)
                if look[at : at + 2] in self._begun
                if (key := look[at : at + 2] + look[at + 3 : at + 5]) in gapped
            ]
        for text, entries in self._short:
            at = look.find(text)
            while at >= 0:
                hits.append((at, entries))
                at = look.find(text, at + 1)
        return hits


def _holds(look: str, at: int, piece: Piece) -> bool:
    """Return whether a pattern stands about its piece at offset `at` but for few edits."""
    text, before, after, edits, _ = piece
    end = at + len(text)
    if not edits:
        return look.startswith(after, end) and look.endswith(before, 0, at)
    right = look[end : end + len(after) + edits]
    if not before:
        return _begins(right, after, edits)
    left = look[max(0, at - len(before) - edits) : at][::-1]
    before = before[::-1]
    if not after:
        return _begins(left, before, edits)
    return any(
        _begins(left, before, spent) and _begins(right, after, edits - spent)
        for spent in range(edits + 1)
    )


def _begins(text: str, wanted: str, most: int) -> bool:
    """Return whether `text` begins with `wanted` but for so many edits."""
    size = len(wanted)
    if size <= most or text.startswith(wanted):
        return True
    if not most or _common(wanted, text) < size - most:
        return False
    for end in range(size - most, size + most + 1):
        if _edits(wanted, text[:end], score_cutoff=most) <= most:
            return True
    return False
