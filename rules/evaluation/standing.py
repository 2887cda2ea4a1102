"""Where words stand in a post, as sets of positions: integers of which each bit is a position.

A phrase is an AND of shifted sets, a NEAR a few shifts more, however often a word is said: whole
posts are compared a machine word at a time. What was worked out for one rule is kept in the
analysis for the next; a post of 100,000 characters that 1,000 rules look at is counted out once.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, TypeVar

from rules.text import Analysis, Token

T = TypeVar("T")

FARTHEST = 100
"""The largest distance of a NEAR that is certain not to reach across what stands beside the text.

Hashtags and mentions that the network states are set so much further apart than the text analysis
places them, which has only phrases to think of.
"""

_FEW = 16
_SET = re.compile(rb"[^\0]")


def remembered(analysis: Analysis, key: Hashable, work_out: Callable[[Analysis], T]) -> T:
    """The value for a post, worked out the first time that any rule asks for this key."""
    memo: dict[Hashable, Any] = analysis.__dict__.setdefault("_evaluated", {})
    try:
        value: T = memo[key]
    except KeyError:
        value = memo[key] = work_out(analysis)
    return value


class Stand:
    """The tokens that fit one word of a rule, in the order of the text."""

    __slots__ = ("_at", "_beside", "_bits", "tokens")

    def __init__(self, analysis: Analysis, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self._beside = remembered(analysis, "beside", _signs_beside)
        self._bits: int | None = None
        self._at: dict[int, Token] | None = None

    @property
    def bits(self) -> int:
        """The positions of the tokens as a set."""
        if self._bits is None:
            self._bits = bitset(self.positions)
        return self._bits

    @property
    def at(self) -> dict[int, Token]:
        """The tokens by position."""
        if self._at is None:
            self._at = dict(zip(self.positions, self.tokens, strict=True))
        return self._at

    @property
    def positions(self) -> list[int]:
        """Where each token stands, what is stated beside the text far from all else."""
        if self._beside:
            return [self.position(token) for token in self.tokens]
        return [token.position for token in self.tokens]

    def position(self, token: Token) -> int:
        """Where one token stands."""
        if self._beside and token.start == token.end:
            return token.position + FARTHEST * bisect_right(self._beside, token.position)
        return token.position


def _signs_beside(analysis: Analysis) -> list[int]:
    """The first positions of the hashtags and mentions that the text does not show."""
    if not (analysis.post.hashtags or analysis.post.mentions):
        return []
    places = {token.position for token in analysis.tokens if token.start == token.end}
    # The parts of one are neighbours; from one to the next there are ten positions.
    return [place for place in sorted(places) if place - 1 not in places]


def bitset(positions: Sequence[int]) -> int:
    """The set of these positions."""
    if len(positions) <= _FEW:
        bits = 0
        for position in positions:
            bits |= 1 << position
        return bits
    data = bytearray((max(positions) >> 3) + 1)
    for position in positions:
        data[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(data, "little")


def positions(bits: int) -> Iterator[int]:
    """Yield the positions of a set, in ascending order."""
    data = bits.to_bytes((bits.bit_length() + 7) >> 3, "little")
    for match in _SET.finditer(data):
        index = match.start()
        byte = data[index]
        while byte:
            low = byte & -byte
            yield (index << 3) + low.bit_length() - 1
            byte ^= low
