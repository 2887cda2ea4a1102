"""Which of many patterns a name may hold, without trying them one by one.

Where a piece of a pattern lies in a name, the letters about it must be those of the pattern but for
the edits that it bears. All is done on `looks`, which merge what the eye does not tell apart.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from operator import and_
from string import ascii_lowercase
from typing import Final, NamedTuple

import ahocorasick
from rapidfuzz.distance import OSA, LCSseq

from rules.lookalike.pattern import Pattern, Piece

_GAPPED: Final = 5
"""Letters of a piece with a gap, that of the gap included."""

_Entry = tuple[int, int, int, Piece]
"""The letters that a pattern has before a piece of it and behind it, as bits, how many of them may
be missing, the position of the pattern, and the piece."""

_edits, _common = OSA.distance, LCSseq.similarity


class Near(NamedTuple):
    """Where a pattern may lie in a name, counted in letters that there are at the least.

    Letters merged in a look are fewer than in the name, so that a place is told by what is
    certainly before it and what is certainly behind it.
    """

    before: int
    """Before the pattern."""
    from_start: int
    """From its beginning to the end of the name."""
    to_end: int
    """From the beginning of the name to its end."""
    after: int
    """Behind it."""


class _Lacks(dict[str, int]):
    """All letters but one, as bits: behind a piece they count apart from those before it."""

    def __init__(self, shift: int) -> None:
        whole = (1 << _BITS) - 1
        lacks = {char: (whole ^ 1 << at) << shift for at, char in enumerate(ascii_lowercase)}
        super().__init__(lacks)
        self.none = whole << shift
        self._other = (whole ^ 1 << _BITS - 1) << shift

    def __missing__(self, char: str) -> int:
        return self._other

    def among(self, text: str) -> list[int]:
        """Return which letters are not among the first none, one, two and so on of these."""
        return list(accumulate(map(self.__getitem__, text), and_, initial=self.none))

    def needed(self, text: str) -> int:
        """Return the letters of a text."""
        return self.none ^ self.among(text)[-1]


_BITS: Final = len(ascii_lowercase) + 1
"""A bit for each letter, and one for all that is not a to z."""
_BEFORE: Final = _Lacks(0)
_BEHIND: Final = _Lacks(_BITS)


class Index:
    """The pieces of all patterns, found in one pass (Aho and Corasick 1975)."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        groups: dict[str, list[_Entry]] = {}
        gapped: dict[str, list[_Entry]] = {}
        for owner, pattern in enumerate(patterns):
            for piece in sorted(pattern.pieces):
                needed = _BEFORE.needed(piece.before) | _BEHIND.needed(piece.after)
                entry = (needed, piece.edits, owner, piece)
                for text in _filled(piece.text) if piece.gapped else (piece.text,):
                    groups.setdefault(text, []).append(entry)
                if piece.gapped:
                    gapped.setdefault(piece.text, []).append(entry)
        self._gapped = gapped
        self._pieces = ahocorasick.Automaton()
        for text, group in groups.items():
            self._pieces.add_word(text, (len(text), group))
        self._pieces.make_automaton()
        self._empty = not groups

    def find(self, looks: Sequence[str]) -> dict[int, Near]:
        """Return the positions of the patterns that a name with these looks may hold, in order.

        With each comes where it may lie: of several places what holds of them all.
        """
        found: dict[int, Near] = {}
        for look in looks:
            hits = self._hits(look)
            if not hits:
                continue
            size, before, behind = len(look), _BEFORE.among(look), _BEHIND.among(look[::-1])[::-1]
            for at, end, entries in hits:
                lacks = before[at] | behind[end]
                for needed, edits, owner, piece in entries:
                    if (needed & lacks).bit_count() > edits:
                        continue
                    if owner in found:
                        found[owner] = Near(*map(min, found[owner], _near(at, end, size, piece)))
                    elif _holds(look, at, end, piece):
                        found[owner] = _near(at, end, size, piece)
        return {owner: found[owner] for owner in sorted(found)} if len(found) > 1 else found

    def _hits(self, look: str) -> list[tuple[int, int, list[_Entry]]]:
        """Return where pieces begin and end in `look`, and what is known of them."""
        if self._empty:
            return []
        hits = [
            (last + 1 - size, last + 1, group) for last, (size, group) in self._pieces.iter(look)
        ]
        if self._gapped and not look.isascii():
            for at in range(len(look) - _GAPPED + 1):
                key = look[at : at + 2] + look[at + 3 : at + _GAPPED]
                if not look[at + 2].isascii() and key in self._gapped:
                    hits.append((at, at + _GAPPED, self._gapped[key]))
        return hits


def _filled(text: str) -> Iterator[str]:
    """Yield a piece with each letter in its gap."""
    return (text[:2] + letter + text[2:] for letter in ascii_lowercase)


def _near(at: int, end: int, size: int, piece: Piece) -> Near:
    """Return where a pattern lies of which a piece stands at [at, end) in so many letters."""
    left, right = piece.edits * bool(piece.before), piece.edits * bool(piece.after)
    start, stop = at - len(piece.before), end + len(piece.after)
    return Near(
        max(0, start - left), size - start - left, min(size, stop - right),
        max(0, size - stop - right),
    )  # fmt: skip


def _holds(look: str, at: int, end: int, piece: Piece) -> bool:
    """Return whether a pattern stands about its piece at [at, end) but for few edits."""
    before, after, edits = piece.before, piece.after, piece.edits
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
