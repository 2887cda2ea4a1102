"""Leaves that stand at places among the words: words, phrases, tags, accounts, emoji."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

from rules.characters import plain, scanner
from rules.evaluation.reading import MOST_SPANS, Test
from rules.evaluation.slots import Slot, Written
from rules.evaluation.standing import bitset, positions, remembered
from rules.evaluation.wide import wide_words
from rules.language.tree import Span
from rules.text import Analysis, Token

Places = dict[int, int]
"""Sets of first positions by width: how many positions the words found there take."""

_STRAIGHT = str.maketrans("’‘“”", "''\"\"")
_SPACES = re.compile(r"\s+")
_PUNCTUATION = 20
"""How many characters of punctuation around an exact phrase are compared."""


class Standing(Test):
    """What can stand near something."""

    __slots__ = ()

    def __init__(self, effort: int = 1) -> None:
        super().__init__(effort)

    def places(self, analysis: Analysis) -> Places:
        """Every place where it stands."""
        raise NotImplementedError

    def spans(self, analysis: Analysis, places: Places) -> Iterator[Span]:
        """Yield the words that stand at some of its places; of each width the first places."""
        raise NotImplementedError


class Single(Standing):
    """One word."""

    __slots__ = ("slot",)

    def __init__(self, slot: Slot) -> None:
        super().__init__()
        self.slot = slot

    def needed(self) -> frozenset[str] | None:
        """Terms of which a matching post has one."""
        return self.slot.needed()

    def find(self, analysis: Analysis) -> Sequence[Span] | None:
        """Where the word is said, the first `MOST_SPANS` times."""
        slot = self.slot
        cheap = type(slot) is Slot
        tokens = slot.tokens(analysis) if cheap else slot.stand(analysis).tokens
        return [token[2:4] for token in tokens[:MOST_SPANS]] or None

    def places(self, analysis: Analysis) -> Places:
        """Every place where it stands; a hashtag of several words takes all of their positions."""
        return self._placed(analysis)[0]

    def spans(self, analysis: Analysis, places: Places) -> Iterator[Span]:
        """Yield the words that stand at some of its places, each width in the order of the text."""
        placed = self._placed(analysis)[1]
        for width, bits in places.items():
            for first in islice(positions(bits), MOST_SPANS):
                yield placed[first, width][2:4]

    def _placed(self, analysis: Analysis) -> tuple[Places, dict[Span, Token]]:
        return remembered(analysis, ("placed", self.slot), self._place)

    def _place(self, analysis: Analysis) -> tuple[Places, dict[Span, Token]]:
        stand = self.slot.stand(analysis)
        wide = remembered(analysis, "wide", wide_words)
        placed: dict[Span, Token] = {}
        for token in stand.tokens:
            before, after = wide.get((token.term, token.position), (0, 0))
            placed[stand.position(token) - before, before + after + 1] = token
        firsts: dict[int, list[int]] = {}
        for first, width in placed:
            firsts.setdefault(width, []).append(first)
        return {width: bitset(some) for width, some in firsts.items()}, placed


class Phrase(Standing):
    """Several words next to each other."""

    __slots__ = ("slots",)

    def __init__(self, slots: Sequence[Slot]) -> None:
        super().__init__()
        self.slots = tuple(slots)

    def needed(self) -> frozenset[str] | None:
        """Terms of which a matching post has one."""
        known = [needed for slot in self.slots if (needed := slot.needed()) is not None]
        return max(known, key=lambda terms: min(map(len, terms)), default=None)

    def starts(self, analysis: Analysis) -> int:
        """The positions of its first word."""
        bits = -1
        for distance, slot in enumerate(self.slots):
            bits &= slot.stand(analysis).bits >> distance
            if not bits:
                break
        return bits

    def find(self, analysis: Analysis) -> Sequence[Span] | None:
        """Where the words are said, the first `MOST_SPANS` times."""
        starts = self.starts(analysis)
        return list(self.spans(analysis, {len(self.slots): starts})) if starts else None

    def places(self, analysis: Analysis) -> Places:
        """Every place where it stands."""
        starts = self.starts(analysis)
        return {len(self.slots): starts} if starts else {}

    def spans(self, analysis: Analysis, places: Places) -> Iterator[Span]:
        """Yield the words that stand at some of its places."""
        return islice(self._at(analysis, places[len(self.slots)]), MOST_SPANS)

    def _at(self, analysis: Analysis, starts: int) -> Iterator[Span]:
        first = self.slots[0].stand(analysis).at
        last = self.slots[-1].stand(analysis).at
        for position in positions(starts):
            yield first[position].start, last[position + len(self.slots) - 1].end


class ExactPhrase(Phrase):
    """Words with their capitals, accents and the punctuation between and around them."""

    __slots__ = ("text", "wanted")

    def __init__(self, slots: Sequence[Written], text: str) -> None:
        super().__init__(slots)
        self.text = text
        self.wanted = cut(text, word_spans(text))

    def starts(self, analysis: Analysis) -> int:
        """The positions of its first word; all of its places are looked at, once for all rules."""
        key = ("exact", self.text, self.slots[0].term)
        return remembered(analysis, key, self._starts)

    def _starts(self, analysis: Analysis) -> int:
        stands = [slot.stand(analysis).at for slot in self.slots]
        return bitset(
            [
                position
                for position in positions(super().starts(analysis))
                if self._fits(
                    analysis.post.text,
                    [at[position + number][2:4] for number, at in enumerate(stands)],
                )
            ]
        )

    def _fits(self, text: str, spans: Sequence[Span]) -> bool:
        found = cut(text, spans)
        return (
            found.between == self.wanted.between
            and found.before.endswith(self.wanted.before)
            and found.after.startswith(self.wanted.after)
        )


class Cut(NamedTuple):
    """The punctuation around and between some words."""

    before: str
    between: list[str]
    after: str


def word_spans(text: str) -> list[Span]:
    """Where the words of a text are."""
    return [match.span() for match in scanner(text).words.finditer(text)]


def cut(text: str, spans: Sequence[Span]) -> Cut:
    """The punctuation around these words, in the form in which it is compared."""
    first, last = spans[0][0], spans[-1][1]
    return Cut(
        before=_as_written(text[max(0, first - _PUNCTUATION) : first]),
        between=[_as_written(text[a[1] : b[0]]) for a, b in pairwise(spans)],
        after=_as_written(text[last : last + _PUNCTUATION]),
    )


def _as_written(text: str) -> str:
    """Punctuation as the eye takes it: any space is a space, curved quotes are straight ones."""
    return _SPACES.sub(" ", plain(text).translate(_STRAIGHT))
