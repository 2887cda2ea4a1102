"""Leaves that stand at places among the words: words, phrases, tags, accounts, emoji."""

from collections.abc import Sequence
from itertools import islice, pairwise

from rules.characters import scanner
from rules.evaluation.punctuation import around, followed, neighbours, preceded
from rules.evaluation.reading import MOST_SPANS, Test
from rules.evaluation.slots import Slot, Written
from rules.evaluation.standing import bitset, positions, remembered
from rules.evaluation.wide import WideWords
from rules.language.tree import Span
from rules.text import Analysis, Token

Places = dict[int, int]
"""Sets of first positions by width: how many positions the words found there take."""


class Standing(Test):
    """What can stand near something."""

    __slots__ = ()

    def __init__(self, effort: int = 1) -> None:
        super().__init__(effort)

    def places(self, analysis: Analysis) -> Places:
        """Every place where it stands."""
        raise NotImplementedError

    def spans(self, analysis: Analysis, places: Places) -> Sequence[Span]:
        """The words that stand at some of its places, of each width the first places."""
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

    def spans(self, analysis: Analysis, places: Places) -> Sequence[Span]:
        """The words that stand at some of its places, of each width the first places."""
        key = ("spans", self.slot, tuple(places.items()))
        return remembered(analysis, key, lambda post: self._spans(post, places))

    def _spans(self, analysis: Analysis, places: Places) -> list[Span]:
        placed = self._placed(analysis)[1]
        return [
            placed[width][first][2:4]
            for width, bits in places.items()
            for first in islice(positions(bits), MOST_SPANS)
        ]

    def _placed(self, analysis: Analysis) -> tuple[Places, dict[int, dict[int, Token]]]:
        return remembered(analysis, ("placed", self.slot), self._place)

    def _place(self, analysis: Analysis) -> tuple[Places, dict[int, dict[int, Token]]]:
        """The sets of first positions, and the tokens by width and first position."""
        stand = self.slot.stand(analysis)
        if not stand.tokens:
            return {}, {}
        wide = remembered(analysis, "wide", WideWords)
        if not wide:
            return {1: stand.bits}, {1: stand.at}
        placed: dict[int, dict[int, Token]] = {}
        for position, token in zip(stand.positions, stand.tokens, strict=True):
            before, after = wide.around(token)
            placed.setdefault(before + after + 1, {})[position - before] = token
        return {width: bitset(list(tokens)) for width, tokens in placed.items()}, placed


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
        return self.spans(analysis, {len(self.slots): starts}) if starts else None

    def places(self, analysis: Analysis) -> Places:
        """Every place where it stands."""
        starts = self.starts(analysis)
        return {len(self.slots): starts} if starts else {}

    def spans(self, analysis: Analysis, places: Places) -> Sequence[Span]:
        """The words that stand at some of its places, the first ones."""
        starts = places[len(self.slots)]
        key = ("spans", self.slots, starts)
        return remembered(analysis, key, lambda post: self._spans(post, starts))

    def _spans(self, analysis: Analysis, starts: int) -> list[Span]:
        first = self.slots[0].stand(analysis).at
        last = self.slots[-1].stand(analysis).at
        width = len(self.slots) - 1
        return [
            (first[position].start, last[position + width].end)
            for position in islice(positions(starts), MOST_SPANS)
        ]


class ExactPhrase(Phrase):
    """Words with their capitals, accents and the punctuation between and around them."""

    __slots__ = ("_text", "_wanted")

    def __init__(self, slots: Sequence[Written], text: str) -> None:
        super().__init__(slots)
        self._text = text
        self._wanted = around(text, word_spans(text))

    def starts(self, analysis: Analysis) -> int:
        """The positions of its first word; its places are looked at once for all rules."""
        key = ("exact", self._text, self.slots)
        return remembered(analysis, key, self._starts)

    def _starts(self, analysis: Analysis) -> int:
        bits = super().starts(analysis)
        wanted, slots = self._wanted, self.slots
        pairs = zip(pairwise(slots), wanted.between, strict=True)
        for distance, ((one, other), gap) in enumerate(pairs):
            if bits:
                bits &= neighbours(analysis, one, other, gap) >> distance
        if bits and wanted.before:
            bits &= preceded(analysis, slots[0], wanted.before)
        if bits and wanted.after:
            bits &= followed(analysis, slots[-1], wanted.after) >> (len(slots) - 1)
        return bits


def word_spans(text: str) -> list[Span]:
    """Where the words of a text are."""
    return [match.span() for match in scanner(text).words.finditer(text)]
